/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/timer_grid.h"

#define PERIOD 1000000u
#define START  50000000u

/* A tick on a CPU that is always busy. */
static void fire(struct cpu_state *cpu, uint64_t now, uint64_t late)
{
	struct cpu_activity busy = { .idle_exits = cpu->idle_exits };

	assert_int_equal(timer_grid_advance(cpu, PERIOD, START + now, &busy), late);
	assert_false(busy.was_idle);
}

static void test_a_steady_timer_skips_nothing(void **state)
{
	struct cpu_state cpu = { .grid_ns = START };

	(void)state;
	for (uint64_t i = 1; i < 1000; i++)
		fire(&cpu, i * PERIOD, 0);
}

/* The handler may come up to a period late without a tick being lost, and the next be on time again. */
static void test_a_delayed_tick_is_no_lost_tick(void **state)
{
	struct cpu_state cpu = { .grid_ns = START };

	(void)state;
	fire(&cpu, PERIOD, 0);
	fire(&cpu, 2 * PERIOD + 900000, 0);
	fire(&cpu, 3 * PERIOD, 0);
	fire(&cpu, 4 * PERIOD + 1100000, 1);
	fire(&cpu, 6 * PERIOD, 0);
}

/* Whatever the delays are, periods are neither lost nor counted twice. */
static void test_ticks_and_skipped_ones_add_up(void **state)
{
	struct cpu_state cpu = { .grid_ns = START };
	struct cpu_activity busy = { 0 };
	uint64_t seed = 1, now = 0, due = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t delay;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		delay = (seed >> 40) % (3 * PERIOD);
		/* The timer's next firing on the grid after `now`, handled `delay` later. */
		now = (now / PERIOD + 1) * PERIOD + delay;
		due += 1 + timer_grid_advance(&cpu, PERIOD, START + now, &busy);
		assert_int_equal(due, now / PERIOD);
	}
}

static void test_the_first_delay_does_not_shift_the_grid(void **state)
{
	struct cpu_state cpu = { 0 };

	(void)state;
	fire(&cpu, 700000, 0); /* no grid yet */
	fire(&cpu, PERIOD, 0); /* earlier than a period: the grid is earlier */
	fire(&cpu, 2 * PERIOD, 0);
	fire(&cpu, 4 * PERIOD, 1);
}

/* A timer that starts anew with another period, `after` the last tick, fires a new period later. */
static void test_time_is_carried_over_a_change_of_the_period(void **state)
{
	struct cpu_state cpu = { .grid_ns = START };
	struct cpu_activity busy = { 0 };

	(void)state;
	fire(&cpu, PERIOD, 0);
	/* Longer: what had passed of the old one, 0.6, is 0.15 of the new one. */
	assert_int_equal(timer_grid_advance(&cpu, 4 * PERIOD, START + 5600000, &busy), 0);
	assert_int_equal(cpu.grid_ns, START + 5 * PERIOD);
	assert_int_equal(timer_grid_advance(&cpu, 4 * PERIOD, START + 9600000, &busy), 0);
	/* Shorter: 2.1 of the long one had passed, with the 0.6 from before: two late ticks, and 0.7 is carried on. */
	fire(&cpu, 9600000 + 2100000 + PERIOD, 2);
	fire(&cpu, 9600000 + 2100000 + 2 * PERIOD, 0);
	assert_int_equal(cpu.grid_ns, START + 13 * PERIOD);
}

/* However often the period changes, ticks times periods are the time that passed. */
static void test_changes_of_the_period_lose_no_time(void **state)
{
	struct cpu_state cpu = { .grid_ns = START };
	struct cpu_activity busy = { 0 };
	uint64_t seed = 7, now = 0, accounted = 0, period = PERIOD;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		if (seed >> 60 == 0) {
			now += (seed >> 30) % period; /* since the last tick */
			period = PERIOD << ((seed >> 40) % 5);
		}
		now += period;
		accounted += period * (1 + timer_grid_advance(&cpu, period, START + now, &busy));
		assert_true(accounted <= now && now - accounted < 16 * PERIOD);
	}
}

static void test_a_gap_in_which_the_cpu_idled_is_idle(void **state)
{
	(void)state;
	assert_int_equal(timer_grid_idle(9, PERIOD, 0), 9);
	assert_int_equal(timer_grid_idle(9, PERIOD, PERIOD / 10), 9);
	assert_int_equal(timer_grid_idle(9, PERIOD, 3 * PERIOD), 6);
	assert_int_equal(timer_grid_idle(9, PERIOD, UINT64_MAX / 2), 0);
}

static void test_leaving_idle_is_noticed_once(void **state)
{
	struct cpu_state cpu = { .grid_ns = START, .idle_exits = 7 };
	struct cpu_activity activity = { .idle_exits = 9 };

	(void)state;
	timer_grid_advance(&cpu, PERIOD, START + PERIOD, &activity);
	assert_true(activity.was_idle);
	timer_grid_advance(&cpu, PERIOD, START + 2 * PERIOD, &activity);
	assert_false(activity.was_idle);
}

static void test_an_event_that_is_no_clock_skips_nothing(void **state)
{
	struct cpu_state cpu = { .grid_ns = START };
	struct cpu_activity busy = { 0 };

	(void)state;
	assert_int_equal(timer_grid_advance(&cpu, 0, START + 5 * PERIOD, &busy), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_steady_timer_skips_nothing),
		cmocka_unit_test(test_a_delayed_tick_is_no_lost_tick),
		cmocka_unit_test(test_ticks_and_skipped_ones_add_up),
		cmocka_unit_test(test_the_first_delay_does_not_shift_the_grid),
		cmocka_unit_test(test_time_is_carried_over_a_change_of_the_period),
		cmocka_unit_test(test_changes_of_the_period_lose_no_time),
		cmocka_unit_test(test_a_gap_in_which_the_cpu_idled_is_idle),
		cmocka_unit_test(test_leaving_idle_is_noticed_once),
		cmocka_unit_test(test_an_event_that_is_no_clock_skips_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
