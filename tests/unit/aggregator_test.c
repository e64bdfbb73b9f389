/* SPDX-License-Identifier: Apache-2.0 */
/* Records as the kernel side sends them, and what is counted of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "profiler/aggregator.h"

struct stack_record {
	struct stack_event event;
	struct stack_frame frames[4];
};

static void send_process(struct aggregator *aggregator, uint64_t id, uint32_t tgid,
			 const char *comm)
{
	struct process_event event = {
		.type = EVENT_PROCESS, .id = id, .tgid = tgid, .start_time_ns = 1
	};

	assert_true(strlen(comm) < sizeof(event.comm));
	memcpy(event.comm, comm, strlen(comm));
	aggregator_handle(aggregator, &event, sizeof(event));
}

static void send_stack(struct aggregator *aggregator, uint64_t id, uint32_t check,
		       const struct stack_frame *frames, uint32_t depth)
{
	struct stack_record record = {
		.event = { .type = EVENT_STACK, .id = id, .check = check, .depth = depth },
	};

	memcpy(record.frames, frames, depth * sizeof(*frames));
	aggregator_handle(aggregator, &record, sizeof(record.event) + depth * sizeof(*frames));
}

static void send_tick(struct aggregator *aggregator, uint64_t process, uint64_t stack,
		      uint32_t check, uint32_t late)
{
	const struct tick_event event = {
		.type = EVENT_TICK,
		.process = process,
		.user_stack = stack,
		.user_check = check,
		.late = late,
		.flags = TICK_ROOT_UNPROVEN,
	};

	aggregator_handle(aggregator, &event, sizeof(event));
}

static const struct stack_frame two_frames[] = { { 100, 0x1000 }, { 100, 0x2000 } };

static uint64_t ticks_with(const struct aggregator *aggregator, unsigned int fate,
			   unsigned int reason)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < aggregator_count_count(aggregator); i++) {
		struct tick_count count;
		uint64_t ticks = aggregator_count(aggregator, i, &count);

		if (count.fate == fate && count.reason == reason)
			sum += ticks;
	}
	return sum;
}

static void test_equal_ticks_are_one_row(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	struct aggregator_totals totals;
	struct tick_count count;

	(void)state;
	send_process(aggregator, 7, 1, "sh");
	send_stack(aggregator, 9, 1, two_frames, 2);
	for (int i = 0; i < 5; i++)
		send_tick(aggregator, 7, 9, 1, 0);
	assert_int_equal(aggregator_count_count(aggregator), 1);
	assert_int_equal(aggregator_count(aggregator, 0, &count), 5);
	assert_true(count.root_unproven);
	assert_int_equal(count.kernel_stack, AGGREGATOR_NONE);
	assert_string_equal(aggregator_process(aggregator, count.process)->comm, "sh");
	aggregator_totals(aggregator, &totals);
	assert_int_equal(totals.ticks, 5);
	assert_int_equal(totals.stacks, 1);
	assert_int_equal(totals.malformed, 0);
	assert_true(totals.first_tick_ns > 0);
	aggregator_free(aggregator);
}

/* Apart from those of the same stack whose leaf told where its caller is. */
static void test_ticks_that_may_lack_a_caller_are_a_row(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	struct tick_event event = {
		.type = EVENT_TICK, .process = 7, .user_stack = 9, .user_check = 1
	};
	struct tick_count count;

	(void)state;
	send_process(aggregator, 7, 1, "sh");
	send_stack(aggregator, 9, 1, two_frames, 2);
	for (uint64_t ticks = 1; ticks <= 3; ticks++) {
		event.flags = ticks == 1 ? 0 : TICK_MAY_LACK_CALLER;
		aggregator_handle(aggregator, &event, sizeof(event));
	}
	assert_int_equal(aggregator_count_count(aggregator), 2);
	assert_int_equal(aggregator_count(aggregator, 0, &count), 1);
	assert_false(count.may_lack_caller || count.root_unproven);
	assert_int_equal(aggregator_count(aggregator, 1, &count), 2);
	assert_true(count.may_lack_caller);
	assert_int_equal(count.fate, TICK_COMPLETE);
	aggregator_free(aggregator);
}

