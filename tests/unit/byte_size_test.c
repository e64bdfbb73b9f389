/* SPDX-License-Identifier: Apache-2.0 */
#include "base/byte_size.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_numbers_and_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{ "0", 0 },
		{ "17", 17 },
		{ "1K", 1024 },
		{ "500M", 500ull << 20 },
		{ "2G", 2ull << 30 },
		{ "3T", 3ull << 40 },
		{ "18446744073709551615", UINT64_MAX },
	};
	const char *why;
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_int_equal(byte_size_parse(sizes[i].text, &bytes, &why), 0);
		assert_int_equal(bytes, sizes[i].bytes);
	}
}

static void test_what_is_no_size_says_why(void **state)
{
	static const char *const texts[] = { "",
					     "M",
					     "-1",
					     "+1",
					     " 1",
					     "1m",
					     "1MB",
					     "1.5G",
					     "0x10",
					     "17179869184G",
					     "18446744073709551616" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *why = NULL;
		uint64_t bytes = 42;

		assert_int_equal(byte_size_parse(texts[i], &bytes, &why), -EINVAL);
		assert_int_equal(bytes, 42);
		assert_non_null(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_and_units),
		cmocka_unit_test(test_what_is_no_size_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
