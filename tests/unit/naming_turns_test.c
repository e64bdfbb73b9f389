/* SPDX-License-Identifier: Apache-2.0 */
/* naming_turns.c: a file is read at once, soon again, and then the more seldom the more it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profiler/naming_turns.h"

#define SECOND_NS 1000000000ull
#define WINDOW_NS (10 * SECOND_NS)
#define FILE_ID   5

/* Reads it whenever it is due; so often in these windows, of which each costs so much. */
static unsigned int read_for(struct naming_turns *turns, unsigned int windows, uint64_t *now_ns,
			     uint64_t cpu_ns)
{
	unsigned int times = 0;

	for (unsigned int i = 0; i < windows; i++, *now_ns += WINDOW_NS) {
		naming_turns_begin_window(turns);
		if (!naming_turns_is_due(turns, FILE_ID, *now_ns))
			continue;
		assert_int_equal(naming_turns_note(turns, FILE_ID), 0);
		naming_turns_charge(turns, FILE_ID, *now_ns, cpu_ns / 2);
		naming_turns_charge(turns, FILE_ID, *now_ns, cpu_ns / 2);
		times++;
	}
	return times;
}

static void at_first_it_is_read_soon_again(void **state)
{
	struct naming_turns turns;
	uint64_t now_ns = 0;

	(void)state;
	naming_turns_init(&turns);
	assert_int_equal(read_for(&turns, 1, &now_ns, SECOND_NS), 1);
	assert_int_equal(read_for(&turns, 1, &now_ns, SECOND_NS), 1);
	assert_int_equal(read_for(&turns, 2, &now_ns, SECOND_NS), 0);
	assert_int_equal(read_for(&turns, 1, &now_ns, SECOND_NS), 1);
	naming_turns_release(&turns);
}

static void a_cheap_file_waits_for_some_windows(void **state)
{
	struct naming_turns turns;
	uint64_t now_ns = 0;

	(void)state;
	naming_turns_init(&turns);
	read_for(&turns, 20, &now_ns, 0);
	assert_int_equal(read_for(&turns, 60 * NAMING_TURNS_MIN_WINDOWS, &now_ns, 0), 60);
	naming_turns_release(&turns);
}

/* Whatever it costs it takes its part of the time, until that is too long to wait. */
static void a_costly_file_waits_longer(void **state)
{
	static const struct {
		uint64_t cpu_ns, wait_ns;
	} cases[] = {
		{ 10000000, 200 * SECOND_NS },
		{ 20000000, 400 * SECOND_NS },
		{ 100000000, NAMING_TURNS_MAX_NS },
		{ UINT64_MAX, NAMING_TURNS_MAX_NS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct naming_turns turns;
		uint64_t now_ns = 0;
		unsigned int times;

		naming_turns_init(&turns);
		read_for(&turns, 100, &now_ns, cases[i].cpu_ns);
		times = read_for(&turns, 3600, &now_ns, cases[i].cpu_ns);
		assert_in_range(times, 36000 * SECOND_NS / cases[i].wait_ns - 1,
				36000 * SECOND_NS / cases[i].wait_ns + 1);
		naming_turns_release(&turns);
	}
}

static void another_file_has_turns_of_its_own(void **state)
{
	struct naming_turns turns;
	uint64_t now_ns = 0;

	(void)state;
	naming_turns_init(&turns);
	read_for(&turns, 10, &now_ns, SECOND_NS);
	assert_false(naming_turns_is_due(&turns, FILE_ID, now_ns));
	assert_true(naming_turns_is_due(&turns, FILE_ID + 1, now_ns));
	naming_turns_charge(&turns, FILE_ID + 1, now_ns, SECOND_NS); /* it was never read */
	assert_true(naming_turns_is_due(&turns, FILE_ID + 1, now_ns));
	naming_turns_release(&turns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_first_it_is_read_soon_again),
		cmocka_unit_test(a_cheap_file_waits_for_some_windows),
		cmocka_unit_test(a_costly_file_waits_longer),
		cmocka_unit_test(another_file_has_turns_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
