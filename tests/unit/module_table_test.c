/* SPDX-License-Identifier: Apache-2.0 */
/* module_table.h: which rows an id leads to, while others come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "bpf/module_table.h"

static int make(void **state)
{
	struct module_set *sets = aligned_alloc(64, MODULE_TABLE_SETS * sizeof(*sets));

	if (!sets)
		return -1;
	memset(sets, 0, MODULE_TABLE_SETS * sizeof(*sets));
	*state = sets;
	return 0;
}

static int release(void **state)
{
	free(*state);
	return 0;
}

static struct unwind_module rows_of(uint64_t id)
{
	return (struct unwind_module){ .first_block = id % 3,
				       .block_count = (uint32_t)(id % 1000),
				       .blocks_at = (uint32_t)hash_u64(id) };
}

static void assert_found(const struct module_set *sets, uint64_t id)
{
	const struct unwind_module rows = rows_of(id);
	struct unwind_module found;

	assert_true(module_table_find(sets, id, &found));
	assert_memory_equal(&found, &rows, sizeof(found));
}

static int put(struct module_set *sets, uint64_t id)
{
	const struct unwind_module rows = rows_of(id);

	return module_table_put(sets, id, &rows);
}

static void empty_table_has_none(void **state)
{
	struct unwind_module found;

	assert_false(module_table_find(*state, 0, &found));
	assert_false(module_table_find(*state, 1, &found));
	assert_int_equal(module_table_drop(*state, 1), -ENOENT);
}

static void module_without_rows_is_found(void **state)
{
	const struct unwind_module none = { 0 };
	struct unwind_module found = rows_of(5);

	assert_int_equal(module_table_put(*state, 2, &none), 0);
	assert_true(module_table_find(*state, 2, &found));
	assert_memory_equal(&found, &none, sizeof(found));
	assert_int_equal(module_table_drop(*state, 2), 0);
	assert_false(module_table_find(*state, 2, &found));
}

/* As many as there may be, of which each third goes and comes again. */
static void all_are_found(void **state)
{
	struct unwind_module found;
	int refused = 0;

	for (uint64_t i = 0; i < UNWIND_MAX_MODULES / 2; i++)
		assert_int_equal(put(*state, hash_u64(i)), 0);
	for (uint64_t i = 0; i < UNWIND_MAX_MODULES / 2; i += 3)
		assert_int_equal(module_table_drop(*state, hash_u64(i)), 0);
	for (uint64_t i = 0; i < UNWIND_MAX_MODULES / 2; i++) {
		if (i % 3)
			assert_found(*state, hash_u64(i));
		else
			assert_false(module_table_find(*state, hash_u64(i), &found));
	}
	for (uint64_t i = 0; i < UNWIND_MAX_MODULES / 2; i++)
		assert_int_equal(put(*state, hash_u64(i)), i % 3 ? -EEXIST : 0);
	for (uint64_t i = UNWIND_MAX_MODULES / 2; i < UNWIND_MAX_MODULES; i++)
		refused += put(*state, hash_u64(i)) == -ENOSPC;
	assert_in_range(refused, 0, UNWIND_MAX_MODULES / 100);
	for (uint64_t i = 0; i < UNWIND_MAX_MODULES / 2; i++)
		assert_found(*state, hash_u64(i));
}

/* Those of one pair of sets, which takes eight. */
static void full_sets_refuse(void **state)
{
	const uint64_t first = hash_u64(1);
	uint64_t ids[8], id = first;
	uint32_t count = 0;

	while (count < 8) {
		id++;
		if (module_table_set(id, 0) != module_table_set(first, 0) ||
		    module_table_set(id, 1) != module_table_set(first, 1))
			continue;
		assert_int_equal(put(*state, id), 0);
		ids[count++] = id;
	}
	assert_int_equal(put(*state, first), -ENOSPC);
	assert_int_equal(module_table_drop(*state, ids[2]), 0);
	assert_int_equal(put(*state, first), 0);
	assert_found(*state, first);
	for (uint32_t i = 0; i < 8; i++)
		if (i != 2)
			assert_found(*state, ids[i]);
}

/* Whatever words of two modules a reader gets, under the seal of either, it finds nothing else than what was put. */
static void torn_entry_is_not_found(void **state)
{
	const uint64_t ids[] = { hash_u64(1), hash_u64(2) };

	(void)state;
	for (uint32_t mix = 0; mix < 16; mix++) {
		struct unwind_module parts[2] = { rows_of(ids[0]), rows_of(ids[1]) }, torn, found;
		struct module_set set = { 0 };

		torn.first_block = parts[mix & 1].first_block;
		torn.block_count = parts[mix >> 1 & 1].block_count;
		torn.blocks_at = parts[mix >> 2 & 1].blocks_at;
		set.entries[1].seal = module_entry_seal(ids[mix >> 3], &parts[mix >> 3]);
		set.entries[1].module = torn;
		for (uint32_t i = 0; i < 2; i++)
			if (module_set_find(&set, ids[i], &found))
				assert_memory_equal(&found, &parts[i], sizeof(found));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(empty_table_has_none, make, release),
		cmocka_unit_test_setup_teardown(module_without_rows_is_found, make, release),
		cmocka_unit_test_setup_teardown(all_are_found, make, release),
		cmocka_unit_test_setup_teardown(full_sets_refuse, make, release),
		cmocka_unit_test(torn_entry_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
