/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many ticks ended alike: in one process, at one pair of stacks, with one fate; and, only if that is asked for, in one thread and on
 * one CPU. What is not asked for costs nothing. Combinations are interned to dense indexes.
 */
#ifndef HEARTH_PROFILER_TICK_COUNTS_H
#define HEARTH_PROFILER_TICK_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/record_pool.h"

#define AGGREGATOR_NONE UINT32_MAX

/*
 * Ceilings; a combination costs 50 bytes. Threads and CPUs are told apart up to half of it: further ticks are counted without them, so that
 * none is lost for it.
 */
#define AGGREGATOR_MAX_COUNTS   (1u << 19)
#define AGGREGATOR_MAX_LABELLED (AGGREGATOR_MAX_COUNTS / 2)

/* Ticks that ended alike. */
struct tick_count {
	uint32_t process;        /* index, AGGREGATOR_NONE: not known */
	uint32_t tid, cpu;       /* AGGREGATOR_NONE: not asked for, or not known */
	uint32_t kernel_stack;   /* index, AGGREGATOR_NONE: none */
	uint32_t user_stack;     /* index, AGGREGATOR_NONE: none */
	uint8_t fate;            /* enum tick_fate */
	uint8_t reason;          /* enum tick_reason */
	uint8_t root_unproven;   /* the user stack's root is still to be proven by its name */
	uint8_t may_lack_caller; /* TICK_MAY_LACK_CALLER */
};

/* What of a tick is asked for beyond its stack and process. */
struct tick_labels {
	bool tid, cpu;
	bool time;        /* of each tick: see AGGREGATOR_MAX_TIMES */
	bool user;        /* of each process: task_labels.h, */
	bool cgroup, exe; /* control_groups.h; the container comes with the group */
	bool machine;     /* its name and kernel, which are those of all ticks */
};

struct tick_counts {
	struct record_pool counts; /* struct kept_count */
	struct record_pool tasks;  /* struct tick_task, where labels are asked for */
	struct tick_labels labels;
};

void tick_counts_init(struct tick_counts *counts);
void tick_counts_release(struct tick_counts *counts);

/* Adds ticks of a combination, of which what is not asked for is not looked at: its index; 0 or -ENOMEM. */
int tick_counts_add(struct tick_counts *counts, const struct tick_count *count, uint64_t ticks,
		    uint32_t *ret_index);

uint32_t tick_counts_count(const struct tick_counts *counts);
/* The ticks of one, and what they have in common. */
uint64_t tick_counts_get(const struct tick_counts *counts, uint32_t index,
			 struct tick_count *ret_count);

#endif
