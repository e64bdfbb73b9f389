/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the windows of a recording begin and end (recorder.h), and the ticks that were lost in each. In the recording's thread.
 *
 * A window is handed over a moment after its end. Ticks of it that wait for rows then follow as a window of the same span, for how long a file takes to be read is not how much is lost
 * when hearth is killed. One that was ended early has somebody waiting for all of it, and is handed over in one piece.
 */
#ifndef HEARTH_PROFILER_WINDOW_TURNS_H
#define HEARTH_PROFILER_WINDOW_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct recorder_windows;
struct recording;

struct window_turns {
	const struct recorder_windows *windows;
	struct recording *recording;
	uint64_t start_ns;              /* of the present window: the kernel's CLOCK_BOOTTIME */
	uint64_t due_ns;                /* when it is to end: CLOCK_BOOTTIME */
	bool is_early, before_is_early; /* they were ended before their time */
	uint64_t before_ns;             /* when the one before began, if it is not complete yet, */
	uint64_t ended_ns;              /* when it ended, */
	uint64_t before_ahead_ns;       /* and what the wall clock was ahead then */
	bool before_is_rest; /* of one that was handed over: the ticks that waited for rows */
	uint64_t rate_hz, before_rate_hz;
	uint64_t wanted_rate_hz; /* of the next window, which then begins at once */
	uint64_t
		forgotten_ns; /* when what is not used any more was forgotten last: the kernel's CLOCK_BOOTTIME */
};

/* The ticks have been started. */
void window_turns_init(struct window_turns *turns, const struct recorder_windows *windows,
		       struct recording *recording);

/* The present window ends at the next turn. */
void window_turns_end_early(struct window_turns *turns);

/* The present window ends at the next turn, and the next one has this rate (sampler_set_rate()). */
void window_turns_set_rate(struct window_turns *turns, uint64_t rate_hz);

/* The rings were drained: ends what is due, and hands over what is complete. */
void window_turns_take(struct window_turns *turns);

/* No tick comes any more, and all that were have been counted: hands the rest over. */
void window_turns_finish(struct window_turns *turns);

/* Counts what the kernel side lost since the last call as ticks of a window. Those that it could name by comm are charged so, the others to no process. */
struct aggregator;
void window_turns_count_lost(struct recording *recording, struct aggregator *of);

#endif
