/* SPDX-License-Identifier: Apache-2.0 */
/* Slices made of others: what they had is there, once, whatever fails meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/roll_up.h"
#include "store/slice_rolling.h"
#include "store/store_view.h"
#include "store/store_writer.h"
#include "tests/unit/roll_up_place.h"
#include "tests/unit/store_place.h"

#define HOUR_NS (3600 * SECOND_NS)
#define DAY_NS  (86400 * SECOND_NS)

/* All that is kept, sample by sample. */
static void read_all(const char *folder, struct buffer *to)
{
	struct stream_sum sum;
	size_t damaged;
	struct profile *profile = read_part(folder, always, &damaged, &sum);

	assert_int_equal(damaged + sum.undecoded + sum.lost_stacks, 0);
	describe(profile, to);
	profile_free(profile);
}

/* How much each value of a label has, in lines. */
static void read_values(const char *folder, enum sample_label label, struct buffer *to)
{
	const struct view_question question = { .part = always };
	struct store_view *view;
	struct view_values values;
	struct arena memory;
	struct buffer lines = { 0 };

	arena_init(&memory);
	assert_int_equal(store_view_new(folder, &view), 0);
	assert_int_equal(store_view_values(view, &question, label, &memory, &values), 0);
	for (size_t i = 0; i < values.count; i++)
		buffer_printf(&lines, "%s %llu\n",
			      values.values[i].text ? values.values[i].text : "-",
			      (unsigned long long)values.values[i].cpu_ns);
	sort_lines(&lines);
	buffer_append(to, lines.data, lines.size);
	buffer_release(&lines);
	store_view_free(view);
	arena_release(&memory);
}

/* What must not change, however it is rolled up: each label's sums, the events, and what became of ticks. */
static void read_sums(const char *folder, struct buffer *to)
{
	const struct view_question question = { .part = always };
	const struct view_events_question all = { .part = always, .limit = 1 << 20 };
	struct store_view *view;
	struct store_event *events;
	struct profile *profile;
	struct arena memory;
	uint64_t truncated = 0;
	size_t count;

	buffer_clear(to);
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++)
		if (label != SAMPLE_LABEL_cpu && label != SAMPLE_LABEL_tid)
			read_values(folder, label, to);
	arena_init(&memory);
	assert_int_equal(store_view_new(folder, &view), 0);
	assert_int_equal(store_view_profile(view, &question, VIEW_KEEPS_NONE, &profile), 0);
	for (uint32_t i = 1; i < profile_node_count(profile); i++)
		for (uint32_t at = i; at != PROFILE_ROOT; at = profile_node(profile, at)->parent)
			if (profile_frame(profile, profile_node(profile, at)->frame)->kind ==
			    FRAME_MARKER)
				truncated += profile_node(profile, i)->self;
	assert_int_equal(store_view_events(view, &all, &memory, &events, &count), 0);
	buffer_printf(to, "%llu of %llu truncated, %zu events\n", (unsigned long long)truncated,
		      (unsigned long long)profile_total(profile), count);
	assert_true(truncated > 0 && truncated < profile_total(profile));
	profile_free(profile);
	store_view_free(view);
	arena_release(&memory);
}

static void assert_sums(const char *folder, struct buffer *expected)
{
	struct buffer found = { 0 };

	read_sums(folder, &found);
	assert_string_equal(buffer_string(&found), buffer_string(expected));
	buffer_release(&found);
}

