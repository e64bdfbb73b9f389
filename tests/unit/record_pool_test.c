/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/record_pool.h"

struct record {
	uint64_t key[2];
	uint32_t value;
};

static void equal_keys_are_one_record(void **state)
{
	struct record_pool pool;
	struct record *record;
	uint32_t id;

	(void)state;
	record_pool_init(&pool, sizeof(struct record), sizeof(record->key));
	for (int turn = 0; turn < 2; turn++) {
		for (uint64_t i = 0; i < 100000; i++) {
			const uint64_t key[2] = { i, i % 7 };

			record_pool_prefetch(&pool, key);
			assert_int_equal(record_pool_find(&pool, key, &id), turn == 1);
			assert_int_equal(record_pool_add(&pool, key, &id), 0);
			assert_int_equal(id, i);
			record = record_pool_get(&pool, id);
			assert_int_equal(record->value, turn * (i + 1));
			record->value = (uint32_t)i + 1;
		}
		assert_int_equal(pool.count, 100000);
	}
	for (uint32_t i = 0; i < pool.count; i++) {
		record = record_pool_get(&pool, i);
		assert_int_equal(record->key[0], i);
		assert_int_equal(record->key[1], i % 7);
	}
	record_pool_release(&pool);
	assert_false(record_pool_find(&pool, &(uint64_t[2]){ 1, 1 }, &id));
	assert_int_equal(record_pool_add(&pool, &(uint64_t[2]){ 1, 1 }, &id), 0);
	assert_int_equal(id, 0);
	record_pool_release(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(equal_keys_are_one_record) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
