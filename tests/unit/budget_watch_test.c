/* SPDX-License-Identifier: Apache-2.0 */
/* What of hearth's cost counts by its budget (budget_watch.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiler/budget.h"
#include "profiler/budget_watch.h"

#define SECOND_NS 1000000000ull
#define MIB       (1ull << 20)

static const struct budget_limits limits = { 10000, 150 * MIB, 19 };

static void test_other_work_does_not_count(void **state)
{
	const struct budget_reading_parts parts = {
		.own = { .cpu_ns = 900, .resident_bytes = 500 * MIB, .aside_bytes = 400 * MIB },
		.bpf_ns = 70,
		.map_bytes = 20 * MIB,
	};
	struct budget_reading reading = budget_watch_reading(&parts, 300, 12345);

	(void)state;
	assert_int_equal(reading.time_ns, 12345);
	assert_int_equal(reading.cpu_ns, 670);
	assert_int_equal(reading.memory_bytes, 120 * MIB);
	/* It was read a moment later than all of it. */
	assert_int_equal(budget_watch_reading(&parts, 1000, 0).cpu_ns, 70);
}

/* Seconds of a recorder of 100 MiB and a front of some more; gives the rate at the end. */
static uint64_t rate_after(unsigned int seconds, uint64_t front_bytes, bool is_aside)
{
	struct budget_reading_parts parts = {
		.own = { .resident_bytes = 100 * MIB + front_bytes,
			 .aside_bytes = is_aside ? front_bytes : 0 },
	};
	struct budget_decision decision;
	struct budget budget;

	budget_init(&budget, &limits);
	for (unsigned int i = 0; i < seconds; i++) {
		struct budget_reading reading =
			budget_watch_reading(&parts, 0, (1000 + i) * SECOND_NS);

		budget_decide(&budget, &reading, &decision);
	}
	return budget_rate(&budget);
}

static void test_a_large_front_lowers_no_rate(void **state)
{
	(void)state;
	assert_int_equal(rate_after(600, 900 * MIB, true), 19);
	assert_int_equal(rate_after(600, 900 * MIB, false), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_work_does_not_count),
		cmocka_unit_test(test_a_large_front_lowers_no_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
