/* SPDX-License-Identifier: Apache-2.0 */
/* unwind_tables.c: who is driven out, and when its room is given to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/unwind_plain_maps.h"

#define MODULES 40
#define ALIAS   1000 /* ids from here on are aliases */

struct fixture {
	struct plain_maps maps; /* first: on_wait() is given this alone */
	struct unwind_tables *tables;
	struct made_table made[MODULES]; /* the module's id is its index */
	uint32_t idle[MODULES];          /* rounds */
	bool is_loaded[MODULES];
	uint32_t aliases_dropped;
};

static uint32_t idle_rounds(void *context, uint64_t module)
{
	return ((struct fixture *)context)->idle[module];
}

static void evicted(void *context, uint64_t module)
{
	struct fixture *fixture = context;

	if (module >= ALIAS) {
		fixture->aliases_dropped++;
		return;
	}
	assert_true(fixture->is_loaded[module]);
	fixture->is_loaded[module] = false;
}

static void make_tables(struct fixture *fixture)
{
	const struct unwind_tables_owner owner = { idle_rounds, evicted, fixture };

	assert_int_equal(unwind_tables_new(&fixture->maps.view, &owner, &fixture->tables), 0);
}

static void begin(struct fixture *fixture, uint64_t bytes)
{
	*fixture = (struct fixture){ 0 };
	plain_maps_init(&fixture->maps, bytes);
	make_tables(fixture);
}

/* The map of modules has no room for more. */
static void begin_with_entries(struct fixture *fixture, uint32_t max_modules)
{
	*fixture = (struct fixture){ 0 };
	plain_maps_init(&fixture->maps, 4 << 20);
	fixture->maps.view.max_modules = max_modules;
	make_tables(fixture);
}

static void end(struct fixture *fixture)
{
	unwind_tables_free(fixture->tables);
	plain_maps_release(&fixture->maps);
	for (int i = 0; i < MODULES; i++)
		made_table_release(&fixture->made[i]);
}

static int load(struct fixture *fixture, uint32_t module)
{
	const struct buffer *bytes = &fixture->made[module].bytes;
	int error = unwind_tables_load(fixture->tables, module,
				       (struct bytes){ (const uint8_t *)bytes->data, bytes->size });

	fixture->is_loaded[module] = !error;
	return error;
}

/* What is loaded is found and right, the rest is not found. */
static void assert_all_right(const struct fixture *fixture)
{
	for (uint32_t i = 0; i < MODULES; i++) {
		const struct unwind_module *entry = plain_find(&fixture->maps, i);

		assert_int_equal(entry != NULL, fixture->is_loaded[i]);
		if (entry && fixture->made[i].bytes.size)
			assert_loaded(&fixture->maps, entry, &fixture->made[i].table);
	}
}

static uint64_t evicted_count(const struct fixture *fixture)
{
	struct unwind_tables_totals totals;

	unwind_tables_read_totals(fixture->tables, &totals);
	return totals.evicted;
}

/* Fills 3 MiB with modules of about 160 KiB, module 0 first; all of them idle for one round. */
static uint32_t fill(struct fixture *fixture)
{
	uint32_t count = 0;

	for (; count < MODULES; count++) {
		make_table(&fixture->made[count], count, 50000, 30);
		fixture->idle[count] = 0;
		if (load(fixture, count))
			break;
	}
	assert_true(count > 10 && count < MODULES - 1);
	for (uint32_t i = 0; i < count; i++)
		fixture->idle[i] = 1;
	return count;
}

static void test_the_idlest_go_first(void **state)
{
	struct fixture fixture;
	uint32_t next;

	(void)state;
	begin(&fixture, 4 << 20);
	next = fill(&fixture);
	assert_int_equal(evicted_count(&fixture), 0);
	fixture.idle[3] = 20;
	fixture.idle[5] = 10;
	assert_int_equal(load(&fixture, next), 0);
	assert_true(evicted_count(&fixture) > 0);
	assert_false(fixture.is_loaded[3]);
	if (evicted_count(&fixture) > 1)
		assert_false(fixture.is_loaded[5]);
	assert_true(evicted_count(&fixture) < 6);
	assert_all_right(&fixture);
	/* And it comes back. */
	fixture.idle[3] = 0;
	assert_int_equal(load(&fixture, 3), 0);
	assert_all_right(&fixture);
	end(&fixture);
}

