/* SPDX-License-Identifier: Apache-2.0 */
/* The block's samples are decoded here by what profile_block.h says, and compared with those of the profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/profile.h"
#include "model/samples.h"
#include "render/profile_block.h"
#include "render/render_options.h"
#include "tests/unit/block_decoder.h"

#define MS UINT64_C(1000000)

static struct profile *new_keeping(void)
{
	struct profile *profile = profile_new();

	assert_non_null(profile);
	assert_int_equal(profile_keep_samples(profile), 0);
	return profile;
}

static uint32_t add_node(struct profile *profile, uint32_t parent, const char *name)
{
	uint32_t frame, node;

	assert_int_equal(profile_add_named(profile, name, NULL, FRAME_NATIVE, &frame), 0);
	assert_int_equal(profile_add_child(profile, parent, frame, &node), 0);
	return node;
}

/* `comm` NULL: of no known thread. */
static void add_sample(struct profile *profile, uint32_t node, const char *comm, uint32_t pid,
		       uint32_t tid, uint64_t time_ns, uint64_t ticks)
{
	struct label_set set;
	struct sample sample = { .node = node, .labels = LABELS_UNKNOWN, .time_ns = time_ns };
	uint32_t name;

	memset(&set, 0xff, sizeof(set));
	if (comm) {
		assert_int_equal(profile_intern(profile, comm, strlen(comm), &name), 0);
		set.values[SAMPLE_LABEL_comm] = name;
		set.values[SAMPLE_LABEL_pid] = pid;
		set.values[SAMPLE_LABEL_tid] = tid;
		assert_int_equal(profile_add_labels(profile, &set, &sample.labels), 0);
	}
	assert_int_equal(profile_add_sample(profile, &sample, &ticks), 0);
}

static void write_block(const struct profile *profile, struct buffer *to)
{
	struct render_options options;

	assert_int_equal(render_options_init(&options), 0);
	buffer_init(to);
	assert_int_equal(profile_block_write(profile, &options, to), 0);
	render_options_release(&options);
}

static void write_chart(const struct profile *profile, struct buffer *to)
{
	struct render_options options;

	assert_int_equal(render_options_init(&options), 0);
	options.flamechart = true;
	buffer_init(to);
	assert_int_equal(profile_block_write(profile, &options, to), 0);
	render_options_release(&options);
}

struct read_samples {
	uint64_t threads, together;
	char **names; /* "comm pid/tid", an ID that is not known as 0 */
	uint64_t *rows;
	struct part places, slots, ticks;
};

static void read_samples(const struct buffer *block, struct read_samples *ret)
{
	struct part part = section(block, "thrd"), rows = section(block, "smpl");
	uint64_t name_count = number(&part);
	char **names = calloc(name_count + 1, sizeof(*names));
	struct part columns[4];

	for (uint64_t i = 0; i < name_count; i++)
		names[i] = text(&part);
	ret->threads = number(&part);
	for (size_t i = 0; i < 4; i++)
		columns[i] = column(&part);
	ret->together = number(&part);
	ret->names = calloc(ret->threads + 1, sizeof(*ret->names));
	ret->rows = calloc(ret->threads + 1, sizeof(*ret->rows));
	for (uint64_t i = 0; i < ret->threads; i++) {
		uint64_t name = number(&columns[0]), pid = number(&columns[1]),
			 tid = number(&columns[2]);

		assert_in_range(name, 0, name_count);
		assert_true(asprintf(&ret->names[i], "%s %d/%d", name ? names[name - 1] : "",
				     (int)pid - 1, (int)tid - 1) > 0);
		ret->rows[i] = number(&columns[3]);
	}
	for (uint64_t i = 0; i < name_count; i++)
		free(names[i]);
	free(names);
	ret->places = column(&rows);
	ret->slots = column(&rows);
	ret->ticks = column(&rows);
}

static void read_samples_release(struct read_samples *samples)
{
	for (uint64_t i = 0; i < samples->threads; i++)
		free(samples->names[i]);
	free(samples->names);
	free(samples->rows);
}

