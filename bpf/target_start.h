/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Is a task the one that was meant as target, and not a later one of the same number?
 *
 * A tick asks at any moment, also between two loads of a program that is asking of the same task, and other CPUs
 * ask meanwhile. So there is no order in which both ends have to be read or written: the first meeting moves each
 * of them to the task's own start, which lies within the old ones, the new ones, and one of each. Also compiled for user
 * space, where it is tested.
 */
#ifndef HEARTH_BPF_TARGET_START_H
#define HEARTH_BPF_TARGET_START_H

#include "bpf/events.h"

static inline __attribute__((always_inline)) _Bool target_start_meets(struct target_start *start,
								      __u64 time_ns)
{
	if (time_ns < start->earliest_ns || time_ns > start->latest_ns)
		return 0;
	if (start->earliest_ns != start->latest_ns) {
		start->earliest_ns = time_ns;
		start->latest_ns = time_ns;
	}
	return 1;
}

#endif