static void test_what_is_in_use_stays(void **state)
{
	struct fixture fixture;
	uint32_t next;

	(void)state;
	begin(&fixture, 4 << 20);
	next = fill(&fixture);
	memset(fixture.idle, 0, sizeof(fixture.idle));
	assert_int_equal(load(&fixture, next), -ENOSPC);
	assert_int_equal(evicted_count(&fixture), 0);
	assert_int_equal(fixture.maps.waits, 0);
	/* Nor does one go for nothing, where more would have to. */
	fixture.idle[0] = 5;
	made_table_release(&fixture.made[next]);
	make_table(&fixture.made[next], 99, 200000, 30);
	assert_int_equal(load(&fixture, next), -ENOSPC);
	assert_int_equal(evicted_count(&fixture), 0);
	assert_all_right(&fixture);
	end(&fixture);
}

/* For memory's sake, though nobody else wants the room. */
static void test_shrinking_drives_the_idlest_out(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, 4 << 20);
	fill(&fixture);
	memset(fixture.idle, 0, sizeof(fixture.idle));
	assert_int_equal(unwind_tables_shrink(fixture.tables), -ENOSPC);
	assert_int_equal(evicted_count(&fixture), 0);
	fixture.idle[2] = 20;
	fixture.idle[4] = 10;
	while (!unwind_tables_shrink(fixture.tables))
		;
	assert_int_equal(evicted_count(&fixture), 2);
	assert_false(fixture.is_loaded[2] || fixture.is_loaded[4]);
	assert_all_right(&fixture);
	end(&fixture);
}

static void test_too_large_drives_nobody_out(void **state)
{
	struct fixture fixture;
	uint32_t next;

	(void)state;
	begin(&fixture, 4 << 20);
	next = fill(&fixture);
	made_table_release(&fixture.made[next]);
	make_table(&fixture.made[next], 99, 900000, 30);
	assert_int_equal(load(&fixture, next), -EFBIG);
	assert_int_equal(evicted_count(&fixture), 0);
	assert_all_right(&fixture);
	end(&fixture);
}

/* While programs may still run, those who leave cannot be found, and what they held is as it was. */
static void look_while_waiting(struct plain_maps *maps)
{
	const struct fixture *fixture = (const struct fixture *)maps;

	for (uint32_t i = 0; i < MODULES; i++) {
		assert_int_equal(plain_find(maps, i) != NULL, fixture->is_loaded[i]);
		if (plain_find(maps, i) && fixture->made[i].bytes.size)
			assert_loaded(maps, plain_find(maps, i), &fixture->made[i].table);
	}
}

static struct unwind_module leaving; /* what a program found before */
static const struct row_table *leaving_table;

static void read_while_waiting(struct plain_maps *maps)
{
	look_while_waiting(maps);
	assert_loaded(maps, &leaving, leaving_table);
}

static void test_room_is_reused_after_the_wait_only(void **state)
{
	struct fixture fixture;
	uint32_t next;

	(void)state;
	begin(&fixture, 4 << 20);
	next = fill(&fixture);
	fixture.idle[0] = 9;
	leaving = *plain_find(&fixture.maps, 0);
	leaving_table = &fixture.made[0].table;
	fixture.maps.on_wait = read_while_waiting;
	assert_int_equal(load(&fixture, next), 0);
	assert_int_equal(fixture.maps.waits, 1);
	assert_false(fixture.is_loaded[0]);
	end(&fixture);
}

/* Then its room is nobody's until a later wait succeeds. */
static void test_failed_wait_keeps_the_room(void **state)
{
	struct fixture fixture;
	uint32_t next;

	(void)state;
	begin(&fixture, 4 << 20);
	next = fill(&fixture);
	fixture.idle[0] = 9;
	leaving = *plain_find(&fixture.maps, 0);
	fixture.maps.wait_error = -EINTR;
	assert_int_equal(load(&fixture, next), -EINTR);
	assert_false(fixture.is_loaded[0]);
	assert_loaded(&fixture.maps, &leaving, &fixture.made[0].table);
	fixture.maps.wait_error = 0;
	assert_int_equal(load(&fixture, next), 0);
	assert_all_right(&fixture);
	end(&fixture);
}

