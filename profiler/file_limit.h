/* SPDX-License-Identifier: Apache-2.0 */
/* The limit of open files: hearth keeps one for each module and each CPU. */
#ifndef HEARTH_PROFILER_FILE_LIMIT_H
#define HEARTH_PROFILER_FILE_LIMIT_H

#include <stddef.h>
#include <sys/resource.h>

void file_limit_get(struct rlimit *ret_limit);
void file_limit_set(const struct rlimit *limit);

/*
 * Grows this process's limit as far as it may: how many files it can open then. With CAP_SYS_RESOURCE a hard limit that is
 * below what hearth may need is none.
 */
size_t file_limit_raise(void);

#endif
