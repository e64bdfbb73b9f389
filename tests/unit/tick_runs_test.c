/* SPDX-License-Identifier: Apache-2.0 */
/* When ticks were: what the aggregator keeps of it, and tick_runs.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiler/tick_runs.h"

struct stack_record {
	struct stack_event event;
	struct stack_frame frame;
};

/* Stack 1 lies in a file, 2 and 3 do not. */
static int setup(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	const struct process_event process = { .type = EVENT_PROCESS, .id = 1, .tgid = 1 };

	aggregator_handle(aggregator, &process, sizeof(process));
	for (uint64_t id = 1; id <= 3; id++) {
		const struct stack_record record = {
			.event = { .type = EVENT_STACK, .id = id, .depth = 1 },
			.frame = { id == 1 ? 100 : MODULE_ANONYMOUS | 100, id },
		};

		aggregator_handle(aggregator, &record, sizeof(record));
	}
	*state = aggregator;
	return 0;
}

static int teardown(void **state)
{
	aggregator_free(*state);
	return 0;
}

static void tick(struct aggregator *aggregator, uint64_t stack, uint64_t time_ns)
{
	const struct tick_event event = {
		.type = EVENT_TICK, .time_ns = time_ns, .process = 1, .user_stack = stack
	};

	aggregator_handle(aggregator, &event, sizeof(event));
}

static void ticks_in_made_code_have_their_times(void **state)
{
	const struct tick_time *times;
	struct tick_runs runs;
	size_t count;

	tick(*state, 1, 5);
	tick(*state, 2, 9);
	tick(*state, 3, 8);
	tick(*state, 2, 7);
	tick(*state, 2, 11);
	tick(*state, 0, 12);
	aggregator_times(*state, &count);
	assert_int_equal(count, 4);
	assert_int_equal(tick_runs_init(&runs, *state), 0);
	tick_runs_of(&runs, 0, &count);
	assert_int_equal(count, 0);
	times = tick_runs_of(&runs, 1, &count);
	assert_int_equal(count, 3);
	assert_int_equal(times[0].time_ns, 7);
	assert_int_equal(times[1].time_ns, 9);
	assert_int_equal(times[2].time_ns, 11);
	times = tick_runs_of(&runs, 2, &count);
	assert_int_equal(count, 1);
	assert_int_equal(times->time_ns, 8);
	tick_runs_of(&runs, 3, &count);
	assert_int_equal(count, 0);
	tick_runs_release(&runs);
}

static bool is_odd(void *context, const struct stack_frame *frames, uint32_t depth)
{
	*(uint32_t *)context += depth;
	return frames->offset % 2;
}

/* Asked once a stack of the kernel, and of no other. */
static void ticks_in_changing_kernel_code_have_their_times(void **state)
{
	struct tick_event event = { .type = EVENT_TICK, .time_ns = 5, .process = 1 };
	uint32_t asked = 0;
	size_t times;

	aggregator_watch_kernel_code(*state, is_odd, &asked);
	for (uint64_t id = 10; id <= 12; id++) {
		const struct stack_record record = {
			.event = { .type = EVENT_STACK, .id = id, .depth = 1 },
			.frame = { id == 12 ? 100 : MODULE_KERNEL, id },
		};

		aggregator_handle(*state, &record, sizeof(record));
		aggregator_handle(*state, &record, sizeof(record));
	}
	assert_int_equal(asked, 2);
	event.kernel_stack = 10;
	aggregator_handle(*state, &event, sizeof(event));
	aggregator_times(*state, &times);
	assert_int_equal(times, 0);
	event.kernel_stack = 11;
	aggregator_handle(*state, &event, sizeof(event));
	aggregator_times(*state, &times);
	assert_int_equal(times, 1);
}

static void a_run_ends_before_a_time(void **state)
{
	static const struct tick_time times[] = { { 3, 1 }, { 5, 1 }, { 5, 1 }, { 8, 1 } };

	(void)state;
	assert_int_equal(tick_runs_until(times, 4, UINT64_MAX), 4);
	assert_int_equal(tick_runs_until(times, 4, 8), 3);
	assert_int_equal(tick_runs_until(times, 4, 5), 1);
	assert_int_equal(tick_runs_until(times, 4, 4), 1);
	assert_int_equal(tick_runs_until(times, 4, 3), 1); /* else it would never end */
}

static void beyond_the_limit_a_tick_counts_without_its_time(void **state)
{
	struct tick_count count;
	size_t times;

	for (uint64_t i = 0; i < AGGREGATOR_MAX_TIMES + 3; i++)
		tick(*state, 2, i);
	aggregator_times(*state, &times);
	assert_int_equal(times, AGGREGATOR_MAX_TIMES);
	assert_int_equal(aggregator_count(*state, 0, &count), AGGREGATOR_MAX_TIMES + 3);
}

/* Half of the room is left to those whose names depend on it. */
static void all_ticks_have_their_times_if_that_is_asked(void **state)
{
	size_t times;

	aggregator_keep_labels(*state, (struct tick_labels){ .time = true });
	for (uint64_t i = 0; i < AGGREGATOR_MAX_TIMES / 2 + 3; i++)
		tick(*state, 1, i);
	aggregator_times(*state, &times);
	assert_int_equal(times, AGGREGATOR_MAX_TIMES / 2);
	tick(*state, 2, 1);
	aggregator_times(*state, &times);
	assert_int_equal(times, AGGREGATOR_MAX_TIMES / 2 + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ticks_in_made_code_have_their_times),
		TEST(ticks_in_changing_kernel_code_have_their_times),
		TEST(a_run_ends_before_a_time),
		TEST(beyond_the_limit_a_tick_counts_without_its_time),
		TEST(all_ticks_have_their_times_if_that_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