/* The kernel side alone knows which frames are return addresses: what it sends is what is named. */
static void test_offsets_are_kept_as_they_are(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	struct stored_stack stack;

	(void)state;
	send_stack(aggregator, 9, 1, two_frames, 2);
	send_stack(aggregator, 10, 1, two_frames + 1, 1);
	stack = aggregator_stack(aggregator, 0);
	assert_int_equal(stack.depth, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct code_address address = aggregator_address(aggregator, stack.addresses[i]);

		assert_int_equal(address.module, two_frames[i].module);
		assert_int_equal(address.offset, two_frames[i].offset);
	}
	/* As a leaf it is the same address. */
	assert_int_equal(aggregator_stack(aggregator, 1).addresses[0], stack.addresses[1]);
	assert_int_equal(aggregator_address_count(aggregator), 2);
	aggregator_free(aggregator);
}

/* Frames that a stack shares with the one before, from the root on, are not looked up again. */
static void test_stacks_with_callers_in_common_keep_their_own_frames(void **state)
{
	static const struct {
		struct stack_frame frames[4];
		uint32_t depth;
	} told[] = {
		{ { { 1, 10 }, { 1, 20 }, { 2, 30 } }, 3 },
		{ { { 1, 11 }, { 1, 20 }, { 2, 30 } }, 3 },           /* another leaf */
		{ { { 3, 1 }, { 1, 11 }, { 1, 20 }, { 2, 30 } }, 4 }, /* deeper */
		{ { { 1, 20 }, { 2, 30 } }, 2 },                      /* all of it in the last */
		{ { { 1, 20 }, { 2, 31 } }, 2 },                      /* another root */
		{ { { 4, 20 }, { 1, 20 }, { 2, 31 } }, 3 },           /* a module differs */
		{ { { 5, 20 }, { 1, 20 }, { 2, 31 } }, 3 },
	};
	struct aggregator *aggregator = aggregator_new();

	(void)state;
	for (uint32_t i = 0; i < sizeof(told) / sizeof(*told); i++)
		send_stack(aggregator, 100 + i, 1, told[i].frames, told[i].depth);
	for (uint32_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		struct stored_stack stack;

		assert_true(aggregator_find_stack(aggregator, 100 + i, 1, &stack));
		assert_int_equal(stack.depth, told[i].depth);
		for (uint32_t at = 0; at < stack.depth; at++) {
			struct code_address address =
				aggregator_address(aggregator, stack.addresses[at]);

			assert_int_equal(address.module, told[i].frames[at].module);
			assert_int_equal(address.offset, told[i].frames[at].offset);
		}
	}
	aggregator_free(aggregator);
}

static void test_a_stack_told_twice_is_kept_once(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	struct aggregator_totals totals;

	(void)state;
	send_stack(aggregator, 9, 1, two_frames, 2);
	send_stack(aggregator, 9, 1, two_frames, 2);
	aggregator_totals(aggregator, &totals);
	assert_int_equal(totals.stacks, 1);
	aggregator_free(aggregator);
}

/* An id met twice with other content is never swapped: the second hash tells them apart. */
static void test_a_hash_met_twice_swaps_no_stack(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	struct tick_count first, second;

	(void)state;
	send_process(aggregator, 7, 1, "sh");
	send_stack(aggregator, 9, 1, two_frames, 2);
	send_stack(aggregator, 9, 2, two_frames, 1);
	send_tick(aggregator, 7, 9, 1, 0);
	send_tick(aggregator, 7, 9, 2, 0);
	assert_int_equal(aggregator_count_count(aggregator), 2);
	aggregator_count(aggregator, 0, &first);
	aggregator_count(aggregator, 1, &second);
	assert_int_equal(aggregator_stack(aggregator, first.user_stack).depth, 2);
	assert_int_equal(aggregator_stack(aggregator, second.user_stack).depth, 1);
	aggregator_free(aggregator);
}

