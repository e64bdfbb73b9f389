/* SPDX-License-Identifier: Apache-2.0 */
/* The store: what was added is read again, whoever was killed meanwhile; what is damaged is told, and the rest is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/chunk_stream.h"
#include "store/slice_file.h"
#include "store/slice_making.h"
#include "store/store_folder.h"
#include "store/store_reader.h"
#include "store/store_writer.h"
#include "tests/unit/store_place.h"

/* --- profiles --- */

static uint32_t add_stack(struct profile *profile, uint64_t random)
{
	uint32_t node = PROFILE_ROOT, frame;

	for (size_t depth = 0; depth < random % 9 + 1; depth++) {
		char name[32];

		snprintf(name, sizeof(name), "f%llu",
			 (unsigned long long)(hash_u64(random + depth) % (depth + 3)));
		assert_int_equal(profile_add_placed(profile, name, depth % 2 ? "libx.so" : NULL,
						    (enum frame_kind)(depth % 4),
						    depth % 3 ? "x.c" : NULL,
						    depth % 3 ? (uint32_t)depth : 0, &frame),
				 0);
		assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
	}
	return node;
}

static uint32_t add_labels(struct profile *profile, uint64_t random)
{
	struct label_set set;
	uint32_t labels;
	char comm[16];

	memset(&set, 0xff, sizeof(set));
	snprintf(comm, sizeof(comm), "comm%llu", (unsigned long long)(random % 3));
	set.values[SAMPLE_LABEL_pid] = (uint32_t)(random % 5);
	if (random % 7)
		assert_int_equal(
			profile_intern(profile, comm, strlen(comm), &set.values[SAMPLE_LABEL_comm]),
			0);
	assert_int_equal(profile_add_labels(profile, &set, &labels), 0);
	return labels;
}

/* What a window is made of. */
struct recipe {
	size_t samples;
	bool has_times, has_values;
	const char *machine;
};

static struct profile *make_window(uint64_t window, struct recipe recipe)
{
	struct profile *profile = profile_new();

	assert_int_equal(profile_keep_samples(profile), 0);
	profile_origin(profile)->rate_hz = 19;
	profile_origin(profile)->fates_are_known = true;
	if (recipe.machine)
		profile_origin(profile)->machine = strdup(recipe.machine);
	if (recipe.has_values) {
		struct value_type types[2];

		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(profile_intern(profile, i ? "cpu" : "samples", i ? 3 : 7,
							&types[i].name),
					 0);
			assert_int_equal(profile_intern(profile, i ? "nanoseconds" : "count",
							i ? 11 : 5, &types[i].unit),
					 0);
		}
		assert_int_equal(profile_set_values(profile, types, 2), 0);
	}
	for (size_t i = 0; i < recipe.samples; i++) {
		uint64_t random = hash_u64(window * 1000000 + i);
		const uint64_t values[] = { recipe.has_values ? random % 4 : 1, random % 100000 };
		struct sample sample = {
			.node = add_stack(profile, random % 500),
			.labels = add_labels(profile, random >> 20),
			.time_ns =
				recipe.has_times && random % 11
					? span_of(window).start_ns +
						  (random >> 32) % (WINDOW_NS / UNIT_NS) * UNIT_NS
					: SAMPLE_NO_TIME,
		};

		assert_int_equal(profile_add_sample(profile, &sample, values), 0);
	}
	return profile;
}

/* --- adding and reading --- */

/* Adds windows, and says what they are as `describe` does. */
static void add_windows(struct store_writer *writer, uint64_t first, uint64_t end,
			struct recipe recipe, struct buffer *expected)
{
	for (uint64_t window = first; window < end; window++) {
		const struct window_times times = times_of(window);
		struct profile *profile = make_window(window, recipe);
		struct buffer words = { 0 };

		assert_int_equal(store_writer_add(writer, &times, profile), 0);
		describe(profile, &words);
		buffer_append(expected, words.data, words.size);
		buffer_release(&words);
		profile_free(profile);
	}
}

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

/* --- damage --- */

#define DAMAGED_WINDOWS 3u
#define DAMAGED_SAMPLES 30u /* of each */

/* What is told of a slice. */
struct told_damage {
	bool is_told;
	struct slice_report report;
	int error;
};

static void take_damage(void *context, const struct slice_entry *slice,
			const struct slice_report *report, int error)
{
	(void)slice;
	*(struct told_damage *)context = (struct told_damage){ true, *report, error };
}

/* Every line of the one stands in the other; both are sorted. */
static void assert_is_part(const struct buffer *part, const struct buffer *whole)
{
	const char *at = buffer_string((struct buffer *)whole), *line = part->data;
	const char *end = part->data + part->size;

	while (line < end) {
		size_t size =
			(size_t)((const char *)memchr(line, '\n', (size_t)(end - line)) - line) + 1;

		while (*at && strncmp(at, line, size) != 0)
			at = strchr(at, '\n') + 1;
		if (!*at)
			fail_msg("never added: %.*s", (int)size, line);
		at += size;
		line += size;
	}
}

