/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/age_clock.h"

static bool is_doubtful(const struct age_clock *clock, int64_t ahead_ns)
{
	return clock->is_known && ahead_ns > clock->ahead_ns &&
	       (uint64_t)(ahead_ns - clock->ahead_ns) > AGE_CLOCK_BELIEVED_NS;
}

void age_clock_begin(struct age_clock *clock, uint64_t boottime_ns, uint64_t unix_ns,
		     uint64_t newest_ns)
{
	const bool is_ahead =
		newest_ns && unix_ns > newest_ns && unix_ns - newest_ns > AGE_CLOCK_OFF_NS;

	*clock = (struct age_clock){
		.is_known = true,
		.ahead_ns = (int64_t)((is_ahead ? newest_ns : unix_ns) - boottime_ns),
		.doubtful_ns = is_ahead ? boottime_ns : 0,
	};
}

uint64_t age_clock_read(struct age_clock *clock, uint64_t boottime_ns, uint64_t unix_ns)
{
	int64_t ahead_ns = (int64_t)(unix_ns - boottime_ns);

	if (!is_doubtful(clock, ahead_ns))
		clock->doubtful_ns = 0;
	else if (!clock->doubtful_ns)
		clock->doubtful_ns = boottime_ns;
	if (!clock->doubtful_ns || boottime_ns - clock->doubtful_ns >= AGE_CLOCK_DOUBTED_NS)
		*clock = (struct age_clock){ .is_known = true, .ahead_ns = ahead_ns };
	return boottime_ns + (uint64_t)clock->ahead_ns;
}