static void test_a_tick_of_an_unknown_stack_is_lost_with_its_reason(void **state)
{
	struct aggregator *aggregator = aggregator_new();

	(void)state;
	send_process(aggregator, 7, 1, "sh");
	send_tick(aggregator, 7, 9, 1, 0);
	send_stack(aggregator, 9, 1, two_frames, 2);
	send_tick(aggregator, 7, 9, 5, 0);
	assert_int_equal(ticks_with(aggregator, TICK_LOST, REASON_STACK_MISSING), 2);
	aggregator_free(aggregator);
}

static void test_late_ticks_are_lost_and_charged_to_the_task(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	struct aggregator_totals totals;

	(void)state;
	send_process(aggregator, 7, 1, "sh");
	send_tick(aggregator, 7, 0, 0, 3);
	assert_int_equal(ticks_with(aggregator, TICK_LOST, REASON_LATE), 3);
	aggregator_totals(aggregator, &totals);
	assert_int_equal(totals.ticks, 4);
	aggregator_free(aggregator);
}

static void test_threads_and_cpus_are_told_apart_if_that_is_asked(void **state)
{
	struct tick_event event = { .type = EVENT_TICK, .process = 7, .tid = 70, .cpu = 1 };
	struct aggregator *aggregator = aggregator_new();
	const char comm[EVENT_COMM_SIZE] = "sh";
	struct tick_count count;

	(void)state;
	aggregator_keep_labels(aggregator, (struct tick_labels){ .tid = true, .cpu = true });
	send_process(aggregator, 7, 1, "sh");
	aggregator_handle(aggregator, &event, sizeof(event));
	event.cpu = 0;
	event.late = 2;
	aggregator_handle(aggregator, &event, sizeof(event));
	aggregator_add_lost(aggregator, comm, REASON_RING_FULL, 4);
	assert_int_equal(aggregator_count_count(aggregator), 4);
	assert_int_equal(aggregator_count(aggregator, 0, &count), 1);
	assert_int_equal(count.cpu, 1);
	/* Late ones as well. */
	assert_int_equal(aggregator_count(aggregator, 1, &count), 2);
	assert_int_equal(count.reason, REASON_LATE);
	assert_int_equal(count.tid, 70);
	assert_int_equal(count.cpu, 0);
	assert_int_equal(aggregator_count(aggregator, 3, &count), 4);
	assert_int_equal(count.tid, AGGREGATOR_NONE);
	assert_int_equal(count.cpu, AGGREGATOR_NONE);
	assert_string_equal(aggregator_process(aggregator, count.process)->comm, "sh");
	aggregator_free(aggregator);
}

static void test_lost_ticks_find_their_comm_or_make_one(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	const char known[EVENT_COMM_SIZE] = "sh", unknown[EVENT_COMM_SIZE] = "cc1";
	struct tick_count count;

	(void)state;
	send_process(aggregator, 7, 1, "sh");
	aggregator_add_lost(aggregator, known, REASON_RING_FULL, 2);
	aggregator_add_lost(aggregator, unknown, REASON_RING_FULL, 1);
	aggregator_add_lost(aggregator, unknown, REASON_RING_FULL, 1);
	aggregator_add_lost(aggregator, NULL, REASON_RING_FULL, 4);
	aggregator_add_lost(aggregator, NULL, REASON_RING_FULL, 0);
	assert_int_equal(aggregator_count_count(aggregator), 3);
	assert_int_equal(aggregator_count(aggregator, 0, &count), 2);
	assert_string_equal(aggregator_process(aggregator, count.process)->comm, "sh");
	assert_int_equal(aggregator_count(aggregator, 1, &count), 2);
	assert_string_equal(aggregator_process(aggregator, count.process)->comm, "cc1");
	assert_int_equal(aggregator_count(aggregator, 2, &count), 4);
	assert_int_equal(count.process, AGGREGATOR_NONE);
	aggregator_free(aggregator);
}

