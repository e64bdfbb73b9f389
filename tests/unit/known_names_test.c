/* SPDX-License-Identifier: Apache-2.0 */
/* known_names.c: what is told once is found again, for as long as it holds and as there is room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "profiler/known_names.h"

#define MAX 100u

static void add(struct known_names *known, uint64_t offset, uint64_t now_ns)
{
	char function[32];
	const struct frame_name names[] = { { function, "a.c", (uint32_t)offset },
					    { "inlined", NULL, 0 } };
	const struct known_name name = { names, 2, offset % 2 };
	const struct known_place place = { 7, offset };

	snprintf(function, sizeof(function), "f%u", (unsigned int)offset);
	assert_int_equal(known_names_add(known, &place, now_ns, &name), 0);
}

static bool has(struct known_names *known, uint64_t offset, uint64_t now_ns)
{
	const struct known_place place = { 7, offset };
	struct known_name name;
	char function[32];

	if (!known_names_find(known, &place, now_ns, &name))
		return false;
	snprintf(function, sizeof(function), "f%u", (unsigned int)offset);
	assert_int_equal(name.count, 2);
	assert_int_equal(name.is_root, offset % 2);
	assert_string_equal(name.names[0].function, function);
	assert_string_equal(name.names[0].file, "a.c");
	assert_int_equal(name.names[0].line, offset);
	assert_string_equal(name.names[1].function, "inlined");
	assert_null(name.names[1].file);
	return true;
}

static void what_was_told_is_found(void **state)
{
	struct known_names *known = known_names_new(MAX);
	const struct known_place elsewhere = { 8, 1 };
	struct known_name name;

	(void)state;
	assert_false(has(known, 1, 0));
	for (uint64_t offset = 0; offset < MAX; offset++)
		add(known, offset, 0);
	for (uint64_t offset = 0; offset < MAX; offset++)
		assert_true(has(known, offset, 0));
	assert_false(known_names_find(known, &elsewhere, 0, &name));
	known_names_clear(known);
	assert_false(has(known, 1, 0));
	known_names_free(known);
	known_names_free(NULL);
}

/* However many come: those that are looked up stay. */
static void what_is_not_looked_up_goes(void **state)
{
	struct known_names *known = known_names_new(MAX);

	(void)state;
	for (uint64_t offset = 0; offset < 50 * MAX; offset++) {
		add(known, offset, 0);
		assert_true(has(known, 3 < offset ? 3 : offset, 0));
	}
	assert_true(has(known, 50 * MAX - 1, 0));
	assert_false(has(known, 4, 0));
	assert_false(has(known, 47 * MAX, 0));
	known_names_free(known);
}

static void it_is_asked_for_once_more(void **state)
{
	struct known_names *known = known_names_new(MAX);

	(void)state;
	add(known, 1, 10);
	assert_true(has(known, 1, 10 + KNOWN_NAMES_NS - 1));
	assert_false(has(known, 1, 10 + KNOWN_NAMES_NS));
	add(known, 1, 10 + KNOWN_NAMES_NS);
	assert_true(has(known, 1, 10 + KNOWN_NAMES_NS));
	known_names_free(known);
}

/* What is asked for once more, again and again, takes the room of others, and no more than that. */
static void renewing_takes_no_further_room(void **state)
{
	struct known_names *known = known_names_new(MAX);

	(void)state;
	add(known, 1, 0);
	add(known, 2, 0);
	for (uint64_t i = 0; i < 10 * KNOWN_NAMES_MAX_LINKS * MAX; i++) {
		add(known, 3, i);
		assert_true(has(known, 2, i));
	}
	assert_false(has(known, 1, 0));
	known_names_free(known);
}

/* It is not younger for having been looked up in the past half. */
static void moving_on_renews_nothing(void **state)
{
	struct known_names *known = known_names_new(MAX);

	(void)state;
	add(known, 1, 10);
	for (uint64_t offset = 2; offset < 10 * MAX; offset++) {
		assert_true(has(known, 1, 10 + KNOWN_NAMES_NS - 1));
		add(known, offset, 10 + KNOWN_NAMES_NS - 1);
	}
	assert_false(has(known, 1, 10 + KNOWN_NAMES_NS));
	known_names_free(known);
}

static void what_has_no_name_or_too_many_is_not_kept(void **state)
{
	static struct frame_name names[KNOWN_NAMES_MAX_CHAIN + 1];
	struct known_names *known = known_names_new(MAX);
	const struct known_place place = { 1, 2 };
	struct known_name name = { names, 0, false };

	(void)state;
	for (size_t i = 0; i <= KNOWN_NAMES_MAX_CHAIN; i++)
		names[i].function = "f";
	assert_int_equal(known_names_add(known, &place, 0, &name), 0);
	assert_false(known_names_find(known, &place, 0, &name));
	name = (struct known_name){ names, KNOWN_NAMES_MAX_CHAIN + 1, false };
	assert_int_equal(known_names_add(known, &place, 0, &name), 0);
	assert_false(known_names_find(known, &place, 0, &name));
	name.count--;
	assert_int_equal(known_names_add(known, &place, 0, &name), 0);
	assert_true(known_names_find(known, &place, 0, &name));
	known_names_free(known);
}

/* Names that are long, as hostile files have them, leave room for few. */
static void strings_have_a_ceiling(void **state)
{
	static char long_name[30000];
	struct known_names *known = known_names_new(UINT32_MAX);
	const struct frame_name function = { long_name, NULL, 0 };
	const struct known_name name = { &function, 1, false };
	size_t found = 0, count = 6 * KNOWN_NAMES_MAX_BYTES / sizeof(long_name);

	(void)state;
	memset(long_name, 'x', sizeof(long_name) - 1);
	for (size_t i = 0; i < count; i++) {
		const struct known_place place = { 1, i };

		snprintf(long_name, sizeof(long_name), "%08zu", i);
		long_name[8] = 'x';
		assert_int_equal(known_names_add(known, &place, 0, &name), 0);
	}
	for (size_t i = 0; i < count; i++) {
		const struct known_place place = { 1, i };
		struct known_name ret;

		found += known_names_find(known, &place, 0, &ret);
	}
	assert_in_range(found, 1, 3 * KNOWN_NAMES_MAX_BYTES / sizeof(long_name));
	known_names_free(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_told_is_found),
		cmocka_unit_test(what_is_not_looked_up_goes),
		cmocka_unit_test(it_is_asked_for_once_more),
		cmocka_unit_test(renewing_takes_no_further_room),
		cmocka_unit_test(moving_on_renews_nothing),
		cmocka_unit_test(what_has_no_name_or_too_many_is_not_kept),
		cmocka_unit_test(strings_have_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
