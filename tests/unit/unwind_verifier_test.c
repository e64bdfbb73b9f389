/* SPDX-License-Identifier: Apache-2.0 */
/* unwind_verifier.c: which stacks are compared, and which of them agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "profiler/unwind_verifier.h"
#include "unwind/snapshot_unwinder.h"

#define STACK 77

static const struct stack_frame frames[] = { { 100, 0x1000 }, { 100, 0x2000 }, { 200, 0x3000 } };

struct fixture {
	struct aggregator *aggregator;
	struct modules *modules;
	struct unwind_verifier *verifier;
	struct unwound_stack unwound; /* the same frames, with a proven root */
	struct tick_event tick;
	struct verified_totals totals;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct {
		struct stack_event event;
		struct stack_frame frames[3];
	} record = { .event = { .type = EVENT_STACK, .id = STACK, .depth = 3 } };

	fixture->aggregator = aggregator_new();
	fixture->modules = modules_new(NULL, NULL, NULL);
	fixture->verifier = unwind_verifier_new(fixture->aggregator, fixture->modules);
	memcpy(record.frames, frames, sizeof(frames));
	aggregator_handle(fixture->aggregator, &record, sizeof(record));
	memcpy(fixture->unwound.frames, frames, sizeof(frames));
	fixture->unwound.depth = 3;
	fixture->tick.user_stack = STACK;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	unwind_verifier_free(fixture->verifier);
	modules_free(fixture->modules);
	aggregator_free(fixture->aggregator);
	free(fixture);
	return 0;
}

static void compare(struct fixture *fixture)
{
	unwind_verifier_compare(fixture->verifier, &fixture->tick, &fixture->unwound);
	unwind_verifier_read_totals(fixture->verifier, &fixture->totals);
}

static void equal_stacks_agree(void **state)
{
	struct fixture *fixture = *state;

	compare(fixture);
	compare(fixture);
	assert_int_equal(fixture->totals.compared, 2);
	assert_int_equal(fixture->totals.agreed, 2);
}

static void another_frame_disagrees(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < 3; i++) {
		fixture->unwound.frames[i].offset++;
		compare(fixture);
		fixture->unwound.frames[i].offset--;
	}
	assert_int_equal(fixture->totals.compared, 3);
	assert_int_equal(fixture->totals.agreed, 0);
}

static void missing_or_further_frame_disagrees(void **state)
{
	struct fixture *fixture = *state;

	fixture->unwound.depth = 2;
	compare(fixture);
	fixture->unwound.depth = 4;
	compare(fixture);
	assert_int_equal(fixture->totals.compared, 2);
	assert_int_equal(fixture->totals.agreed, 0);
}

/* A leaf without CFI that libunwind left by its frame pointer. */
static void a_guess_of_libunwinds_is_left_out(void **state)
{
	struct fixture *fixture = *state;

	fixture->unwound.may_lack_frames = true;
	compare(fixture);
	assert_int_equal(fixture->totals.compared, 0);
	assert_int_equal(fixture->totals.libunwind_ended[REASON_NO_ROOT], 1);
}

/* A leaf without CFI and without a file: the rows' walk may know its caller by its code, libunwind does not. */
static void a_guess_of_both_is_compared(void **state)
{
	struct fixture *fixture = *state;

	fixture->unwound.may_lack_caller = true;
	compare(fixture);
	assert_int_equal(fixture->totals.compared, 0);
	fixture->tick.flags = TICK_MAY_LACK_CALLER;
	compare(fixture);
	assert_int_equal(fixture->totals.compared, 1);
	assert_int_equal(fixture->totals.agreed, 1);
	assert_int_equal(fixture->totals.libunwind_ended[REASON_NO_ROOT], 1);
}

/* More than are shown: the others are only counted. */
static void many_disagreements(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < 3 * UNWIND_VERIFIER_MAX_SHOWN; i++) {
		fixture->unwound.frames[0].offset = 0x5000 + i;
		compare(fixture);
	}
	assert_int_equal(fixture->totals.compared, 3 * UNWIND_VERIFIER_MAX_SHOWN);
	assert_int_equal(fixture->totals.agreed, 0);
}