static void test_a_day_has_each_tick(void **state)
{
	const struct place *place = *state;
	struct buffer expected = { 0 }, found = { 0 }, sums = { 0 };

	add_windows(place->folder, 0, 8, 19);
	add_windows(place->folder, 100, 8, 19);
	add_windows(place->folder, 400, 8, 10);
	read_all(place->folder, &expected);
	read_sums(place->folder, &sums);
	assert_int_equal(roll(place->folder, LEVEL_DAY, false), 1);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 1);
	read_all(place->folder, &found);
	assert_string_equal(buffer_string(&found), buffer_string(&expected));
	assert_sums(place->folder, &sums);
	/* What it was made of counts no more, whether it is there or not. */
	assert_int_equal(roll(place->folder, LEVEL_DAY, true), 0);
	read_all(place->folder, &found);
	assert_string_equal(buffer_string(&found), buffer_string(&expected));
	buffer_release(&expected);
	buffer_release(&found);
	buffer_release(&sums);
}

static void test_sums_stay_at_each_level(void **state)
{
	const struct place *place = *state;
	struct buffer sums = { 0 };

	for (uint64_t day = 0; day < 3; day++)
		for (uint64_t hour = 0; hour < 2; hour++)
			add_windows(place->folder, day * 8640 + hour * 360, 33, hour ? 19 : 10);
	read_sums(place->folder, &sums);
	for (enum roll_up_number level = LEVEL_DAY; level < LEVEL_COUNT; level++) {
		assert_true(roll(place->folder, level, true) > 0);
		assert_sums(place->folder, &sums);
	}
	buffer_release(&sums);
}

static void test_levels_are_left_out(void **state)
{
	const struct place *place = *state;
	struct buffer sums = { 0 };

	add_windows(place->folder, 0, 40, 19);
	add_windows(place->folder, 400, 40, 19);
	read_sums(place->folder, &sums);
	assert_true(roll(place->folder, LEVEL_HOURS, true) > 0);
	assert_sums(place->folder, &sums);
	buffer_release(&sums);
}

/* --- parts of what is rolled up --- */

#define PART_POINTS 9

/* What a part has, by all who tell of it. */
struct part_sums {
	uint64_t ticks, duration_ns;
	uint64_t cpu_ns[8]; /* by pid */
};

static void take_values(struct store_view *view, const struct view_question *question,
			struct part_sums *sums)
{
	struct view_values values;
	struct view_series series;
	struct arena memory;
	double area = 0;

	arena_init(&memory);
	assert_int_equal(store_view_values(view, question, SAMPLE_LABEL_pid, &memory, &values), 0);
	for (size_t i = 0; i < values.count; i++)
		sums->cpu_ns[strtoul(values.values[i].text, NULL, 10)] = values.values[i].cpu_ns;
	assert_int_equal(values.total_ns, sums->ticks * (SECOND_NS / 19));
	assert_int_equal(store_view_series(view, question, SAMPLE_LABEL_pid, 8, PART_POINTS,
					   &memory, &series),
			 0);
	for (size_t i = 0; i < series.line_count; i++)
		assert_int_equal(series.lines[i].cpu_ns,
				 sums->cpu_ns[strtoul(series.lines[i].value, NULL, 10)]);
	for (uint32_t i = 0; i < series.points; i++) {
		uint64_t from = series.start_ns + i * series.step_ns;
		uint64_t to = from + series.step_ns;

		area += series.total[i] *
			(double)((to < question->part.end_ns ? to : question->part.end_ns) - from);
	}
	assert_true(fabs(area - (double)values.total_ns) < 1000);
	arena_release(&memory);
}

static struct part_sums ask_part(const char *folder, struct store_view *view,
				 struct window_span part)
{
	const struct view_question question = { .part = part };
	struct part_sums sums = { 0 };
	struct profile *profile;
	struct stream_sum sum;
	struct view_fates fates;
	size_t damaged;

	profile = read_part(folder, part, &damaged, &sum);
	sums.ticks = profile_total(profile);
	sums.duration_ns = profile_origin(profile)->duration_ns;
	profile_free(profile);
	for (enum view_keeps keeps = VIEW_KEEPS_NONE; keeps <= VIEW_KEEPS_TIMES; keeps++) {
		assert_int_equal(store_view_profile(view, &question, keeps, &profile), 0);
		assert_int_equal(profile_total(profile), sums.ticks);
		assert_int_equal(profile_origin(profile)->duration_ns, sums.duration_ns);
		profile_free(profile);
	}
	assert_int_equal(store_view_fates(view, &question, &fates), 0);
	assert_int_equal(fates.ticks->due, sums.ticks);
	view_fates_release(&fates);
	take_values(view, &question, &sums);
	return sums;
}

