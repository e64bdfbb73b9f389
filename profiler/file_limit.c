/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/file_limit.h"

#include "profiler/system_limits.h"

/* A descriptor for each module (MODULES_MAX), and what else there is. */
#define FILES_WANTED (65536 + 8192)

/* Neither call fails for a valid pointer and a limit that was there before. */
void file_limit_get(struct rlimit *ret_limit)
{
	if (getrlimit(RLIMIT_NOFILE, ret_limit))
		*ret_limit = (struct rlimit){ 0 };
}

void file_limit_set(const struct rlimit *limit)
{
	if (limit->rlim_max)
		setrlimit(RLIMIT_NOFILE, limit);
}

/* What the limit can be at most takes CAP_SYS_RESOURCE, and has a limit of its own. */
static rlim_t wanted_limit(const struct rlimit *limit)
{
	uint64_t wanted = FILES_WANTED, possible;

	if (limit->rlim_max >= wanted)
		return limit->rlim_max;
	if (!system_limit_read("/proc/sys/fs/nr_open", &possible) && possible < wanted)
		wanted = possible;
	return wanted > limit->rlim_max ? (rlim_t)wanted : limit->rlim_max;
}

size_t file_limit_raise(void)
{
	struct rlimit limit, raised;

	file_limit_get(&limit);
	raised.rlim_cur = raised.rlim_max = wanted_limit(&limit);
	limit.rlim_cur = limit.rlim_max;
	file_limit_set(&limit);
	file_limit_set(&raised);
	file_limit_get(&limit); /* what holds now, raised or not */
	return limit.rlim_cur;
}