static void test_modules_without_code_take_an_entry(void **state)
{
	struct fixture fixture;

	(void)state;
	begin_with_entries(&fixture, 8);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(load(&fixture, i), 0);
		assert_true(fixture.is_loaded[i]);
		fixture.idle[i] = 1;
	}
	assert_true(evicted_count(&fixture) >= 12);
	assert_all_right(&fixture);
	end(&fixture);
}

static void test_damaged_table_is_refused(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, 4 << 20);
	make_table(&fixture.made[0], 1, 1000, 30);
	fixture.made[0].bytes.data[0] ^= 1;
	assert_int_equal(load(&fixture, 0), -EBADMSG);
	end(&fixture);
}

static void load_small(struct fixture *fixture, uint32_t module)
{
	make_table(&fixture->made[module], module, 1000, 30);
	assert_int_equal(load(fixture, module), 0);
}

static void test_an_alias_is_found_like_its_module(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, 4 << 20);
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS, 0), -ENOENT);
	load_small(&fixture, 0);
	load_small(&fixture, 1);
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS, 1), 0);
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS, 1), 0);
	assert_loaded(&fixture.maps, plain_find(&fixture.maps, ALIAS), &fixture.made[1].table);
	assert_int_equal(fixture.maps.module_count, 3);
	assert_all_right(&fixture);
	end(&fixture);
}

/* Before the wait: afterwards the blocks are others'. */
static void look_for_alias_while_waiting(struct plain_maps *maps)
{
	assert_null(plain_find(maps, 0));
	assert_null(plain_find(maps, ALIAS));
	assert_non_null(plain_find(maps, ALIAS + 1));
}

static void test_aliases_go_with_their_module(void **state)
{
	struct fixture fixture;
	uint32_t next;

	(void)state;
	begin(&fixture, 4 << 20);
	next = fill(&fixture);
	fixture.idle[0] = 9;
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS, 0), 0);
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS + 1, next - 1), 0);
	fixture.idle[next - 1] = 0;
	fixture.maps.on_wait = look_for_alias_while_waiting;
	assert_int_equal(load(&fixture, next), 0);
	assert_int_equal(fixture.maps.waits, 1);
	assert_int_equal(fixture.aliases_dropped, 1);
	assert_loaded(&fixture.maps, plain_find(&fixture.maps, ALIAS + 1),
		      &fixture.made[next - 1].table);
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS, 0), -ENOENT);
	end(&fixture);
}

/* What the kernel side still finds keeps its room, by whatever id it is found. */
static void test_an_alias_that_cannot_go_keeps_its_module(void **state)
{
	struct fixture fixture;
	uint32_t next;

	(void)state;
	begin(&fixture, 4 << 20);
	next = fill(&fixture);
	fixture.idle[0] = 9;
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS, 0), 0);
	fixture.maps.busy = ALIAS;
	assert_int_equal(load(&fixture, next), -ENOSPC);
	assert_int_equal(fixture.aliases_dropped, 0);
	assert_loaded(&fixture.maps, plain_find(&fixture.maps, ALIAS), &fixture.made[0].table);
	assert_all_right(&fixture);
	fixture.maps.busy = 0;
	assert_int_equal(load(&fixture, next), 0);
	assert_int_equal(fixture.aliases_dropped, 1);
	assert_null(plain_find(&fixture.maps, ALIAS));
	assert_all_right(&fixture);
	end(&fixture);
}

/* Nor does anybody take its entry. */
static void test_an_alias_that_cannot_go_keeps_its_entry(void **state)
{
	struct fixture fixture;

	(void)state;
	begin_with_entries(&fixture, 2);
	load_small(&fixture, 0);
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS, 0), 0);
	fixture.maps.busy = ALIAS;
	make_table(&fixture.made[1], 1, 1000, 30);
	assert_int_equal(load(&fixture, 1), -ENOSPC);
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS + 1, 0), -ENOSPC);
	assert_int_equal(fixture.aliases_dropped, 0);
	assert_non_null(plain_find(&fixture.maps, ALIAS));
	fixture.maps.busy = 0;
	assert_int_equal(load(&fixture, 1), 0);
	assert_null(plain_find(&fixture.maps, ALIAS));
	end(&fixture);
}

