/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiler/age_clock.h"

#define SECOND_NS ((uint64_t)1000000000)
#define HOUR_NS   (3600 * SECOND_NS)
#define DAY_NS    (24 * HOUR_NS)
#define YEAR_NS   (365 * DAY_NS)
#define BOOT_NS   (1764339842 * SECOND_NS) /* when the machine was booted, since 1970 */

static void test_time_goes_on(void **state)
{
	struct age_clock clock = { 0 };

	(void)state;
	for (uint64_t at = SECOND_NS; at < 3 * DAY_NS; at += HOUR_NS)
		assert_int_equal(age_clock_read(&clock, at, BOOT_NS + at), BOOT_NS + at);
}

static void test_it_follows_a_clock_that_is_corrected(void **state)
{
	struct age_clock clock = { 0 };

	(void)state;
	age_clock_read(&clock, SECOND_NS, BOOT_NS + SECOND_NS);
	assert_int_equal(age_clock_read(&clock, 2 * SECOND_NS, BOOT_NS + HOUR_NS / 2),
			 BOOT_NS + HOUR_NS / 2);
	assert_int_equal(age_clock_read(&clock, 3 * SECOND_NS, BOOT_NS - YEAR_NS),
			 BOOT_NS - YEAR_NS);
}

static void test_a_year_ahead_is_believed_after_a_day(void **state)
{
	struct age_clock clock = { 0 };

	(void)state;
	age_clock_read(&clock, SECOND_NS, BOOT_NS + SECOND_NS);
	for (uint64_t at = HOUR_NS; at < HOUR_NS + DAY_NS; at += HOUR_NS)
		assert_int_equal(age_clock_read(&clock, at, BOOT_NS + YEAR_NS + at), BOOT_NS + at);
	assert_int_equal(age_clock_read(&clock, HOUR_NS + DAY_NS, BOOT_NS + YEAR_NS),
			 BOOT_NS + YEAR_NS);
}

static void test_one_that_comes_to_itself_was_never_believed(void **state)
{
	struct age_clock clock = { 0 };
	const uint64_t later = 20 * HOUR_NS;

	(void)state;
	age_clock_read(&clock, SECOND_NS, BOOT_NS + SECOND_NS);
	age_clock_read(&clock, HOUR_NS, BOOT_NS + YEAR_NS);
	assert_int_equal(age_clock_read(&clock, later, BOOT_NS + later), BOOT_NS + later);
	/* The day begins anew. */
	assert_int_equal(age_clock_read(&clock, later + HOUR_NS, BOOT_NS + YEAR_NS),
			 BOOT_NS + later + HOUR_NS);
	assert_int_equal(age_clock_read(&clock, later + DAY_NS, BOOT_NS + YEAR_NS),
			 BOOT_NS + later + DAY_NS);
}

static void test_at_the_start_it_is_held_against_what_is_kept(void **state)
{
	struct age_clock clock;

	(void)state;
	age_clock_begin(&clock, SECOND_NS, BOOT_NS + YEAR_NS, BOOT_NS);
	assert_int_equal(age_clock_read(&clock, HOUR_NS + SECOND_NS, BOOT_NS + YEAR_NS + HOUR_NS),
			 BOOT_NS + HOUR_NS);
	/* Corrected, or the same for a day. */
	assert_int_equal(age_clock_read(&clock, 2 * HOUR_NS, BOOT_NS + 2 * HOUR_NS),
			 BOOT_NS + 2 * HOUR_NS);
	age_clock_begin(&clock, SECOND_NS, BOOT_NS + YEAR_NS, BOOT_NS);
	assert_int_equal(age_clock_read(&clock, DAY_NS + SECOND_NS, BOOT_NS + YEAR_NS + DAY_NS),
			 BOOT_NS + YEAR_NS + DAY_NS);
}

static void test_at_the_start_it_is_believed(void **state)
{
	static const uint64_t newest[] = { 0, BOOT_NS, BOOT_NS - DAY_NS, BOOT_NS + YEAR_NS };

	(void)state;
	for (size_t i = 0; i < sizeof(newest) / sizeof(*newest); i++) {
		struct age_clock clock;

		age_clock_begin(&clock, SECOND_NS, BOOT_NS, newest[i]);
		assert_int_equal(age_clock_read(&clock, 2 * SECOND_NS, BOOT_NS + SECOND_NS),
				 BOOT_NS + SECOND_NS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_goes_on),
		cmocka_unit_test(test_it_follows_a_clock_that_is_corrected),
		cmocka_unit_test(test_a_year_ahead_is_believed_after_a_day),
		cmocka_unit_test(test_one_that_comes_to_itself_was_never_believed),
		cmocka_unit_test(test_at_the_start_it_is_held_against_what_is_kept),
		cmocka_unit_test(test_at_the_start_it_is_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
