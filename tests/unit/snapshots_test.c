/* SPDX-License-Identifier: Apache-2.0 */
/* snapshots.c: what waits, for how long, and what becomes of a tick whose stack was unwound or could not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "profiler/snapshots.h"
#include "profiler/tick_windows.h"
#include "profiler/unwind_loader.h"
#include "tests/unit/unwind_plain_maps.h"

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
	struct tick_windows windows;
	struct modules *modules;
	struct snapshots *snapshots;
	struct record record;
	struct snapshots_totals totals;
};

static bool find_no_rule(void *context, uint64_t module, uint64_t offset,
			 struct unwind_rule *ret_rule)
{
	(void)context, (void)module, (void)offset, (void)ret_rule;
	return false;
}

static const struct snapshots_rules no_rows = { .find = find_no_rule };

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->aggregator = aggregator_new();
	fixture->windows.present = fixture->aggregator;
	fixture->modules = modules_new(NULL, NULL, NULL);
	fixture->snapshots = snapshots_new(&fixture->windows, fixture->modules, &no_rows, NULL);
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

/* --- what only rows tell of --- */

#define LOWER_MODULE 1234 /* the leaf's */
#define UPPER_MODULE 1235
#define LOWER_START  0x20000ull
#define UPPER_START  0x40000ull
#define TEXT_BYTES   0x3000
#define AT_ROOT      0x1000 /* offsets in either: below, frames of 16 bytes */
#define AT_NO_CFI    0x1800
#define AT_SWITCH    0x2000

/* A file of which libunwind makes nothing: by rows its function has another one's for a caller. */
struct rows_fixture {
	struct plain_maps maps;
	struct unwind_loader *loader;
	struct modules *modules;
	struct aggregator *aggregator;
	struct tick_windows windows;
	struct snapshots *snapshots;
	struct snapshots_totals totals;
	char path[32];
	uint64_t opened;        /* the module that is being opened */
	bool answers_meanwhile; /* when rows were just found missing */
	struct {
		struct snapshot_event event;
		struct snapshot_mapping mappings[2];
		uint64_t stack[STACK_WORDS];
	} record;
};

/* The compiler holds the gate; without `compiles` no file can be compiled. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static bool compiles;

/* As called by modules.c: the linker has it come here first. */
bool __real_unwind_loader_is_pending(struct unwind_loader *loader, uint64_t module);
bool __wrap_unwind_loader_is_pending(struct unwind_loader *loader, uint64_t module);

static bool answers_after_it_was_asked;

bool __wrap_unwind_loader_is_pending(struct unwind_loader *loader, uint64_t module)
{
	bool is_pending = __real_unwind_loader_is_pending(loader, module);

	if (is_pending && answers_after_it_was_asked) {
		pthread_mutex_unlock(&gate);
		unwind_loader_settle(loader);
		pthread_mutex_lock(&gate);
	}
	return is_pending;
}

static void add_row(struct row_table_builder *builder, uint64_t offset, uint8_t cfa)
{
	const struct unwind_rule rule = {
		.cfa = cfa,
		.cfa_offset = cfa == UNWIND_CFA_SP ? 16 : 0,
		.detail = cfa == UNWIND_NOT_EXPRESSIBLE,
	};

	row_table_builder_add(builder, offset, &rule);
}

static int compile(void *context, int fd, struct buffer *ret_table)
{
	const struct row_table_header statistics = { 0 };
	struct row_table_builder *builder;
	int error;

	(void)context, (void)fd;
	pthread_mutex_lock(&gate);
	error = compiles ? 0 : -EBADMSG;
	pthread_mutex_unlock(&gate);
	if (error)
		return error;
	builder = row_table_builder_new(ret_table);
	add_row(builder, 0, UNWIND_CFA_SP);
	add_row(builder, AT_ROOT, UNWIND_ROOT);
	add_row(builder, AT_NO_CFI, UNWIND_NO_CFI);
	add_row(builder, AT_SWITCH, UNWIND_NOT_EXPRESSIBLE);
	error = row_table_builder_finish(builder, &statistics);
	row_table_builder_free(builder);
	return error;
}

/* The gate is open whenever a loader is ended here. */
static void interrupt(void *context)
{
	(void)context;
}

static const struct unwind_row_source source = { compile, interrupt, NULL };

static int identify(void *context, const void *address, struct identify_argument *ret_answer)
{
	const struct rows_fixture *fixture = context;

	(void)address;
	*ret_answer = (struct identify_argument){ .module = fixture->opened };
	return 0;
}

static bool find_rule(void *context, uint64_t module, uint64_t offset, struct unwind_rule *ret_rule)
{
	const struct rows_fixture *fixture = context;
	const struct plain_maps *maps = &fixture->maps;
	const struct unwind_module *entry = plain_find(maps, module);

	if (!entry && fixture->answers_meanwhile)
		unwind_loader_settle(fixture->loader);
	return entry && !unwind_space_find_rule(&maps->view.memory, entry, offset, ret_rule);
}

