/* SPDX-License-Identifier: Apache-2.0 */
/* budget.c: days of readings in a moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "profiler/budget.h"

#define SECOND_NS 1000000000ull
#define MS_NS     1000000ull
#define HOUR      3600
#define MIB       (1ull << 20)

static const struct budget_limits limits = { 10000, 150 * MIB, 19 };

/* A machine: what a second costs, in microseconds, by the rate. */
struct machine {
	struct budget budget;
	struct budget_reading reading;
	uint64_t fixed_us, a_hz_us;
	unsigned int changes, exceeded, kept;
	struct budget_decision last, last_event;
};

static void init(struct machine *machine, uint64_t fixed_us, uint64_t a_hz_us)
{
	*machine = (struct machine){ .fixed_us = fixed_us, .a_hz_us = a_hz_us };
	machine->reading.time_ns = 1000 * SECOND_NS;
	machine->reading.memory_bytes = 50 * MIB;
	budget_init(&machine->budget, &limits);
	budget_set_limits(&machine->budget, &limits); /* what it begins with is used up */
	budget_decide(&machine->budget, &machine->reading, &machine->last);
	assert_int_equal(machine->last.event, BUDGET_NOTHING);
}

static void decide(struct machine *machine)
{
	uint64_t before = budget_rate(&machine->budget);

	budget_decide(&machine->budget, &machine->reading, &machine->last);
	assert_int_equal(machine->last.rate_before_hz, before);
	assert_int_equal(machine->last.rate_hz, budget_rate(&machine->budget));
	machine->changes += machine->last.rate_hz != before;
	machine->exceeded += machine->last.event == BUDGET_EXCEEDED;
	machine->kept += machine->last.event == BUDGET_KEPT;
	if (machine->last.event != BUDGET_NOTHING)
		machine->last_event = machine->last;
	if (machine->last.event == BUDGET_RATE_LOWERED)
		assert_true(machine->last.rate_hz < before);
	else if (machine->last.event == BUDGET_RATE_RAISED)
		assert_true(machine->last.rate_hz > before);
	else
		assert_int_equal(machine->last.rate_hz, before);
}

static void pass(struct machine *machine, uint64_t ms, uint64_t us)
{
	machine->reading.time_ns += ms * MS_NS;
	machine->reading.cpu_ns += us * 1000;
	decide(machine);
}

static void run(struct machine *machine, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds; i++)
		pass(machine, 1000,
		     machine->fixed_us + machine->a_hz_us * budget_rate(&machine->budget));
}

/* Seconds until the rate is another one. */
static unsigned int run_to_change(struct machine *machine, unsigned int most)
{
	unsigned int changes = machine->changes, seconds = 0;

	while (machine->changes == changes && seconds++ < most)
		run(machine, 1);
	assert_true(machine->changes > changes);
	return seconds;
}

static uint64_t spent_ppm(const struct machine *machine, uint64_t seconds)
{
	return machine->reading.cpu_ns / 1000 / seconds;
}

static void nothing_changes_within_the_limit(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 500, 490); /* 0.98 % */
	run(&machine, 24 * HOUR);
	assert_int_equal(machine.changes, 0);
	assert_int_equal(machine.last_event.event, BUDGET_NOTHING);
}

/* What starts, compiles the rows of all that runs. */
static void a_burst_is_no_reason(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 0, 100);
	pass(&machine, 1000, 550000);
	run(&machine, 300);
	pass(&machine, 1000, 550000);
	run(&machine, HOUR);
	assert_int_equal(machine.changes, 0);
}

/* All that runs already is met in the first minutes: six seconds of CPU time are for that, once. */
static void a_start_is_no_reason(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 100000, 0);
	budget_init(&machine.budget, &limits);
	budget_decide(&machine.budget, &machine.reading, &machine.last);
	run(&machine, 60); /* 10 % */
	assert_int_equal(machine.changes, 0);
	machine.fixed_us = 9000;
	run(&machine, HOUR);
	assert_int_equal(machine.changes, 0);
	/* And then as always. */
	machine.fixed_us = 100000;
	assert_in_range(run_to_change(&machine, 60), 6, 13);
}

