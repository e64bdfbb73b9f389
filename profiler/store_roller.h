/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes one slice of several (store/roll_up.h) where that can do no harm: what slices hold others may have made, so that they are decoded in a process of its own, in the front's cage (worker/cage.h), which sees the store
 * for reading and hands the chunks of the new slice over; this one writes them down. Only root has what it takes to build a cage; a root who may not build one rolls nothing up, and any other user's slices are made in this process.
 */
#ifndef HEARTH_PROFILER_STORE_ROLLER_H
#define HEARTH_PROFILER_STORE_ROLLER_H

#include <stdbool.h>

#include "store/slice_rolling.h"
#include "store/store_writer.h"

/*
 * Both are roll_up_make_fn: also -EPERM, after logging it: what reads slices cannot be shut in, now or later. Of root the slow one takes 0.3 % of a CPU, whatever there is to do.
 */
int store_roller_make(const char *folder, const struct roll_up_group *group, slice_chunk_fn put,
		      void *context, size_t *ret_taken);
int store_roller_make_slowly(const char *folder, const struct roll_up_group *group,
			     slice_chunk_fn put, void *context, size_t *ret_taken);

/* What was rolled up. */
struct store_rolled {
	uint64_t replaced, made; /* slices */
	uint64_t
		failed; /* that could not be: they stay, and are warned of, unless they are of a kind that is not rolled up */
};

/* All that is old enough, now: 0, or -errno and nothing more is tried. */
int store_roller_roll_all(struct store_writer *writer, const struct roll_up_ages *ages,
			  uint64_t now_ns, struct store_rolled *ret_rolled);

#endif
