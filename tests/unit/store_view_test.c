/* SPDX-License-Identifier: Apache-2.0 */
/* A view of a store says what its windows say, whichever of their sums it reads: held against all samples as they stand there, of random parts and filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "model/label_filter.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/store_view.h"
#include "tests/unit/store_place.h"

#define SAMPLES  40 /* of a window */
#define RATE_HZ  50
#define TICK_NS  (SECOND_NS / RATE_HZ)
#define WINDOWS  100 /* more than three runs */
#define OTHER_HZ 25

/* --- what is stored --- */

static uint32_t add_stack(struct profile *profile, uint64_t random)
{
	uint32_t node = PROFILE_ROOT, frame;

	for (size_t depth = 0; depth < random % 6 + 1; depth++) {
		uint64_t function = hash_u64(random + depth) % (depth + 3);
		char name[32];

		snprintf(name, sizeof(name), "f%zu_%llu", depth, (unsigned long long)function);
		if (function == 1)
			assert_int_equal(profile_add_unnamed(profile, "app", "0a", depth, &frame),
					 0);
		else
			assert_int_equal(
				profile_add_named(profile, name, NULL, FRAME_NATIVE, &frame), 0);
		assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
	}
	return node;
}

/* That no window before has. */
static uint32_t add_new_stack(struct profile *profile, uint64_t window)
{
	uint32_t node, frame;

	assert_int_equal(profile_add_unnamed(profile, "app", "0a", 100 + window, &frame), 0);
	assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &node), 0);
	return node;
}

static uint32_t add_labels(struct profile *profile, uint64_t random)
{
	struct label_set set;
	uint32_t labels;
	char comm[16];

	memset(&set, 0xff, sizeof(set));
	snprintf(comm, sizeof(comm), "comm%llu", (unsigned long long)(random % 3));
	set.values[SAMPLE_LABEL_pid] = (uint32_t)(random % 3 * 10 + random % 2);
	set.values[SAMPLE_LABEL_tid] = (uint32_t)(random % 23);
	set.values[SAMPLE_LABEL_cpu] = (uint32_t)(random % 4);
	if (random % 7)
		assert_int_equal(
			profile_intern(profile, comm, strlen(comm), &set.values[SAMPLE_LABEL_comm]),
			0);
	assert_int_equal(profile_add_labels(profile, &set, &labels), 0);
	return labels;
}

#define MAX_TOLD 8

struct unnamed {
	uint64_t offsets[MAX_TOLD];
	size_t count;
};

static int note_unnamed(void *context, const struct frame_address *address)
{
	struct unnamed *unnamed = context;

	if (address->offset % 3 && unnamed->count < MAX_TOLD)
		unnamed->offsets[unnamed->count++] = address->offset;
	return 0;
}

/* Of some frames, those of the window among them. */
static int tell_with_window(void *context, struct store_writer *writer)
{
	static const struct frame_name name = { "told with the window", NULL, 0 };
	struct unnamed unnamed = { .count = 0 };
	int error = store_writer_each_unnamed(writer, note_unnamed, &unnamed);

	(void)context;
	for (size_t i = 0; i < unnamed.count && !error; i++) {
		const struct address_names told = {
			{ "app", "0a", unnamed.offsets[i] }, false, &name, 1
		};

		error = store_writer_add_names(writer, &told, 1);
	}
	return error;
}

/* Of every second one names are told in its commit. */
static void add_window(struct store_writer *writer, uint64_t window, uint64_t rate_hz)
{
	const struct window_times times = times_of(window);
	struct profile *profile = profile_new();

	assert_int_equal(profile_keep_samples(profile), 0);
	profile_origin(profile)->rate_hz = rate_hz;
	profile_origin(profile)->fates_are_known = true;
	for (size_t i = 0; i < SAMPLES; i++) {
		uint64_t random = hash_u64(window * 1000000 + i), value = 1 + (random % 17 == 3);
		const struct sample sample = {
			i ? add_stack(profile, random % 300) : add_new_stack(profile, window),
			add_labels(profile, random >> 20),
			span_of(window).start_ns + (random >> 32) % (WINDOW_NS / UNIT_NS) * UNIT_NS
		};

		assert_int_equal(profile_add_sample(profile, &sample, &value), 0);
	}
	if (window % 2)
		assert_int_equal(
			store_writer_add_told(writer, &times, profile, tell_with_window, NULL), 0);
	else
		assert_int_equal(store_writer_add(writer, &times, profile), 0);
	profile_free(profile);
}

