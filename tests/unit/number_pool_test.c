/* SPDX-License-Identifier: Apache-2.0 */
/* number_pool: runs of numbers, the lowest first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include "base/number_pool.h"

static void test_lowest_run_first(void **state)
{
	struct number_pool pool;

	(void)state;
	assert_int_equal(number_pool_init(&pool, 200), 0);
	assert_int_equal(number_pool_take(&pool, 10), 0);
	assert_int_equal(number_pool_take(&pool, 100), 10);
	assert_int_equal(number_pool_take(&pool, 1), 110);
	number_pool_give(&pool, 2, 3);
	assert_int_equal(number_pool_take(&pool, 4), 111);
	assert_int_equal(number_pool_take(&pool, 3), 2);
	assert_int_equal(pool.free_count, 200 - 115);
	number_pool_release(&pool);
}

static void test_all_numbers_and_no_more(void **state)
{
	const uint32_t sizes[] = { 0, 1, 63, 64, 65, 128, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct number_pool pool;

		assert_int_equal(number_pool_init(&pool, sizes[i]), 0);
		assert_int_equal(number_pool_take(&pool, sizes[i] + 1), NUMBER_POOL_NONE);
		for (uint32_t number = 0; number < sizes[i]; number++)
			assert_int_equal(number_pool_take(&pool, 1), number);
		assert_int_equal(number_pool_take(&pool, 1), NUMBER_POOL_NONE);
		if (sizes[i]) {
			number_pool_give(&pool, 0, sizes[i]);
			assert_int_equal(number_pool_take(&pool, sizes[i]), 0);
		}
		number_pool_release(&pool);
	}
}

static void test_pieces_are_no_run(void **state)
{
	struct number_pool pool;

	(void)state;
	assert_int_equal(number_pool_init(&pool, 128), 0);
	assert_int_equal(number_pool_take(&pool, 128), 0);
	for (uint32_t number = 0; number < 128; number += 2)
		number_pool_give(&pool, number, 1);
	assert_int_equal(pool.free_count, 64);
	assert_int_equal(number_pool_take(&pool, 2), NUMBER_POOL_NONE);
	number_pool_give(&pool, 63, 1); /* neighbours on both sides, and over the edge of a word */
	assert_int_equal(number_pool_take(&pool, 3), 62);
	number_pool_release(&pool);
}

/* Against an array of flags. */
static void test_agrees_with_a_plain_search(void **state)
{
	enum { SIZE = 300 };
	bool taken[SIZE] = { false };
	struct number_pool pool;

	(void)state;
	srandom(1);
	assert_int_equal(number_pool_init(&pool, SIZE), 0);
	for (int turn = 0; turn < 20000; turn++) {
		uint32_t count = 1 + (uint32_t)random() % 20, first = (uint32_t)random() % SIZE;
		uint32_t run = 0, expected = NUMBER_POOL_NONE;

		if (random() % 2) {
			if (taken[first])
				number_pool_give(&pool, first, 1);
			taken[first] = false;
			continue;
		}
		for (uint32_t i = 0; i < SIZE && run < count; i++) {
			run = taken[i] ? 0 : run + 1;
			if (run == count)
				expected = i + 1 - count;
		}
		assert_int_equal(number_pool_take(&pool, count), expected);
		for (uint32_t i = 0; i < count && expected != NUMBER_POOL_NONE; i++)
			taken[expected + i] = true;
	}
	number_pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lowest_run_first),
		cmocka_unit_test(test_all_numbers_and_no_more),
		cmocka_unit_test(test_pieces_are_no_run),
		cmocka_unit_test(test_agrees_with_a_plain_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
