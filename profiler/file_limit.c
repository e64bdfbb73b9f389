/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/file_limit.h"

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

size_t file_limit_raise(void)
{
	struct rlimit limit;

	file_limit_get(&limit);
	limit.rlim_cur = limit.rlim_max;
	file_limit_set(&limit);
	file_limit_get(&limit); /* what holds now, raised or not */
	return limit.rlim_cur;
}