static void add_windows(struct store_writer *writer, uint64_t first, uint64_t end, uint64_t rate_hz)
{
	for (uint64_t window = first; window < end; window++)
		add_window(writer, window, rate_hz);
}

/* --- what is said of it --- */

/* Stacks and their counts, a line each, in an order. */
static void fold(const struct profile *profile, struct buffer *to)
{
	uint32_t count = profile_node_count(profile);
	char **lines = calloc(count, sizeof(*lines));
	size_t line_count = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct buffer line = { 0 };

		if (!profile_node(profile, i)->self)
			continue;
		for (uint32_t at = i; at != PROFILE_ROOT; at = profile_node(profile, at)->parent)
			buffer_printf(&line, "%s;",
				      profile_string(profile,
						     profile_frame(profile,
								   profile_node(profile, at)->frame)
							     ->name,
						     NULL));
		buffer_printf(&line, " %llu\n", (unsigned long long)profile_node(profile, i)->self);
		lines[line_count++] = strdup(buffer_string(&line));
		buffer_release(&line);
	}
	qsort(lines, line_count, sizeof(*lines), compare_lines);
	buffer_clear(to);
	for (size_t i = 0; i < line_count; i++) {
		buffer_append_string(to, lines[i]);
		free(lines[i]);
	}
	free(lines);
}

/* From all samples as they stand in the store. */
static struct profile *read_filtered(const char *folder, const struct view_question *question)
{
	struct stream_sum sum;
	size_t damaged;
	struct profile *all = read_part(folder, question->part, &damaged, &sum), *filtered;

	assert_int_equal(damaged, 0);
	if (!question->filter)
		return all;
	assert_int_equal(label_filter_apply(question->filter, all, &filtered), 0);
	profile_free(all);
	return filtered;
}

static void assert_profile(struct store_view *view, const char *folder,
			   const struct view_question *question)
{
	struct profile *expected = read_filtered(folder, question), *found;
	struct buffer expected_lines = { 0 }, lines = { 0 };

	fold(expected, &expected_lines);
	for (enum view_keeps keeps = VIEW_KEEPS_NONE; keeps <= VIEW_KEEPS_TIMES; keeps++) {
		assert_int_equal(store_view_profile(view, question, keeps, &found), 0);
		fold(found, &lines);
		assert_string_equal(buffer_string(&lines), buffer_string(&expected_lines));
		assert_int_equal(profile_origin(found)->rate_hz, profile_origin(expected)->rate_hz);
		assert_int_equal(profile_origin(found)->duration_ns,
				 profile_origin(expected)->duration_ns);
		assert_int_equal(profile_origin(found)->time_unix_ns,
				 profile_origin(expected)->time_unix_ns);
		if (keeps != VIEW_KEEPS_NONE && profile_total(found))
			assert_int_equal(samples_have_times(profile_samples(found)),
					 keeps == VIEW_KEEPS_TIMES);
		profile_free(found);
	}
	profile_free(expected);
	buffer_release(&expected_lines);
	buffer_release(&lines);
}

/* What the samples of a profile with this value of a label count, in ticks. */
static uint64_t count_value(const struct profile *profile, enum sample_label label,
			    const char *text)
{
	const struct samples *samples = profile_samples(profile);
	uint64_t ticks = 0;

	for (size_t i = 0; samples && i < samples_count(samples); i++) {
		uint32_t value =
			samples_labels(samples, samples_get(samples, i).labels)->values[label];
		char digits[16] = "";

		if (value != PROFILE_NONE)
			snprintf(digits, sizeof(digits), "%u", value);
		if (value == PROFILE_NONE
			    ? !text
			    : text && !strcmp(text, sample_label_is_number(label)
							    ? digits
							    : profile_string(profile, value, NULL)))
			ticks += samples_value(samples, i, 0);
	}
	return ticks;
}

