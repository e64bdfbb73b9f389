/* SPDX-License-Identifier: Apache-2.0 */
/* From a file that was only found (O_PATH) to one that can be read, without waiting for anything on the way. */
#ifndef HEARTH_BASE_REOPEN_H
#define HEARTH_BASE_REOPEN_H

/* Opens it once more, for reading: 0; -EINVAL: it is no regular file; or another error. */
int reopen_regular(int path_fd, int *ret_fd);

#endif
