/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file or folder, of another process too, lies on a file system that may never answer (worker/blocking_file_system.h), found out without
 * asking that file system anything: by its mount, as /proc/PID/mountinfo has it (mount_info.h).
 */
#ifndef HEARTH_WORKER_FILE_MOUNT_H
#define HEARTH_WORKER_FILE_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* `path_fd`: only found (O_PATH), in the mount namespace of the process. False: it does, or it is not known. */
bool file_mount_answers(uint32_t pid, int path_fd);

/* The same of all that is looked up from a folder of our own mount namespace, as long as that does not leave its mount. */
bool file_mount_answers_below(int folder);

/* Of its mount, while that is there; false: it is not known. */
bool file_mount_id(int path_fd, uint64_t *ret_mount);

#endif
