/* SPDX-License-Identifier: Apache-2.0 */
/* snapshots.c: what waits, for how long, and what becomes of a tick whose stack was unwound or could not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "profiler/snapshots.h"

#define PROCESS     7
#define CODE_START  0x10000ull
#define CODE_MODULE (MODULE_ANONYMOUS | 5)
#define STACK_START 0x7f0000ull
#define STACK_WORDS 8

/* One mapping without a file, and a stack whose frame pointers lead over two callers to their end. */
struct record {
	struct snapshot_event event;
	struct snapshot_mapping mapping;
	uint64_t stack[STACK_WORDS];
};

struct fixture {
	struct aggregator *aggregator;
	struct modules *modules;
	struct snapshots *snapshots;
	struct record record;
	struct snapshots_totals totals;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->aggregator = aggregator_new();
	fixture->modules = modules_new(NULL, NULL, NULL);
	fixture->snapshots = snapshots_new(fixture->aggregator, fixture->modules, NULL);
	fixture->record = (struct record){
		.event = {
			.type = EVENT_SNAPSHOT,
			.tick = { .type = EVENT_TICK, .process = PROCESS, .fate = TICK_TRUNCATED,
				  .reason = REASON_ROWS_MISSING },
			.stack_start = STACK_START,
			.stack_bytes = sizeof(fixture->record.stack),
			.mapping_count = 1,
		},
		.mapping = { CODE_START, CODE_START + 0x1000, CODE_MODULE, CODE_START },
		.stack = { STACK_START + 32, CODE_START + 0x200, 0, 0, 0, CODE_START + 0x300 },
	};
	fixture->record.event.registers[16] = CODE_START + 0x100;
	fixture->record.event.registers[7] = STACK_START;
	fixture->record.event.registers[6] = STACK_START;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	snapshots_free(fixture->snapshots);
	modules_free(fixture->modules);
	aggregator_free(fixture->aggregator);
	free(fixture);
	return 0;
}

static void send_process(struct fixture *fixture)
{
	const struct process_event event = { .type = EVENT_PROCESS, .id = PROCESS };

	aggregator_handle(fixture->aggregator, &event, sizeof(event));
}

static void send_snapshot(struct fixture *fixture)
{
	snapshots_handle(fixture->snapshots, &fixture->record, sizeof(fixture->record));
	snapshots_read_totals(fixture->snapshots, &fixture->totals);
}

/* The one row of counted ticks. */
static struct tick_count only_count(const struct fixture *fixture, uint64_t ticks)
{
	struct tick_count count;

	assert_int_equal(aggregator_count_count(fixture->aggregator), 1);
	assert_int_equal(aggregator_count(fixture->aggregator, 0, &count), ticks);
	return count;
}

static void unwound_stack_is_the_ticks(void **state)
{
	struct fixture *fixture = *state;
	struct stored_stack stack;
	struct tick_count count;

	send_process(fixture);
	send_snapshot(fixture);
	send_snapshot(fixture);
	assert_int_equal(fixture->totals.taken, 2);
	assert_int_equal(fixture->totals.mended, 2);
	count = only_count(fixture, 2);
	/* As a walk by frame pointers: the root is to be proven by its name. */
	assert_int_equal(count.fate, TICK_COMPLETE);
	assert_true(count.root_unproven);
	assert_true(count.may_lack_caller); /* its leaf has no CFI: whole all the same */
	stack = aggregator_stack(fixture->aggregator, count.user_stack);
	assert_int_equal(stack.depth, 3);
	for (uint32_t i = 0; i < 3; i++) {
		struct code_address frame =
			aggregator_address(fixture->aggregator, stack.addresses[i]);

		assert_true(frame.module == CODE_MODULE);
		assert_true(frame.offset == CODE_START + 0x100 * (i + 1) - (i > 0));
	}
}

