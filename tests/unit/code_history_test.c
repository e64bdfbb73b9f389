/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "symbolize/code_history.h"

static const uint64_t addresses[] = { 0x1000, 0x1008, 0x1010, 0x2000 };

#define COUNT (sizeof(addresses) / sizeof(addresses[0]))

static int setup(void **state)
{
	*state = code_history_new(addresses, COUNT);
	assert_non_null(*state);
	return 0;
}

static int teardown(void **state)
{
	code_history_free(*state);
	return 0;
}

/* NULL: unknown */
static struct code_change change(uint64_t start, uint64_t size, const char *name,
				 struct code_time time)
{
	return (struct code_change){
		.start = start,
		.end = start + size,
		.origin = start,
		.time = time,
		.name = { (const uint8_t *)name, name ? strlen(name) : 0 },
	};
}

static void add(struct code_history *history, uint64_t start, uint64_t size, const char *name,
		struct code_time time)
{
	struct code_change told = change(start, size, name, time);

	assert_int_equal(code_history_add(history, &told), 0);
}

static struct code_time at(uint64_t time_ns)
{
	return (struct code_time){ time_ns, time_ns, false };
}

static struct code_time seen(uint64_t after_ns, uint64_t since_ns)
{
	return (struct code_time){ after_ns, since_ns, true };
}

/* "a 5:? 6:b": what lies there from 0 on, and what from which times on. */
static void assert_spans(const struct code_history *history, uint64_t address, const char *expected)
{
	const struct code_span *span = NULL;
	struct buffer text = { 0 };

	for (size_t i = 0; i < COUNT; i++)
		if (addresses[i] == address)
			span = code_history_first(history, i);
	assert_non_null(span);
	assert_int_equal(span->since_ns, 0);
	buffer_append_string(&text, span->name ? span->name : "?");
	while ((span = code_history_next(history, span)))
		buffer_printf(&text, " %d:%s", (int)span->since_ns, span->name ? span->name : "?");
	assert_string_equal(buffer_string(&text), expected);
	buffer_release(&text);
}

static void an_address_has_the_name_of_its_time(void **state)
{
	add(*state, 0x1000, 0x10, "a", at(5));
	add(*state, 0x1008, 0x10, "b", at(7));
	add(*state, 0x3000, 0x10, "elsewhere", at(1));
	assert_int_equal(code_history_resolve(*state), 0);
	assert_spans(*state, 0x1000, "? 5:a");
	assert_spans(*state, 0x1008, "? 5:a 7:b");
	assert_spans(*state, 0x1010, "? 7:b");
	assert_spans(*state, 0x2000, "?");
}

static void the_order_of_telling_does_not_matter_where_times_are_known(void **state)
{
	add(*state, 0x1000, 0x10, "third", at(9));
	add(*state, 0x1000, 0x10, "first", at(3));
	add(*state, 0x1000, 0x10, "second", at(6));
	assert_int_equal(code_history_resolve(*state), 0);
	assert_spans(*state, 0x1000, "? 3:first 6:second 9:third");
}

static void code_may_go(void **state)
{
	add(*state, 0x1000, 0x10, "a", at(3));
	add(*state, 0x1000, 0x10, NULL, at(6));
	add(*state, 0x1000, 0x08, "b", at(8));
	assert_int_equal(code_history_resolve(*state), 0);
	assert_spans(*state, 0x1000, "? 3:a 6:? 8:b");
	assert_spans(*state, 0x1008, "? 3:a 6:?");
}

static void the_first_that_is_told_late_was_there_before(void **state)
{
	add(*state, 0x1000, 0x10, "a", seen(5, 6));
	assert_int_equal(code_history_resolve(*state), 0);
	assert_spans(*state, 0x1000, "a");
}

static void between_two_looks_either_may_have_run(void **state)
{
	add(*state, 0x1000, 0x10, "a", seen(0, 3));
	add(*state, 0x1000, 0x10, "b", seen(5, 6));
	add(*state, 0x1000, 0x10, "b", seen(8, 9));
	assert_int_equal(code_history_resolve(*state), 0);
	assert_spans(*state, 0x1000, "a 5:? 6:b");
}

static void of_what_was_told_at_once_the_last_counts(void **state)
{
	add(*state, 0x1000, 0x10, "a", seen(0, 3));
	add(*state, 0x1000, 0x08, "b", seen(0, 3));
	add(*state, 0x1000, 0x10, "c", seen(5, 6));
	add(*state, 0x1000, 0x10, "d", seen(5, 6));
	assert_int_equal(code_history_resolve(*state), 0);
	assert_spans(*state, 0x1000, "b 5:? 6:d");
	assert_spans(*state, 0x1008, "a 5:? 6:d");
}

/* What was told again is not what is replaced. */
static void the_same_again_and_another_at_once(void **state)
{
	add(*state, 0x1000, 0x10, "a", seen(0, 3));
	add(*state, 0x1000, 0x10, "a", seen(5, 6));
	add(*state, 0x1000, 0x10, "b", seen(5, 6));
	assert_int_equal(code_history_resolve(*state), 0);
	assert_spans(*state, 0x1000, "a 5:? 6:b");
}