/* Flips of bits by what became of them. */
struct flips {
	size_t all, harmless, mended, chunks, several;
};

/* A slice with a wrong bit. */
static void read_flipped(const char *folder, const struct buffer *expected, struct flips *flips)
{
	struct told_damage told = { 0 };
	struct buffer stream = { 0 }, found = { 0 };
	struct profile *profile = profile_new();
	struct stream_sum sum;

	assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(store_collect(folder, always, take_damage, &told, &stream), 0);
	assert_int_equal(
		chunk_stream_read((struct bytes){ (const uint8_t *)stream.data, stream.size },
				  always, profile, &sum),
		0);
	describe(profile, &found);
	flips->all++;
	if (!told.is_told && !sum.undecoded) {
		assert_string_equal(buffer_string(&found),
				    buffer_string((struct buffer *)expected));
		flips->harmless++;
	} else if (!told.error && told.report.is_mended && !told.report.missing &&
		   !told.report.damaged) {
		assert_string_equal(buffer_string(&found),
				    buffer_string((struct buffer *)expected));
		flips->mended++;
	} else if (!told.error && told.report.missing + told.report.damaged == 1) {
		assert_in_range(DAMAGED_WINDOWS * DAMAGED_SAMPLES - sum.samples, 0,
				DAMAGED_SAMPLES);
		if (sum.samples < DAMAGED_WINDOWS * DAMAGED_SAMPLES)
			assert_is_part(&found, expected);
		flips->chunks++;
	} else {
		flips->several++;
	}
	profile_free(profile);
	buffer_release(&stream);
	buffer_release(&found);
}

/* Every so many-th bit of a sealed slice, HEARTH_BIT_STEP=1 for all: what is read is what was there, or it is told that it is not, and where a chunk is damaged the others are there. */
static void test_each_flipped_bit_is_found_or_harmless(void **state)
{
	const struct place *place = *state;
	const char *text = getenv("HEARTH_BIT_STEP");
	struct store_writer *writer = open_writer(place->folder);
	struct buffer expected = { 0 };
	struct flips flips = { 0 };
	off_t step = text ? strtol(text, NULL, 10) : 7;
	char path[PATH_MAX];
	struct stat status;

	add_windows(writer, 0, DAMAGED_WINDOWS,
		    (struct recipe){ .samples = DAMAGED_SAMPLES, .has_times = true }, &expected);
	assert_int_equal(store_writer_close(writer), 0);
	path_of_only_slice(place->folder, path);
	assert_int_equal(stat(path, &status), 0);
	sort_lines(&expected);
	assert_true(step > 0);
	for (off_t at = 0; at < status.st_size * 8; at += step) {
		flip(path, at / 8, (unsigned int)(at % 8));
		read_flipped(place->folder, &expected, &flips);
		flip(path, at / 8, (unsigned int)(at % 8));
	}
	print_message(
		"%zu bits of %lld bytes: %zu change nothing that is read, %zu the head or the tree, of which all is read, %zu cost a chunk, %zu more\n",
		flips.all, (long long)status.st_size, flips.harmless, flips.mended, flips.chunks,
		flips.several);
	assert_true(flips.harmless < flips.all / 2); /* SQLite's pages have room that is not used */
	assert_true(flips.chunks > flips.all / 4);
	assert_int_equal(flips.several, 0);
	assert_has(place->folder, always, &expected);
	buffer_release(&expected);
}

static int copy_into(void *context, const struct slice_chunk *chunk)
{
	if (chunk->kind == CHUNK_SEAL)
		return 0;
	return slice_put(context, chunk->kind, chunk->span, chunk->size, chunk->packed);
}

/* With the larger pages that one has which is rolled up. */
static void enlarge_pages(const char *path)
{
	struct slice_reader *reader;
	struct slice_writer *writer;
	struct slice_report report;
	char other[PATH_MAX + 8];

	snprintf(other, sizeof(other), "%s-other", path);
	assert_int_equal(slice_open(path, &reader), 0);
	assert_int_equal(slice_create_rolled(other, &writer), 0);
	assert_int_equal(slice_begin(writer), 0);
	assert_int_equal(slice_read(reader, always, copy_into, writer, &report), 0);
	assert_int_equal(slice_commit(writer), 0);
	assert_int_equal(slice_seal(writer), 0);
	slice_writer_free(writer);
	slice_reader_free(reader);
	assert_int_equal(rename(other, path), 0);
}

static void overwrite(const char *path, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	char *zeros = calloc(1, size);

	assert_int_equal(pwrite(fd, zeros, size, 0), size);
	close(fd);
	free(zeros);
}

/* All of it but what was told of damage. */
static void assert_is_mended(const char *folder, const struct buffer *expected)
{
	struct buffer found = { 0 }, sorted = { 0 };
	struct stream_sum sum;
	size_t damaged;
	struct profile *profile = read_part(folder, always, &damaged, &sum);

	assert_int_equal(damaged, 1);
	describe(profile, &found);
	buffer_append(&sorted, expected->data, expected->size);
	sort_lines(&sorted);
	assert_string_equal(buffer_string(&found), buffer_string(&sorted));
	profile_free(profile);
	buffer_release(&found);
	buffer_release(&sorted);
}