/* "thread" a line, then "place@slot ticks" a row; slot - for none. */
static void print_samples(const struct buffer *block, struct buffer *to)
{
	struct read_samples samples;

	read_samples(block, &samples);
	for (uint64_t t = 0; t < samples.threads; t++) {
		uint64_t place = 0, slot = 0;

		buffer_printf(to, "%s\n", samples.names[t]);
		for (uint64_t i = 0; i < samples.rows[t]; i++) {
			uint64_t step = number(&samples.places);

			place += step;
			slot = number(&samples.slots) + (step ? 0 : slot);
			if (slot)
				buffer_printf(to, "%d@%d", (int)place, (int)slot - 1);
			else
				buffer_printf(to, "%d@-", (int)place);
			buffer_printf(to, " %d\n", (int)number(&samples.ticks));
		}
	}
	assert_ptr_equal(samples.places.at, samples.places.end);
	assert_ptr_equal(samples.slots.at, samples.slots.end);
	assert_ptr_equal(samples.ticks.at, samples.ticks.end);
	read_samples_release(&samples);
}

static void assert_samples(const struct profile *profile, const char *wanted)
{
	struct buffer block, printed;

	write_block(profile, &block);
	buffer_init(&printed);
	print_samples(&block, &printed);
	assert_string_equal(buffer_string(&printed), wanted);
	buffer_release(&printed);
	buffer_release(&block);
}

struct read_time {
	uint64_t slot_ns, first_ns, slots, wider, cell_ns;
};

static struct read_time read_time(const struct buffer *block)
{
	struct part part = section(block, "time");
	struct read_time time = { .slot_ns = number(&part) };

	time.first_ns = number(&part);
	time.slots = number(&part);
	time.wider = number(&part);
	time.cell_ns = number(&part);
	assert_ptr_equal(part.at, part.end);
	return time;
}

static bool has_samples(const struct profile *profile)
{
	struct buffer block;
	struct part part;
	bool found;

	write_block(profile, &block);
	found = find_section(&block, "thrd", &part);
	assert_int_equal(found, find_section(&block, "smpl", &part));
	buffer_release(&block);
	return found;
}

/* Nodes are named by their place in the walk, as they came: 1 b, 2 a, 3 z on it. Threads come by their ticks. */
static void rows_stand_by_thread_place_and_slot(void **state)
{
	struct profile *profile = new_keeping();
	uint32_t b = add_node(profile, PROFILE_ROOT, "b"), a = add_node(profile, PROFILE_ROOT, "a");
	uint32_t z = add_node(profile, a, "z");
	struct buffer block;
	struct read_time time;

	(void)state;
	add_sample(profile, b, "few", 1, 2, 100 * MS, 3);
	add_sample(profile, b, "many", 7, 7, 20100 * MS, 4);
	add_sample(profile, z, "many", 7, 7, 141 * MS, 1);
	add_sample(profile, z, "many", 7, 7, 159 * MS, 2); /* in the slot of the one before */
	add_sample(profile, z, "many", 7, 7, 160 * MS, 8);
	add_sample(profile, PROFILE_ROOT, NULL, 0, 0, SAMPLE_NO_TIME, 1);
	add_sample(profile, a, "many", 7, 7, 500 * MS, 0); /* nothing */
	assert_samples(profile,
		       "many 7/7\n1@1000 4\n3@2 3\n3@3 8\nfew 1/2\n1@0 3\n -1/-1\n0@- 1\n");
	write_block(profile, &block);
	time = read_time(&block);
	assert_int_equal(time.slot_ns, 20 * MS);
	assert_int_equal(time.first_ns, 100 * MS);
	assert_int_equal(time.slots, 1001);
	assert_int_equal(time.wider, 1);
	assert_int_equal(time.cell_ns, 20 * MS);
	buffer_release(&block);
	profile_free(profile);
}

