/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/tick_windows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/events.h"
#include "profiler/aggregator.h"

#define PROCESS 77
#define STACK   99

static void send(const struct tick_windows *windows, const void *event, size_t size)
{
	tick_windows_handle(windows, event, size);
}

static void send_process(const struct tick_windows *windows)
{
	const struct process_event process = {
		.type = EVENT_PROCESS, .tgid = 5, .id = PROCESS, .comm = "worker"
	};

	send(windows, &process, sizeof(process));
}

static void send_stack(const struct tick_windows *windows)
{
	const struct {
		struct stack_event event;
		struct stack_frame frames[1];
	} stack = {
		.event = { .type = EVENT_STACK, .id = STACK, .check = 1, .depth = 1 },
		.frames = { { .module = 100, .offset = 0x10 } },
	};

	send(windows, &stack, sizeof(stack));
}

static void send_tick(const struct tick_windows *windows, uint8_t window)
{
	const struct tick_event tick = { .type = EVENT_TICK,
					 .process = PROCESS,
					 .user_stack = STACK,
					 .user_check = 1,
					 .window = window };

	send(windows, &tick, sizeof(tick));
}

static uint64_t ticks_of(const struct aggregator *aggregator)
{
	struct aggregator_totals totals;

	aggregator_totals(aggregator, &totals);
	return totals.ticks;
}

static uint64_t complete_of(const struct aggregator *aggregator)
{
	struct tick_count count;
	uint64_t sum = 0;

	for (size_t i = 0; i < aggregator_count_count(aggregator); i++) {
		uint64_t ticks = aggregator_count(aggregator, i, &count);

		sum += count.fate == TICK_COMPLETE ? ticks : 0;
	}
	return sum;
}

static void test_without_windows_all_ticks_are_counted_in_one(void **state)
{
	struct tick_windows windows = { .present = aggregator_new() };

	(void)state;
	send_process(&windows);
	send_stack(&windows);
	send_tick(&windows, 0);
	send_tick(&windows, 0);
	assert_int_equal(complete_of(windows.present), 2);
	aggregator_free(windows.present);
}

static void test_a_tick_is_counted_in_the_window_that_it_belongs_to(void **state)
{
	struct tick_windows windows = { .before = aggregator_new(),
					.present = aggregator_new(),
					.number = 258 };

	(void)state;
	send_process(&windows);
	send_stack(&windows);
	send_tick(&windows, 1);
	send_tick(&windows, 2);
	send_tick(&windows, 1);
	assert_int_equal(complete_of(windows.before), 2);
	assert_int_equal(complete_of(windows.present), 1);
	assert_int_equal(ticks_of(windows.before) + ticks_of(windows.present), 3);
	aggregator_free(windows.before);
	aggregator_free(windows.present);
}

static void test_a_window_knows_only_what_was_told_in_it(void **state)
{
	struct tick_windows windows = { .present = aggregator_new() };
	struct aggregator *first = windows.present;

	(void)state;
	send_process(&windows);
	send_stack(&windows);
	windows.present = aggregator_new();
	windows.number = 1;
	send_tick(&windows, 1);
	assert_int_equal(ticks_of(windows.present), 1);
	assert_int_equal(complete_of(windows.present), 0);
	send_process(&windows);
	send_stack(&windows);
	send_tick(&windows, 1);
	assert_int_equal(complete_of(windows.present), 1);
	assert_int_equal(ticks_of(first), 0);
	aggregator_free(first);
	aggregator_free(windows.present);
}

static void test_what_a_tick_refers_to_can_be_told_on(void **state)
{
	const struct tick_event tick = { .process = PROCESS, .user_stack = STACK, .user_check = 1 };
	struct tick_windows windows = { .before = aggregator_new(),
					.present = aggregator_new(),
					.number = 1 };
	struct aggregator *rest = aggregator_new();
	struct stored_stack stack;

	(void)state;
	send_process(&windows);
	send_stack(&windows);
	assert_false(aggregator_can_take(rest, &tick));
	aggregator_tell(windows.before, &tick, rest);
	assert_true(aggregator_can_take(rest, &tick));
	assert_true(aggregator_find_stack(rest, STACK, 1, &stack));
	assert_int_equal(stack.depth, 1);
	assert_int_equal(stack.last_module, 100);
	assert_int_equal(aggregator_address(rest, stack.addresses[0]).offset, 0x10);
	assert_int_equal(ticks_of(rest), 0);

	aggregator_free(windows.before);
	windows.before = rest;
	send_tick(&windows, 0);
	assert_int_equal(complete_of(rest), 1);
	assert_int_equal(ticks_of(windows.present), 0);
	aggregator_free(rest);
	aggregator_free(windows.present);
}

static void test_what_is_not_known_is_not_told_on(void **state)
{
	const struct tick_event tick = { .process = PROCESS, .user_stack = STACK, .user_check = 1 };
	struct aggregator *from = aggregator_new(), *to = aggregator_new();

	(void)state;
	aggregator_tell(from, &tick, to);
	assert_int_equal(aggregator_process_count(to), 0);
	assert_false(aggregator_can_take(to, &tick));
	aggregator_free(from);
	aggregator_free(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_windows_all_ticks_are_counted_in_one),
		cmocka_unit_test(test_a_tick_is_counted_in_the_window_that_it_belongs_to),
		cmocka_unit_test(test_a_window_knows_only_what_was_told_in_it),
		cmocka_unit_test(test_what_a_tick_refers_to_can_be_told_on),
		cmocka_unit_test(test_what_is_not_known_is_not_told_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
