/* SPDX-License-Identifier: Apache-2.0 */
/* budget_options.c: what is understood, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "profiler/budget.h"
#include "profiler/budget_options.h"

static int set(struct budget_limits *limits, const char *name, const char *value)
{
	const char *why = NULL;

	for (size_t i = 0; i < budget_row_count; i++) {
		int error;

		if (strcmp(budget_rows[i].name, name) != 0)
			continue;
		error = budget_rows[i].set(limits, name, value, &why);
		assert_true(!error == !why);
		return error;
	}
	fail_msg("no such option: %s", name);
	return 0;
}

static void shares_of_a_cpu(void **state)
{
	static const struct {
		const char *text;
		uint64_t ppm;
	} good[] = { { "1%", 10000 },     { "0.5%", 5000 },    { "0.01%", 100 },
		     { "100%", 1000000 }, { "250%", 2500000 }, { "1.00%", 10000 },
		     { "0.125%", 1250 },  { ".5%", 5000 },     { "100000%", 1000000000 } };
	static const char *const wrong[] = { "",     "%",      "1",    "0%",   "0.001%", "-1%",
					     "+1%",  "1 %",    "1%%",  "1e1%", "0x1%",   "inf%",
					     "nan%", "1.2.3%", "1/2%", " 1%",  "100001%" };
	struct budget_limits limits = { .cpu_ppm = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(set(&limits, "max-cpu", wrong[i]), -EINVAL);
		assert_int_equal(limits.cpu_ppm, 7);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(set(&limits, "max-cpu", good[i].text), 0);
		assert_int_equal(limits.cpu_ppm, good[i].ppm);
	}
}

static void amounts_of_memory(void **state)
{
	struct budget_limits limits = { .memory_bytes = 7 };

	(void)state;
	assert_int_equal(set(&limits, "max-memory", "63M"), -EINVAL);
	assert_int_equal(set(&limits, "max-memory", "150"), -EINVAL);
	assert_int_equal(set(&limits, "max-memory", "lots"), -EINVAL);
	assert_int_equal(limits.memory_bytes, 7);
	assert_int_equal(set(&limits, "max-memory", "150M"), 0);
	assert_int_equal(limits.memory_bytes, BUDGET_DEFAULT_MEMORY_BYTES);
	assert_int_equal(set(&limits, "max-memory", "1G"), 0);
	assert_int_equal(limits.memory_bytes, 1ull << 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_of_a_cpu),
		cmocka_unit_test(amounts_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
