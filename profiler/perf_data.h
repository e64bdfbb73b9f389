/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perf's own files (perf.data) through `perf script`, where perf is installed. No shell is asked, and perf runs as nobody if this is root's process: it may
 * read files and the kernel's addresses, and has no network (privileges.h). Inlined calls are not asked for: perf runs other programs for them.
 */
#ifndef HEARTH_PROFILER_PERF_DATA_H
#define HEARTH_PROFILER_PERF_DATA_H

#include <stddef.h>
#include <sys/types.h>

/* An input, looked into. What was read ahead of a pipe is here, and not in the input any more. */
struct perf_data {
	pid_t perf;   /* 0: it is no perf.data, or perf has ended */
	int messages; /* of perf's, a file; -1: none */
	char ahead[16];
	size_t ahead_size;
};

/*
 * If `*fd`, which is open at its beginning, is a perf.data, starts perf and puts what it prints in the place of `*fd`. 0, or -errno after logging;
 * to be ended in either case.
 */
int perf_data_open(const char *name, int *fd, struct perf_data *data);

/* Waits for perf, whose output was read or closed. `error`, if not 0, is what the reading ended with, and what this gives; else 0, or -EIO after logging what perf said. */
int perf_data_end(const char *name, struct perf_data *data, int error);

#endif
