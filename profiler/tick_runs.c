/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/tick_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_times(const void *left, const void *right)
{
	const struct tick_time *a = left, *b = right;

	if (a->count != b->count)
		return (a->count > b->count) - (a->count < b->count);
	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

int tick_runs_init(struct tick_runs *runs, const struct aggregator *aggregator)
{
	size_t count;
	const struct tick_time *times = aggregator_times(aggregator, &count);

	*runs = (struct tick_runs){ .times = malloc((count + 1) * sizeof(*times)), .count = count };
	if (!runs->times)
		return -ENOMEM;
	if (!count)
		return 0;
	memcpy(runs->times, times, count * sizeof(*times));
	qsort(runs->times, count, sizeof(*times), compare_times);
	return 0;
}

void tick_runs_release(struct tick_runs *runs)
{
	free(runs->times);
	*runs = (struct tick_runs){ 0 };
}

/* The first that is not below (count, time). */
static size_t first_from(const struct tick_time *times, size_t size, struct tick_time from)
{
	size_t low = 0, high = size;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_times(&times[middle], &from) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct tick_time *tick_runs_of(const struct tick_runs *runs, uint32_t count,
				     size_t *ret_ticks)
{
	size_t start = first_from(runs->times, runs->count, (struct tick_time){ 0, count });
	size_t end = first_from(runs->times, runs->count, (struct tick_time){ 0, count + 1 });

	*ret_ticks = end - start;
	return runs->times + start;
}

size_t tick_runs_until(const struct tick_time *times, size_t count, uint64_t until_ns)
{
	size_t run = first_from(times, count, (struct tick_time){ until_ns, times[0].count });

	return run ? run : 1;
}