static void the_more_is_spent_the_sooner_the_rate_is_lowered(void **state)
{
	struct machine slightly, heavily;

	(void)state;
	init(&slightly, 0, 600); /* 1.14 % */
	assert_in_range(run_to_change(&slightly, HOUR), 400, 450);
	assert_int_equal(slightly.last_event.event, BUDGET_RATE_LOWERED);
	assert_int_equal(slightly.last_event.cause, BUDGET_CPU);
	assert_int_equal(slightly.last_event.cpu_ppm, 11400);
	assert_int_equal(slightly.last_event.rate_hz, 9);
	init(&heavily, 0, 10000); /* 19 % */
	assert_in_range(run_to_change(&heavily, HOUR), 3, 5);
}

static void rates_are_halves_and_come_back(void **state)
{
	static const uint64_t down[] = { 9, 4, 2, 1 }, up[] = { 2, 4, 9, 19 };
	struct machine machine;

	(void)state;
	init(&machine, 200000, 0);
	for (size_t i = 0; i < 4; i++) {
		run_to_change(&machine, i ? 1 : 4);
		assert_int_equal(budget_rate(&machine.budget), down[i]);
	}
	run(&machine, HOUR);
	machine.fixed_us = 100;
	for (size_t i = 0; i < 4; i++) {
		run_to_change(&machine, 120);
		assert_int_equal(machine.last_event.event, BUDGET_RATE_RAISED);
		assert_int_equal(budget_rate(&machine.budget), up[i]);
	}
	run(&machine, HOUR);
	assert_int_equal(machine.changes, 8);
}

/* Whatever the load: over a day no more is spent than the limit, and a few steps. */
static void the_limit_is_kept_over_a_day(void **state)
{
	(void)state;
	for (uint64_t a_hz_us = 100; a_hz_us <= 9000; a_hz_us += 50) {
		struct machine machine;

		init(&machine, 900, a_hz_us);
		run(&machine, 24 * HOUR);
		assert_true(spent_ppm(&machine, 24 * HOUR) <= 10100);
		assert_true(machine.exceeded == 0);
		/* At the edge of a step it is tried again once an hour. */
		assert_in_range(machine.changes, 0, 70);
	}
}

/* 9 Hz are cheap enough to try more, and 19 Hz are just too dear: attempts get rare. */
static void attempts_that_do_not_last_get_rare(void **state)
{
	struct machine machine;
	unsigned int first;

	(void)state;
	init(&machine, 0, 600);
	run(&machine, 4 * HOUR);
	first = machine.changes;
	assert_true(first > 4);
	run(&machine, 20 * HOUR);
	assert_true(machine.changes - first <= 40);
	/* When it is cheaper for good, the last attempt stands. */
	machine.a_hz_us = 300;
	run(&machine, 3 * HOUR);
	assert_int_equal(budget_rate(&machine.budget), 19);
	/* And the wait is short again. */
	machine.a_hz_us = 30000;
	run(&machine, 60);
	assert_true(budget_rate(&machine.budget) < 9);
	machine.a_hz_us = 100;
	run(&machine, 300);
	assert_int_equal(budget_rate(&machine.budget), 19);
}

/* Twice the ticks would cost more than the limit: that is not tried. */
static void no_rate_is_raised_that_cannot_last(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 0, 850);
	run(&machine, 24 * HOUR);
	assert_int_equal(budget_rate(&machine.budget), 9);
	assert_int_equal(machine.changes, 1);
}

static void beyond_the_lowest_rate_is_said_once(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 50000, 1000);
	run(&machine, 2 * HOUR);
	assert_int_equal(budget_rate(&machine.budget), 1);
	assert_int_equal(machine.exceeded, 1);
	assert_int_equal(machine.kept, 0);
	assert_int_equal(machine.last_event.event, BUDGET_EXCEEDED);
	assert_int_equal(machine.last_event.cause, BUDGET_CPU);
	assert_in_range(machine.last_event.cpu_ppm, 50000, 70000);
	machine.fixed_us = 0;
	machine.a_hz_us = 100;
	run(&machine, 61);
	assert_int_equal(machine.kept, 1);
	run(&machine, HOUR);
	assert_int_equal(machine.exceeded, 1);
	assert_int_equal(machine.kept, 1);
	assert_int_equal(budget_rate(&machine.budget), 19);
}

static void a_rate_of_one_has_no_lower_one(void **state)
{
	const struct budget_limits one = { 10000, 150 * MIB, 1 };
	struct machine machine;

	(void)state;
	init(&machine, 50000, 0);
	budget_init(&machine.budget, &one);
	budget_set_limits(&machine.budget, &one);
	run(&machine, 60);
	assert_int_equal(machine.changes, 0);
	assert_int_equal(machine.exceeded, 1);
}