/* The head and the root of the tree, which is one of several levels: the rows are what there is of a slice. */
static void test_without_head_and_tree_all_is_read(void **state)
{
	static const size_t page_sizes[] = { 512, 1024 };
	const struct place *place = *state;

	for (size_t i = 0; i < sizeof(page_sizes) / sizeof(*page_sizes); i++) {
		struct store_writer *writer = open_writer(place->folder);
		struct buffer expected = { 0 };
		char path[PATH_MAX];

		add_windows(writer, 0, 60 * (i + 1),
			    (struct recipe){ .samples = 80, .has_times = true }, &expected);
		assert_int_equal(store_writer_close(writer), 0);
		path_of_only_slice(place->folder, path);
		if (page_sizes[i] != 512)
			enlarge_pages(path);
		assert_has(place->folder, always, &expected);
		overwrite(path, 2 * page_sizes[i]);
		assert_is_mended(place->folder, &expected);
		empty(place->folder);
		buffer_release(&expected);
	}
}

static void test_what_cannot_be_opened_is_set_aside(void **state)
{
	const struct place *place = *state;
	struct slice_entry entry = { .number = 7, .state = SLICE_IS_OPEN };
	char *path = store_folder_path(place->folder, &entry);
	struct store_writer *writer;
	struct buffer expected = { 0 };
	size_t set_aside;
	FILE *file = fopen(path, "w");

	fputs("no slice\n", file);
	fclose(file);
	assert_int_equal(store_writer_open(place->folder, &writer, &set_aside), 0);
	assert_int_equal(set_aside, 1);
	add_windows(writer, 0, 1, (struct recipe){ .samples = 3 }, &expected);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(count_slices(place->folder, SLICE_SET_ASIDE), 1);
	assert_has(place->folder, always, &expected);
	buffer_release(&expected);
	free(path);
}

/* Killed between the file and what stands in it; and read meanwhile. */
static void test_what_was_only_created_is_no_damage(void **state)
{
	const struct place *place = *state;
	struct slice_entry entry = { .number = 7, .state = SLICE_IS_OPEN };
	char *path = store_folder_path(place->folder, &entry);
	struct buffer expected = { 0 };
	struct store_writer *writer;

	fclose(fopen(path, "w"));
	assert_has(place->folder, always, &expected);
	writer = open_writer(place->folder);
	assert_int_equal(count_slices(place->folder, SLICE_SET_ASIDE), 0);
	assert_int_equal(count_slices(place->folder, SLICE_IS_OPEN), 0);
	add_windows(writer, 0, 1, (struct recipe){ .samples = 3 }, &expected);
	assert_int_equal(store_writer_close(writer), 0);
	assert_has(place->folder, always, &expected);
	buffer_release(&expected);
	free(path);
}

/* Another user, if this one can be. */
static void become(uid_t user)
{
	if (!getuid())
		assert_int_equal(seteuid(user), 0);
}

/* As a full disk leaves one that it does not let be sealed: of a folder that cannot be written, and whose name is none of those that can stand in a URI as they are. */
static void test_what_has_no_journal_is_read_where_nothing_can_be_written(void **state)
{
	const struct place *place = *state;
	struct buffer expected = { 0 };
	char folder[PATH_MAX], path[PATH_MAX + 8];
	struct store_writer *writer;
	struct stream_sum sum;
	sqlite3 *database;
	size_t damaged;
	int fd;

	snprintf(folder, sizeof(folder), "%s/50%%23 of it?#", place->folder);
	writer = open_writer(folder);
	add_windows(writer, 0, 2, (struct recipe){ .samples = 30 }, &expected);
	assert_int_equal(store_writer_close(writer), 0);
	path_of_only_slice(folder, path);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, "PRAGMA journal_mode = WAL", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
	assert_int_equal(chmod(place->folder, 0755), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	become(65534);
	assert_has(folder, always, &expected);
	become(0);
	/* With a journal it cannot be read there, and that is told of this one. */
	snprintf(path + strlen(path), 8, "-wal");
	assert_int_equal(chmod(folder, 0755), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, "journal", 7), 7);
	close(fd);
	assert_int_equal(chmod(folder, 0555), 0);
	become(65534);
	profile_free(read_part(folder, always, &damaged, &sum));
	become(0);
	assert_int_equal(damaged, 1);
	assert_int_equal(sum.samples, 0);
	assert_int_equal(chmod(folder, 0755), 0);
	empty(folder);
	rmdir(folder);
	buffer_release(&expected);
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
		cmocka_unit_test_setup_teardown(test_each_flipped_bit_is_found_or_harmless,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_without_head_and_tree_all_is_read, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_opened_is_set_aside, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(
			test_what_has_no_journal_is_read_where_nothing_can_be_written, make_place,
			remove_place),
		cmocka_unit_test_setup_teardown(test_what_was_only_created_is_no_damage, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
