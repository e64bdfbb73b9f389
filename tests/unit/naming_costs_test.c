/* SPDX-License-Identifier: Apache-2.0 */
/* naming_costs.c: the dearest modules are told of, the others are summed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "bpf/events.h"
#include "profiler/naming_costs.h"

static void assert_written(struct naming_costs *costs, const char *expected)
{
	struct buffer json = { 0 };

	naming_costs_write_json(costs, NULL, &json);
	assert_string_equal(buffer_string(&json), expected);
	buffer_release(&json);
	naming_costs_release(costs);
}

static void nothing_was_asked(void **state)
{
	struct naming_costs costs = { 0 };

	(void)state;
	assert_written(
		&costs,
		"{\"modules\": [],\n    \"others\": {\"modules\": 0, \"asked\": 0, \"named\": 0, \"cpu_ns\": 0},"
		"\n    \"files\": {\"opened\": 0, \"found\": 0, \"closed\": 0, \"kept_bytes\": 0, \"kept_max_bytes\": 4194304}}");
}

static void the_dearest_come_first(void **state)
{
	const struct naming_cost vdso = { MODULE_VDSO, .asked = 1, .named = 1, .cpu_ns = 5,
					  .files = { .opened = 1, .kept_bytes = 900 } };
	const struct naming_cost kernel = { MODULE_KERNEL, .asked = 30, .named = 29,
					    .cpu_ns = 700 };
	const struct naming_cost made = {
		MODULE_ANONYMOUS | 7,
		.asked = 4,
		.cpu_ns = 60,
		.worker_peak_bytes = 4096,
		.debug_info_error = EFBIG,
		.build_id = { .bytes = { 0xab, 0x01 }, .size = 2 },
		.files = { .opened = 2, .found = 4, .closed = 1, .kept_bytes = 500 },
	};
	struct naming_costs costs = { 0 };

	(void)state;
	naming_costs_add(&costs, &vdso);
	naming_costs_add(&costs, &kernel);
	naming_costs_add(&costs, &made);
	assert_written(
		&costs,
		"{\"modules\": ["
		"\n      {\"module\": \"kernel\", \"build_id\": null, \"asked\": 30, \"named\": 29, \"cpu_ns\": 700, \"worker_peak_bytes\": 0, \"debug_info_error\": null},"
		"\n      {\"module\": \"[made code]\", \"build_id\": \"ab01\", \"asked\": 4, \"named\": 0, \"cpu_ns\": 60, \"worker_peak_bytes\": 4096, \"debug_info_error\": \"too_large\"},"
		"\n      {\"module\": \"[vdso]\", \"build_id\": null, \"asked\": 1, \"named\": 1, \"cpu_ns\": 5, \"worker_peak_bytes\": 0, \"debug_info_error\": null}],"
		"\n    \"others\": {\"modules\": 0, \"asked\": 0, \"named\": 0, \"cpu_ns\": 0},"
		"\n    \"files\": {\"opened\": 3, \"found\": 4, \"closed\": 1, \"kept_bytes\": 900, \"kept_max_bytes\": 4194304}}");
}

static void further_ones_are_summed(void **state)
{
	struct naming_costs costs = { 0 };
	struct buffer json = { 0 };
	size_t said = 0;

	(void)state;
	for (uint64_t i = 0; i < NAMING_COSTS_SAID + 3; i++) {
		const struct naming_cost cost = { MODULE_ANONYMOUS | i, i + 1, 1, 10 * (i + 1) };

		naming_costs_add(&costs, &cost);
	}
	naming_costs_write_json(&costs, NULL, &json);
	for (const char *at = buffer_string(&json); (at = strstr(at, "{\"module\"")); at++)
		said++;
	assert_int_equal(said, NAMING_COSTS_SAID);
	assert_non_null(
		strstr(json.data,
		       "\"others\": {\"modules\": 3, \"asked\": 6, \"named\": 3, \"cpu_ns\": 60}"));
	buffer_release(&json);
	naming_costs_release(&costs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_was_asked),
		cmocka_unit_test(the_dearest_come_first),
		cmocka_unit_test(further_ones_are_summed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