/* Time that nobody watched is no sign that more can be afforded; CLOCK_MONOTONIC stands still while a machine is suspended, a paused one's jumps. */
static void a_pause_proves_nothing(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 0, 4000);
	run(&machine, 600);
	assert_int_equal(budget_rate(&machine.budget), 2);
	machine.changes = 0;
	pass(&machine, 8ull * HOUR * 1000, 8000);
	run(&machine, 600);
	assert_int_equal(machine.changes, 0);
	machine.a_hz_us = 0;
	run(&machine, 300);
	assert_int_equal(budget_rate(&machine.budget), 19);
}

/* hearth was not let to run for a minute: what its programs spent meanwhile was spent in a minute. */
static void a_late_reading_is_no_burst(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 0, 400);
	for (int i = 0; i < 100; i++)
		pass(&machine, 60000, 60 * 400 * 19);
	assert_int_equal(machine.changes, 0);
}

static void readings_that_go_backwards_are_begun_with_anew(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 0, 400);
	run(&machine, 100);
	machine.reading.cpu_ns -= 500 * MS_NS; /* a child that is no longer counted */
	decide(&machine);
	run(&machine, 100);
	machine.reading.time_ns -= 900 * SECOND_NS;
	decide(&machine);
	run(&machine, 100);
	machine.reading.cpu_ns = UINT64_MAX;
	machine.reading.time_ns = 0;
	decide(&machine);
	machine.reading.cpu_ns = 0;
	decide(&machine);
	run(&machine, 100);
	assert_int_equal(machine.changes, 0);
}

/* However far apart readings are, it is time that counts. */
static void readings_may_come_at_any_distance(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 0, 0);
	for (int i = 0; i < 100000; i++)
		pass(&machine, (uint64_t)i % 3, 9 * ((uint64_t)i % 3));
	assert_int_equal(machine.changes, 0);
	for (int i = 0; i < 1000 && !machine.changes; i++)
		pass(&machine, 1, 200);
	assert_int_equal(machine.last_event.event, BUDGET_NOTHING);
	for (int i = 0; i < 4000 && !machine.changes; i++)
		pass(&machine, 1, 200);
	assert_int_equal(machine.last_event.event, BUDGET_RATE_LOWERED);
	assert_int_equal(machine.last_event.cpu_ppm, 200000);
}

static void run_with_memory(struct machine *machine, uint64_t mib, unsigned int seconds)
{
	machine->reading.memory_bytes = mib * MIB;
	run(machine, seconds);
}

static void memory_shrinks_caches_in_their_order(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 0, 100);
	run_with_memory(&machine, 149, 60);
	assert_int_equal(machine.last.shrink, BUDGET_CACHES);
	for (unsigned int i = 0; i < BUDGET_CACHES; i++) {
		run_with_memory(&machine, 151, 1);
		assert_int_equal(machine.last.shrink, i);
		assert_non_null(budget_cache_name(machine.last.shrink));
		run_with_memory(&machine, 151, 4);
		assert_int_equal(machine.last.shrink, BUDGET_CACHES);
	}
	run_with_memory(&machine, 140, 1);
	run_with_memory(&machine, 151, 5);
	run_with_memory(&machine, 151, 1);
	assert_int_equal(machine.changes, 0);
	assert_int_equal(machine.budget.shrunk, 2); /* it began with the first one again */
}

static void memory_that_stays_lowers_the_rate_and_is_said(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 0, 100);
	run_with_memory(&machine, 400, 20);
	assert_int_equal(budget_rate(&machine.budget), 9);
	assert_int_equal(machine.last_event.cause, BUDGET_MEMORY);
	assert_int_equal(machine.last_event.memory_bytes, 400 * MIB);
	run_with_memory(&machine, 400, 40); /* its windows have to end first */
	assert_int_equal(budget_rate(&machine.budget), 9);
	run_with_memory(&machine, 400, HOUR);
	assert_int_equal(budget_rate(&machine.budget), 1);
	assert_int_equal(machine.changes, 4);
	assert_int_equal(machine.exceeded, 1);
	assert_int_equal(machine.last_event.event, BUDGET_EXCEEDED);
	/* Cheap as it is, it is not raised as long as memory is scarce. */
	run_with_memory(&machine, 130, HOUR);
	assert_int_equal(machine.changes, 4);
	assert_int_equal(machine.kept, 1);
	run_with_memory(&machine, 60, 600);
	assert_int_equal(budget_rate(&machine.budget), 19);
}

