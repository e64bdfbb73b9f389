/* SPDX-License-Identifier: Apache-2.0 */
/* u64_map, string_pool and arena: what everything else is built of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/string_pool.h"
#include "base/u64_map.h"

static void test_map_keeps_100000_keys(void **state)
{
	struct u64_map map;

	(void)state;
	u64_map_init(&map);
	assert_int_equal(u64_map_get(&map, 7), U64_MAP_ABSENT);
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(u64_map_set(&map, hash_u64(i), i), 0);
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(u64_map_get(&map, hash_u64(i)), i);
	assert_int_equal(u64_map_get(&map, hash_u64(100000)), U64_MAP_ABSENT);
	assert_int_equal(map.count, 100000);
	u64_map_release(&map);
}

static void test_map_replaces_and_takes_any_key(void **state)
{
	const uint64_t keys[] = { 0, UINT64_MAX, 1ull << 63, 0xffffffff };
	struct u64_map map;

	(void)state;
	u64_map_init(&map);
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(u64_map_set(&map, keys[i], round * 10 + i), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(u64_map_get(&map, keys[i]), 10 + i);
	assert_int_equal(map.count, 4);
	u64_map_release(&map);
}

static void test_pool_gives_equal_ids_to_equal_strings(void **state)
{
	struct string_pool pool;
	uint32_t first, id;
	size_t size;

	(void)state;
	string_pool_init(&pool);
	assert_false(string_pool_find(&pool, "a", 1, &id));
	assert_int_equal(string_pool_add(&pool, "a\0b", 3, &first), 0);
	assert_int_equal(string_pool_add(&pool, "a", 1, &id), 0);
	assert_int_not_equal(id, first);
	assert_int_equal(string_pool_add(&pool, "", 0, &id), 0);
	assert_int_equal(string_pool_add(&pool, "a\0b", 3, &id), 0);
	assert_int_equal(id, first);
	assert_true(string_pool_find(&pool, "a", 1, &id));
	assert_false(string_pool_find(&pool, "b", 1, &id));
	assert_memory_equal(string_pool_get(&pool, first, &size), "a\0b", 4);
	assert_int_equal(size, 3);
	assert_int_equal(pool.count, 3);
	string_pool_release(&pool);
}

static void test_pool_keeps_strings_while_it_grows(void **state)
{
	struct string_pool pool;
	char text[32];
	uint32_t id;

	(void)state;
	string_pool_init(&pool);
	for (uint32_t i = 0; i < 50000; i++) {
		int size = snprintf(text, sizeof(text), "string %u", i);

		assert_int_equal(string_pool_add(&pool, text, (size_t)size, &id), 0);
		assert_int_equal(id, i);
	}
	for (uint32_t i = 0; i < 50000; i += 997) {
		snprintf(text, sizeof(text), "string %u", i);
		assert_string_equal(string_pool_get(&pool, i, NULL), text);
	}
	string_pool_release(&pool);
}

static void test_arena_aligns_and_takes_large_blocks(void **state)
{
	struct arena arena;
	char *large, *small;

	(void)state;
	arena_init(&arena);
	assert_string_equal(arena_string(&arena, "abc", 3), "abc");
	assert_int_equal((uintptr_t)arena_alloc(&arena, 1) % 16, 0);
	small = arena_alloc(&arena, 100);
	large = arena_alloc(&arena, 1000000);
	memset(small, 1, 100);
	memset(large, 2, 1000000);
	assert_int_equal(small[99], 1);
	/* The block with room left stays the current one. */
	assert_true((char *)arena_alloc(&arena, 16) - small < 64 * 1024);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_string(&arena, "", SIZE_MAX));
	assert_true(arena.bytes > 1000000);
	arena_release(&arena);
	assert_int_equal(arena.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_keeps_100000_keys),
		cmocka_unit_test(test_map_replaces_and_takes_any_key),
		cmocka_unit_test(test_pool_gives_equal_ids_to_equal_strings),
		cmocka_unit_test(test_pool_keeps_strings_while_it_grows),
		cmocka_unit_test(test_arena_aligns_and_takes_large_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
