/* SPDX-License-Identifier: Apache-2.0 */
/* unwind_space.c and unwind_rule_store.c: who has which room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/unwind_plain_maps.h"

struct fixture {
	struct plain_maps maps;
	struct unwind_space *space;
};

static void begin(struct fixture *fixture, uint64_t bytes)
{
	plain_maps_init(&fixture->maps, bytes);
	assert_int_equal(unwind_space_new(&fixture->maps.view.memory, &fixture->space), 0);
}

static void end(struct fixture *fixture)
{
	unwind_space_free(fixture->space);
	plain_maps_release(&fixture->maps);
}

static struct unwind_module entry_of(const struct row_table *table,
				     const struct unwind_holding *holding)
{
	return (struct unwind_module){ .first_block = table->header->first_block,
				       .block_count = holding->block_count,
				       .blocks_at = holding->first_block };
}

static void assert_holds(const struct fixture *fixture, const struct row_table *table,
			 const struct unwind_holding *holding)
{
	const struct unwind_module entry = entry_of(table, holding);

	assert_loaded(&fixture->maps, &entry, table);
}

static void test_sizes_stay_below_the_ceiling(void **state)
{
	(void)state;
	for (uint64_t mebibytes = 4; mebibytes <= 2048; mebibytes++) {
		const struct unwind_space_size size = unwind_space_divide(mebibytes << 20);
		uint64_t bytes = size.blocks * sizeof(struct unwind_places) +
				 size.rules * sizeof(struct unwind_rule) +
				 size.segments * UNWIND_SEGMENT_BYTES;

		assert_true(bytes <= mebibytes << 20);
		assert_true(bytes + 2 * UNWIND_SEGMENT_BYTES > mebibytes * 31 / 32 << 20);
		assert_true(size.rules <= UNWIND_MAX_RULES);
	}
}

static void test_every_rule_is_found(void **state)
{
	struct unwind_holding holdings[3];
	struct made_table tables[3];
	struct fixture fixture;

	(void)state;
	begin(&fixture, 8 << 20);
	make_table(&tables[0], 1, 10, 3);
	make_table(&tables[1], 2, 100000, 400);
	make_table(&tables[2], 3, 20000, 20);
	for (int i = 0; i < 3; i++)
		assert_int_equal(unwind_space_put(fixture.space, &tables[i].table, &holdings[i]),
				 0);
	for (int i = 0; i < 3; i++) {
		assert_holds(&fixture, &tables[i].table, &holdings[i]);
		assert_int_equal(unwind_space_slots_of(&tables[i].table), holdings[i].slot_count);
	}
	for (int i = 0; i < 3; i++) {
		unwind_space_drop(fixture.space, &holdings[i]);
		made_table_release(&tables[i]);
	}
	end(&fixture);
}

/* Less than an eighth of the slots stays empty. */
static void test_pages_are_packed(void **state)
{
	struct unwind_holding holding;
	struct made_table table;
	struct fixture fixture;

	(void)state;
	begin(&fixture, 16 << 20);
	make_table(&table, 1, 900000, 400);
	assert_int_equal(unwind_space_put(fixture.space, &table.table, &holding), 0);
	assert_true(table.table.header->page_bytes * 8ull >
		    7ull * holding.slot_count * UNWIND_SLOT_BYTES);
	unwind_space_drop(fixture.space, &holding);
	made_table_release(&table);
	end(&fixture);
}

static void test_a_module_that_cannot_be_written_takes_no_room(void **state)
{
	struct unwind_holding holding;
	struct made_table table;
	struct fixture fixture;
	uint32_t free_slots;

	(void)state;
	begin(&fixture, 16 << 20);
	make_table(&table, 1, 900000, 400);
	free_slots = unwind_space_free_slots(fixture.space);
	fixture.maps.write_error = -ENOMEM;
	assert_int_equal(unwind_space_put(fixture.space, &table.table, &holding), -ENOMEM);
	assert_int_equal(unwind_space_free_slots(fixture.space), free_slots);
	fixture.maps.write_error = 0;
	assert_int_equal(unwind_space_put(fixture.space, &table.table, &holding), 0);
	assert_holds(&fixture, &table.table, &holding);
	unwind_space_drop(fixture.space, &holding);
	made_table_release(&table);
	end(&fixture);
}

/* Where modules lie scattered as well. */
static void test_a_slot_is_written_once(void **state)
{
	struct unwind_holding holdings[3], last;
	struct made_table tables[4];
	struct fixture fixture;

	(void)state;
	begin(&fixture, 16 << 20);
	for (int i = 0; i < 4; i++)
		make_table(&tables[i], i + 1, i == 3 ? 200000 : 20000, 20);
	for (int i = 0; i < 3; i++) {
		fixture.maps.written = 0;
		assert_int_equal(unwind_space_put(fixture.space, &tables[i].table, &holdings[i]),
				 0);
		assert_int_equal(fixture.maps.written, holdings[i].slot_count);
	}
	unwind_space_drop(fixture.space, &holdings[1]);
	fixture.maps.written = 0;
	assert_int_equal(unwind_space_put(fixture.space, &tables[3].table, &last), 0);
	assert_true(last.slot_count > UNWIND_SEGMENT_SLOTS / 2);
	assert_int_equal(fixture.maps.written, last.slot_count);
	assert_holds(&fixture, &tables[0].table, &holdings[0]);
	assert_holds(&fixture, &tables[2].table, &holdings[2]);
	assert_holds(&fixture, &tables[3].table, &last);
	unwind_space_drop(fixture.space, &holdings[0]);
	unwind_space_drop(fixture.space, &holdings[2]);
	unwind_space_drop(fixture.space, &last);
	for (int i = 0; i < 4; i++)
		made_table_release(&tables[i]);
	end(&fixture);
}

