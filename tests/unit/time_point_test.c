/* SPDX-License-Identifier: Apache-2.0 */
/* time_point: moments as users say them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/time_point.h"

#define SECOND 1000000000u
#define NOW    (1764339842 * (uint64_t)SECOND + 5)

static void assert_is(const char *text, uint64_t expected_ns)
{
	const char *why = NULL;
	uint64_t ns;

	assert_int_equal(time_point_parse(text, NOW, &ns, &why), 0);
	assert_int_equal(ns, expected_ns);
}

static void test_moments(void **state)
{
	(void)state;
	setenv("TZ", "Europe/Vienna", 1);
	tzset();
	assert_is("now", NOW);
	assert_is("-0s", NOW);
	assert_is("-2h", NOW - 7200 * (uint64_t)SECOND);
	assert_is("-1d12h5m3s", NOW - 129903 * (uint64_t)SECOND);
	assert_is("-30000d", 0);
	assert_is("@0", 0);
	assert_is("@1764339842", 1764339842 * (uint64_t)SECOND);
	assert_is("@1764339842.5", 1764339842 * (uint64_t)SECOND + SECOND / 2);
	assert_is("2025-11-28T14:24:02Z", 1764339842 * (uint64_t)SECOND);
	assert_is("2025-11-28T14:24:02.25Z", 1764339842 * (uint64_t)SECOND + SECOND / 4);
	assert_is("2025-11-28T15:24:02+01:00", 1764339842 * (uint64_t)SECOND);
	assert_is("2025-11-28T15:24+0100", 1764339840 * (uint64_t)SECOND);
	assert_is("2025-11-28T15:24:02", 1764339842 * (uint64_t)SECOND);
	assert_is("2025-07-28 15:24", 1753709040 * (uint64_t)SECOND); /* of summer */
	assert_is("2025-11-28", 1764284400 * (uint64_t)SECOND);
	assert_is("2024-02-29T00:00Z", 1709164800 * (uint64_t)SECOND);
}

static void test_what_is_none(void **state)
{
	static const char *const texts[] = { "",
					     "-",
					     "2h",
					     "-2",
					     "-2x",
					     "-h",
					     "- 2h",
					     "@",
					     "@-1",
					     "@1x",
					     "@99999999999999999999",
					     "yesterday",
					     "2025-13-01T00:00Z",
					     "2025-02-29",
					     "2026-02-30T10:00Z",
					     "2025-11-31 10:00:00+01:00",
					     "2025-11-28T14:24:02ZZ",
					     "1965-01-01T00:00Z",
					     "-99999999999999999999d" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *why = NULL;
		uint64_t ns;

		assert_int_equal(time_point_parse(texts[i], NOW, &ns, &why), -EINVAL);
		assert_non_null(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
