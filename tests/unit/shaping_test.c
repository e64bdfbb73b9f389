/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "model/shaping.h"

/* NULL: it takes none. */
static const char *good_value(const struct shaping_word *word)
{
	if (!strcmp(word->name, "by"))
		return "comm";
	return word->argument ? "main" : NULL;
}

static void every_word_is_taken(void **state)
{
	const char *why;

	(void)state;
	for (size_t i = 0; i < shaping_word_count; i++) {
		const struct shaping_word *word = &shaping_words[i];
		struct shaping shaping = { 0 };

		assert_true(strlen(word->help) > 0);
		assert_false(shaping_is_asked(&shaping));
		assert_int_equal(shaping_set(&shaping, word->name, good_value(word), &why), 0);
		assert_true(shaping_is_asked(&shaping));
		assert_int_equal(
			shaping_set(&shaping, word->name, word->argument ? NULL : "main", &why),
			-EINVAL);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(word->name, shaping_words[j].name);
		shaping_release(&shaping);
		assert_false(shaping_is_asked(&shaping));
	}
}

static void bad_patterns_are_refused_with_a_reason(void **state)
{
	static const char *const bad[] = { "(", "[a", "a{2,1}", "*{", "", "a\\" };
	static const char *const words[] = { "focus", "ignore", "hide", "show-from" };
	struct shaping shaping = { 0 };

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(bad) / sizeof(*bad); i++) {
		const char *why = NULL;

		assert_int_equal(shaping_set(&shaping, words[i % 4], bad[i / 4], &why), -EINVAL);
		assert_true(strlen(why) > 5);
		assert_null(strchr(why, '\n'));
	}
	assert_false(shaping_is_asked(&shaping));
	shaping_release(&shaping);
}

static void a_name_is_no_pattern(void **state)
{
	struct shaping shaping = { 0 };
	const char *why;

	(void)state;
	assert_int_equal(shaping_set(&shaping, "base", "operator(", &why), 0);
	assert_int_equal(shaping_set(&shaping, "base", "", &why), -EINVAL);
	assert_int_equal(shaping_set(&shaping, "bases", "x", &why), -EINVAL);
	assert_int_equal(shaping.pattern_count, 1);
	shaping_release(&shaping);
}

static void of_labels_the_last_one_counts(void **state)
{
	struct shaping shaping = { 0 };
	const char *why;

	(void)state;
	assert_false(shaping_wants_samples(&shaping));
	assert_int_equal(shaping_set(&shaping, "by", "cpu", &why), 0);
	assert_int_equal(shaping_set(&shaping, "by", "tid", &why), 0);
	assert_int_equal(shaping_set(&shaping, "by", "colour", &why), -EINVAL);
	assert_string_equal(shaping.by, "tid");
	assert_true(shaping_wants_samples(&shaping));
	shaping_release(&shaping);
	assert_int_equal(shaping_set(&shaping, "reverse", NULL, &why), 0);
	assert_false(shaping_wants_samples(&shaping));
	shaping_release(&shaping);
}

static void there_is_an_end_to_patterns(void **state)
{
	struct shaping shaping = { 0 };
	const char *why;

	(void)state;
	for (int i = 0; i < SHAPING_FOCUS_MAX; i++)
		assert_int_equal(shaping_set(&shaping, "focus", "f", &why), 0);
	assert_int_equal(shaping_set(&shaping, "focus", "f", &why), -EINVAL);
	assert_string_equal(why, "given too often");
	for (int i = SHAPING_FOCUS_MAX; i < SHAPING_PATTERNS_MAX; i++)
		assert_int_equal(shaping_set(&shaping, "hide", "f", &why), 0);
	assert_int_equal(shaping_set(&shaping, "hide", "f", &why), -EINVAL);
	assert_int_equal(shaping_set(&shaping, "reverse", NULL, &why), 0);
	shaping_release(&shaping);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_taken),
		cmocka_unit_test(bad_patterns_are_refused_with_a_reason),
		cmocka_unit_test(a_name_is_no_pattern),
		cmocka_unit_test(of_labels_the_last_one_counts),
		cmocka_unit_test(there_is_an_end_to_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
