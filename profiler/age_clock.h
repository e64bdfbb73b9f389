/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By which clock what is kept is too old. A wall clock that is set forward by mistake, to next year, would have all that is kept taken away at once: so one that was set forward by more than an hour is
 * believed only after it has said so for a day. Until then time goes on as it did. One that is set back makes nothing older, and is believed at once.
 */
#ifndef HEARTH_PROFILER_AGE_CLOCK_H
#define HEARTH_PROFILER_AGE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct age_clock {
	bool is_known;
	int64_t ahead_ns; /* of the time since boot; believed */
	uint64_t
		doubtful_ns; /* since boot: the clock has been set forward for so long; 0: it has not */
};

#define AGE_CLOCK_BELIEVED_NS 3600000000000u  /* set forward by so much it is at once */
#define AGE_CLOCK_DOUBTED_NS  86400000000000u /* by more, after so long */
#define AGE_CLOCK_OFF_NS      86400000000000u /* so far ahead of what is kept it is, too */

/*
 * At the start there is nothing to hold the wall clock against but what is kept, whose newest part ended at `newest_ns` (0: nothing is kept): one that is more than AGE_CLOCK_OFF_NS ahead of that is doubted as one
 * that was set forward. A machine that was off for so long cleans up a day later.
 */
void age_clock_begin(struct age_clock *clock, uint64_t boottime_ns, uint64_t unix_ns,
		     uint64_t newest_ns);

/* What the time is, of nanoseconds since boot and of those since 1970 that the wall clock says; all zero at first, when it is believed. */
uint64_t age_clock_read(struct age_clock *clock, uint64_t boottime_ns, uint64_t unix_ns);

#endif
