/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "profiler/task_start.h"

#define FIELDS "S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 "

static void test_comm_may_hold_anything(void **state)
{
	uint64_t ticks = 0;

	(void)state;
	assert_int_equal(task_start_parse("1 (sh) " FIELDS "123 0 0", &ticks), 0);
	assert_int_equal(ticks, 123);
	assert_int_equal(task_start_parse("1 (a) S 9 (b) ) " FIELDS "456 0", &ticks), 0);
	assert_int_equal(ticks, 456);
}

static void test_anything_else_is_refused(void **state)
{
	uint64_t ticks;

	(void)state;
	assert_int_equal(task_start_parse("", &ticks), -EINVAL);
	assert_int_equal(task_start_parse("1 (sh) S 1 2", &ticks), -EINVAL);
}

static void test_this_process(void **state)
{
	uint64_t ticks = 0;

	(void)state;
	assert_int_equal(task_start_ticks((uint32_t)getpid(), &ticks), 0);
	assert_true(ticks > 0);
	assert_int_equal(task_start_ticks(INT32_MAX, &ticks), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comm_may_hold_anything),
		cmocka_unit_test(test_anything_else_is_refused),
		cmocka_unit_test(test_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