static void test_what_is_given_back_is_free_again(void **state)
{
	struct unwind_holding holding, other;
	struct made_table table, another;
	struct fixture fixture;
	uint32_t free_slots;

	(void)state;
	begin(&fixture, 4 << 20);
	free_slots = unwind_space_free_slots(fixture.space);
	make_table(&table, 1, 300000, 400);
	make_table(&another, 2, 300000, 400);
	/* Over and over: nothing may leak of slots, blocks, rules. */
	for (int i = 0; i < 100; i++) {
		assert_int_equal(unwind_space_put(fixture.space, &table.table, &holding), 0);
		assert_int_equal(unwind_space_put(fixture.space, &another.table, &other), 0);
		assert_holds(&fixture, &another.table, &other);
		unwind_space_drop(fixture.space, &holding);
		assert_holds(&fixture, &another.table, &other);
		unwind_space_drop(fixture.space, &other);
		assert_int_equal(unwind_space_free_slots(fixture.space), free_slots);
	}
	/* All segments but the first are gone. */
	assert_true(fixture.maps.segment_peak > 1);
	assert_int_equal(fixture.maps.segment_count, 1);
	assert_int_equal(unwind_space_segment_bytes(fixture.space), UNWIND_SEGMENT_BYTES);
	made_table_release(&table);
	made_table_release(&another);
	end(&fixture);
}

/* A rule that two modules use stands there once, and until the second one is gone. */
static void test_rules_are_shared(void **state)
{
	struct unwind_holding first, second;
	struct made_table table;
	struct fixture fixture;

	(void)state;
	begin(&fixture, 4 << 20);
	make_table(&table, 1, 20000, 400);
	assert_int_equal(unwind_space_put(fixture.space, &table.table, &first), 0);
	assert_int_equal(unwind_space_put(fixture.space, &table.table, &second), 0);
	assert_int_equal(first.rule_count, second.rule_count);
	assert_memory_equal(first.rules, second.rules, first.rule_count * sizeof(*first.rules));
	unwind_space_drop(fixture.space, &first);
	assert_holds(&fixture, &table.table, &second);
	unwind_space_drop(fixture.space, &second);
	made_table_release(&table);
	end(&fixture);
}

/* Nothing is taken by what finds no room. */
static void test_full_space_refuses_and_is_as_before(void **state)
{
	struct unwind_holding holdings[64], none = { 0 };
	struct made_table table;
	struct fixture fixture;
	uint32_t free_slots;
	int count = 0, error;

	(void)state;
	begin(&fixture, 4 << 20);
	make_table(&table, 1, 100000, 400);
	while (!(error = unwind_space_put(fixture.space, &table.table, &holdings[count])))
		count++;
	assert_int_equal(error, -ENOSPC);
	assert_true(count > 5);
	free_slots = unwind_space_free_slots(fixture.space);
	assert_int_equal(unwind_space_put(fixture.space, &table.table, &none), -ENOSPC);
	assert_int_equal(unwind_space_free_slots(fixture.space), free_slots);
	assert_null(none.slots);
	unwind_space_drop(fixture.space, &holdings[count / 2]);
	assert_int_equal(unwind_space_put(fixture.space, &table.table, &holdings[count / 2]), 0);
	for (int i = 0; i < count; i++) {
		assert_holds(&fixture, &table.table, &holdings[i]);
		unwind_space_drop(fixture.space, &holdings[i]);
	}
	made_table_release(&table);
	end(&fixture);
}

/* No module gets more than half of anything: a forged file cannot drive out all others. */
static void test_too_large_a_table_is_refused_for_good(void **state)
{
	struct unwind_holding holding;
	struct made_table rows, rules;
	struct fixture fixture;

	(void)state;
	begin(&fixture, 4 << 20);
	make_table(&rows, 1, 900000, 40);
	assert_int_equal(unwind_space_put(fixture.space, &rows.table, &holding), -EFBIG);
	make_table(&rules, 1, 120000 * 20, 2400);
	assert_int_equal(unwind_space_put(fixture.space, &rules.table, &holding), -EFBIG);
	end(&fixture);
	begin(&fixture, 64 << 20);
	assert_int_equal(unwind_space_put(fixture.space, &rows.table, &holding), 0);
	assert_holds(&fixture, &rows.table, &holding);
	unwind_space_drop(fixture.space, &holding);
	made_table_release(&rows);
	made_table_release(&rules);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_stay_below_the_ceiling),
		cmocka_unit_test(test_every_rule_is_found),
		cmocka_unit_test(test_pages_are_packed),
		cmocka_unit_test(test_a_module_that_cannot_be_written_takes_no_room),
		cmocka_unit_test(test_a_slot_is_written_once),
		cmocka_unit_test(test_what_is_given_back_is_free_again),
		cmocka_unit_test(test_rules_are_shared),
		cmocka_unit_test(test_full_space_refuses_and_is_as_before),
		cmocka_unit_test(test_too_large_a_table_is_refused_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
