/* SPDX-License-Identifier: Apache-2.0 */
/* tick_counts.c: what ticks are told apart by, and that no label costs a tick. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiler/tick_counts.h"

static struct tick_count count_of(uint32_t process, uint32_t tid, uint32_t cpu)
{
	return (struct tick_count){ .process = process,
				    .tid = tid,
				    .cpu = cpu,
				    .kernel_stack = 3,
				    .user_stack = AGGREGATOR_NONE,
				    .fate = 1,
				    .reason = 5,
				    .root_unproven = 1,
				    .may_lack_caller = 1 };
}

static void add(struct tick_counts *counts, uint32_t process, uint32_t tid, uint32_t cpu)
{
	const struct tick_count count = count_of(process, tid, cpu);
	uint32_t index;

	assert_int_equal(tick_counts_add(counts, &count, 2, &index), 0);
	assert_true(index < tick_counts_count(counts));
}

/* Two threads of a process on two CPUs each, and another process. */
static void add_all(struct tick_counts *counts)
{
	for (uint32_t i = 0; i < 8; i++)
		add(counts, 7, 70 + i % 2, i / 2 % 2);
	add(counts, 8, 70, 0);
}

static void combinations_are_as_many_as_are_asked_for(void **state)
{
	static const struct {
		struct tick_labels labels;
		uint32_t count;
		uint64_t first;
		uint32_t tid, cpu;
	} cases[] = {
		{ { 0 }, 2, 16, AGGREGATOR_NONE, AGGREGATOR_NONE },
		{ { .time = true }, 2, 16, AGGREGATOR_NONE, AGGREGATOR_NONE },
		{ { .tid = true }, 3, 8, 70, AGGREGATOR_NONE },
		{ { .cpu = true }, 3, 8, AGGREGATOR_NONE, 0 },
		{ { .tid = true, .cpu = true }, 5, 4, 70, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tick_counts counts;
		struct tick_count got;

		tick_counts_init(&counts);
		counts.labels = cases[i].labels;
		add_all(&counts);
		assert_int_equal(tick_counts_count(&counts), cases[i].count);
		assert_int_equal(tick_counts_get(&counts, 0, &got), cases[i].first);
		assert_int_equal(got.process, 7);
		assert_int_equal(got.tid, cases[i].tid);
		assert_int_equal(got.cpu, cases[i].cpu);
		assert_int_equal(tick_counts_get(&counts, cases[i].count - 1, &got), 2);
		assert_int_equal(got.process, 8);
		tick_counts_release(&counts);
	}
}

static void what_ticks_have_in_common_is_told(void **state)
{
	struct tick_counts counts;
	struct tick_count got;

	(void)state;
	tick_counts_init(&counts);
	counts.labels.cpu = true;
	add(&counts, AGGREGATOR_NONE, 1, AGGREGATOR_NONE);
	tick_counts_get(&counts, 0, &got);
	assert_int_equal(got.process, AGGREGATOR_NONE);
	assert_int_equal(got.kernel_stack, 3);
	assert_int_equal(got.user_stack, AGGREGATOR_NONE);
	assert_int_equal(got.fate, 1);
	assert_int_equal(got.reason, 5);
	assert_true(got.root_unproven && got.may_lack_caller);
	tick_counts_release(&counts);
}

static void beyond_the_limit_ticks_count_without_labels(void **state)
{
	struct tick_counts counts;
	struct tick_count got;

	(void)state;
	tick_counts_init(&counts);
	counts.labels.tid = true;
	for (uint32_t tid = 0; tid < AGGREGATOR_MAX_LABELLED + 5; tid++)
		add(&counts, 7, tid, 0);
	assert_int_equal(tick_counts_count(&counts), AGGREGATOR_MAX_LABELLED + 1);
	assert_int_equal(tick_counts_get(&counts, AGGREGATOR_MAX_LABELLED, &got), 10);
	assert_int_equal(got.process, 7);
	assert_int_equal(got.tid, AGGREGATOR_NONE);
	/* And leave nothing. */
	assert_int_equal(counts.tasks.count, AGGREGATOR_MAX_LABELLED + 1);
	/* Those that are there go on. */
	add(&counts, 7, 4, 0);
	assert_int_equal(tick_counts_get(&counts, 4, &got), 4);
	assert_int_equal(got.tid, 4);
	tick_counts_release(&counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(combinations_are_as_many_as_are_asked_for),
		cmocka_unit_test(what_ticks_have_in_common_is_told),
		cmocka_unit_test(beyond_the_limit_ticks_count_without_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