/* Whichever way it is cut, each part has its share, and all of them what there is. */
static void assert_parts_add_up(const char *folder, struct window_span whole, uint64_t part_ns)
{
	struct store_view *view;
	struct part_sums expected, sums = { 0 };

	assert_int_equal(store_view_new(folder, &view), 0);
	expected = ask_part(folder, view, whole);
	assert_int_equal(expected.duration_ns, whole.end_ns - whole.start_ns);
	for (uint64_t at = whole.start_ns; at < whole.end_ns; at += part_ns) {
		const uint64_t end = at + part_ns < whole.end_ns ? at + part_ns : whole.end_ns;
		struct part_sums part = ask_part(folder, view, (struct window_span){ at, end });
		double share =
			(double)expected.ticks * (double)(end - at) / (double)expected.duration_ns;

		assert_int_equal(part.duration_ns, end - at);
		assert_true(fabs((double)part.ticks - share) < 0.15 * share + 5);
		sums.ticks += part.ticks;
		for (size_t i = 0; i < sizeof(sums.cpu_ns) / sizeof(*sums.cpu_ns); i++)
			sums.cpu_ns[i] += part.cpu_ns[i];
	}
	assert_int_equal(sums.ticks, expected.ticks);
	assert_memory_equal(sums.cpu_ns, expected.cpu_ns, sizeof(sums.cpu_ns));
	store_view_free(view);
}

static void test_parts_have_their_share(void **state)
{
	const struct place *place = *state;
	const uint64_t first = (START_NS / HOUR_NS + 1) * HOUR_NS; /* a window begins */

	add_windows(place->folder, 0, 400, 19);
	assert_true(first + 600 * SECOND_NS < span_of(400).start_ns);
	for (enum roll_up_number level = LEVEL_MINUTES; level < LEVEL_COUNT; level++) {
		assert_int_equal(roll(place->folder, level, true), 1);
		assert_parts_add_up(place->folder,
				    (struct window_span){ first, first + 600 * SECOND_NS },
				    60 * SECOND_NS);
		assert_parts_add_up(
			place->folder,
			(struct window_span){ first - 100 * SECOND_NS, first + 500 * SECOND_NS },
			77 * SECOND_NS + 12345);
	}
}

/* What came later is of a further window of the same span: time is counted once, and rolled up it is one window. */
static void test_the_rest_of_a_window_takes_no_time(void **state)
{
	const struct place *place = *state;
	const uint64_t first = (START_NS / HOUR_NS + 1) * HOUR_NS;

	add_windows_in_parts(place->folder, 0, 400, 19, 2);
	for (enum roll_up_number level = LEVEL_RECORDED; level < LEVEL_COUNT; level++) {
		if (level != LEVEL_RECORDED)
			assert_int_equal(roll(place->folder, level, true), 1);
		assert_parts_add_up(place->folder,
				    (struct window_span){ first, first + 600 * SECOND_NS },
				    60 * SECOND_NS);
	}
}

/* One window, in which a stack has so much that all others have less than the share that is kept. */
static void add_hot_window(const char *folder)
{
	const struct window_times times = times_of(0);
	const uint64_t value = 100000000;
	struct profile *profile = make_window(0, 19);
	struct sample sample = { .labels = LABELS_UNKNOWN, .time_ns = span_of(0).start_ns };
	struct store_writer *writer;
	size_t set_aside;

	sample.node = add_stack(profile, 7);
	assert_int_equal(profile_add_sample(profile, &sample, &value), 0);
	assert_int_equal(store_writer_open(folder, &writer, &set_aside), 0);
	assert_int_equal(store_writer_add(writer, &times, profile), 0);
	tell_names(writer);
	assert_int_equal(store_writer_close(writer), 0);
	profile_free(profile);
}

