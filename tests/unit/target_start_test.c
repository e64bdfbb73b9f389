/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/target_start.h"

#define EARLIEST 1000u
#define LATEST   2000u
#define OWN      1234u

static void test_the_first_meeting_makes_it_exact(void **state)
{
	struct target_start start = { EARLIEST, LATEST };

	(void)state;
	assert_false(target_start_meets(&start, EARLIEST - 1));
	assert_false(target_start_meets(&start, LATEST + 1));
	assert_true(target_start_meets(&start, OWN));
	assert_true(target_start_meets(&start, OWN));
	assert_false(target_start_meets(&start, OWN - 1));
	assert_false(target_start_meets(&start, OWN + 1));
}

static void test_both_ends_belong_to_it(void **state)
{
	struct target_start first = { EARLIEST, LATEST }, last = first;

	(void)state;
	assert_true(target_start_meets(&first, EARLIEST));
	assert_true(target_start_meets(&last, LATEST));
}

/* A tick, or another CPU, makes it exact while it is read: some of what was read is old and the rest is new. */
static void test_one_that_is_half_exact_is_the_same(void **state)
{
	const struct target_start old = { EARLIEST, LATEST };
	struct target_start exact = old;

	(void)state;
	assert_true(target_start_meets(&exact, OWN));
	for (size_t word = 0; word < sizeof(old) / sizeof(uint64_t); word++) {
		struct target_start mixed = old;

		((uint64_t *)&mixed)[word] = ((const uint64_t *)&exact)[word];
		assert_true(target_start_meets(&mixed, OWN));
		assert_memory_equal(&mixed, &exact, sizeof(exact));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_meeting_makes_it_exact),
		cmocka_unit_test(test_both_ends_belong_to_it),
		cmocka_unit_test(test_one_that_is_half_exact_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
