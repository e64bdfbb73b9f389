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

/* What the time is, of nanoseconds since boot and of those since 1970 that the wall clock says; all zero at first, when it is believed. */
uint64_t age_clock_read(struct age_clock *clock, uint64_t boottime_ns, uint64_t unix_ns);

#endif
