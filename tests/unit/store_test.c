/* SPDX-License-Identifier: Apache-2.0 */
/* The store: what was added is read again, whoever was killed meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/chunk_stream.h"
#include "store/slice_making.h"
#include "store/store_folder.h"
#include "store/store_writer.h"
#include "tests/unit/store_place.h"
#include "tests/unit/store_windows.h"

/* --- adding and reading --- */

static void test_what_was_added_is_read(void **state)
{
	static const struct recipe recipes[] = {
		{ .samples = 200 },
		{ .samples = 200, .has_times = true, .machine = "anvil" },
		{ .samples = 50, .has_times = true, .has_values = true },
		{ .samples = 0 },
	};
	const struct place *place = *state;

	for (size_t i = 0; i < sizeof(recipes) / sizeof(*recipes); i++) {
		struct store_writer *writer = open_writer(place->folder);
		struct buffer expected = { 0 };

		add_windows(writer, 0, 5, recipes[i], &expected);
		assert_has(place->folder, always, &expected); /* while it is written */
		assert_int_equal(store_writer_close(writer), 0);
		assert_has(place->folder, always, &expected);
		buffer_release(&expected);
		empty(place->folder);
	}
}

/* Whether a slice will go on is known before the window is added that ends it. */
static void test_a_slice_says_what_it_has_room_for(void **state)
{
	static const struct recipe recipe = { .samples = 10, .machine = "anvil" };
	static const struct recipe elsewhere = { .samples = 10, .machine = "hammer" };
	const struct {
		uint64_t window;
		struct recipe recipe;
		bool has_room;
	} cases[] = {
		{ 2, recipe, true },
		{ STORE_SLICE_NS / WINDOW_NS - 1, recipe, true },
		{ STORE_SLICE_NS / WINDOW_NS, recipe, false },
		{ 2, elsewhere, false },
	};
	const struct place *place = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct store_writer *writer = open_writer(place->folder);
		struct profile *profile = make_window(cases[i].window, cases[i].recipe);
		struct buffer expected = { 0 };
		struct slice_list list;

		assert_true(store_writer_has_room(writer, span_of(cases[i].window), profile));
		add_windows(writer, 0, 2, recipe, &expected);
		assert_int_equal(store_writer_has_room(writer, span_of(cases[i].window), profile),
				 cases[i].has_room);
		add_windows(writer, cases[i].window, cases[i].window + 1, cases[i].recipe,
			    &expected);
		assert_int_equal(store_folder_list(place->folder, &list), 0);
		assert_int_equal(list.count, cases[i].has_room ? 1 : 2);
		slice_list_release(&list);
		assert_int_equal(store_writer_close(writer), 0);
		buffer_release(&expected);
		profile_free(profile);
		empty(place->folder);
	}
}

static void test_where_it_comes_from_is_read(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct buffer expected = { 0 };
	struct stream_sum sum;
	struct profile *profile;
	size_t damaged;

	add_windows(writer, 0, 3,
		    (struct recipe){ .samples = 10, .has_values = true, .machine = "anvil" },
		    &expected);
	assert_int_equal(store_writer_close(writer), 0);
	profile = read_part(place->folder, always, &damaged, &sum);
	assert_string_equal(profile_origin(profile)->machine, "anvil");
	assert_int_equal(profile_origin(profile)->rate_hz, 19);
	assert_true(profile_origin(profile)->fates_are_known);
	assert_int_equal(profile_origin(profile)->time_unix_ns, START_NS);
	assert_int_equal(profile_origin(profile)->duration_ns, 3 * WINDOW_NS);
	assert_int_equal(sum.samples, 30);
	profile_free(profile);
	buffer_release(&expected);
}

/* A sample stands for the time to the next one: of several rates it is that which adds up. */
static void test_samples_of_several_rates_are_cpu_time(void **state)
{
	static const uint64_t rates[] = { 19, 9, 19 };
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	const struct window_span first = { START_NS, START_NS + WINDOW_NS };
	const struct value_type *types;
	struct stream_sum sum;
	struct profile *profile;
	uint64_t expected = 0;
	uint32_t count;
	size_t damaged;

	for (uint64_t window = 0; window < 3; window++) {
		const struct window_times times = times_of(window);

		profile = make_window(window, (struct recipe){ .samples = 10, .has_times = true });
		profile_origin(profile)->rate_hz = rates[window];
		expected += 10 * (1000000000u / rates[window]);
		assert_int_equal(store_writer_add(writer, &times, profile), 0);
		profile_free(profile);
	}
	profile = read_part(place->folder, always, &damaged, &sum);
	types = profile_values(profile, &count);
	assert_int_equal(count, 1);
	assert_string_equal(profile_string(profile, types->name, NULL), "cpu");
	assert_string_equal(profile_string(profile, types->unit, NULL), "nanoseconds");
	assert_int_equal(profile_total(profile), expected);
	assert_int_equal(sum.samples, 30);
	profile_free(profile);
	profile = read_part(place->folder, first, &damaged, &sum);
	profile_values(profile, &count);
	assert_int_equal(count, 0);
	assert_true(profile_total(profile) <= 10 && profile_total(profile) > 0);
	profile_free(profile);
	assert_int_equal(store_writer_close(writer), 0);
}

