/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/serve_status.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/events.h"
#include "profiler/budget.h"
#include "profiler/window_keeper.h"

#define SECOND 1000000000u

static const struct window_keeper_state nothing_kept = { 0 };
static const struct budget_limits limits = { .cpu_ppm = 15000, .memory_bytes = 7 };

static void take(struct serve_status *status, uint64_t second, uint64_t cpu_ns, uint64_t bpf_ns)
{
	const struct serve_reading reading = { .time_ns = second * SECOND,
					       .cpu_ns = cpu_ns,
					       .bpf_ns = bpf_ns,
					       .memory_bytes = second,
					       .files = second };

	serve_status_take(status, &reading, &nothing_kept, 19, 19);
}

static void test_the_first_second_has_no_cost_yet(void **state)
{
	struct serve_status status;

	(void)state;
	serve_status_init(&status, "/store", 10);
	serve_status_set_budget(&status, &limits);
	take(&status, 5, 1000, 10);
	assert_true(status.status.cost.cpu_percent == 0);
	assert_int_equal(status.status.cost.memory_bytes, 5);
	assert_string_equal(status.status.store.folder, "/store");
	assert_true(status.status.budget.cpu_percent == 1.5);
	assert_int_equal(status.status.budget.memory_bytes, 7);
	assert_true(*status.status.host && *status.status.kernel);
}

/* Each second 10 ms of processes and 2 ms of the kernel side; a start that cost a lot is out of it after a minute. */
static void test_cost_is_that_of_the_last_minute(void **state)
{
	struct serve_status status;
	uint64_t start_cpu = 5ull * SECOND;

	(void)state;
	serve_status_init(&status, "/store", 10);
	take(&status, 0, 0, 0);
	for (uint64_t second = 1; second <= 200; second++)
		take(&status, second, start_cpu + second * 10000000, second * 2000000);
	assert_true(fabs(status.status.cost.cpu_percent - 1.2) < 1e-9);
	assert_true(fabs(status.status.cost.bpf_percent - 0.2) < 1e-9);
}

/* A process that was counted is gone, and its CPU time with it. */
static void test_cost_is_never_negative(void **state)
{
	struct serve_status status;

	(void)state;
	serve_status_init(&status, "/store", 10);
	take(&status, 0, SECOND, 0);
	take(&status, 1, 0, 0);
	assert_true(status.status.cost.cpu_percent == 0);
}

static void test_fates_add_up(void **state)
{
	struct window_keeper_state kept = { .kept = 3, .lost = 1, .error = -ENOSPC };
	struct serve_reading reading = { .time_ns = SECOND };
	struct serve_status status;
	uint64_t sum;

	(void)state;
	kept.fates.complete = 100;
	kept.fates.by_reason[REASON_NO_ROOT] = 7;
	kept.fates.by_reason[REASON_RING_FULL] = 5;
	serve_status_init(&status, "/store", 10);
	serve_status_take(&status, &reading, &kept, 9, 19);
	assert_int_equal(status.status.fates.due, 112);
	sum = status.status.fates.complete;
	for (size_t i = 0; i < status.status.fates.truncated.count; i++)
		sum += status.status.fates.truncated.rows[i].ticks;
	for (size_t i = 0; i < status.status.fates.lost.count; i++)
		sum += status.status.fates.lost.rows[i].ticks;
	assert_int_equal(sum, 112);
	assert_string_equal(status.status.fates.lost.rows[0].name, "ring_full");
	assert_string_equal(status.status.store.error, strerror(ENOSPC));
	assert_int_equal(status.status.windows, 3);
	assert_int_equal(status.status.windows_lost, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_second_has_no_cost_yet),
		cmocka_unit_test(test_cost_is_that_of_the_last_minute),
		cmocka_unit_test(test_cost_is_never_negative),
		cmocka_unit_test(test_fates_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
