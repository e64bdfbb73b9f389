/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/task_start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"

#define NS_PER_SECOND 1000000000u

int task_start_parse(const char *stat, uint64_t *ret_ticks)
{
	/* The second field, comm in parentheses, may hold anything; the start is field 22 (proc(5)). */
	const char *behind_comm = strrchr(stat, ')');
	unsigned long long ticks;

	if (!behind_comm ||
	    sscanf(behind_comm + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &ticks) != 1)
		return -EINVAL;
	*ret_ticks = ticks;
	return 0;
}

int task_start_ticks(uint32_t id, uint64_t *ret_ticks)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/%u/stat", id);
	error = buffer_read_file(&text, path, 4096);
	if (error)
		return error == -ESRCH ? -ENOENT : error;
	return buffer_string(&text) ? task_start_parse(text.data, ret_ticks) : -ENOMEM;
}

bool task_started_at(uint32_t id, uint64_t boottime_ns)
{
	uint64_t tick_ns = NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK), ticks;
	uint64_t expected = boottime_ns / tick_ns;

	return !task_start_ticks(id, &ticks) && ticks + 1 >= expected && ticks <= expected + 1;
}
