/* SPDX-License-Identifier: Apache-2.0 */
/* count_words.c: what counts are called, and which of them are time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

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

static void things_are_called_by_name_and_amounts_by_unit(void **state)
{
	(void)state;
	assert_words(NULL, NULL, NULL, "samples", 99);
	assert_words("samples", "count", NULL, "samples", 99);
	assert_words("cpu", "nanoseconds", NULL, "nanoseconds", 1000000000);
	assert_words("wall", "seconds", NULL, "seconds", 1);
	assert_words("inuse_space", "bytes", NULL, "bytes", 0);
	assert_words("cycles:u", "count", NULL, "cycles:u", 0);
	assert_words("objects", "", NULL, "objects", 0);
}

static void the_user_has_the_last_word(void **state)
{
	(void)state;
	assert_words(NULL, NULL, "ticks", "ticks", 99);
	assert_words("cpu", "nanoseconds", "ns", "ns", 1000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(things_are_called_by_name_and_amounts_by_unit),
		cmocka_unit_test(the_user_has_the_last_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