/* The kernel side tells of a file. */
static void tell_module(struct rows_fixture *fixture, uint64_t id)
{
	struct {
		struct module_event event;
		char names[32];
	} record = { .event = { .type = EVENT_MAPPED_MODULE,
				.id = id,
				.key = { .inode = id, .size = TEXT_BYTES },
				.path_size = (uint32_t)strlen(fixture->path) + 1 } };

	/* "/tmp/name" as "name\0tmp\0" */
	snprintf(record.names, sizeof(record.names), "%s%ctmp", fixture->path + strlen("/tmp/"), 0);
	fixture->opened = id;
	modules_handle(fixture->modules, &record, sizeof(record));
}

static int set_up_rows(void **state)
{
	struct rows_fixture *fixture = calloc(1, sizeof(*fixture));
	const struct snapshots_rules rules = { find_rule, fixture };
	const struct process_event process = { .type = EVENT_PROCESS, .id = PROCESS };
	char content[TEXT_BYTES] = { 0 };
	int fd;

	compiles = true;
	snprintf(fixture->path, sizeof(fixture->path), "/tmp/snapshotsXXXXXX");
	fd = mkstemp(fixture->path);
	assert_int_equal(write(fd, content, sizeof(content)), sizeof(content));
	close(fd);
	plain_maps_init(&fixture->maps, 4 << 20);
	assert_int_equal(unwind_loader_new(&fixture->maps.view, &source, &fixture->loader), 0);
	fixture->modules = modules_new(identify, fixture, fixture->loader);
	fixture->aggregator = aggregator_new();
	fixture->windows.present = fixture->aggregator;
	fixture->snapshots = snapshots_new(&fixture->windows, fixture->modules, &rules, NULL);
	aggregator_handle(fixture->aggregator, &process, sizeof(process));
	tell_module(fixture, LOWER_MODULE);
	tell_module(fixture, UPPER_MODULE);
	fixture->record.event = (struct snapshot_event){
		.type = EVENT_SNAPSHOT,
		.tick = { .type = EVENT_TICK,
			  .process = PROCESS,
			  .fate = TICK_TRUNCATED,
			  .reason = REASON_ROWS_MISSING },
		.stack_start = STACK_START,
		.stack_bytes = sizeof(fixture->record.stack),
		.mapping_count = 2,
	};
	fixture->record.mappings[0] =
		(struct snapshot_mapping){ LOWER_START, LOWER_START + TEXT_BYTES, LOWER_MODULE, 0 };
	fixture->record.mappings[1] =
		(struct snapshot_mapping){ UPPER_START, UPPER_START + TEXT_BYTES, UPPER_MODULE, 0 };
	fixture->record.event.registers[16] = LOWER_START + 0x100;
	fixture->record.event.registers[7] = STACK_START;
	fixture->record.stack[1] = UPPER_START + 0x200;
	fixture->record.stack[3] = UPPER_START + AT_ROOT + 0x10;
	*state = fixture;
	return 0;
}

static int tear_down_rows(void **state)
{
	struct rows_fixture *fixture = *state;

	snapshots_free(fixture->snapshots);
	unwind_loader_free(fixture->loader);
	modules_free(fixture->modules);
	aggregator_free(fixture->aggregator);
	plain_maps_release(&fixture->maps);
	unlink(fixture->path);
	free(fixture);
	return 0;
}

static void send_for_rows(struct rows_fixture *fixture)
{
	snapshots_handle(fixture->snapshots, &fixture->record, sizeof(fixture->record));
}

/* As when the loader tells that it answered, until nothing more comes of it. */
static void take_answers(struct rows_fixture *fixture)
{
	for (int i = 0; i < 4; i++) {
		unwind_loader_settle(fixture->loader);
		snapshots_take_waiting(fixture->snapshots);
	}
	snapshots_read_totals(fixture->snapshots, &fixture->totals);
}

static struct tick_count only_tick(const struct rows_fixture *fixture)
{
	struct tick_count count;

	assert_int_equal(aggregator_count_count(fixture->aggregator), 1);
	assert_int_equal(aggregator_count(fixture->aggregator, 0, &count), 1);
	return count;
}

