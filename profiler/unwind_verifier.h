/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds the kernel side's walk of a stack by unwind rows against libunwind's of the same registers and memory:
 * `hearth record --verify`. Stacks are compared frame by frame, from the leaf to the root, where both claim a
 * proven root; the others are counted by why they could not be. One thread at a time.
 */
#ifndef HEARTH_PROFILER_UNWIND_VERIFIER_H
#define HEARTH_PROFILER_UNWIND_VERIFIER_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/events.h"

struct aggregator;
struct buffer;
struct modules;
struct unwind_verifier;
struct unwound_stack;

/* Distinct disagreements that are shown; further ones are only counted. */
#define UNWIND_VERIFIER_MAX_SHOWN 32

struct verified_totals {
	uint64_t compared, agreed;     /* ticks where both claim a proven root */
	uint64_t without_snapshot;     /* there was no room for it */
	uint64_t deeper_than_snapshot; /* libunwind could not go on */
	uint64_t rows_ended[REASON_COUNT],
		libunwind_ended[REASON_COUNT]; /* not compared, by reason */
};

/* NULL: out of memory. */
struct unwind_verifier *unwind_verifier_new(const struct aggregator *aggregator,
					    const struct modules *modules);
void unwind_verifier_free(struct unwind_verifier *verifier);

/*
 * Compares a tick, as the kernel side left it, with what libunwind made of its snapshot. The aggregator knows
 * the tick's stack.
 */
void unwind_verifier_compare(struct unwind_verifier *verifier, const struct tick_event *tick,
			     const struct unwound_stack *unwound);

/* A tick that came without a snapshot. */
void unwind_verifier_count_missing(struct unwind_verifier *verifier);

void unwind_verifier_read_totals(const struct unwind_verifier *verifier,
				 struct verified_totals *ret_totals);

/* Logs the totals, and each disagreement with both stacks. */
void unwind_verifier_log(const struct unwind_verifier *verifier);

/* A JSON object of the totals. */
void unwind_verifier_write_json(const struct unwind_verifier *verifier, struct buffer *to);

#endif