/* Where it has a sample for each of them. */
static void a_short_profile_has_finer_slots(void **state)
{
	(void)state;
	for (uint64_t span = 3; span <= 30; span *= 10) {
		struct profile *profile = new_keeping();
		uint32_t a = add_node(profile, PROFILE_ROOT, "a");
		struct buffer block;

		add_sample(profile, a, "x", 1, 1, 0, 1);
		add_sample(profile, a, "x", 1, 1, span * MS, 1);
		write_block(profile, &block);
		assert_int_equal(read_time(&block).slot_ns, span == 3 ? 2 * MS : 20 * MS);
		assert_int_equal(read_time(&block).slots, 2);
		buffer_release(&block);
		profile_free(profile);
	}
}

static struct profile *new_of_time(void)
{
	struct profile *profile = new_keeping();
	struct value_type type;

	assert_int_equal(profile_intern(profile, "wall", 4, &type.name), 0);
	assert_int_equal(profile_intern(profile, "nanoseconds", 11, &type.unit), 0);
	assert_int_equal(profile_set_values(profile, &type, 1), 0);
	return profile;
}

/* Each slot has the part that was in it; the profile ends where the last one does. What has no time stays whole. */
static void samples_of_time_last_as_long_as_they_weigh(void **state)
{
	struct profile *profile = new_of_time();
	uint32_t a = add_node(profile, PROFILE_ROOT, "a"), b = add_node(profile, a, "b");
	struct buffer block;

	(void)state;
	add_sample(profile, a, "x", 1, 1, 1000 * MS, 30 * MS);
	add_sample(profile, b, "x", 1, 1, 1030 * MS, 60 * MS);
	add_sample(profile, b, "x", 1, 1, 1090 * MS, 10 * MS);
	add_sample(profile, b, "x", 1, 1, SAMPLE_NO_TIME, 70 * MS);
	assert_samples(profile, "x 1/1\n1@0 20000000\n1@1 10000000\n2@- 70000000\n2@1 10000000\n"
				"2@2 20000000\n2@3 20000000\n2@4 20000000\n");
	write_block(profile, &block);
	assert_int_equal(read_time(&block).slots, 5);
	buffer_release(&block);
	profile_free(profile);
}

/* However long they are: the pieces are larger, not too many. */
static void years_are_few_rows(void **state)
{
	struct profile *profile = new_of_time();
	uint32_t a = add_node(profile, PROFILE_ROOT, "a");
	struct buffer block;

	(void)state;
	add_sample(profile, a, "x", 1, 1, 0, INT64_MAX - 1);
	add_sample(profile, a, "x", 1, 1, INT64_MAX, 1);
	write_block(profile, &block);
	assert_true(block.size < 8 * PROFILE_BLOCK_ROWS_MAX);
	assert_true(read_time(&block).slots > 100000);
	buffer_release(&block);
	profile_free(profile);
}

/* The ticks of `block` per cell are those that are possible: of each of `threads` that are busy all the time, what the cell lasts. */
static void assert_even(const struct buffer *block, uint64_t threads, uint64_t span_ns)
{
	struct read_time time = read_time(block);
	uint64_t cells = (span_ns + time.cell_ns - 1) / time.cell_ns;
	_cleanup_free_ uint64_t *sums = calloc(cells, sizeof(*sums));
	struct read_samples samples;

	read_samples(block, &samples);
	assert_int_equal(samples.threads, threads);
	for (uint64_t t = 0; t < threads; t++) {
		uint64_t slot = 0;

		for (uint64_t i = 0; i < samples.rows[t]; i++) {
			uint64_t step = number(&samples.places);

			slot = number(&samples.slots) + (step ? 0 : slot);
			sums[(slot - 1) * time.slot_ns / time.cell_ns] += number(&samples.ticks);
		}
	}
	for (uint64_t i = 0; i + 1 < cells; i++)
		assert_int_equal(sums[i], threads * time.cell_ns);
	assert_int_equal(sums[cells - 1], threads * (span_ns - (cells - 1) * time.cell_ns));
	read_samples_release(&samples);
}

