/* SPDX-License-Identifier: Apache-2.0 */
/* Sums that a view keeps: no more than fit, the ones that were asked for last, and of a question that takes too many those that it met first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "model/samples.h"
#include "store/view_sum.h"

#define FIT        4 /* of those that are made here */
#define OF_A_SLICE 7

static struct view_sum *make_sum(uint64_t chunk, size_t bytes)
{
	struct view_sum *sum = calloc(1, sizeof(*sum));

	assert_non_null(sum);
	sum->slice = OF_A_SLICE;
	sum->chunk = chunk;
	sum->row_count = bytes / sizeof(*sum->rows);
	sum->rows = malloc(bytes);
	assert_non_null(sum->rows);
	return sum;
}

static void keep(struct view_sums *sums, uint64_t chunk)
{
	view_sums_keep(sums, make_sum(chunk, VIEW_SUMS_MAX_BYTES / FIT - sizeof(struct view_sum)));
}

static bool has(struct view_sums *sums, uint64_t chunk)
{
	return view_sums_find(sums, OF_A_SLICE, chunk, false) != NULL;
}

static void test_no_more_than_fit(void **state)
{
	struct view_sums sums = { 0 };

	(void)state;
	view_sums_next_question(&sums);
	for (uint64_t chunk = 0; chunk < 2 * FIT; chunk++)
		keep(&sums, chunk);
	assert_int_equal(sums.count, FIT);
	assert_in_range(sums.bytes, 1, VIEW_SUMS_MAX_BYTES);
	for (uint64_t chunk = 0; chunk < 2 * FIT; chunk++)
		assert_int_equal(has(&sums, chunk), chunk < FIT);
	view_sums_keep(&sums, make_sum(99, VIEW_SUMS_MAX_BYTES));
	assert_false(has(&sums, 99));
	view_sums_release(&sums);
	assert_int_equal(sums.bytes, 0);
}

static void test_what_was_not_asked_for_goes_first(void **state)
{
	struct view_sums sums = { 0 };

	(void)state;
	view_sums_next_question(&sums);
	for (uint64_t chunk = 0; chunk < FIT; chunk++)
		keep(&sums, chunk);
	view_sums_next_question(&sums);
	assert_true(has(&sums, 0) && has(&sums, 2));
	keep(&sums, 10);
	keep(&sums, 11);
	keep(&sums, 12); /* all others are of this question */
	assert_true(has(&sums, 0) && has(&sums, 2) && has(&sums, 10) && has(&sums, 11));
	assert_false(has(&sums, 1) || has(&sums, 3) || has(&sums, 12));
	view_sums_release(&sums);
}

static void test_a_slice_is_forgotten(void **state)
{
	struct view_sums sums = { 0 };

	(void)state;
	keep(&sums, 1);
	keep(&sums, 2);
	view_sums_forget(&sums, OF_A_SLICE + 1);
	assert_true(has(&sums, 1) && has(&sums, 2));
	view_sums_forget(&sums, OF_A_SLICE);
	assert_false(has(&sums, 1) || has(&sums, 2));
	assert_int_equal(sums.bytes, 0);
	view_sums_release(&sums);
}

static void test_labels_are_dropped(void **state)
{
	static const struct view_sum_row rows[] = {
		{ 1, 5, 10 }, { 2, 5, 20 }, { 1, 6, UINT32_MAX }, { 2, 6, 1 }, { 3, 7, 2 },
	};
	struct view_sums sums = { 0 };
	struct view_sum *sum = make_sum(1, sizeof(rows));

	(void)state;
	for (size_t i = 0; i < sum->row_count; i++)
		sum->rows[i] = rows[i];
	view_sum_drop_labels(sum);
	assert_int_equal(sum->row_count, 4); /* what does not fit in one stays two */
	assert_int_equal(sum->rows[0].value, 30);
	assert_int_equal(sum->rows[1].node, 6);
	assert_int_equal(sum->rows[2].node, 6);
	assert_int_equal(sum->rows[3].value, 2);
	for (size_t i = 0; i < sum->row_count; i++)
		assert_int_equal(sum->rows[i].labels, LABELS_UNKNOWN);
	view_sums_keep(&sums, sum);
	assert_false(has(&sums, 1));
	assert_non_null(view_sums_find(&sums, OF_A_SLICE, 1, true));
	view_sums_release(&sums);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_more_than_fit),
		cmocka_unit_test(test_what_was_not_asked_for_goes_first),
		cmocka_unit_test(test_a_slice_is_forgotten),
		cmocka_unit_test(test_labels_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
