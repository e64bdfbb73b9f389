/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticks whose user stack the kernel side could not walk to its end, because a file's rows were not there yet, come
 * with a snapshot of the stack. Here it is unwound, and the tick goes to the aggregator as if the kernel side
 * had walked it. What cannot be unwound keeps its reason.
 *
 * A snapshot may arrive ahead of what it refers to, for it comes through a ring of its own: then it waits until
 * the rings were drained once more. One thread at a time.
 */
#ifndef HEARTH_PROFILER_SNAPSHOTS_H
#define HEARTH_PROFILER_SNAPSHOTS_H

#include <stddef.h>
#include <stdint.h>

struct aggregator;
struct modules;
struct snapshots;
struct unwind_verifier;

/* Of those that wait; one more is delivered as it is. */
#define SNAPSHOTS_MAX_WAITING_BYTES (16u << 20)

struct snapshots_totals {
	uint64_t taken; /* by the kernel side */
	uint64_t
		mended; /* whose stack was unwound as far as a walk with all rows would have come */
};

/* With a verifier, which may be NULL, each snapshot is compared. NULL: out of memory. */
struct snapshots *snapshots_new(struct aggregator *aggregator, struct modules *modules,
				struct unwind_verifier *verifier);
void snapshots_free(struct snapshots *snapshots);

/* Takes a snapshot_event. */
void snapshots_handle(struct snapshots *snapshots, const void *event, size_t size);

/* The rings were drained: takes those that have waited since before, for better or worse. */
void snapshots_take_waiting(struct snapshots *snapshots);

void snapshots_read_totals(const struct snapshots *snapshots, struct snapshots_totals *ret_totals);

#endif
