/* SPDX-License-Identifier: Apache-2.0 */
/* count_words.c: what counts are called, and which of them are time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "render/count_words.h"
#include "render/render_options.h"

static void assert_words(const char *name, const char *unit, const char *countname,
			 const char *wanted, uint64_t per_second)
{
	struct render_options options = { .countname = (char *)countname };
	struct profile *profile = profile_new();
	struct count_words words;
	struct value_type type;

	profile_origin(profile)->rate_hz = 99;
	if (name) {
		assert_int_equal(profile_intern(profile, name, strlen(name), &type.name), 0);
		assert_int_equal(profile_intern(profile, unit, strlen(unit), &type.unit), 0);
		assert_int_equal(profile_set_values(profile, &type, 1), 0);
	}
	words = count_words_of(profile, &options);
	assert_string_equal(words.name, wanted);
	assert_int_equal(words.per_second, per_second);
	profile_free(profile);
}

static void counts_are_called_by_what_they_are_of(void **state)
{
	(void)state;
	assert_words(NULL, NULL, NULL, "samples", 99);
	assert_words("samples", "count", NULL, "samples", 99);
	assert_words("cpu", "nanoseconds", NULL, "cpu", 1000000000);
	assert_words("wall", "seconds", NULL, "wall", 1);
	assert_words("", "seconds", NULL, "seconds", 1);
	assert_words("inuse_space", "bytes", NULL, "inuse_space", 0);
	assert_words("cycles:u", "count", NULL, "cycles:u", 0);
	assert_words("objects", "", NULL, "objects", 0);
}

static void the_user_has_the_last_word(void **state)
{
	(void)state;
	assert_words(NULL, NULL, "ticks", "ticks", 99);
	assert_words("cpu", "nanoseconds", "ns", "ns", 1000000000);
}

static void assert_said(const char *name, const char *unit, struct render_options options,
			uint64_t count, const char *wanted)
{
	struct profile *profile = profile_new();
	struct buffer text = { 0 };
	struct count_words words;
	struct value_type type;

	options.factor = options.factor ? options.factor : 1;
	assert_int_equal(profile_intern(profile, name, strlen(name), &type.name), 0);
	assert_int_equal(profile_intern(profile, unit, strlen(unit), &type.unit), 0);
	assert_int_equal(profile_set_values(profile, &type, 1), 0);
	words = count_words_of(profile, &options);
	count_words_append(&text, &words, count);
	assert_string_equal(buffer_string(&text), wanted);
	buffer_release(&text);
	profile_free(profile);
}

static void amounts_have_units_that_suit_their_size(void **state)
{
	const struct render_options none = { 0 }, half = { .factor = .5 },
				    named = { .countname = (char *)"ns" };

	(void)state;
	assert_said("cpu", "nanoseconds", none, 412600000, "412.6 ms of cpu");
	assert_said("cpu", "microseconds", none, 412600000, "6 min 53 s of cpu");
	assert_said("wall", "seconds", half, 1, "500.0 ms of wall");
	assert_said("cpu", "nanoseconds", none, INT64_MAX, "2562047 h 47 min of cpu");
	assert_said("space", "bytes", none, 3 << 20, "3.0 MiB of space");
	assert_said("space", "kilobytes", half, 3 << 20, "1.5 GiB of space");
	assert_said("space", "gigabytes", none, UINT64_C(1) << 40, "1.0 ZiB of space");
	assert_said("space", "gigabytes", none, INT64_MAX, "8192.0 YiB of space");
	assert_said("wall", "seconds", none, INT64_MAX, "2562047788015215 h 30 min of wall");
	assert_said("", "bytes", none, 3 << 20, "3.0 MiB");
	assert_said("wall", "ms", none, 5, "5.0 ms of wall");
	assert_said("wall", "us", none, 5, "5.0 µs of wall");
	assert_said("wall", "µs", none, 5, "5.0 µs of wall");
	assert_said("wall", "Seconds", none, 5, "5.00 s of wall");
	assert_said("wall", "minutes", none, 5, "5 min 00 s of wall");
	assert_said("wall", "hours", half, 5, "2 h 30 min of wall");
	assert_said("wall", "h", none, INT64_MAX, "9223372036854775807 h 00 min of wall");
	assert_said("wall", "ms", none, 0, "0 s of wall");
	assert_said("space", "B", none, 5, "5 B of space");
	assert_said("space", "byte", none, 2048, "2.0 KiB of space");
	assert_said("space", "kB", none, 2, "2.0 KiB of space");
	assert_said("space", "MiB", none, 2, "2.0 MiB of space");
	assert_said("space", "terabytes", none, INT64_MAX, "8388608.0 YiB of space");
	assert_said("", "ns", none, 5000000, "5.0 ms");
	assert_said("nanoseconds", "ns", none, 5000000, "5.0 ms");
	assert_said("b", "milliseconds", none, 5, "5.0 ms of b");
	assert_said("wall", "mss", none, 5, "5 mss");
	assert_said("wall", "pages", none, 5, "5 pages");
	assert_said("objects", "count", none, 3 << 20, "3,145,728 objects");
	assert_said("samples", "count", none, 1, "1 sample");
	assert_said("samples", "count", half, 2, "1 sample");
	assert_said("cpu", "nanoseconds", named, 412600000, "412,600,000 ns");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_called_by_what_they_are_of),
		cmocka_unit_test(the_user_has_the_last_word),
		cmocka_unit_test(amounts_have_units_that_suit_their_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