static void a_function_of_the_same_name_elsewhere_is_another(void **state)
{
	struct code_history *history = *state;
	const struct code_span *span;

	add(history, 0x1000, 0x10, "f", at(3));
	add(history, 0x1008, 0x10, "f", at(5));
	assert_int_equal(code_history_resolve(history), 0);
	span = code_history_next(history, code_history_first(history, 1));
	assert_int_equal(span->start, 0x1000);
	span = code_history_next(history, span);
	assert_int_equal(span->since_ns, 5);
	assert_int_equal(span->start, 0x1008);
}

static void behind_a_cut_nothing_is_known(void **state)
{
	add(*state, 0x1000, 0x10, "a", at(3));
	add(*state, 0x1000, 0x10, "b", at(5));
	add(*state, 0x1000, 0x10, "c", at(9));
	add(*state, 0x2000, 0x10, "late", at(8));
	code_history_cut(*state, 7);
	assert_int_equal(code_history_resolve(*state), 0);
	assert_spans(*state, 0x1000, "? 3:a 5:b 7:?");
	assert_spans(*state, 0x2000, "?");
}

static void a_cut_at_the_beginning_leaves_nothing(void **state)
{
	add(*state, 0x1000, 0x10, "a", seen(0, 3));
	code_history_cut(*state, 0);
	assert_int_equal(code_history_resolve(*state), 0);
	assert_spans(*state, 0x1000, "?");
}

/* Some half a million changes of each of four addresses: up to the limit all are known, then none. */
static void changes_beyond_the_limit_leave_no_names(void **state)
{
	const struct code_span *span;
	struct code_history *history = *state;
	size_t spans = 0;

	for (uint64_t i = 1; i <= CODE_HISTORY_MAX_CHANGES + 10; i++)
		add(history, 0x1000, 0x1010, i % 2 ? "odd" : "even", at(i));
	assert_int_equal(code_history_resolve(history), 0);
	for (span = code_history_first(history, 0); code_history_next(history, span);
	     span = code_history_next(history, span))
		spans++;
	assert_in_range(spans, CODE_HISTORY_MAX_SPANS / COUNT, CODE_HISTORY_MAX_CHANGES + 1);
	assert_null(span->name);
}

static void names_beyond_the_limit_are_not_kept(void **state)
{
	size_t size = 1u << 20;
	char *name = malloc(size);
	struct code_change told = change(0x1000, 0x10, NULL, at(1));

	memset(name, 'x', size);
	told.name = (struct bytes){ (const uint8_t *)name, size };
	for (uint64_t i = 1; i <= CODE_HISTORY_MAX_NAME_BYTES / size + 5; i++) {
		name[0] = 'A' + (char)(i % 64);
		name[1] = 'A' + (char)(i / 64);
		told.time = at(i);
		assert_int_equal(code_history_add(*state, &told), 0);
	}
	free(name);
	assert_int_equal(code_history_resolve(*state), 0);
	assert_null(code_history_first(*state, 0)->name);
}

/* Against an array of what lies where, over which the changes are written in the order of their times. */
static void random_changes_as_if_written_over_each_other(void **state)
{
	enum { SIZE = 48, CHANGES = 20 };
	uint64_t asked[SIZE];

	(void)state;
	srandom(1);
	for (uint64_t i = 0; i < SIZE; i++)
		asked[i] = i;
	for (int round = 0; round < 1000; round++) {
		struct code_history *history = code_history_new(asked, SIZE);
		char expected[CHANGES + 2][SIZE] = { 0 };
		uint64_t first = random() % CHANGES;

		/* Told from the middle on, and then the others: the times are their order. */
		for (uint64_t i = 0; i < CHANGES; i++) {
			uint64_t time = (first + i) % CHANGES + 1, start = random() % (SIZE - 1);
			uint64_t size = 1 + random() % (SIZE - start);
			char name[2] = { random() % 5 ? (char)('a' + time) : '\0' };

			add(history, start, size, *name ? name : NULL, at(time));
			for (uint64_t at_index = start; at_index < start + size; at_index++)
				expected[time][at_index] = *name ? *name : '?';
		}
		for (uint64_t time = 1; time <= CHANGES; time++)
			for (uint64_t i = 0; i < SIZE; i++)
				if (!expected[time][i])
					expected[time][i] = expected[time - 1][i];
		assert_int_equal(code_history_resolve(history), 0);
		for (uint64_t i = 0; i < SIZE; i++) {
			const struct code_span *span = code_history_first(history, i);

			for (uint64_t time = 0; time <= CHANGES; time++) {
				const struct code_span *next = code_history_next(history, span);
				char name = expected[time][i];

				if (next && next->since_ns <= time)
					span = next;
				assert_true(name == '?' || !name ? !span->name
								 : *span->name == name);
			}
		}
		code_history_free(history);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_has_the_name_of_its_time),
		TEST(the_order_of_telling_does_not_matter_where_times_are_known),
		TEST(code_may_go),
		TEST(the_first_that_is_told_late_was_there_before),
		TEST(between_two_looks_either_may_have_run),
		TEST(of_what_was_told_at_once_the_last_counts),
		TEST(the_same_again_and_another_at_once),
		TEST(a_function_of_the_same_name_elsewhere_is_another),
		TEST(behind_a_cut_nothing_is_known),
		TEST(a_cut_at_the_beginning_leaves_nothing),
		TEST(changes_beyond_the_limit_leave_no_names),
		TEST(names_beyond_the_limit_are_not_kept),
		cmocka_unit_test(random_changes_as_if_written_over_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