/* 16 threads that are busy for an hour: in cells of 20 ms they would be 2.9 million rows, in slots of 1 us too many slots. */
static void cells_are_as_wide_as_what_is_in_them(void **state)
{
	const uint64_t hour = 3600 * 1000 * MS;
	struct profile *profile = new_of_time();
	uint32_t a = add_node(profile, PROFILE_ROOT, "a");
	struct buffer block;

	(void)state;
	for (uint64_t at = 0; at < hour; at += 5000 * MS)
		for (uint32_t thread = 0; thread < 16; thread++)
			add_sample(profile, a, "worker", 1, thread, at, 5000 * MS);
	write_block(profile, &block);
	assert_int_equal(read_time(&block).slot_ns, 200 * MS);
	assert_int_equal(read_time(&block).wider, 10);
	assert_int_equal(read_time(&block).cell_ns, 200 * MS);
	assert_even(&block, 16, hour);
	buffer_release(&block);
	write_chart(profile, &block);
	assert_int_equal(read_time(&block).slot_ns, 2000);
	assert_int_equal(read_time(&block).cell_ns, 200 * MS);
	assert_even(&block, 16, hour);
	buffer_release(&block);
	profile_free(profile);
}

/* It was forked by one program and became another. */
static void a_thread_is_named_as_most_of_its_samples_are(void **state)
{
	struct profile *profile = new_keeping();
	uint32_t a = add_node(profile, PROFILE_ROOT, "a");

	(void)state;
	add_sample(profile, a, "bash", 7, 7, 100 * MS, 5);
	add_sample(profile, a, "python3", 7, 7, 200 * MS, 1);
	add_sample(profile, a, "python3", 7, 7, 300 * MS, 1);
	add_sample(profile, a, "same", 8, 8, 100 * MS, 1);
	add_sample(profile, a, "other", 8, 8, 200 * MS, 1);
	assert_samples(profile, "python3 7/7\n1@0 5\n1@5 1\n1@10 1\nsame 8/8\n1@0 1\n1@5 1\n");
	profile_free(profile);
}

/* So that samples of a thread stand in their order. */
static void of_a_flame_chart_slots_are_finest(void **state)
{
	struct profile *profile = new_keeping();
	uint32_t a = add_node(profile, PROFILE_ROOT, "a");
	struct buffer block;

	(void)state;
	add_sample(profile, a, "x", 1, 1, 5 * MS, 1);
	add_sample(profile, a, "x", 1, 1, 5 * MS + 1000, 1);
	add_sample(profile, a, "x", 1, 1, 105 * MS, 1);
	write_chart(profile, &block);
	assert_int_equal(read_time(&block).slot_ns, 1000);
	assert_int_equal(read_time(&block).slots, 100001);
	assert_int_equal(read_time(&block).cell_ns, 20 * MS);
	buffer_release(&block);
	profile_free(profile);
}

static void without_threads_and_times_there_are_none(void **state)
{
	struct profile *profile = profile_new();
	uint32_t a = add_node(profile, PROFILE_ROOT, "a");

	(void)state;
	assert_int_equal(profile_add_ticks(profile, a, 5), 0);
	assert_false(has_samples(profile)); /* they are not kept */
	profile_free(profile);
	profile = new_keeping();
	assert_false(has_samples(profile)); /* there is none */
	a = add_node(profile, PROFILE_ROOT, "a");
	add_sample(profile, a, NULL, 0, 0, SAMPLE_NO_TIME, 5);
	assert_false(has_samples(profile)); /* it tells nothing */
	add_sample(profile, a, "x", 1, 1, SAMPLE_NO_TIME, 5);
	assert_true(has_samples(profile));
	profile_free(profile);
}