static void assert_values(struct store_view *view, const char *folder,
			  const struct view_question *question)
{
	static const enum sample_label labels[] = { SAMPLE_LABEL_comm, SAMPLE_LABEL_pid,
						    SAMPLE_LABEL_cpu, SAMPLE_LABEL_user };
	struct profile *expected = read_filtered(folder, question);

	for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
		struct view_values values;
		struct arena memory;

		arena_init(&memory);
		assert_int_equal(store_view_values(view, question, labels[i], &memory, &values), 0);
		assert_int_equal(values.total_ns, profile_total(expected) * TICK_NS);
		for (size_t n = 0; n < values.count; n++) {
			assert_int_equal(values.values[n].cpu_ns,
					 count_value(expected, labels[i], values.values[n].text) *
						 TICK_NS);
			if (n)
				assert_true(values.values[n].cpu_ns <= values.values[n - 1].cpu_ns);
		}
		arena_release(&memory);
	}
	profile_free(expected);
}

static const char *const filters[] = { NULL, "comm=comm1", "pid!=10,comm~[02]", "cpu=3", "tid~^1" };

/* A part that has a window's start and end, or not. */
static struct window_span random_part(uint64_t random, uint64_t windows)
{
	uint64_t first = random % windows, length = (random >> 16) % windows + 1;
	uint64_t within = random & 1 ? (random >> 32) % (WINDOW_NS / UNIT_NS) * UNIT_NS : 0;

	return (struct window_span){ span_of(first).start_ns + within,
				     span_of(first + length).start_ns + within / 2 };
}

static void ask_all(struct store_view *view, const char *folder, uint64_t windows)
{
	for (uint64_t i = 0; i < 20; i++) {
		struct label_filter filter = { 0 };
		const char *terms = filters[i % 5], *why;
		struct view_question question = {
			.part = i < 5 ? always : random_part(hash_u64(i), windows)
		};

		if (terms)
			assert_int_equal(label_filter_add(&filter, terms, &why), 0);
		question.filter = terms ? &filter : NULL;
		assert_profile(view, folder, &question);
		assert_values(view, folder, &question);
		label_filter_release(&filter);
	}
}

static struct store_view *open_view(const char *folder)
{
	struct store_view *view;

	assert_int_equal(store_view_new(folder, &view), 0);
	return view;
}

/* One view while the store is written, sealed, and goes on; and one that is new. */
static void test_it_says_what_the_windows_say(void **state)
{
	static const struct frame_name name = { "told later", NULL, 0 };
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder), *other;

	ask_all(view, place->folder, 1); /* nothing is there */
	add_windows(writer, 0, 45, RATE_HZ);
	ask_all(view, place->folder, 45);
	for (size_t i = 0; i < 6; i++) {
		const struct address_names told = { { "app", "0a", i }, i == 2, &name, 1 };

		assert_int_equal(store_writer_add_names(writer, &told, 1), 0);
	}
	ask_all(view, place->folder, 45);
	for (uint64_t window = 45; window < WINDOWS; window++) {
		add_window(writer, window, RATE_HZ);
		if (window % 4 < 2)
			ask_all(view, place->folder, window + 1);
	}
	ask_all(view, place->folder, WINDOWS);
	assert_int_equal(store_writer_close(writer), 0);
	ask_all(view, place->folder, WINDOWS);
	writer = open_writer(place->folder);
	add_windows(writer, WINDOWS, WINDOWS + 5, RATE_HZ);
	ask_all(view, place->folder, WINDOWS + 5);
	other = open_view(place->folder);
	ask_all(other, place->folder, WINDOWS + 5);
	assert_int_equal(store_writer_close(writer), 0);
	store_view_free(view);
	store_view_free(other);
}

/* --- sums --- */

/* Of a kind in the only slice. */
static size_t count_chunks(const char *folder, enum chunk_kind kind)
{
	char path[PATH_MAX];
	sqlite3 *database;
	sqlite3_stmt *statement;
	size_t count;

	path_of_only_slice(folder, path);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, "SELECT count(*) FROM chunk WHERE kind = ?",
					    -1, &statement, NULL),
			 SQLITE_OK);
	sqlite3_bind_int(statement, 1, (int)kind);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	count = (size_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return count;
}