static void reason_of_the_kernel_half_stays(void **state)
{
	struct fixture *fixture = *state;
	struct tick_count count;

	fixture->record.event.tick.kernel_reason = REASON_MAX_DEPTH;
	send_process(fixture);
	send_snapshot(fixture);
	count = only_count(fixture, 1);
	assert_int_equal(count.fate, TICK_TRUNCATED);
	assert_int_equal(count.reason, REASON_MAX_DEPTH);
}

/* A caller in none of the mappings that there was room for. */
static void a_snapshot_without_all_mappings_had_no_room(void **state)
{
	struct fixture *fixture = *state;
	struct tick_count count;

	fixture->record.stack[1] = CODE_START + 0x2000;
	fixture->record.event.lacks_mappings = 1;
	send_process(fixture);
	send_snapshot(fixture);
	assert_int_equal(fixture->totals.mended, 0);
	count = only_count(fixture, 1);
	assert_int_equal(count.fate, TICK_TRUNCATED);
	assert_int_equal(count.reason, REASON_SNAPSHOT_FULL);
}

static void what_cannot_be_unwound_keeps_its_reason(void **state)
{
	struct fixture *fixture = *state;
	struct tick_count count;

	fixture->record.event.registers[16] = 0;
	send_process(fixture);
	send_snapshot(fixture);
	assert_int_equal(fixture->totals.mended, 0);
	count = only_count(fixture, 1);
	assert_int_equal(count.fate, TICK_TRUNCATED);
	assert_int_equal(count.reason, REASON_ROWS_MISSING);
}

/* It came ahead of its process. */
static void waits_for_one_more_drain(void **state)
{
	struct fixture *fixture = *state;

	send_snapshot(fixture);
	snapshots_take_waiting(fixture->snapshots);
	assert_int_equal(aggregator_count_count(fixture->aggregator), 0);
	send_process(fixture);
	snapshots_take_waiting(fixture->snapshots);
	assert_int_equal(only_count(fixture, 1).reason, REASON_NONE);
}

static void does_not_wait_for_ever(void **state)
{
	struct fixture *fixture = *state;

	send_snapshot(fixture);
	snapshots_take_waiting(fixture->snapshots);
	snapshots_take_waiting(fixture->snapshots);
	assert_int_equal(only_count(fixture, 1).fate, TICK_LOST);
}

/* A file that is not known yet may be told of in the next drain. */
static void waits_for_a_file(void **state)
{
	struct fixture *fixture = *state;

	fixture->record.mapping.module = 1234;
	send_process(fixture);
	send_snapshot(fixture);
	assert_int_equal(aggregator_count_count(fixture->aggregator), 0);
	snapshots_take_waiting(fixture->snapshots);
	snapshots_take_waiting(fixture->snapshots);
	assert_int_equal(only_count(fixture, 1).reason, REASON_ROWS_MISSING);
}

static void room_to_wait_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	uint64_t count = SNAPSHOTS_MAX_WAITING_BYTES / sizeof(fixture->record) + 10;
	struct tick_count row;

	for (uint64_t i = 0; i < count; i++)
		send_snapshot(fixture);
	assert_int_equal(aggregator_count_count(fixture->aggregator), 1);
	assert_true(aggregator_count(fixture->aggregator, 0, &row) <= 10);
	snapshots_take_waiting(fixture->snapshots);
	snapshots_take_waiting(fixture->snapshots);
	only_count(fixture, count);
}

static void malformed_record_is_counted(void **state)
{
	struct fixture *fixture = *state;
	struct aggregator_totals totals;

	fixture->record.event.stack_bytes++;
	send_snapshot(fixture);
	aggregator_totals(fixture->aggregator, &totals);
	assert_int_equal(totals.malformed, 1);
	assert_int_equal(fixture->totals.taken, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unwound_stack_is_the_ticks),
		TEST(reason_of_the_kernel_half_stays),
		TEST(a_snapshot_without_all_mappings_had_no_room),
		TEST(what_cannot_be_unwound_keeps_its_reason),
		TEST(waits_for_one_more_drain),
		TEST(does_not_wait_for_ever),
		TEST(waits_for_a_file),
		TEST(room_to_wait_is_bounded),
		TEST(malformed_record_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