static void unproven_by_rows_is_left_out(void **state)
{
	struct fixture *fixture = *state;

	fixture->tick.reason = REASON_ROWS_MISSING;
	compare(fixture);
	fixture->tick.reason = REASON_NONE;
	fixture->tick.flags = TICK_ROOT_UNPROVEN;
	compare(fixture);
	assert_int_equal(fixture->totals.compared, 0);
	assert_int_equal(fixture->totals.rows_ended[REASON_ROWS_MISSING], 1);
	assert_int_equal(fixture->totals.rows_ended[REASON_NO_ROOT], 1);
}

/* The tick is truncated for its kernel half; the user half is whole. */
static void truncated_kernel_half_is_compared(void **state)
{
	struct fixture *fixture = *state;

	fixture->tick.reason = fixture->tick.kernel_reason = REASON_MAX_DEPTH;
	fixture->tick.fate = TICK_TRUNCATED;
	compare(fixture);
	assert_int_equal(fixture->totals.agreed, 1);
}

static void unproven_by_libunwind_is_left_out(void **state)
{
	struct fixture *fixture = *state;

	fixture->unwound.reason = REASON_NO_ROOT;
	compare(fixture);
	fixture->unwound.reason = REASON_STACK_UNREADABLE;
	fixture->unwound.lacks_stack = true;
	compare(fixture);
	unwind_verifier_count_missing(fixture->verifier);
	compare(fixture);
	assert_int_equal(fixture->totals.compared, 0);
	assert_int_equal(fixture->totals.libunwind_ended[REASON_NO_ROOT], 1);
	assert_int_equal(fixture->totals.deeper_than_snapshot, 2);
	assert_int_equal(fixture->totals.without_snapshot, 1);
}

/* What the verifier logs, read back from standard error. */
static void read_log(const struct fixture *fixture, char *to, size_t size)
{
	int kept = dup(STDERR_FILENO), ends[2];
	ssize_t length;

	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	unwind_verifier_log(fixture->verifier);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	length = read(ends[0], to, size - 1);
	assert_true(length > 0);
	to[length] = '\0';
	close(kept);
	close(ends[0]);
	close(ends[1]);
}

/* Then their modules are told. */
static void frames_that_look_alike(void **state)
{
	struct fixture *fixture = *state;
	char text[4096];

	fixture->unwound.frames[0].offset++;
	compare(fixture);
	read_log(fixture, text, sizeof(text));
	assert_null(strstr(text, "is of module"));
	fixture->unwound.frames[0].offset--;
	fixture->unwound.frames[2].module = 201;
	compare(fixture);
	read_log(fixture, text, sizeof(text));
	assert_non_null(strstr(text, "frame 2 from the leaf is of module 00000000000000c8 by rows, "
				     "of 00000000000000c9 by libunwind"));
}

static void totals_as_json(void **state)
{
	struct fixture *fixture = *state;
	struct buffer json = { 0 };

	compare(fixture);
	unwind_verifier_write_json(fixture->verifier, &json);
	assert_non_null(strstr(buffer_string(&json), "{\"compared\": 1, \"agreed\": 1, "));
	assert_non_null(strstr(buffer_string(&json), "\"rows_ended\": {\"no_root\": 0, "));
	buffer_release(&json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_stacks_agree),
		TEST(another_frame_disagrees),
		TEST(missing_or_further_frame_disagrees),
		TEST(a_guess_of_libunwinds_is_left_out),
		TEST(a_guess_of_both_is_compared),
		TEST(many_disagreements),
		TEST(unproven_by_rows_is_left_out),
		TEST(truncated_kernel_half_is_compared),
		TEST(unproven_by_libunwind_is_left_out),
		TEST(frames_that_look_alike),
		TEST(totals_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