static void damage_chunks(const char *folder, const char *kinds)
{
	char path[PATH_MAX], sql[128];
	sqlite3 *database;

	path_of_only_slice(folder, path);
	snprintf(sql, sizeof(sql),
		 "UPDATE chunk SET body = zeroblob(length(body)) WHERE kind IN (%s)", kinds);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(database);
}

static uint64_t total_of(const char *folder, struct window_span part)
{
	const struct view_question question = { .part = part };
	struct store_view *view = open_view(folder);
	struct profile *profile;
	uint64_t total;

	assert_int_equal(store_view_profile(view, &question, VIEW_KEEPS_NONE, &profile), 0);
	total = profile_total(profile);
	profile_free(profile);
	store_view_free(view);
	return total;
}

/* That windows are not read where sums are: without them the answer is what it was. */
static void test_sums_are_read(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	const struct window_span most = { span_of(0).start_ns, span_of(90).start_ns + 1 };
	uint64_t all, of_most;

	add_windows(writer, 0, WINDOWS, RATE_HZ);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(count_chunks(place->folder, CHUNK_SUM), 4);
	assert_int_equal(count_chunks(place->folder, CHUNK_SERIES), 4);
	assert_int_equal(count_chunks(place->folder, CHUNK_SLICE_SUM), 1);
	assert_int_equal(count_chunks(place->folder, CHUNK_SLICE_SERIES), 1);
	all = total_of(place->folder, always);
	of_most = total_of(place->folder, (struct window_span){ 0, span_of(90).start_ns });
	damage_chunks(place->folder, "3"); /* windows */
	assert_int_equal(total_of(place->folder, always), all);
	assert_int_equal(total_of(place->folder, most), of_most);
	damage_chunks(place->folder, "10"); /* the sum of the slice */
	assert_int_equal(total_of(place->folder, always), all);
	damage_chunks(place->folder, "8");
	assert_int_equal(total_of(place->folder, always), 0);
}

static void test_where_a_sum_is_damaged_windows_are_read(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	uint64_t all;

	add_windows(writer, 0, WINDOWS, RATE_HZ);
	assert_int_equal(store_writer_close(writer), 0);
	all = total_of(place->folder, always);
	damage_chunks(place->folder, "8, 9, 10, 11");
	assert_int_equal(total_of(place->folder, always), all);
}

/* --- rates --- */

/* Half the rate, twice the weight. */
static void test_each_sample_keeps_its_weight(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct view_question question = { .part = { 0, span_of(40).start_ns } };
	struct store_view *view = open_view(place->folder);
	struct profile *profile;
	uint64_t before, after;
	uint32_t count;
	const struct value_type *types;

	add_windows(writer, 0, 40, RATE_HZ);
	add_windows(writer, 40, 80, OTHER_HZ);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(count_chunks(place->folder, CHUNK_SLICE_SUM), 0);
	for (enum view_keeps keeps = VIEW_KEEPS_NONE; keeps <= VIEW_KEEPS_LABELS; keeps++) {
		question.part = (struct window_span){ 0, span_of(40).start_ns };
		assert_int_equal(store_view_profile(view, &question, keeps, &profile), 0);
		before = profile_total(profile);
		assert_int_equal(profile_origin(profile)->rate_hz, RATE_HZ);
		profile_free(profile);
		question.part = (struct window_span){ span_of(40).start_ns, UINT64_MAX };
		assert_int_equal(store_view_profile(view, &question, keeps, &profile), 0);
		after = profile_total(profile);
		assert_int_equal(profile_origin(profile)->rate_hz, OTHER_HZ);
		profile_free(profile);
		question.part = always;
		assert_int_equal(store_view_profile(view, &question, keeps, &profile), 0);
		assert_int_equal(profile_total(profile),
				 before * TICK_NS + after * (SECOND_NS / OTHER_HZ));
		types = profile_values(profile, &count);
		assert_int_equal(count, 1);
		assert_string_equal(profile_string(profile, types[0].unit, NULL), "nanoseconds");
		profile_free(profile);
	}
	store_view_free(view);
}

