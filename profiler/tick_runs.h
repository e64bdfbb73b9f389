/* SPDX-License-Identifier: Apache-2.0 */
/* When the ticks were that were counted as one, in order, where the aggregator knows it. */
#ifndef HEARTH_PROFILER_TICK_RUNS_H
#define HEARTH_PROFILER_TICK_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "profiler/aggregator.h"

struct tick_runs {
	struct tick_time *times; /* by what they were counted as, then by time */
	size_t count;
};

int tick_runs_init(struct tick_runs *runs, const struct aggregator *aggregator); /* 0 or -ENOMEM */
void tick_runs_release(struct tick_runs *runs);

/* Those of one count, ascending; they live as long as `runs`. */
const struct tick_time *tick_runs_of(const struct tick_runs *runs, uint32_t count,
				     size_t *ret_ticks);

/* How many of the first ones are before `until_ns`; at least one, of one or more. */
size_t tick_runs_until(const struct tick_time *times, size_t count, uint64_t until_ns);

#endif