/* However many drains that takes, and of one file after the other. */
static void waits_for_rows_and_walks_by_them(void **state)
{
	static const struct stack_frame frames[] = {
		{ LOWER_MODULE, 0x100 },
		{ UPPER_MODULE, 0x1ff },
		{ UPPER_MODULE, AT_ROOT + 0xf },
	};
	struct rows_fixture *fixture = *state;
	struct stored_stack stack;
	struct tick_count count;

	pthread_mutex_lock(&gate);
	send_for_rows(fixture);
	for (int drain = 0; drain < 10; drain++)
		snapshots_take_waiting(fixture->snapshots);
	assert_int_equal(aggregator_count_count(fixture->aggregator), 0);
	assert_true(snapshots_are_waiting(fixture->snapshots));
	pthread_mutex_unlock(&gate);
	take_answers(fixture);
	assert_false(snapshots_are_waiting(fixture->snapshots));
	assert_int_equal(fixture->totals.mended, 1);
	count = only_tick(fixture);
	assert_int_equal(count.fate, TICK_COMPLETE);
	assert_false(count.root_unproven);
	stack = aggregator_stack(fixture->aggregator, count.user_stack);
	assert_int_equal(stack.depth, 3);
	for (uint32_t i = 0; i < 3; i++) {
		struct code_address frame =
			aggregator_address(fixture->aggregator, stack.addresses[i]);

		assert_true(frame.module == frames[i].module && frame.offset == frames[i].offset);
	}
}

/* They were missing when they were looked for, and are there when it is asked whether they will come. */
static void rows_that_come_meanwhile(void **state)
{
	struct rows_fixture *fixture = *state;

	fixture->answers_meanwhile = true;
	send_for_rows(fixture);
	take_answers(fixture);
	assert_int_equal(only_tick(fixture).fate, TICK_COMPLETE);
}

/* They were still coming when that was asked, and are there a moment later. */
static void rows_that_come_once_asked_about(void **state)
{
	struct rows_fixture *fixture = *state;

	pthread_mutex_lock(&gate);
	answers_after_it_was_asked = true;
	send_for_rows(fixture);
	answers_after_it_was_asked = false;
	pthread_mutex_unlock(&gate);
	take_answers(fixture);
	assert_int_equal(only_tick(fixture).fate, TICK_COMPLETE);
}

static void no_rows_are_an_answer(void **state)
{
	struct rows_fixture *fixture = *state;

	compiles = false;
	send_for_rows(fixture);
	take_answers(fixture);
	assert_false(snapshots_are_waiting(fixture->snapshots));
	assert_int_equal(only_tick(fixture).reason, REASON_ROWS_MISSING);
	assert_int_equal(fixture->totals.mended, 0);
}

static void at_the_end_nothing_is_waited_for(void **state)
{
	struct rows_fixture *fixture = *state;

	pthread_mutex_lock(&gate);
	send_for_rows(fixture);
	snapshots_take_waiting(fixture->snapshots);
	snapshots_take_all(fixture->snapshots);
	assert_false(snapshots_are_waiting(fixture->snapshots));
	assert_int_equal(only_tick(fixture).reason, REASON_ROWS_MISSING);
	pthread_mutex_unlock(&gate);
}

/* The walk's own end is that of a walk in the kernel. */
static void rows_say_why_a_stack_ends(void **state)
{
	struct rows_fixture *fixture = *state;
	struct tick_count count;

	fixture->record.stack[3] = UPPER_START + AT_SWITCH + 0x10;
	send_for_rows(fixture);
	take_answers(fixture);
	count = only_tick(fixture);
	assert_int_equal(count.fate, TICK_TRUNCATED);
	assert_int_equal(count.reason, REASON_NOT_EXPRESSIBLE);
	assert_int_equal(aggregator_stack(fixture->aggregator, count.user_stack).depth, 3);
}

/* What the snapshot does not hold the kernel side may have had. */
static void stack_beyond_the_snapshot_stays_as_it_was(void **state)
{
	struct rows_fixture *fixture = *state;

	fixture->record.event.stack_bytes = 16;
	send_for_rows(fixture);
	take_answers(fixture);
	assert_int_equal(only_tick(fixture).reason, REASON_ROWS_MISSING);
	assert_int_equal(fixture->totals.mended, 0);
}

/* Its bytes, here of zeros, do not tell whether it has a frame. */
static void leaf_without_cfi_is_marked(void **state)
{
	struct rows_fixture *fixture = *state;
	struct tick_count count;

	fixture->record.event.registers[16] = LOWER_START + AT_NO_CFI;
	fixture->record.event.registers[6] = STACK_START + 16;
	send_for_rows(fixture);
	take_answers(fixture);
	count = only_tick(fixture);
	assert_int_equal(count.fate, TICK_COMPLETE);
	assert_true(count.may_lack_caller);
}

#define TEST(name)      cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_ROWS(name) cmocka_unit_test_setup_teardown(name, set_up_rows, tear_down_rows)

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
		TEST_ROWS(waits_for_rows_and_walks_by_them),
		TEST_ROWS(rows_that_come_meanwhile),
		TEST_ROWS(rows_that_come_once_asked_about),
		TEST_ROWS(no_rows_are_an_answer),
		TEST_ROWS(at_the_end_nothing_is_waited_for),
		TEST_ROWS(rows_say_why_a_stack_ends),
		TEST_ROWS(stack_beyond_the_snapshot_stays_as_it_was),
		TEST_ROWS(leaf_without_cfi_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
