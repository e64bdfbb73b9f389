/* SPDX-License-Identifier: Apache-2.0 */
/* d_name.c: names of D are those of libiberty without what is between parentheses; and none takes long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "symbolize/d_name.h"
#include "symbolize/demangle.h"

static void assert_shown(const char *name, const char *expected)
{
	struct buffer shown = { 0 };

	buffer_append_string(&shown, "before:");
	assert_true(d_name_append(&shown, name));
	assert_string_equal(buffer_string(&shown) + 7, expected);
	buffer_release(&shown);
}

static void assert_is_none(const char *name)
{
	struct buffer shown = { 0 };

	buffer_append_string(&shown, "before:");
	assert_false(d_name_append(&shown, name));
	assert_string_equal(buffer_string(&shown), "before:");
	buffer_release(&shown);
}

/* What stands outside of parentheses up to the modifiers; of a template's !( ) it is !(...). */
static void append_outside(struct buffer *to, const char *shown)
{
	int depth = 0;

	for (; *shown && (depth || *shown != ' '); shown++) {
		bool is_template =
			*shown == '(' && !depth && to->size && to->data[to->size - 1] == '!';

		if (is_template)
			buffer_append_string(to, "(...)");
		depth += *shown == '(';
		if (!depth)
			buffer_append_char(to, *shown);
		depth -= *shown == ')';
	}
}

static void names_are_those_of_libiberty(void **state)
{
	static const char *const names[] = {
		"_D4shop5orderFZv",
		"_D4shop6ordersAS4shop5Order",
		"_D4shop5Order5totalMxFNaNbNiNfZd",
		"_D4shop5order5checkFKS4shop5OrderxAyaXb",
		"_D4shop5serveFDFNaiZvPUPvZiHAyaG4kYv",
		"_D4shop5serveFZ5innerMFNfC6ObjectZv",
		"_D4shop5serveFNhG4fB2ilNnJdLmMNkPkZNgPa",
		"_D4shop11__T4sortTiZ4sortFAiZv",
		"_D4shop__T4sortTiTAyaZQmFAiZv",
		"_D4shop__T4findVAyaa3_666f6fVii42VbN1VdeN08P1VrcN08P1c08P2ZQBxFZv",
		"_D4shop__T4findVHiiA2i1i2i3i4VS4shop5OrderS2i1nZ4findFZv",
		"_D4shop23__T3mapS12_D4shop1fFZiZ3mapFZv",
		"_D4shop21__T3mapS104shop4costZ3mapFZv",
		"_D4shop__T3mapS_DQp4costFiZiX3abcZQyFZv",
		"_D4shop__T3allHTiZQiFSQu5OrderQjZv",
		"_D4shop004cashFZv",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_free_ char *whole = dlang_demangle(names[i], 0);
		struct buffer expected = { 0 };

		if (!whole)
			fail_msg("libiberty does not know %s", names[i]);
		append_outside(&expected, whole);
		assert_shown(names[i], buffer_string(&expected));
		buffer_release(&expected);
	}
}

static void names_in_words(void **state)
{
	(void)state;
	assert_shown("_Dmain", "D main");
	assert_shown("_D4shop5serveFZ5innerMFNfC6ObjectZv", "shop.serve.inner");
	assert_shown("_D4shop__T4sortTiTAyaZQmFAiZv", "shop.sort!(...).sort");
}

static void what_is_none_of_d_is_none(void **state)
{
	static const char *const names[] = {
		"",
		"_D",
		"_D1",
		"_DYNAMIC",
		"_D0Z",
		"_Data",
		"_D4shop",
		"_D4shop5",
		"_D4shop5order",
		"_D4shop5orderFZ",
		"_D4shop5orderFZvx",
		"_D4shopQ",
		"_D4shopQzFZv",
		"_D4shopQaFZv",
		"_D9999999999999999999a",
		"_D5__T1aZv",
		"_D4shopFB9Zv",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_is_none(names[i]);
}

static void append_times(struct buffer *name, const char *text, size_t times)
{
	while (times--)
		buffer_append_string(name, text);
}

static void assert_is_none_soon(struct buffer *name)
{
	uint64_t begun_ns = clock_thread_cpu_ns();

	assert_is_none(buffer_string(name));
	assert_true(clock_thread_cpu_ns() - begun_ns < 1000000000u);
}

/* Of the first libiberty tries twice on each level: 200 bytes would take it hours. */
static void names_that_would_take_long_are_none(void **state)
{
	static const char *const parts[] = { "FS1a",     "FS1aF",       "FPFH",
					     "FB999999", "__T1aS11111", "FA" };

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct buffer name = { 0 };

		buffer_append_string(&name, "_D1a");
		append_times(&name, parts[i], (DEMANGLE_MAX_MANGLED - 8) / strlen(parts[i]));
		assert_is_none_soon(&name);
		buffer_release(&name);
	}
}

/* Each zero may be the end of a symbol's size, and each further one a part of that symbol's name. */
static void zeros_are_not_free(void **state)
{
	struct buffer name = { 0 };

	(void)state;
	buffer_append_string(&name, "_D");
	for (size_t i = 0; i < 4; i++) {
		buffer_append_string(&name, "__T1aS");
		append_times(&name, "0", 1000);
	}
	assert_is_none_soon(&name);
	buffer_release(&name);
}

/* Two bytes of a reference, or three, stand for all of what it refers to. */
static void append_references(struct buffer *name, size_t count)
{
	buffer_append_string(name, "_D600");
	append_times(name, "a", 600);
	for (size_t distance = 603; count--; distance += 3) {
		buffer_append_char(name, 'Q');
		buffer_append_char(name, (char)('A' + distance / 26));
		buffer_append_char(name, (char)('a' + distance % 26));
	}
	buffer_append_char(name, 'Z');
}

static void a_name_that_becomes_too_long_is_none(void **state)
{
	struct buffer name = { 0 }, shown = { 0 };

	(void)state;
	append_references(&name, 20);
	assert_true(d_name_append(&shown, buffer_string(&name)));
	assert_int_equal(shown.size, 21 * 600 + 20);
	buffer_clear(&name);
	append_references(&name, 30);
	assert_is_none(buffer_string(&name));
	buffer_release(&name);
	buffer_release(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_libiberty),
		cmocka_unit_test(names_in_words),
		cmocka_unit_test(what_is_none_of_d_is_none),
		cmocka_unit_test(names_that_would_take_long_are_none),
		cmocka_unit_test(zeros_are_not_free),
		cmocka_unit_test(a_name_that_becomes_too_long_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