static uint32_t count_nodes(const char *folder)
{
	struct stream_sum sum;
	size_t damaged;
	struct profile *profile = read_part(folder, always, &damaged, &sum);
	uint32_t nodes = profile_node_count(profile);

	assert_int_equal(damaged, 0);
	assert_true(nodes > 1);
	profile_free(profile);
	return nodes;
}

static void test_stacks_that_count_little_are_folded(void **state)
{
	const struct place *place = *state;
	struct buffer sums = { 0 };
	uint32_t nodes;

	add_hot_window(place->folder);
	read_sums(place->folder, &sums);
	nodes = count_nodes(place->folder);
	assert_int_equal(roll(place->folder, LEVEL_MINUTES, true), 1);
	assert_sums(place->folder, &sums);
	/* What is left: the hot one, processes, markers and what proves roots. */
	assert_true(count_nodes(place->folder) < nodes / 2);
	buffer_release(&sums);
}

static void test_code_of_a_function_is_one_frame(void **state)
{
	const struct place *place = *state;
	struct buffer sums = { 0 };
	uint32_t nodes;

	add_windows(place->folder, 0, 30, 19);
	read_sums(place->folder, &sums);
	nodes = count_nodes(place->folder);
	assert_int_equal(roll(place->folder, LEVEL_DAY, true), 1);
	assert_int_equal(count_nodes(place->folder), nodes);
	assert_int_equal(roll(place->folder, LEVEL_MINUTES, true), 1);
	assert_true(count_nodes(place->folder) < nodes);
	assert_sums(place->folder, &sums);
	buffer_release(&sums);
}

static size_t count_events(const char *folder)
{
	struct store_event *events;
	struct store_view *view;
	struct arena memory;
	const struct view_events_question question = { .part = always, .limit = 1 << 20 };
	size_t count;

	arena_init(&memory);
	assert_int_equal(store_view_new(folder, &view), 0);
	assert_int_equal(store_view_events(view, &question, &memory, &events, &count), 0);
	store_view_free(view);
	arena_release(&memory);
	return count;
}

/* More of them than may wait to be written. */
static void test_all_events_stay(void **state)
{
	const struct place *place = *state;
	const size_t half = STORE_EVENTS_MAX / 2 + 10;
	struct store_writer *writer = open_writer(place->folder);

	for (uint64_t window = 0; window <= 400; window += 400) {
		const struct window_times times = times_of(window);
		struct profile *profile = make_window(window, 19);

		for (size_t i = 0; i < half; i++) {
			const struct store_event event = { times.span.start_ns + i,
							   EVENT_PROCESS_START, (uint32_t)i, "x" };

			assert_int_equal(store_writer_add_events(writer, &event, 1), 0);
		}
		assert_int_equal(store_writer_add(writer, &times, profile), 0);
		profile_free(profile);
	}
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(count_events(place->folder), 2 * half);
	assert_int_equal(roll(place->folder, LEVEL_DAY, true), 1);
	assert_int_equal(count_events(place->folder), 2 * half);
}

/* One window, of which one frame has a name, as a slice. */
static void add_named_slice(const char *folder, uint64_t window, const struct frame_name *name)
{
	const struct address_names told = { { "app", "abcd", 16 }, false, name, name != NULL };
	const struct window_times times = times_of(window);
	const uint64_t value = 1;
	struct sample sample = { PROFILE_ROOT, LABELS_UNKNOWN, SAMPLE_NO_TIME };
	struct store_writer *writer = open_writer(folder);
	struct profile *profile = profile_new();
	uint32_t frame;

	assert_int_equal(profile_keep_samples(profile), 0);
	profile_origin(profile)->rate_hz = 19;
	assert_int_equal(profile_add_unnamed(profile, "app", "abcd", 16, &frame), 0);
	assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &sample.node), 0);
	assert_int_equal(profile_add_sample(profile, &sample, &value), 0);
	assert_int_equal(store_writer_add(writer, &times, profile), 0);
	assert_int_equal(store_writer_add_names(writer, &told, 1), 0);
	assert_int_equal(store_writer_close(writer), 0);
	profile_free(profile);
}

