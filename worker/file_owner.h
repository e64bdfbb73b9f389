/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may have written the bytes of open files. Whoever did may have taken over the worker that read them, so that it
 * reads no other user's files afterwards (worker.h).
 */
#ifndef HEARTH_WORKER_FILE_OWNER_H
#define HEARTH_WORKER_FILE_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stat;

#define FILE_OWNER_ROOT    0u
#define FILE_OWNER_ANYBODY UINT32_MAX

/*
 * The user whom all of them belong to that are not root's. Anybody: they belong to several, everybody may write one, or the group may
 * one of root's, or one is a copy that the opener made, of which nobody knows whose it is. They are not on file systems that may not answer.
 */
uint32_t file_owner_of(const int *descriptors, size_t count);

/*
 * May a file be read that another one names, by a path of its owner's choice? Only one that is his, or root's and readable by everybody: the names of
 * any other one would come out of a worker that he may have taken over. Root's own must be readable, too, for a container's root is no less root.
 * What the kernel makes up as it is read has no size, and is none.
 */
bool file_owner_may_name(uint32_t owner, const struct stat *named);

#endif