/* --- time --- */

static double sum_of(const double *points, uint32_t count)
{
	double sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += isnan(points[i]) ? 0 : points[i];
	return sum;
}

/* The lines and the others are the total, whose area is the CPU time; where nothing was recorded there is none. */
static void test_series_add_up(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	static const uint32_t points[] = { 7, 100, 110, 4000 };

	add_windows(writer, 0, WINDOWS, RATE_HZ);
	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++) {
		const struct view_question question = {
			.part = { span_of(0).start_ns, span_of(WINDOWS + 10).start_ns }
		};
		struct profile *expected = read_filtered(place->folder, &question);
		struct view_series series;
		struct arena memory;
		double area = 0;

		arena_init(&memory);
		assert_int_equal(store_view_series(view, &question, SAMPLE_LABEL_pid, 2, points[i],
						   &memory, &series),
				 0);
		assert_int_equal(series.points, points[i]);
		assert_int_equal(series.line_count, 2);
		for (uint32_t n = 0; n < series.points; n++) {
			uint64_t at = series.start_ns + n * series.step_ns;
			double covered = (double)series.step_ns;

			if (at >= span_of(WINDOWS).start_ns) {
				assert_true(isnan(series.total[n]));
				continue;
			}
			if (at + series.step_ns > span_of(WINDOWS).start_ns)
				covered = (double)(span_of(WINDOWS).start_ns - at);
			area += series.total[n] * covered;
			assert_true(fabs(series.total[n] - series.others[n] -
					 series.lines[0].cores[n] - series.lines[1].cores[n]) <
				    1e-9);
		}
		assert_true(fabs(area / (double)(profile_total(expected) * TICK_NS) - 1) < 1e-9);
		assert_true(sum_of(series.lines[0].cores, series.points) >=
			    sum_of(series.lines[1].cores, series.points) * 0.99);
		assert_int_equal(series.lines[0].cpu_ns,
				 count_value(expected, SAMPLE_LABEL_pid, series.lines[0].value) *
					 TICK_NS);
		arena_release(&memory);
		profile_free(expected);
	}
	assert_int_equal(store_writer_close(writer), 0);
	store_view_free(view);
}

static void test_heat_counts_each_sample_in_its_place(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	const struct view_question question = { .part = { span_of(2).start_ns,
							  span_of(4).start_ns } };
	struct profile *expected;
	const struct samples *samples;
	uint32_t wanted[20 * 10] = { 0 }, *found;
	struct arena memory;

	arena_init(&memory);
	add_windows(writer, 0, 6, RATE_HZ);
	expected = read_filtered(place->folder, &question);
	samples = profile_samples(expected);
	for (size_t i = 0; i < samples_count(samples); i++)
		wanted[(samples_get(samples, i).time_ns - question.part.start_ns) /
		       (SECOND_NS / 10)] += (uint32_t)samples_value(samples, i, 0);
	assert_int_equal(store_view_heat(view, &question, 20, 10, &memory, &found), 0);
	assert_memory_equal(found, wanted, sizeof(wanted));
	assert_int_equal(store_view_heat(view, &question, 0, 10, &memory, &found), -EINVAL);
	assert_int_equal(store_view_heat(view, &question, 1u << 31, 2, &memory, &found), -EINVAL);
	assert_int_equal(store_writer_close(writer), 0);
	profile_free(expected);
	arena_release(&memory);
	store_view_free(view);
}

/* --- events --- */

static void find_events(struct store_view *view, const struct view_events_question *question,
			struct arena *memory, struct store_event **ret_found, size_t *ret_count)
{
	assert_int_equal(store_view_events(view, question, memory, ret_found, ret_count), 0);
}