static void test_the_best_names_stay(void **state)
{
	static const struct frame_name without_file = { "other", NULL, 0 },
				       with_file = { "work", "w.c", 7 };
	const struct place *place = *state;
	struct buffer found = { 0 };
	char *line;

	add_named_slice(place->folder, 0, &without_file);
	add_named_slice(place->folder, 400, &with_file);
	add_named_slice(place->folder, 800, &without_file);
	add_named_slice(place->folder, 1200, NULL);
	assert_int_equal(roll(place->folder, LEVEL_DAY, true), 1);
	read_all(place->folder, &found);
	line = (char *)buffer_string(&found);
	for (size_t i = 0; i < 4; i++, line = strchr(line, '\n') + 1)
		assert_memory_equal(line, "work/app/0/w.c:7;", 17);
	buffer_release(&found);
}

/* --- what fails --- */

/* Fails at its n-th chunk. */
static struct {
	size_t left;
	slice_chunk_fn put;
	void *context;
} failing;

static int put_or_fail(void *context, const struct slice_chunk *chunk)
{
	(void)context;
	return failing.left-- ? failing.put(failing.context, chunk) : -EIO;
}

static int make_or_fail(const char *folder, const struct roll_up_group *group, slice_chunk_fn put,
			void *context, size_t *ret_taken)
{
	failing.put = put;
	failing.context = context;
	return roll_up_make(folder, group, put_or_fail, NULL, ret_taken);
}

static void test_what_fails_changes_nothing(void **state)
{
	const struct place *place = *state;
	const struct roll_up_ages ages = only(LEVEL_DAY);
	struct buffer expected = { 0 }, found = { 0 };
	struct store_writer *writer;
	struct slice_rolling rolling;
	size_t set_aside, n = 0;
	int error;

	add_windows(place->folder, 0, 5, 19);
	add_windows(place->folder, 100, 5, 19);
	read_all(place->folder, &expected);
	do {
		assert_int_equal(store_writer_open(place->folder, &writer, &set_aside), 0);
		assert_int_equal(store_writer_begin_rolling(writer, &ages, INT64_MAX, &rolling), 0);
		assert_int_equal(rolling.group.count, 2);
		failing.left = n++;
		error = slice_rolling_run(&rolling, make_or_fail);
		assert_true(!error || error == -EIO);
		assert_int_equal(store_writer_end_rolling(writer, INT64_MAX, &rolling), error);
		/* It is not tried again at once. */
		assert_int_equal(store_writer_begin_rolling(writer, &ages, 0, &rolling), 0);
		assert_int_equal(rolling.group.count, 0);
		slice_rolling_release(&rolling);
		assert_int_equal(store_writer_close(writer), 0);
		read_all(place->folder, &found);
		assert_string_equal(buffer_string(&found), buffer_string(&expected));
	} while (error);
	assert_true(n > 10);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 1);
	buffer_release(&expected);
	buffer_release(&found);
}