static void test_a_module_has_so_many_aliases(void **state)
{
	const uint64_t count = UNWIND_TABLES_ALIASES_EACH + 5;
	struct fixture fixture;

	(void)state;
	begin(&fixture, 4 << 20);
	load_small(&fixture, 0);
	load_small(&fixture, 1);
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS + 500, 1), 0);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS + i, 0), 0);
	assert_int_equal(fixture.aliases_dropped, 5);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(plain_find(&fixture.maps, ALIAS + i) != NULL, i >= 5);
	assert_non_null(plain_find(&fixture.maps, ALIAS + 500));
	end(&fixture);
}

/* A module takes an alias's entry, an alias no module's. */
static void test_modules_come_before_aliases(void **state)
{
	struct fixture fixture;

	(void)state;
	begin_with_entries(&fixture, 4);
	load_small(&fixture, 0);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS + i, 0), 0);
	assert_int_equal(fixture.aliases_dropped, 2);
	for (uint32_t i = 1; i < 4; i++)
		load_small(&fixture, i);
	assert_int_equal(fixture.aliases_dropped, 5);
	assert_int_equal(evicted_count(&fixture), 0);
	assert_int_equal(unwind_tables_add_alias(fixture.tables, ALIAS, 0), -ENOSPC);
	assert_all_right(&fixture);
	end(&fixture);
}

/* Modules of all sizes come and go; at each moment, what is loaded is right. */
static void test_churn(void **state)
{
	struct made_table large;
	struct fixture fixture;

	(void)state;
	begin(&fixture, 4 << 20);
	srandom(1);
	for (uint32_t i = 0; i < MODULES; i++) {
		uint32_t rows = random() % 4 ? 100 + random() % 20000 : random() % 300000;

		make_table(&fixture.made[i], 1000 + i, rows, 1 + random() % 300);
	}
	fixture.maps.on_wait = look_while_waiting;
	for (int turn = 0; turn < 150; turn++) {
		uint32_t module = (uint32_t)random() % MODULES;

		for (uint32_t i = 0; i < MODULES; i++)
			fixture.idle[i] = random() % 3 ? 1 + random() % 9 : 0;
		if (!fixture.is_loaded[module])
			load(&fixture, module);
		if (turn % 20 == 0)
			assert_all_right(&fixture);
	}
	assert_true(evicted_count(&fixture) > 20);
	assert_all_right(&fixture);
	/* In the end all of it can be had by others. */
	for (uint32_t i = 0; i < MODULES; i++)
		fixture.idle[i] = 1;
	make_table(&large, 5, 400000, 30);
	assert_int_equal(unwind_tables_load(fixture.tables, MODULES,
					    (struct bytes){ (const uint8_t *)large.bytes.data,
							    large.bytes.size }),
			 0);
	assert_loaded(&fixture.maps, plain_find(&fixture.maps, MODULES), &large.table);
	made_table_release(&large);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_idlest_go_first),
		cmocka_unit_test(test_what_is_in_use_stays),
		cmocka_unit_test(test_shrinking_drives_the_idlest_out),
		cmocka_unit_test(test_too_large_drives_nobody_out),
		cmocka_unit_test(test_room_is_reused_after_the_wait_only),
		cmocka_unit_test(test_failed_wait_keeps_the_room),
		cmocka_unit_test(test_modules_without_code_take_an_entry),
		cmocka_unit_test(test_damaged_table_is_refused),
		cmocka_unit_test(test_an_alias_is_found_like_its_module),
		cmocka_unit_test(test_aliases_go_with_their_module),
		cmocka_unit_test(test_an_alias_that_cannot_go_keeps_its_module),
		cmocka_unit_test(test_an_alias_that_cannot_go_keeps_its_entry),
		cmocka_unit_test(test_a_module_has_so_many_aliases),
		cmocka_unit_test(test_modules_come_before_aliases),
		cmocka_unit_test(test_churn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