static void test_a_part_has_what_lies_in_it(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	const struct recipe recipe = { .samples = 300, .has_times = true };
	struct window_span part = { span_of(1).start_ns + WINDOW_NS / 3,
				    span_of(3).start_ns + WINDOW_NS / 7 };
	struct buffer all = { 0 };
	struct stream_sum sum;
	struct profile *profile;
	size_t damaged, timed = 0, count;

	add_windows(writer, 0, 5, recipe, &all);
	assert_int_equal(store_writer_close(writer), 0);
	profile = read_part(place->folder, part, &damaged, &sum);
	count = samples_count(profile_samples(profile));
	for (size_t i = 0; i < count; i++) {
		uint64_t time = samples_get(profile_samples(profile), i).time_ns;

		timed += time != SAMPLE_NO_TIME;
		assert_true(time == SAMPLE_NO_TIME ||
			    (time >= part.start_ns && time < part.end_ns));
	}
	/* By what they were made of. */
	for (uint64_t window = 0; window < 5; window++)
		for (size_t i = 0; i < recipe.samples; i++) {
			uint64_t random = hash_u64(window * 1000000 + i);
			uint64_t time = span_of(window).start_ns +
					(random >> 32) % (WINDOW_NS / UNIT_NS) * UNIT_NS;

			if (random % 11)
				timed -= time >= part.start_ns && time < part.end_ns;
			else
				count -= window >= 1 && window <= 3;
		}
	assert_int_equal(timed, 0);
	assert_int_equal(count, sum.samples - (samples_count(profile_samples(profile)) - count));
	profile_free(profile);
	buffer_release(&all);
}

/* As of a recorder, whose clock began when the machine did. */
static void test_times_of_another_clock_become_the_wall_clocks(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	const struct window_times times = { .span = span_of(0),
					    .ahead_ns = span_of(0).start_ns - 5000,
					    .unit_ns = 1000 };
	struct profile *profile = profile_new();
	const uint64_t values[] = { 1 };
	struct stream_sum sum;
	size_t damaged;

	assert_int_equal(profile_keep_samples(profile), 0);
	for (uint64_t time = 4000; time < 8000; time += 1500) {
		struct sample sample = { add_stack(profile, 1), LABELS_UNKNOWN, time };

		assert_int_equal(profile_add_sample(profile, &sample, values), 0);
	}
	assert_int_equal(store_writer_add(writer, &times, profile), 0);
	assert_int_equal(store_writer_close(writer), 0);
	profile_free(profile);
	profile = read_part(place->folder, always, &damaged, &sum);
	/* The first one lay before the window; the last one is kept to a microsecond. They stand by time. */
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(samples_get(profile_samples(profile), i).time_ns,
				 span_of(0).start_ns + (i == 2 ? 2000 : 0));
	profile_free(profile);
}

static void test_slices_made_elsewhere(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct buffer expected = { 0 }, stream = { 0 };
	struct bytes bytes;

	for (uint64_t window = 0; window < 3; window++) {
		const struct window_times times = times_of(window);
		struct profile *profile = make_window(
			window, (struct recipe){ .samples = 40 * window, .has_times = true });
		struct buffer words = { 0 };

		assert_int_equal(slice_make(&times, profile, &stream), 0);
		describe(profile, &words);
		buffer_append(&expected, words.data, words.size);
		buffer_release(&words);
		profile_free(profile);
	}
	bytes = (struct bytes){ (const uint8_t *)stream.data, stream.size };
	assert_int_equal(store_writer_add_slices(writer, bytes), 0);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 3);
	assert_has(place->folder, always, &expected);
	/* Of what is cut off a part is there, or nothing; and nothing stays open. */
	for (size_t cut = 1; cut < 200; cut += 7) {
		struct bytes part = { bytes.data, bytes.size - cut };

		assert_int_equal(store_writer_add_slices(writer, part), -EBADMSG);
	}
	assert_int_equal(count_slices(place->folder, SLICE_IS_OPEN), 0);
	assert_int_equal(store_writer_close(writer), 0);
	buffer_release(&expected);
	buffer_release(&stream);
}

