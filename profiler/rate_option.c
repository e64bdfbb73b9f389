/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/rate_option.h"

#include <errno.h>

#include "base/log.h"
#include "profiler/options.h"
#include "profiler/system_limits.h"

#define MAX_HZ 100000 /* the kernel's timer goes down to 10 us */

int rate_option_parse(const char *value, uint64_t *ret_hz, const char **ret_why)
{
	if (!parse_u64(value, 1, MAX_HZ, ret_hz))
		return 0;
	*ret_why = "a rate is a whole number of ticks a second, from 1 to 100000";
	return -EINVAL;
}

/* The kernel takes a fixed period above its own ceiling without a word, and then throttles. */
int rate_option_check(uint64_t rate_hz)
{
	uint64_t ceiling;

	if (system_limit_read("/proc/sys/kernel/perf_event_max_sample_rate", &ceiling) ||
	    rate_hz <= ceiling)
		return 0;
	log_error(
		"-F %llu is above kernel.perf_event_max_sample_rate, %llu; lower it, or: sysctl kernel.perf_event_max_sample_rate=%llu",
		(unsigned long long)rate_hz, (unsigned long long)ceiling,
		(unsigned long long)rate_hz);
	return -EINVAL;
}