/* A child rolls up and is killed a moment later, each time another one. */
static void test_killed_at_any_moment(void **state)
{
	const struct place *place = *state;
	struct buffer expected = { 0 }, found = { 0 };

	for (uint64_t day = 0; day < 4; day++)
		for (uint64_t hour = 0; hour < 2; hour++)
			add_windows(place->folder, day * 8640 + hour * 400, 4, 19);
	read_all(place->folder, &expected);
	for (useconds_t wait_us = 0; wait_us < 60000; wait_us += 2500) {
		struct store_writer *writer;
		size_t set_aside;
		pid_t child = fork();

		if (!child) {
			roll(place->folder, LEVEL_DAY, true);
			_exit(0);
		}
		assert_true(child > 0);
		usleep(wait_us);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		read_all(place->folder, &found);
		assert_string_equal(buffer_string(&found), buffer_string(&expected));
		assert_int_equal(store_writer_open(place->folder, &writer, &set_aside), 0);
		assert_int_equal(set_aside, 0);
		assert_int_equal(store_writer_close(writer), 0);
		read_all(place->folder, &found);
		assert_string_equal(buffer_string(&found), buffer_string(&expected));
	}
	roll(place->folder, LEVEL_DAY, true);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 4);
	read_all(place->folder, &found);
	assert_string_equal(buffer_string(&found), buffer_string(&expected));
	buffer_release(&expected);
	buffer_release(&found);
}

/* It stays as it is, and the others become one. */
static void test_a_damaged_slice_is_passed_over(void **state)
{
	const struct place *place = *state;
	const struct roll_up_ages ages = only(LEVEL_DAY);
	struct store_writer *writer;
	struct slice_rolling rolling;
	struct slice_list list;
	size_t set_aside, failures = 0;
	char *path;

	for (uint64_t hour = 0; hour < 3; hour++)
		add_windows(place->folder, hour * 400, 20, 19);
	assert_int_equal(store_folder_list(place->folder, &list), 0);
	path = store_folder_path(place->folder, &list.entries[1]);
	flip(path, (off_t)list.entries[1].bytes / 2, 3);
	free(path);
	slice_list_release(&list);
	assert_int_equal(store_writer_open(place->folder, &writer, &set_aside), 0);
	for (;;) {
		assert_int_equal(store_writer_begin_rolling(writer, &ages, DAY_NS << 15, &rolling),
				 0);
		if (!rolling.group.count)
			break;
		slice_rolling_run(&rolling, roll_up_make);
		failures += store_writer_end_rolling(writer, DAY_NS << 15, &rolling) != 0;
	}
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(failures, 1);
	/* What lies around it cannot be one, for that would hide it. */
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 3);
}

/* --- what is read while it is to be sealed --- */

static void add_one_window(struct store_writer *writer, uint64_t window)
{
	const struct window_times times = times_of(window);
	struct profile *profile = make_window(window, 19);

	assert_int_equal(store_writer_add(writer, &times, profile), 0);
	profile_free(profile);
}

static struct slice_reader *open_unsealed(const char *folder)
{
	struct slice_reader *reader = NULL;
	struct slice_list list;

	assert_int_equal(store_folder_list(folder, &list), 0);
	for (size_t i = 0; i < list.count; i++) {
		char *path = store_folder_path(folder, &list.entries[i]);

		if (list.entries[i].state == SLICE_IS_OPEN)
			assert_int_equal(slice_open(path, &reader), 0);
		free(path);
	}
	assert_non_null(reader);
	slice_list_release(&list);
	return reader;
}

/* Three slices of a day, of which the second one stays open; and one of the next day. */
static struct store_writer *write_while_read(const char *folder, struct slice_reader **ret_reader)
{
	struct store_writer *writer = open_writer(folder);

	add_one_window(writer, 0);
	add_one_window(writer, 400);
	*ret_reader = open_unsealed(folder);
	add_one_window(writer, 800);
	add_one_window(writer, 8640);
	assert_int_equal(count_slices(folder, SLICE_IS_OPEN), 2);
	return writer;
}