static void test_another_slice_for_what_does_not_fit(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct buffer expected = { 0 };

	add_windows(writer, 0, 2, (struct recipe){ .samples = 3 }, &expected);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 0);
	add_windows(writer, 2, 3, (struct recipe){ .samples = 3, .machine = "other" }, &expected);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 1);
	add_windows(writer, 400, 401, (struct recipe){ .samples = 3, .machine = "other" },
		    &expected); /* more than an hour later */
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 2);
	add_windows(writer, 7, 8, (struct recipe){ .samples = 3, .machine = "other" },
		    &expected); /* before it */
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 3);
	assert_int_equal(count_slices(place->folder, SLICE_IS_OPEN), 1);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 4);
	assert_has(place->folder, always, &expected);
	buffer_release(&expected);
}

static void test_one_writes(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder), *second;
	size_t set_aside;

	assert_int_equal(store_writer_open(place->folder, &second, &set_aside), -EWOULDBLOCK);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(store_writer_open(place->folder, &second, &set_aside), 0);
	assert_int_equal(store_writer_close(second), 0);
}

/* --- crashes --- */

#define WRITTEN_WINDOWS 300u /* at most, by a writer: fewer than a slice has room for */

/* Adds windows until it is killed; says through the pipe which ones are on disk. */
static void write_until_killed(const char *folder, int pipe, uint64_t first)
{
	struct store_writer *writer = open_writer(folder);

	for (uint64_t window = first; window < first + WRITTEN_WINDOWS; window++) {
		const struct window_times times = times_of(window);
		struct profile *profile =
			make_window(window, (struct recipe){ .samples = 20, .has_times = true });

		if (store_writer_add(writer, &times, profile))
			_exit(1);
		profile_free(profile);
		if (write(pipe, &window, sizeof(window)) != sizeof(window))
			_exit(1);
	}
	for (;;)
		pause();
}

/* How many windows it said were on disk before it was killed, some time after the first one. */
static uint64_t kill_a_writer(const char *folder, uint64_t first, uint64_t round)
{
	uint64_t window = first;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		close(ends[0]);
		write_until_killed(folder, ends[1], first);
	}
	close(ends[1]);
	for (uint64_t i = 0; i <= round % 5; i++)
		assert_int_equal(read(ends[0], &window, sizeof(window)), sizeof(window));
	usleep((useconds_t)(hash_u64(round) % 3000));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(ends[0], &window, sizeof(window)) == sizeof(window))
		;
	close(ends[0]);
	return window + 1;
}

#define KILLED_STORES    10u /* HEARTH_KILLED_STORES=N for another number */
#define KILLS_OF_A_STORE 25u

/* A store's writers, one after the other. */
static void kill_writers(const char *folder, uint64_t first_round)
{
	uint64_t next = 0;

	for (uint64_t round = 0; round < KILLS_OF_A_STORE; round++) {
		struct stream_sum sum;
		struct profile *profile;
		size_t damaged;

		next = kill_a_writer(folder, next, first_round + round);
		profile = read_part(folder, always, &damaged, &sum);
		assert_int_equal(damaged, 0);
		/* One more may have been written and not told. */
		assert_true(sum.samples == next * 20 || sum.samples == (next + 1) * 20);
		next = sum.samples / 20;
		profile_free(profile);
	}
	assert_int_equal(store_writer_close(open_writer(folder)), 0);
	assert_int_equal(count_slices(folder, SLICE_IS_OPEN), 0);
	assert_int_equal(count_slices(folder, SLICE_SEALED), KILLS_OF_A_STORE);
}

static void test_a_killed_writer_loses_no_window(void **state)
{
	const struct place *place = *state;
	const char *text = getenv("HEARTH_KILLED_STORES");
	uint64_t stores = text ? strtoull(text, NULL, 10) : KILLED_STORES;

	assert_true(stores > 0);
	for (uint64_t i = 0; i < stores; i++) {
		kill_writers(place->folder, i * KILLS_OF_A_STORE);
		empty(place->folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_was_added_is_read, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_a_slice_says_what_it_has_room_for, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_where_it_comes_from_is_read, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_samples_of_several_rates_are_cpu_time,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_a_part_has_what_lies_in_it, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_times_of_another_clock_become_the_wall_clocks,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_slices_made_elsewhere, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_another_slice_for_what_does_not_fit,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_one_writes, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_a_killed_writer_loses_no_window, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