static void threads_of_which_there_are_too_many_are_told_together(void **state)
{
	struct profile *profile = new_keeping();
	uint32_t a = add_node(profile, PROFILE_ROOT, "a"), b = add_node(profile, PROFILE_ROOT, "b");
	struct read_samples samples;
	struct buffer block;

	(void)state;
	for (uint32_t i = 0; i < PROFILE_BLOCK_THREADS_MAX - 1; i++)
		add_sample(profile, a, "x", i, i, SAMPLE_NO_TIME, 10);
	add_sample(profile, b, "small", 1, 99999, SAMPLE_NO_TIME, 2);
	add_sample(profile, a, "small", 1, 99998, SAMPLE_NO_TIME, 3);
	add_sample(profile, a, "small", 1, 99997, SAMPLE_NO_TIME, 4);
	write_block(profile, &block);
	read_samples(&block, &samples);
	assert_int_equal(samples.threads, PROFILE_BLOCK_THREADS_MAX);
	assert_int_equal(samples.together, 3);
	assert_string_equal(samples.names[PROFILE_BLOCK_THREADS_MAX - 1], " -1/-1");
	assert_int_equal(samples.rows[PROFILE_BLOCK_THREADS_MAX - 1], 2);
	read_samples_release(&samples);
	buffer_release(&block);
	profile_free(profile);
}

/* Twice as many as there may be, at a hundredth of a second each: two of them are one where slots are twice as wide. */
static void of_many_samples_slots_are_wider(void **state)
{
	struct profile *profile = new_keeping();
	uint32_t a = add_node(profile, PROFILE_ROOT, "a");
	struct read_samples samples;
	struct buffer block;
	uint64_t ticks = 0;

	(void)state;
	for (uint64_t i = 0; i < 2 * PROFILE_BLOCK_ROWS_MAX; i++)
		add_sample(profile, a, "x", 1, 1, 20 * MS * i, 1);
	write_block(profile, &block);
	assert_int_equal(read_time(&block).slot_ns, 40 * MS);
	assert_int_equal(read_time(&block).wider, 2);
	assert_int_equal(read_time(&block).slots, PROFILE_BLOCK_ROWS_MAX);
	read_samples(&block, &samples);
	assert_int_equal(samples.rows[0], PROFILE_BLOCK_ROWS_MAX);
	for (uint64_t i = 0; i < samples.rows[0]; i++)
		ticks += number(&samples.ticks);
	assert_int_equal(ticks, 2 * PROFILE_BLOCK_ROWS_MAX);
	read_samples_release(&samples);
	buffer_release(&block);
	profile_free(profile);
}

/* So many places that no slot is wide enough: the page is told how many samples it does not have. */
static void samples_that_are_too_many_are_counted(void **state)
{
	struct profile *profile = new_keeping();
	struct buffer block;
	struct part part;
	bool is_told = false;
	char name[24];

	(void)state;
	for (uint32_t i = 0; i <= PROFILE_BLOCK_ROWS_MAX; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		add_sample(profile, add_node(profile, PROFILE_ROOT, name), "x", 1, 1, 20 * MS * i,
			   1);
	}
	write_block(profile, &block);
	assert_false(find_section(&block, "thrd", &part));
	part = section(&block, "info");
	for (uint64_t left = number(&part); left; left--) {
		_cleanup_free_ char *key = text(&part);
		_cleanup_free_ char *value = text(&part);

		is_told |= !strcmp(key, "untold_samples") && !strcmp(value, "1048577");
	}
	assert_true(is_told);
	buffer_release(&block);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_stand_by_thread_place_and_slot),
		cmocka_unit_test(a_short_profile_has_finer_slots),
		cmocka_unit_test(samples_of_time_last_as_long_as_they_weigh),
		cmocka_unit_test(years_are_few_rows),
		cmocka_unit_test(cells_are_as_wide_as_what_is_in_them),
		cmocka_unit_test(of_a_flame_chart_slots_are_finest),
		cmocka_unit_test(a_thread_is_named_as_most_of_its_samples_are),
		cmocka_unit_test(without_threads_and_times_there_are_none),
		cmocka_unit_test(threads_of_which_there_are_too_many_are_told_together),
		cmocka_unit_test(of_many_samples_slots_are_wider),
		cmocka_unit_test(samples_that_are_too_many_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