static void test_processes_are_counted_once_whatever_they_are_called(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	struct aggregator_totals totals;

	(void)state;
	send_process(aggregator, 7, 1, "sh");
	send_process(aggregator, 8, 1, "cc1"); /* after an exec */
	send_process(aggregator, 9, 2, "sh");
	aggregator_totals(aggregator, &totals);
	assert_int_equal(totals.processes, 2);
	aggregator_free(aggregator);
}

static void test_a_tick_of_a_process_that_found_no_room_is_lost(void **state)
{
	struct aggregator *aggregator = aggregator_new();

	(void)state;
	send_stack(aggregator, 9, 1, two_frames, 2);
	send_tick(aggregator, 7, 9, 1, 0);
	assert_int_equal(ticks_with(aggregator, TICK_LOST, REASON_TABLE_FULL), 1);
	aggregator_free(aggregator);
}

/* As many addresses as the table takes, told in stacks of two; the next stack finds no room. */
static void test_a_full_table_is_the_reason(void **state)
{
	struct aggregator *aggregator = aggregator_new();

	(void)state;
	send_process(aggregator, 7, 1, "sh");
	for (uint64_t i = 0; i <= AGGREGATOR_MAX_ADDRESSES / 2; i++) {
		const struct stack_frame frames[] = { { 100, 4 * i }, { 100, 4 * i + 3 } };

		send_stack(aggregator, i + 1, 1, frames, 2);
	}
	send_tick(aggregator, 7, 1, 1, 0);
	send_tick(aggregator, 7, AGGREGATOR_MAX_ADDRESSES / 2 + 1, 1, 0);
	assert_int_equal(ticks_with(aggregator, TICK_COMPLETE, REASON_NONE), 1);
	assert_int_equal(ticks_with(aggregator, TICK_LOST, REASON_TABLE_FULL), 1);
	aggregator_free(aggregator);
}

struct used_modules {
	uint32_t count, lacking_count;
	uint64_t sum, lacking; /* of all that are used, the last that lacked rows */
};

static void take_used(void *context, uint64_t module)
{
	struct used_modules *used = context;

	used->count++;
	used->sum += module;
}

static void take_lacking(void *context, uint64_t module)
{
	struct used_modules *used = context;

	used->lacking_count++;
	used->lacking = module;
}

static void test_used_modules_are_told_once_a_round(void **state)
{
	const struct stack_frame frames[] = { { 3, 0x1000 }, { 50, 0x2000 }, { 50, 0x3000 } };
	struct aggregator *aggregator = aggregator_new();
	struct used_modules used = { 0 };
	struct tick_event lacking = {
		.type = EVENT_TICK,
		.process = 7,
		.user_stack = 10,
		.user_check = 1,
		.fate = TICK_TRUNCATED,
		.reason = REASON_ROWS_MISSING,
	};

	(void)state;
	send_process(aggregator, 7, 1, "sh");
	send_stack(aggregator, 9, 1, two_frames, 2);
	send_stack(aggregator, 10, 1, frames, 3);
	for (int i = 0; i < 5; i++)
		send_tick(aggregator, 7, 9, 1, 0);
	aggregator_take_used(aggregator, take_used, take_lacking, &used);
	assert_int_equal(used.count, 1);
	assert_int_equal(used.sum, 100);
	assert_int_equal(used.lacking_count, 0);
	aggregator_take_used(aggregator, take_used, take_lacking, &used);
	assert_int_equal(used.count, 1);
	/* That rows were lacking is kept, whatever the round's other ticks of that stack say. */
	aggregator_handle(aggregator, &lacking, sizeof(lacking));
	aggregator_handle(aggregator, &lacking, sizeof(lacking));
	send_tick(aggregator, 7, 10, 1, 0);
	aggregator_take_used(aggregator, take_used, take_lacking, &used);
	assert_int_equal(used.count, 3);
	assert_int_equal(used.sum, 153);
	assert_int_equal(used.lacking_count, 1);
	assert_int_equal(used.lacking, 50);
	send_tick(aggregator, 7, 10, 1, 0);
	aggregator_take_used(aggregator, take_used, take_lacking, &used);
	assert_int_equal(used.sum, 206);
	assert_int_equal(used.lacking_count, 1);
	aggregator_free(aggregator);
}

