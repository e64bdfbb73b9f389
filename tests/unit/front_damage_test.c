/* SPDX-License-Identifier: Apache-2.0 */
/* front_damage.c: each slice once, however many views meet its damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiler/front_damage.h"
#include "store/store_folder.h"

static void test_each_slice_counts_once(void **state)
{
	static struct front_damage damage;
	const struct slice_entry open = { .number = 7, .state = SLICE_IS_OPEN };
	const struct slice_entry sealed = { .number = 7, .span = { 100, 200 } };
	const struct slice_entry lost = { .number = 9, .span = { 200, 300 } };

	(void)state;
	front_damage_init(&damage);
	assert_int_equal(front_damage_count(&damage, 0), 0);
	assert_int_equal(front_damage_find(&damage, 7).chunks, 0);
	assert_true(front_damage_note(&damage, &open, 2, false));
	assert_false(
		front_damage_note(&damage, &open, 1, false)); /* of a view that met less of it */
	assert_int_equal(front_damage_find(&damage, 7).chunks, 2);
	assert_int_equal(front_damage_count(&damage, 1000), 1);
	assert_false(front_damage_note(&damage, &sealed, 3, false));
	assert_true(front_damage_note(&damage, &lost, 0, true));
	assert_int_equal(front_damage_find(&damage, 7).chunks, 3);
	assert_false(front_damage_find(&damage, 7).is_lost);
	assert_true(front_damage_find(&damage, 9).is_lost);
	assert_int_equal(front_damage_count(&damage, 0), 2);
	assert_int_equal(front_damage_count(&damage, 200), 1); /* the first one is kept no more */
	front_damage_release(&damage);
}

static void test_there_is_a_most(void **state)
{
	static struct front_damage damage;

	(void)state;
	front_damage_init(&damage);
	for (uint64_t i = 1; i <= FRONT_DAMAGE_MAX; i++)
		assert_true(
			front_damage_note(&damage, &(struct slice_entry){ .number = i }, 1, false));
	assert_false(front_damage_note(
		&damage, &(struct slice_entry){ .number = FRONT_DAMAGE_MAX + 1 }, 1, false));
	assert_int_equal(front_damage_count(&damage, 0), FRONT_DAMAGE_MAX);
	front_damage_release(&damage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_slice_counts_once),
		cmocka_unit_test(test_there_is_a_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
