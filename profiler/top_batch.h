/* SPDX-License-Identifier: Apache-2.0 */
/* `hearth top --batch`: prints pictures (live_keeper.h) as pages of text on standard output, in a thread of its own. */
#ifndef HEARTH_PROFILER_TOP_BATCH_H
#define HEARTH_PROFILER_TOP_BATCH_H

#include <stdint.h>

#include "terminal/picture.h"
#include "terminal/view_screen.h"

struct live_keeper;
struct top_batch;

struct top_batch_options {
	struct live_keeper *keeper;
	const char *target;  /* what is recorded, in words */
	enum view_span span; /* of pictures */
	struct view_page page;
	uint64_t pages; /* 0: without end */
	int end_fd; /* eventfd that is written when so many were printed, or nobody reads them */
};

/* All of it lives longer. 0 or -errno. */
int top_batch_start(const struct top_batch_options *options, struct top_batch **ret_batch);

/* Prints what there is, unless there were enough: 0, or -errno: standard output cannot be written. NULL is fine. */
int top_batch_stop(struct top_batch *batch);

#endif
