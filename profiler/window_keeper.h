/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the windows of a recording in a store, in a thread of its own, so that neither a disk nor a file with much debugging information holds the ticks up: first the window, with addresses in
 * files as places, then their names. It also takes away what is older, or more, than is to be kept.
 *
 * What is old is rolled up by a thread more, slowly (store_roller.h), while windows are kept.
 *
 * A store that cannot be written is no reason to end: the window is lost, which is counted, and the next one is tried again.
 */
#ifndef HEARTH_PROFILER_WINDOW_KEEPER_H
#define HEARTH_PROFILER_WINDOW_KEEPER_H

#include <stdint.h>

#include "profiler/namer.h"
#include "store/slice_events.h"

struct recorded_window;
struct recording;
struct store_writer;
struct window_keeper;

/* More windows do not wait: 10 s each, some MB. */
#define WINDOW_KEEPER_MAX_WAITING 6

/* No older slices are kept, and no more in all. */
struct window_keeper_limits {
	uint64_t keep_ns, max_bytes;
	uint64_t keep_ticks_ns,
		keep_minutes_ns; /* what is older is rolled up (store/roll_up_level.h) */
};

struct window_keeper_options {
	struct store_writer *store; /* the keeper's from now on */
	const char *folder;         /* that it writes into */
	const char *command;        /* what is recorded, in words */
	const char *event;
	struct window_keeper_limits limits;
};

/* Since it began. */
struct window_keeper_state {
	uint64_t kept, lost;     /* windows */
	int error;               /* of the last window, 0: it was kept */
	struct tick_fates fates; /* of ticks in windows, whether they were kept or not */
	uint64_t taken_ns;       /* wall clock: all before was kept, with its names, or is lost */
	/* The store, when it was looked at last. */
	uint64_t bytes, slices, set_aside, oldest_ns, newest_ns;
};

/* Strings live longer. 0 or -errno, and the store is still the caller's. */
int window_keeper_new(const struct window_keeper_options *options,
		      struct window_keeper **ret_keeper);

/* Other limits from the next look on, a minute later at most; from any thread. */
void window_keeper_set_limits(struct window_keeper *keeper,
			      const struct window_keeper_limits *limits);

/* Keeps what waits, and closes the store: 0 or its error. */
int window_keeper_free(struct window_keeper *keeper);

/* Takes a window, with what the recording knows of it now. One for which there is no room is lost. In the recording's thread. */
void window_keeper_put(struct window_keeper *keeper, struct recording *recording,
		       const struct recorded_window *window);

/* Keeps that something happened now, with the next window (store/event_kinds.def). From any thread. */
void window_keeper_note(struct window_keeper *keeper, enum event_kind kind, const char *text);

/* Logs, and keeps as an event, that a process of hearth's own has ended since `told` times, and makes `told` that. From any thread. */
void window_keeper_note_failures(struct window_keeper *keeper, const char *process,
				 uint64_t failures, uint64_t *told);

/* From any thread. */
void window_keeper_read_state(struct window_keeper *keeper, struct window_keeper_state *ret_state);

#endif
