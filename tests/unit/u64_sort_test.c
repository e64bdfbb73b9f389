/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/u64_sort.h"

#define COUNT 3000

/* Ascending, and of equal keys in the order that they came in, which their values are. */
static void sort_and_check(struct u64_item *items, size_t count)
{
	uint64_t before = 0, after = 0;

	for (size_t i = 0; i < count; i++) {
		items[i].value = i;
		before += items[i].key;
	}
	assert_int_equal(u64_sort(items, count), 0);
	for (size_t i = 0; i < count; i++) {
		after += items[i].key;
		if (i && items[i].key == items[i - 1].key)
			assert_true(items[i].value > items[i - 1].value);
		else if (i)
			assert_true(items[i].key > items[i - 1].key);
	}
	assert_int_equal(before, after);
}

static void fill(struct u64_item *items, uint64_t mask)
{
	for (size_t i = 0; i < COUNT; i++)
		items[i].key = ((uint64_t)mrand48() << 32 ^ (uint64_t)mrand48()) & mask;
}

static void test_random_keys(void **state)
{
	static const uint64_t masks[] = { UINT64_MAX, 0xffffff,   0xff,
					  0xff00,     0xffff0000, UINT64_MAX << 56 };
	struct u64_item items[COUNT];

	(void)state;
	srand48(1);
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		fill(items, masks[i]);
		sort_and_check(items, COUNT);
	}
}

static void test_few_keys(void **state)
{
	struct u64_item items[] = { { .key = UINT64_MAX }, { .key = 0 }, { .key = UINT64_MAX } };

	(void)state;
	assert_int_equal(u64_sort(NULL, 0), 0);
	sort_and_check(items, 1);
	sort_and_check(items, 2);
	assert_int_equal(items[0].key, 0);
	sort_and_check(items, 3);
	sort_and_check(items, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_keys),
		cmocka_unit_test(test_few_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
