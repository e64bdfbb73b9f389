/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Ticks that did not fire. A CPU's timer is due on a grid of one period. It may fire late but never
 * early, so the earliest firing seen gives the grid, and whole periods passed since the last one tell
 * how many were skipped.
 *
 * A skipped tick is late when the CPU was busy: interrupts were off, or the CPU was taken from this machine. It
 * is idle when there was nobody to wake (some hypervisors let an idle CPU skip its timer). Which of
 * the two: if the CPU did not leave its idle task since the last tick, it was busy all the time; else it
 * was busy as long as the interrupted task has been running, and idle before. Also compiled for user
 * space, where it is tested.
 *
 * When the timer gets another period it starts anew, and the grid stays where it is: the time since the last tick is carried
 * on, by whole new periods as late ticks and by what is left as a grid that is ahead of the timer. So ticks times their
 * periods add up to the time that passed, to within one period, however often that changes.
 */
#ifndef HEARTH_BPF_TIMER_GRID_H
#define HEARTH_BPF_TIMER_GRID_H

#include "bpf/events.h"

/* What a CPU did since its last tick. */
struct cpu_activity {
	__u64 idle_exits; /* how often it left its idle task so far */
	_Bool was_idle;   /* answer: it did so since the last tick */
};

/* A tick fired at `now`: how many were skipped before it. */
static inline __attribute__((always_inline)) __u64
timer_grid_advance(struct cpu_state *cpu, __u64 period_ns, __u64 now, struct cpu_activity *activity)
{
	__u64 periods;

	activity->was_idle = activity->idle_exits != cpu->idle_exits;
	cpu->idle_exits = activity->idle_exits;
	if (!period_ns)
		return 0; /* the event is no clock */
	periods = now > cpu->grid_ns ? (now - cpu->grid_ns) / period_ns : 0;
	if (!cpu->grid_ns || !periods) {
		cpu->grid_ns = now;
		return 0;
	}
	cpu->grid_ns += periods * period_ns;
	return periods - 1;
}

/* How many of the skipped ticks were idle: those due before the interrupted task came to run. */
static inline __attribute__((always_inline)) __u64 timer_grid_idle(__u64 skipped, __u64 period_ns,
								   __u64 running_ns)
{
	__u64 busy = running_ns / period_ns;

	return busy < skipped ? skipped - busy : 0;
}

#endif
