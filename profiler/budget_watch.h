/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a recording within its budget (budget.h): reads each second what hearth costs, and does what that calls for. What changes the rate, or
 * can no longer be kept, is logged, and told to whoever takes the windows. In the recording's thread.
 */
#ifndef HEARTH_PROFILER_BUDGET_WATCH_H
#define HEARTH_PROFILER_BUDGET_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "profiler/budget.h"
#include "profiler/own_cost.h"

struct recording;
struct window_turns;

/* What hearth took when it was last read. */
struct budget_reading_parts {
	struct own_cost own;
	uint64_t bpf_ns;    /* of the programs' own readings, so far */
	uint64_t map_bytes; /* of the kernel side, those of unwind tables too */
};

/* What of these counts by the limits: not what other work took, such as answering questions, for no rate lowers it: its CPU time so far, and the memory that was told apart. */
struct budget_reading budget_watch_reading(const struct budget_reading_parts *parts,
					   uint64_t other_cpu_ns, uint64_t now_ns);

struct budget_watch {
	struct budget budget;
	struct own_cost_reader own_cost;
	struct budget_reading_parts parts;
	uint64_t due_ns;      /* CLOCK_MONOTONIC, when it is to be read next */
	uint64_t maps_due_ns; /* and the memory of the programs' own maps, which hardly changes */
	uint64_t own_map_bytes;
	unsigned int unread; /* so many times in a row it could not be read */
};

/* A watch that is all zeroes may be released, too. */
void budget_watch_init(struct budget_watch *watch, const struct budget_limits *limits);
void budget_watch_release(struct budget_watch *watch);

/* To be called a few times a second: what is due is done. */
void budget_watch_look(struct budget_watch *watch, const struct recording *recording,
		       struct window_turns *turns);

#endif
