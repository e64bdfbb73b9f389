/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticks whose user stack the kernel side could not walk to its end, because a file's rows were not there yet, come
 * with a snapshot of the stack. Here it is walked as the kernel side does, once the rows of all that it meets are there,
 * and the tick goes to the aggregator as if the kernel side had walked it. What cannot be walked keeps its reason.
 *
 * With a verifier every tick brings a snapshot, which libunwind unwinds as well, from the files alone.
 *
 * A snapshot may arrive ahead of what it refers to, for it comes through a ring of its own: then it waits until
 * the rings were drained once more. For rows it waits until they are there or will not be. One thread at a time.
 */
#ifndef HEARTH_PROFILER_SNAPSHOTS_H
#define HEARTH_PROFILER_SNAPSHOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/events.h"

struct aggregator;
struct modules;
struct snapshots;
struct tick_windows;
struct unwind_verifier;

/* Of those that wait; one more is delivered as it is. */
#define SNAPSHOTS_MAX_WAITING_BYTES (16u << 20)

struct snapshots_totals {
	uint64_t taken; /* by the kernel side */
	uint64_t
		mended; /* whose stack was unwound as far as a walk with all rows would have come */
};

/* The rows that the kernel side has. False: those of a module are not there. */
struct snapshots_rules {
	bool (*find)(void *context, uint64_t module, uint64_t offset, struct unwind_rule *ret_rule);
	void *context;
};

/* With a verifier, which may be NULL, each snapshot is compared. NULL: out of memory. */
struct snapshots *snapshots_new(const struct tick_windows *windows, struct modules *modules,
				const struct snapshots_rules *rules,
				struct unwind_verifier *verifier);
void snapshots_free(struct snapshots *snapshots);

/* Takes a snapshot_event. */
void snapshots_handle(struct snapshots *snapshots, const void *event, size_t size);

/* The rings were drained: takes those that waited for it, and for rows that were answered for meanwhile. */
void snapshots_take_waiting(struct snapshots *snapshots);

bool snapshots_are_waiting(const struct snapshots *snapshots);

/* Takes those that still wait, for better or worse. */
void snapshots_take_all(struct snapshots *snapshots);

/* The same of those whose ticks belong to the window before (tick_windows.h), which there is. */
bool snapshots_of_window_before_are_waiting(const struct snapshots *snapshots);
void snapshots_take_window_before(struct snapshots *snapshots);

/* Tells an aggregator all that the ticks refer to which wait for the window before: it can take that one's place. */
void snapshots_tell_window_before(const struct snapshots *snapshots, struct aggregator *to);

void snapshots_read_totals(const struct snapshots *snapshots, struct snapshots_totals *ret_totals);

#endif
