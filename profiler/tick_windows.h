/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticks by the window that they belong to: the present one, and, until its last ticks have come, the one before. Each has an aggregator of its own, which knows all that its ticks
 * refer to, for the kernel side tells it anew in each window (sampler_begin_window()). A recording without windows has one for all ticks. One thread at a time.
 */
#ifndef HEARTH_PROFILER_TICK_WINDOWS_H
#define HEARTH_PROFILER_TICK_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

struct aggregator;
struct tick_event;

/* Owned by whoever holds them. */
struct tick_windows {
	struct aggregator *present;
	struct aggregator *before; /* NULL: all of its ticks are there */
	uint64_t number;           /* of the present one */
};

/* Where a tick is counted. */
struct aggregator *tick_windows_of(const struct tick_windows *windows,
				   const struct tick_event *tick);

/* As aggregator_handle(). What ticks refer to may be told for either. */
void tick_windows_handle(const struct tick_windows *windows, const void *event, size_t size);

#endif
