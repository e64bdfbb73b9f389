/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that lie where the file system always answers: they can be opened here, for which the opener would be asked otherwise (opener.h), and two
 * processes be woken for each.
 *
 * Of a path, the folders that the kernel knows already are looked up without asking any file system (RESOLVE_CACHED). Where
 * the last of them lies on a mount that is known to answer, the rest is looked up from there, out of no mount into another one. A mount on
 * which something is mounted as it is needed (autofs) is not known to answer: before Linux 6.18 a look-up that may leave no mount asks for it all the same.
 *
 * One thread at a time.
 */
#ifndef HEARTH_WORKER_LOCAL_FILES_H
#define HEARTH_WORKER_LOCAL_FILES_H

#include <stdbool.h>
#include <stdint.h>

/* A few mounts and whether they answer: they are held, so that none takes another one's number. */
struct local_files;

/* NULL: out of memory. */
struct local_files *local_files_new(void);
void local_files_free(struct local_files *files);

/*
 * Opens a regular file by its absolute path for reading. `follow`: it may have symbolic links in it. 0; -EWOULDBLOCK: it may lie where nobody
 * answers; or the file's own error.
 */
int local_files_open(struct local_files *files, const char *path, bool follow, int *ret_fd);

/* The same, where one of `owner`'s files names the path: -EACCES: it is not read for him (file_owner_may_name()). */
int local_files_open_named(struct local_files *files, const char *path, bool follow, uint32_t owner,
			   int *ret_fd);

#endif