static void test_events_are_kept(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	const struct store_event events[] = {
		{ span_of(0).start_ns + 5, EVENT_SERVE_START, EVENT_NO_PID, "0.1" },
		{ span_of(0).start_ns + 9, EVENT_PROCESS_START, 77, "nginx" },
		{ span_of(0).start_ns + 7, EVENT_PROCESS_END, 0, "nginx" },
		{ span_of(1).start_ns, EVENT_SERVE_STOP, EVENT_NO_PID, "" },
	};
	struct store_event *found;
	struct arena memory;
	size_t count;

	arena_init(&memory);
	assert_int_equal(store_writer_add_events(writer, events, 3), 0);
	add_windows(writer, 0, 1, RATE_HZ);
	find_events(view, &(struct view_events_question){ always, 10, NULL, NULL }, &memory, &found,
		    &count);
	assert_int_equal(count, 3);
	assert_int_equal(found[0].kind, EVENT_SERVE_START);
	assert_int_equal(found[0].pid, EVENT_NO_PID);
	assert_string_equal(found[0].text, "0.1");
	assert_int_equal(found[1].kind, EVENT_PROCESS_END);
	assert_int_equal(found[1].pid, 0);
	assert_int_equal(found[2].time_ns, events[1].time_ns);
	assert_int_equal(found[2].pid, 77);
	assert_string_equal(found[2].text, "nginx");
	/* Once each, and the last one with the end of the slice. */
	add_windows(writer, 1, 2, RATE_HZ);
	assert_int_equal(store_writer_add_events(writer, &events[3], 1), 0);
	assert_int_equal(store_writer_close(writer), 0);
	find_events(view, &(struct view_events_question){ always, 10, NULL, NULL }, &memory, &found,
		    &count);
	assert_int_equal(count, 4);
	assert_string_equal(event_kind_name(found[3].kind), "serve_stop");
	find_events(view, &(struct view_events_question){ always, 2, NULL, NULL }, &memory, &found,
		    &count);
	assert_int_equal(count, 2);
	find_events(view,
		    &(struct view_events_question){
			    { events[0].time_ns + 1, events[1].time_ns }, 10, NULL },
		    &memory, &found, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].kind, EVENT_PROCESS_END);
	arena_release(&memory);
	store_view_free(view);
}

/* Events wait for their window, also where that begins another slice: there its span has them. */
static void test_events_of_a_slices_first_window(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	const uint64_t next = STORE_SLICE_NS / WINDOW_NS;
	const struct store_event event = { span_of(next).start_ns + 5, EVENT_PROCESS_START, 7, "" };
	const struct view_events_question question = { span_of(next), 10, NULL, NULL };
	struct store_event *found;
	struct arena memory;
	size_t count;

	arena_init(&memory);
	add_windows(writer, 0, 1, RATE_HZ);
	assert_int_equal(store_writer_add_events(writer, &event, 1), 0);
	add_windows(writer, next, next + 1, RATE_HZ);
	find_events(view, &question, &memory, &found, &count);
	assert_int_equal(count, 1);
	assert_int_equal(store_writer_close(writer), 0);
	arena_release(&memory);
	store_view_free(view);
}

/* A disk that takes nothing must not fill the memory with them. */
static void test_waiting_events_are_limited(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	struct store_event *found;
	struct arena memory;
	size_t count;

	arena_init(&memory);
	for (uint64_t i = 0; i < STORE_EVENTS_MAX + 10; i++) {
		const struct store_event event = { span_of(0).start_ns + i, EVENT_PROCESS_START,
						   (uint32_t)i, "x" };

		assert_int_equal(store_writer_add_events(writer, &event, 1), 0);
	}
	add_windows(writer, 0, 1, RATE_HZ);
	find_events(view, &(struct view_events_question){ always, STORE_EVENTS_MAX, NULL, NULL },
		    &memory, &found, &count);
	assert_true(count >= STORE_EVENTS_MAX / 2 && count <= STORE_EVENTS_MAX);
	assert_int_equal(found[count - 1].pid, STORE_EVENTS_MAX + 9);
	assert_int_equal(store_writer_close(writer), 0);
	arena_release(&memory);
	store_view_free(view);
}