static void other_limits_hold_at_once(void **state)
{
	const struct budget_limits generous = { 500000, 900 * MIB, 49 },
				   small = { 500, 900 * MIB, 2 };
	struct machine machine;

	(void)state;
	init(&machine, 200000, 0);
	run(&machine, 60);
	assert_int_equal(budget_rate(&machine.budget), 1);
	budget_set_limits(&machine.budget, &generous);
	assert_int_equal(budget_rate(&machine.budget), 3);
	run(&machine, 400);
	assert_int_equal(budget_rate(&machine.budget), 49);
	budget_set_limits(&machine.budget, &small);
	assert_int_equal(budget_rate(&machine.budget), 2);
	run(&machine, 10);
	assert_int_equal(budget_rate(&machine.budget), 1);
	budget_set_limits(&machine.budget, &small);
	assert_int_equal(budget_rate(&machine.budget), 1);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Storms of any length and height, of which the lower rate spares nothing: never off, and at the lowest rate within seconds. */
static void storms_of_any_kind(void **state)
{
	static const uint64_t rates[] = { 19, 9, 4, 2, 1 };
	struct machine machine;
	uint64_t seed = 5;

	(void)state;
	init(&machine, 100, 100);
	for (int i = 0; i < 20000; i++) {
		bool is_rate = false;

		machine.fixed_us = next_random(&seed) % 2000000;
		run(&machine, (unsigned int)(next_random(&seed) % 40));
		for (size_t rate = 0; rate < 5; rate++)
			is_rate |= budget_rate(&machine.budget) == rates[rate];
		assert_true(is_rate);
		machine.fixed_us = 0;
		run(&machine, (unsigned int)(next_random(&seed) % 40));
	}
	machine.fixed_us = 2000000;
	run(&machine, 20);
	assert_int_equal(budget_rate(&machine.budget), 1);
	machine.fixed_us = 0;
	run(&machine, 2 * HOUR);
	assert_int_equal(budget_rate(&machine.budget), 19);
	assert_int_equal(machine.exceeded, machine.kept);
}

static void assert_says(const struct machine *machine, const char *words)
{
	struct buffer text = { 0 };

	budget_describe(&machine->budget, &machine->last_event, &text);
	assert_string_equal(buffer_string(&text), words);
	buffer_release(&text);
}

static void events_in_words(void **state)
{
	struct machine machine;

	(void)state;
	init(&machine, 200000, 0);
	run_to_change(&machine, 10);
	assert_says(&machine, "rate lowered from 19 to 9 Hz: 20.00 % of a CPU, of 1.00 %");
	run(&machine, 60);
	assert_says(&machine,
		    "over the budget at 1 Hz, the lowest rate: 20.00 % of a CPU, of 1.00 %");
	machine.fixed_us = 1000;
	run(&machine, 59);
	assert_says(&machine, "within the budget again: 0.10 % of a CPU, of 1.00 %");
	run_to_change(&machine, 60);
	assert_says(&machine, "rate raised from 1 to 2 Hz: 0.10 % of a CPU, of 1.00 %");
	run_with_memory(&machine, 200, 16);
	assert_says(&machine, "rate lowered from 2 to 1 Hz: 200.0 MiB of memory, of 150.0 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changes_within_the_limit),
		cmocka_unit_test(a_burst_is_no_reason),
		cmocka_unit_test(a_start_is_no_reason),
		cmocka_unit_test(the_more_is_spent_the_sooner_the_rate_is_lowered),
		cmocka_unit_test(rates_are_halves_and_come_back),
		cmocka_unit_test(the_limit_is_kept_over_a_day),
		cmocka_unit_test(attempts_that_do_not_last_get_rare),
		cmocka_unit_test(no_rate_is_raised_that_cannot_last),
		cmocka_unit_test(beyond_the_lowest_rate_is_said_once),
		cmocka_unit_test(a_rate_of_one_has_no_lower_one),
		cmocka_unit_test(a_pause_proves_nothing),
		cmocka_unit_test(a_late_reading_is_no_burst),
		cmocka_unit_test(readings_that_go_backwards_are_begun_with_anew),
		cmocka_unit_test(readings_may_come_at_any_distance),
		cmocka_unit_test(memory_shrinks_caches_in_their_order),
		cmocka_unit_test(memory_that_stays_lowers_the_rate_and_is_said),
		cmocka_unit_test(other_limits_hold_at_once),
		cmocka_unit_test(storms_of_any_kind),
		cmocka_unit_test(events_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
