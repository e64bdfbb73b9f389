/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for what a store has already, by debug files that came later: of each sealed slice the places of files whose debug file is found by their build-id are named anew by the worker, and what is
 * better than what was known is kept (store/slice_rewrite.h). The files themselves are not needed. The one who writes into the store may go on; what is being written is named anew once it is sealed.
 */
#ifndef HEARTH_PROFILER_NAMES_RESCAN_H
#define HEARTH_PROFILER_NAMES_RESCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "store/slice_window.h"

struct debug_server;

struct names_rescan_options {
	const char *folder;
	struct window_span part;     /* slices that have some of it */
	const char *const *folders;  /* with debug files; NULL at the end */
	struct debug_server *server; /* NULL: none is asked */
};

struct names_rescan_sum {
	uint64_t slices, rewritten;  /* that were looked at, and those that are better now */
	uint64_t places, better;     /* in files; those that have better names now */
	uint64_t files, debug_files; /* by their build-id; those whose debug file was found */
	uint64_t
		left_out; /* slices that are damaged or could not be written, each of which was logged */
};

/* 0, or -errno after logging: the store cannot be read or is another user's (-EPERM), somebody is at it already (-EWOULDBLOCK), there is no worker. */
int names_rescan(const struct names_rescan_options *options, struct names_rescan_sum *ret_sum);

#endif
