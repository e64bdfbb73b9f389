/* SPDX-License-Identifier: Apache-2.0 */
/* tick_period.c: the moments of a second that ticks come at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "profiler/tick_period.h"

#define SECOND_NS 1000000000u
#define PARTS     16 /* of a period */

static const uint64_t rates[] = { 1,   2,   3,   7,   10,  19,  49,   50,   97,  99,
				  100, 199, 250, 499, 500, 997, 1000, 1999, 4000 };

#define RATES (sizeof(rates) / sizeof(rates[0]))

/* How often the first tick after the beginning of each so many seconds comes in each part of the period. */
static void count_parts(uint64_t period_ns, uint64_t every_ns, unsigned int times,
			unsigned int *counts)
{
	memset(counts, 0, PARTS * sizeof(*counts));
	for (unsigned int i = 0; i < times; i++) {
		uint64_t late_ns = i * every_ns % period_ns;

		counts[late_ns * PARTS / period_ns]++;
	}
}

/* Of what happens each second, or each minute, every part has its share: twice that at most, and half at least. */
static void no_moment_is_passed_over(void **state)
{
	static const uint64_t every_s[] = { 1, 2, 5, 10, 15, 30, 60 };
	unsigned int counts[PARTS];

	(void)state;
	for (size_t r = 0; r < RATES; r++)
		for (size_t e = 0; e < sizeof(every_s) / sizeof(every_s[0]); e++)
			for (size_t cpu = 0; cpu < 2; cpu++) {
				count_parts(tick_period_ns(rates[r], cpu), every_s[e] * SECOND_NS,
					    1000, counts);
				for (size_t i = 0; i < PARTS; i++)
					assert_in_range(counts[i], 1000 / PARTS / 2,
							1000 / PARTS * 2);
			}
}

/* Of two CPUs that are next to each other one has as many more as the other has less. */
static void ticks_are_as_many_as_the_rate_says(void **state)
{
	(void)state;
	for (size_t r = 0; r < RATES; r++) {
		double even_ns = (double)SECOND_NS / (double)rates[r];
		double later = (double)tick_period_ns(rates[r], 0) / even_ns - 1;
		double earlier = (double)tick_period_ns(rates[r], 1) / even_ns - 1;
		double most = 0.032 / (double)rates[r];

		assert_true(later > 0 && later <= most + 1 / even_ns);
		assert_true(earlier < 0 && -earlier <= most + 1 / even_ns);
		assert_true(later + earlier <= most * most * 2 + 1 / even_ns);
		assert_true(later + earlier >= -1 / even_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_moment_is_passed_over),
		cmocka_unit_test(ticks_are_as_many_as_the_rate_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