/* However many others came after them; and what is not asked for takes no memory. */
static void test_events_of_a_kind(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	const struct store_event first = { span_of(0).start_ns, EVENT_WINDOW_LOST, EVENT_NO_PID,
					   "no room" };
	const struct store_event once = { span_of(0).start_ns, EVENT_PROCESS_START, 9, "nginx" };
	struct store_event *found;
	struct arena memory;
	size_t count, bytes;

	arena_init(&memory);
	assert_int_equal(store_writer_add_events(writer, &first, 1), 0);
	assert_int_equal(store_writer_add_events(writer, &once, 1), 0);
	for (uint32_t i = 1; i <= 3000; i++) {
		const struct store_event event = { span_of(0).start_ns + i, EVENT_PROCESS_START, i,
						   i % 2 ? "fifteen_letters" : "sh" };

		assert_int_equal(store_writer_add_events(writer, &event, 1), 0);
	}
	add_windows(writer, 0, 1, RATE_HZ);
	find_events(view, &(struct view_events_question){ always, 4, "!process", NULL }, &memory,
		    &found, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].kind, EVENT_WINDOW_LOST);
	assert_string_equal(found[0].text, "no room");
	find_events(view, &(struct view_events_question){ always, 4, "window", NULL }, &memory,
		    &found, &count);
	assert_int_equal(count, 1);
	find_events(view, &(struct view_events_question){ always, 4, "windows", NULL }, &memory,
		    &found, &count);
	assert_int_equal(count, 0);
	bytes = memory.bytes;
	find_events(view, &(struct view_events_question){ always, 4, "process", NULL }, &memory,
		    &found, &count);
	assert_int_equal(count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(found[i].pid, 2997 + i);
		assert_string_equal(found[i].text, i % 2 ? "sh" : "fifteen_letters");
	}
	assert_int_equal(memory.bytes, bytes);
	find_events(view, &(struct view_events_question){ always, 4, "process", "nginx" }, &memory,
		    &found, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].pid, 9);
	find_events(view, &(struct view_events_question){ always, 4, NULL, "ngin" }, &memory,
		    &found, &count);
	assert_int_equal(count, 0);
	/* That is no process. */
	find_events(view, &(struct view_events_question){ always, 4, NULL, "no room" }, &memory,
		    &found, &count);
	assert_int_equal(count, 0);
	assert_int_equal(store_writer_close(writer), 0);
	arena_release(&memory);
	store_view_free(view);
}

/* A place of the ring has a short text after a long one, and the other way round. */
static void test_long_texts_of_events_are_cut(void **state)
{
	static const size_t sizes[] = { 0, 15, 16, 100, 3, VIEW_TEXT_BYTES - 1, VIEW_TEXT_BYTES };
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	struct store_event *found;
	struct arena memory;
	size_t count;

	arena_init(&memory);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char text[VIEW_TEXT_BYTES + 1] = "";
		const struct store_event event = { span_of(0).start_ns + i, EVENT_BUDGET,
						   EVENT_NO_PID, text };

		memset(text, 'a' + (int)i, sizes[i]);
		assert_int_equal(store_writer_add_events(writer, &event, 1), 0);
	}
	add_windows(writer, 0, 1, RATE_HZ);
	find_events(view, &(struct view_events_question){ always, 3, NULL, NULL }, &memory, &found,
		    &count);
	assert_int_equal(count, 3);
	assert_string_equal(found[0].text, "eee");
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(strlen(found[i].text), VIEW_TEXT_BYTES - 1);
		assert_int_equal(found[i].text[VIEW_TEXT_BYTES - 2], i == 1 ? 'f' : 'g');
	}
	assert_int_equal(store_writer_close(writer), 0);
	arena_release(&memory);
	store_view_free(view);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(test_it_says_what_the_windows_say),
		IN_PLACE(test_sums_are_read),
		IN_PLACE(test_where_a_sum_is_damaged_windows_are_read),
		IN_PLACE(test_each_sample_keeps_its_weight),
		IN_PLACE(test_series_add_up),
		IN_PLACE(test_heat_counts_each_sample_in_its_place),
		IN_PLACE(test_events_are_kept),
		IN_PLACE(test_events_of_a_slices_first_window),
		IN_PLACE(test_waiting_events_are_limited),
		IN_PLACE(test_events_of_a_kind),
		IN_PLACE(test_long_texts_of_events_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