/* It is part of none, and none takes it along. */
static void test_what_could_not_be_sealed_is_not_lost(void **state)
{
	const struct place *place = *state;
	const struct roll_up_ages ages = only(LEVEL_DAY);
	struct buffer expected = { 0 }, found = { 0 };
	struct slice_reader *reader;
	struct store_writer *writer = write_while_read(place->folder, &reader);

	read_all(place->folder, &expected);
	for (size_t i = 0; i < 2; i++) {
		struct slice_rolling rolling;

		assert_int_equal(store_writer_begin_rolling(writer, &ages, INT64_MAX, &rolling), 0);
		assert_int_equal(rolling.group.count, 1);
		assert_int_equal(slice_rolling_run(&rolling, roll_up_make), 0);
		assert_int_equal(store_writer_end_rolling(writer, INT64_MAX, &rolling), 0);
	}
	slice_reader_free(reader);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(roll(place->folder, LEVEL_DAY, true), 2);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 4);
	read_all(place->folder, &found);
	assert_string_equal(buffer_string(&found), buffer_string(&expected));
	buffer_release(&expected);
	buffer_release(&found);
}

/* As soon as nobody reads it, and then it grows old as all do. */
static void test_what_could_not_be_sealed_is_sealed_later(void **state)
{
	const struct place *place = *state;
	struct slice_reader *reader;
	struct store_writer *writer = write_while_read(place->folder, &reader);
	struct shrunk shrunk;

	assert_int_equal(store_writer_shrink(writer, 0, UINT64_MAX, &shrunk), 0);
	assert_int_equal(count_slices(place->folder, SLICE_IS_OPEN), 2);
	slice_reader_free(reader);
	assert_int_equal(store_writer_shrink(writer, 0, UINT64_MAX, &shrunk), 0);
	assert_int_equal(count_slices(place->folder, SLICE_IS_OPEN), 1);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 3);
	assert_int_equal(
		store_writer_shrink(writer, span_of(401).start_ns + 1, UINT64_MAX, &shrunk), 0);
	assert_int_equal(shrunk.removed, 2);
	add_one_window(writer, 8641);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 2);
}

/* --- which ones --- */

static void test_what_is_young_stays(void **state)
{
	const struct place *place = *state;
	const struct roll_up_ages ages = roll_up_ages(3 * DAY_NS, 30 * DAY_NS);
	const uint64_t day_ends = (START_NS / DAY_NS + 1) * DAY_NS;
	static const struct {
		uint64_t after_ns;
		enum roll_up_number level;
	} rows[] = {
		{ 0, LEVEL_RECORDED },
		{ 1800 * SECOND_NS, LEVEL_RECORDED },
		{ 3601 * SECOND_NS, LEVEL_DAY },
		{ 2 * DAY_NS, LEVEL_DAY },
		{ 3 * DAY_NS + 1, LEVEL_MINUTES },
		{ 70 * DAY_NS, LEVEL_HOURS },
	};

	add_windows(place->folder, 0, 2, 19);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_writer *writer;
		struct slice_rolling rolling;
		size_t set_aside;

		assert_int_equal(store_writer_open(place->folder, &writer, &set_aside), 0);
		assert_int_equal(store_writer_begin_rolling(writer, &ages,
							    day_ends + rows[i].after_ns, &rolling),
				 0);
		assert_int_equal(rolling.group.count, rows[i].level != LEVEL_RECORDED);
		if (rolling.group.count)
			assert_int_equal(rolling.group.level->number, rows[i].level);
		slice_rolling_release(&rolling);
		assert_int_equal(store_writer_close(writer), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_day_has_each_tick, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_sums_stay_at_each_level, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_levels_are_left_out, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_parts_have_their_share, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_the_rest_of_a_window_takes_no_time, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_stacks_that_count_little_are_folded,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_code_of_a_function_is_one_frame, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_all_events_stay, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_the_best_names_stay, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_what_fails_changes_nothing, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_killed_at_any_moment, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_a_damaged_slice_is_passed_over, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_what_could_not_be_sealed_is_not_lost,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_what_could_not_be_sealed_is_sealed_later,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_what_is_young_stays, make_place, remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
