/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When files are read for names once more: addresses that are new in a file wait for each other, for what a file costs is to open it and to inflate its debugging information, however few
 * they are. A file that is new is read at once and soon again, for most of what it has is met first; then the more seldom the more it costs.
 */
#ifndef HEARTH_PROFILER_NAMING_TURNS_H
#define HEARTH_PROFILER_NAMING_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/record_pool.h"

/* Windows that a file waits at least, once it was read twice. */
#define NAMING_TURNS_MIN_WINDOWS 6

/* Of the time that passes reading a file takes one part in so many; but no file waits longer than this for its turn. */
#define NAMING_TURNS_COST    20000
#define NAMING_TURNS_MAX_NS  (600 * (uint64_t)1000000000)
#define NAMING_TURNS_CHEAPLY 3 /* so many times at first it does not matter what it takes */

struct naming_turns {
	struct record_pool files; /* struct naming_turn */
	uint64_t window;          /* number of the present one */
};

void naming_turns_init(struct naming_turns *turns);
void naming_turns_release(struct naming_turns *turns);

/* Another window. */
void naming_turns_begin_window(struct naming_turns *turns);

/* Files have numbers of the caller's; `now_ns` is CLOCK_MONOTONIC. */
bool naming_turns_is_due(const struct naming_turns *turns, uint64_t file, uint64_t now_ns);

/* It is read now: 0 or -ENOMEM. */
int naming_turns_note(struct naming_turns *turns, uint64_t file);

/* What that took, or a part of it. */
void naming_turns_charge(struct naming_turns *turns, uint64_t file, uint64_t now_ns,
			 uint64_t cpu_ns);

#endif
