/* SPDX-License-Identifier: Apache-2.0 */
/* A view of a store (store_view.c, view_slice.c) where something is wrong: damage, another name of a file, and no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"
#include "model/samples.h"
#include "store/store_view.h"
#include "store/view_private.h"
#include "tests/unit/store_place.h"

#define SAMPLES 4 /* of a window */
#define RATE_HZ 50
#define WINDOWS 100
#define SUMS    (4 + 1) /* of its runs, and of all */

/* --- a store --- */

static void add_window(struct store_writer *writer, uint64_t window)
{
	const struct window_times times = times_of(window);
	struct profile *profile = profile_new();
	struct sample sample = { .time_ns = span_of(window).start_ns };
	const uint64_t one = 1;
	struct label_set set;
	uint32_t frame;

	assert_int_equal(profile_keep_samples(profile), 0);
	profile_origin(profile)->rate_hz = RATE_HZ;
	assert_int_equal(profile_add_named(profile, "work", NULL, FRAME_NATIVE, &frame), 0);
	assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &sample.node), 0);
	memset(&set, 0xff, sizeof(set));
	for (uint32_t i = 0; i < SAMPLES; i++) {
		set.values[SAMPLE_LABEL_pid] = i;
		assert_int_equal(profile_add_labels(profile, &set, &sample.labels), 0);
		assert_int_equal(profile_add_sample(profile, &sample, &one), 0);
	}
	assert_int_equal(store_writer_add(writer, &times, profile), 0);
	profile_free(profile);
}

static void add_windows(struct store_writer *writer, uint64_t count)
{
	for (uint64_t window = 0; window < count; window++)
		add_window(writer, window);
}

static struct store_view *open_view(const char *folder)
{
	struct store_view *view;

	assert_int_equal(store_view_new(folder, &view), 0);
	return view;
}

static uint64_t ask_total(struct store_view *view)
{
	const struct view_question question = { .part = always };
	struct profile *profile;
	uint64_t total;

	assert_int_equal(store_view_profile(view, &question, VIEW_KEEPS_NONE, &profile), 0);
	total = profile_total(profile);
	profile_free(profile);
	return total;
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

/* --- damage --- */

/* What a view tells of it. */
struct told {
	size_t calls;
	uint64_t number, damaged;
	int error;
};

static void note_told(void *context, const struct slice_entry *slice,
		      const struct slice_report *report, int error)
{
	struct told *told = context;

	*told = (struct told){ told->calls + 1, slice->number, report->damaged, error };
}

/* Each chunk once, however often it is asked for. */
static void test_damage_is_counted_and_told(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	struct told told = { 0 };

	store_view_tell_damage(view, note_told, &told);
	add_windows(writer, WINDOWS);
	assert_int_equal(ask_total(view), WINDOWS * SAMPLES);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(ask_total(view), WINDOWS * SAMPLES);
	assert_int_equal(told.calls, 0);
	store_view_free(view);
	damage_chunks(place->folder, "3, 8, 10"); /* windows, and the sums that are asked for */
	view = open_view(place->folder);
	store_view_tell_damage(view, note_told, &told);
	for (size_t i = 1; i <= 3; i++) {
		assert_int_equal(ask_total(view), 0);
		assert_int_equal(told.calls, i);
		assert_int_equal(told.number, 1);
		assert_int_equal(told.damaged, WINDOWS + SUMS);
		assert_int_equal(told.error, 0);
	}
	store_view_free(view);
}

static void test_a_file_that_is_no_slice_is_told(void **state)
{
	const struct place *place = *state;
	const struct slice_entry entry = { .number = 7, .span = span_of(0) };
	char *path = store_folder_path(place->folder, &entry);
	struct store_view *view = open_view(place->folder);
	struct told told = { 0 };
	FILE *file = fopen(path, "w");

	fputs("no slice\n", file);
	fclose(file);
	store_view_tell_damage(view, note_told, &told);
	assert_int_equal(ask_total(view), 0);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.number, 7);
	assert_int_equal(told.error, -EBADMSG);
	store_view_free(view);
	free(path);
}

/* --- who writes meanwhile --- */

static int add_values(void *context, const struct view_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		*(uint64_t *)context += rows->rows[i].value;
	return 0;
}

/* It has another name by then. */
static void test_a_slice_that_is_sealed_meanwhile_is_read(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	uint64_t total = 0;
	const struct view_sink sink = { &total, NULL, add_values };

	add_windows(writer, 5);
	assert_int_equal(view_load(view, always), 0);
	assert_int_equal(store_writer_close(writer), 0);
	assert_int_equal(view_read(view, always, VIEW_WINDOWS, &sink), 0);
	assert_int_equal(view_end(view, 0), 0);
	assert_int_equal(total, 5 * SAMPLES);
	store_view_free(view);
}

/* --- memory --- */

static int have_no_memory(void *context, const struct view_rows *rows)
{
	(void)context;
	(void)rows;
	return -ENOMEM;
}

/* What it holds may be what the next question lacks. */
static void test_a_view_without_memory_begins_anew(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	const struct view_sink sink = { NULL, NULL, have_no_memory };

	add_windows(writer, 5);
	assert_int_equal(view_load(view, always), 0);
	assert_int_equal(view_read(view, always, VIEW_WINDOWS, &sink), -ENOMEM);
	assert_int_equal(view_end(view, -ENOMEM), -ENOMEM);
	assert_int_equal(view->count, 0);
	assert_null(view->words);
	assert_int_equal(ask_total(view), 5 * SAMPLES);
	assert_int_equal(store_writer_close(writer), 0);
	store_view_free(view);
}

static void test_many_label_sets_are_forgotten(void **state)
{
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct store_view *view = open_view(place->folder);
	struct label_set set;
	uint32_t labels;

	add_windows(writer, 5);
	assert_int_equal(ask_total(view), 5 * SAMPLES);
	memset(&set, 0xff, sizeof(set));
	for (uint32_t i = 0; i <= VIEW_MAX_LABEL_SETS; i++) {
		set.values[SAMPLE_LABEL_pid] = 1000 + i;
		assert_int_equal(profile_add_labels(view->words, &set, &labels), 0);
	}
	assert_int_equal(ask_total(view), 5 * SAMPLES);
	assert_in_range(samples_labels_count(profile_samples(view->words)), 1, 5 * SAMPLES + 1);
	assert_int_equal(store_writer_close(writer), 0);
	store_view_free(view);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(test_damage_is_counted_and_told),
		IN_PLACE(test_a_file_that_is_no_slice_is_told),
		IN_PLACE(test_a_slice_that_is_sealed_meanwhile_is_read),
		IN_PLACE(test_a_view_without_memory_begins_anew),
		IN_PLACE(test_many_label_sets_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
