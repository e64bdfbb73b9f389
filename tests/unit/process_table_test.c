/* SPDX-License-Identifier: Apache-2.0 */
/* process_table: rows of processes and threads, what they add up to, their order and what is filtered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>

#include "terminal/process_table.h"
#include "tests/unit/picture_builder.h"

static const struct built_sample samples[] = {
	{ "nginx;main;read_[k]", "nginx", "www-data", "web-1", 10, 10, 5 },
	{ "nginx;main", "nginx", "www-data", "web-1", 10, 11, 7 },
	{ "postgres;main", "postgres", "postgres", NULL, 20, 20, 30 },
	{ "nginx;[lost:ring_full]", "nginx", NULL, NULL, PROFILE_NONE, PROFILE_NONE, 3 },
	{ "sshd;main", "sshd", "root", NULL, 5, 5, 12 },
};

#define COUNT (sizeof(samples) / sizeof(samples[0]))

static void build(struct picture **ret_picture, struct process_question question,
		  struct process_table *ret_table)
{
	*ret_picture = build_picture(samples, COUNT);
	assert_int_equal(process_table_build(*ret_picture, &question, ret_table), 0);
}

static void assert_row(const struct process_table *table, size_t index, uint32_t pid, uint32_t tid,
		       uint64_t ticks)
{
	assert_true(index < table->count);
	assert_int_equal(table->rows[index].id.pid, pid);
	assert_int_equal(table->rows[index].id.tid, tid);
	assert_int_equal(table->rows[index].ticks, ticks);
}

static void processes_add_up_and_the_greatest_is_first(void **state)
{
	struct process_table table;
	struct picture *picture;

	(void)state;
	build(&picture, (struct process_question){ .filter = "" }, &table);
	assert_int_equal(table.ticks, 57);
	assert_int_equal(table.count, 4);
	assert_row(&table, 0, 20, PROCESS_UNKNOWN, 30);
	assert_row(&table, 1, 5, PROCESS_UNKNOWN, 12); /* as many as the next one: by PID */
	assert_row(&table, 2, 10, PROCESS_UNKNOWN, 12);
	assert_row(&table, 3, PROCESS_UNKNOWN, PROCESS_UNKNOWN, 3);
	assert_string_equal(table.rows[3].id.comm, "nginx");
	assert_int_equal(table.rows[3].lost, 3);
	assert_int_equal(table.rows[3].since, 0);
	assert_int_equal(table.rows[2].since, 50);
	assert_int_equal(table.rows[2].lost, 0);
	process_table_release(&table);
	picture_release(picture);
}

static void threads_are_rows_of_their_own(void **state)
{
	struct process_table table;
	struct picture *picture;

	(void)state;
	build(&picture, (struct process_question){ .by_thread = true, .filter = "" }, &table);
	assert_int_equal(table.count, 5);
	assert_row(&table, 2, 10, 11, 7);
	assert_row(&table, 3, 10, 10, 5);
	process_table_release(&table);
	picture_release(picture);
}

static void assert_order(enum process_order order, bool is_reversed, uint32_t first, uint32_t last)
{
	struct process_table table;
	struct picture *picture;

	build(&picture,
	      (struct process_question){ .order = order, .is_reversed = is_reversed, .filter = "" },
	      &table);
	assert_int_equal(table.rows[0].id.pid, first);
	assert_int_equal(table.rows[table.count - 1].id.pid, last);
	process_table_release(&table);
	picture_release(picture);
}

static void rows_are_sorted_by_each_column(void **state)
{
	(void)state;
	assert_order(PROCESS_BY_CPU, true, PROCESS_UNKNOWN, 20);
	assert_order(PROCESS_BY_SINCE, false, 5, PROCESS_UNKNOWN);
	assert_order(PROCESS_BY_PID, false, 5, PROCESS_UNKNOWN);
	assert_order(PROCESS_BY_USER, false, PROCESS_UNKNOWN, 10);
	assert_order(PROCESS_BY_CONTAINER, false, 10, PROCESS_UNKNOWN);
	assert_order(PROCESS_BY_COMMAND, false, 10, 5);
}

static void assert_filtered(const char *filter, size_t count)
{
	struct process_table table;
	struct picture *picture;

	build(&picture, (struct process_question){ .filter = filter }, &table);
	assert_int_equal(table.count, count);
	assert_int_equal(table.ticks, 57);
	process_table_release(&table);
	picture_release(picture);
}

static void a_filter_looks_at_all_that_is_shown(void **state)
{
	(void)state;
	assert_filtered("NGINX", 2);
	assert_filtered("web-", 1);
	assert_filtered("www", 1);
	assert_filtered("20", 1);
	assert_filtered("nobody", 0);
}

static bool takes(const struct process_id *id, size_t sample)
{
	struct picture *picture = build_picture(samples, COUNT);
	const struct samples *kept = profile_samples(picture->profile);
	bool taken = process_id_takes(id, picture->profile,
				      samples_labels(kept, samples_get(kept, sample).labels));

	picture_release(picture);
	return taken;
}

static void an_id_takes_its_samples_and_no_others(void **state)
{
	const struct process_id all = process_id_of_all();
	const struct process_id process = { .pid = 10, .tid = PROCESS_UNKNOWN };
	const struct process_id thread = { .pid = 10, .tid = 11 };
	const struct process_id unknown = { PROCESS_UNKNOWN, PROCESS_UNKNOWN, "nginx" };

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(takes(&all, i));
		assert_int_equal(takes(&process, i), i < 2);
		assert_int_equal(takes(&thread, i), i == 1);
		assert_int_equal(takes(&unknown, i), i == 3);
	}
	assert_true(process_id_is_all(&all));
	assert_false(process_id_is_all(&unknown));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_add_up_and_the_greatest_is_first),
		cmocka_unit_test(threads_are_rows_of_their_own),
		cmocka_unit_test(rows_are_sorted_by_each_column),
		cmocka_unit_test(a_filter_looks_at_all_that_is_shown),
		cmocka_unit_test(an_id_takes_its_samples_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