static void test_malformed_records_are_counted_and_not_read(void **state)
{
	struct aggregator *aggregator = aggregator_new();
	struct tick_event tick = { .type = EVENT_TICK };
	struct stack_record stack = { .event = { .type = EVENT_STACK, .depth = 5 } };
	struct aggregator_totals totals;
	uint32_t type = 99;

	(void)state;
	aggregator_handle(aggregator, &type, 3);
	aggregator_handle(aggregator, &type, sizeof(type));
	aggregator_handle(aggregator, &tick, sizeof(tick) - 1);
	tick.reason = REASON_COUNT;
	aggregator_handle(aggregator, &tick, sizeof(tick));
	tick.reason = 0;
	tick.fate = 7;
	aggregator_handle(aggregator, &tick, sizeof(tick));
	aggregator_handle(aggregator, &stack, sizeof(stack));
	stack.event.depth = UINT32_MAX;
	aggregator_handle(aggregator, &stack, sizeof(stack));
	aggregator_totals(aggregator, &totals);
	assert_int_equal(totals.malformed, 7);
	assert_int_equal(totals.ticks, 0);
	aggregator_free(aggregator);
}

struct met {
	int calls;
	uint32_t tgid;
};

static void meet(void *context, const struct process_event *process)
{
	struct met *met = context;

	met->calls++;
	met->tgid = process->tgid;
}

/* Once for a stack, and only for those that have such a frame. */
static void processes_with_code_without_a_file_are_told_of(void **state)
{
	static const struct stack_frame made[] = { { MODULE_ANONYMOUS | 5, 0x1000 },
						   { 100, 0x2000 } };
	struct aggregator *aggregator = aggregator_new();
	struct met met = { 0 };

	(void)state;
	aggregator_watch_made_code(aggregator, meet, &met);
	send_process(aggregator, 1, 10, "plain");
	send_process(aggregator, 2, 20, "made");
	send_stack(aggregator, 1, 1, two_frames, 2);
	send_stack(aggregator, 2, 2, made, 2);
	send_tick(aggregator, 1, 1, 1, 0);
	send_tick(aggregator, 1, 0, 0, 0);
	assert_int_equal(met.calls, 0);
	send_tick(aggregator, 2, 2, 2, 0);
	send_tick(aggregator, 2, 2, 2, 0);
	assert_int_equal(met.calls, 1);
	assert_int_equal(met.tgid, 20);
	assert_false(aggregator_stack(aggregator, 0).has_made_code);
	assert_true(aggregator_stack(aggregator, 1).has_made_code);
	assert_int_equal(aggregator_process_count(aggregator), 2);
	aggregator_free(aggregator);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_with_code_without_a_file_are_told_of),
		cmocka_unit_test(test_equal_ticks_are_one_row),
		cmocka_unit_test(test_ticks_that_may_lack_a_caller_are_a_row),
		cmocka_unit_test(test_offsets_are_kept_as_they_are),
		cmocka_unit_test(test_stacks_with_callers_in_common_keep_their_own_frames),
		cmocka_unit_test(test_a_stack_told_twice_is_kept_once),
		cmocka_unit_test(test_a_hash_met_twice_swaps_no_stack),
		cmocka_unit_test(test_a_tick_of_an_unknown_stack_is_lost_with_its_reason),
		cmocka_unit_test(test_late_ticks_are_lost_and_charged_to_the_task),
		cmocka_unit_test(test_threads_and_cpus_are_told_apart_if_that_is_asked),
		cmocka_unit_test(test_lost_ticks_find_their_comm_or_make_one),
		cmocka_unit_test(test_processes_are_counted_once_whatever_they_are_called),
		cmocka_unit_test(test_a_tick_of_a_process_that_found_no_room_is_lost),
		cmocka_unit_test(test_a_full_table_is_the_reason),
		cmocka_unit_test(test_used_modules_are_told_once_a_round),
		cmocka_unit_test(test_malformed_records_are_counted_and_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
