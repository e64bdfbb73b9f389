/* SPDX-License-Identifier: Apache-2.0 */
/* Slices that others made, and who rolls up and does not tell the truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "store/chunk_body.h"
#include "store/column.h"
#include "store/roll_up.h"
#include "store/slice_bases.h"
#include "store/slice_dictionary.h"
#include "store/slice_rolling.h"
#include "store/store_writer.h"
#include "tests/unit/roll_up_place.h"
#include "tests/unit/store_place.h"

static int roll_once(const char *folder, enum roll_up_number level, roll_up_make_fn make)
{
	const struct roll_up_ages ages = only(level);
	struct store_writer *writer = open_writer(folder);
	struct slice_rolling rolling;
	int error;

	assert_int_equal(store_writer_begin_rolling(writer, &ages, INT64_MAX, &rolling), 0);
	assert_true(rolling.group.count > 0);
	error = slice_rolling_run(&rolling, make);
	assert_int_equal(store_writer_end_rolling(writer, INT64_MAX, &rolling), error);
	assert_int_equal(store_writer_close(writer), 0);
	return error;
}

/* --- slices --- */

/* A slice while it is copied, and what its windows refer to. */
struct copying {
	struct slice_writer *to;
	struct profile *profile;
	struct dictionary_reader dictionary;
	struct window_span span; /* of the first window */
	bool is_behind;          /* nodes of which none of them knows come last */
};

static struct bytes bytes_of(const struct buffer *buffer)
{
	assert_int_equal(buffer_error(buffer), 0);
	return (struct bytes){ (const uint8_t *)buffer->data, buffer->size };
}

static uint32_t count_of(const struct dictionary_map *map)
{
	return (uint32_t)(map->ids.size / sizeof(uint32_t));
}

static void append_empty(const struct dictionary_map *map, struct buffer *to)
{
	number_append(to, count_of(map));
	number_append(to, 0);
}

/* As many nodes more as there are, one below the other. */
static void append_more_nodes(const struct dictionary_reader *dictionary, struct buffer *to)
{
	const uint32_t count = count_of(&dictionary->nodes);
	struct column parents = { 0 }, frames = { 0 };

	append_empty(&dictionary->strings, to);
	append_empty(&dictionary->frames, to);
	number_append(to, count);
	number_append(to, count);
	for (uint32_t i = 0; i < count; i++)
		column_append(&parents, to, count - 1 + i);
	for (uint32_t i = 0; i < count; i++)
		column_append(&frames, to, 0);
	append_empty(&dictionary->labels, to);
	number_append(to, SAMPLE_LABEL_COUNT);
}

static void put_body(struct copying *copying, enum chunk_kind kind, struct buffer *body)
{
	struct buffer packed = { 0 };

	assert_int_equal(chunk_body_pack(bytes_of(body), &packed), 0);
	assert_int_equal(slice_put(copying->to, kind, copying->span, body->size, bytes_of(&packed)),
			 0);
	buffer_clear(body);
	buffer_release(&packed);
}

static void put_more_nodes(struct copying *copying)
{
	struct buffer body = { 0 };

	append_more_nodes(&copying->dictionary, &body);
	put_body(copying, CHUNK_DICTIONARY, &body);
	buffer_release(&body);
}

/* All samples are of these nodes. */
static void put_more_bases(struct copying *copying)
{
	uint32_t *bases = (uint32_t *)copying->dictionary.bases.data;
	const uint32_t count = (uint32_t)(copying->dictionary.bases.size / sizeof(*bases));
	struct buffer body = { 0 };

	assert_true(count > 1);
	for (uint32_t i = 0; i < count; i++)
		bases[i] += count_of(&copying->dictionary.nodes);
	assert_int_equal(slice_bases_append(bases, count, &body), 0);
	put_body(copying, CHUNK_BASES, &body);
	buffer_release(&body);
}

static int copy_chunk(void *context, const struct slice_chunk *chunk)
{
	struct copying *copying = context;
	struct buffer body = { 0 };

	if (chunk->kind == CHUNK_SEAL)
		return 0;
	assert_int_equal(chunk_body_unpack(chunk->packed, chunk->size, &body), 0);
	if (chunk->kind == CHUNK_DICTIONARY)
		assert_int_equal(dictionary_reader_take(&copying->dictionary, bytes_of(&body)), 0);
	if (chunk->kind == CHUNK_BASES)
		assert_int_equal(slice_bases_take(bytes_of(&body), &copying->dictionary.bases), 0);
	if (chunk->kind == CHUNK_WINDOW && !copying->span.end_ns) {
		copying->span = chunk->span;
		if (!copying->is_behind)
			put_more_nodes(copying);
	}
	buffer_release(&body);
	return slice_put(copying->to, chunk->kind, chunk->span, chunk->size, chunk->packed);
}

/* Of the only slice, which has ticks and was rolled up. */
static void change_words(const char *folder, bool is_behind)
{
	struct copying copying = { .profile = profile_new(), .is_behind = is_behind };
	char path[PATH_MAX], copy[PATH_MAX + 8];
	struct slice_reader *reader;
	struct slice_report report;

	path_of_only_slice(folder, path);
	snprintf(copy, sizeof(copy), "%s.copy", path);
	assert_int_equal(profile_keep_samples(copying.profile), 0);
	assert_int_equal(dictionary_reader_init(&copying.dictionary, copying.profile), 0);
	assert_int_equal(slice_open(path, &reader), 0);
	assert_int_equal(slice_create_rolled(copy, &copying.to), 0);
	assert_int_equal(slice_begin(copying.to), 0);
	assert_int_equal(slice_read(reader, always, copy_chunk, &copying, &report), 0);
	if (is_behind)
		put_more_nodes(&copying);
	put_more_bases(&copying);
	assert_int_equal(slice_commit(copying.to), 0);
	assert_int_equal(slice_seal(copying.to), 0);
	slice_writer_free(copying.to);
	slice_reader_free(reader);
	assert_int_equal(rename(copy, path), 0);
	dictionary_reader_release(&copying.dictionary);
	profile_free(copying.profile);
}

/* Windows whose stacks are others when they are read again: such as were not counted, or were not there at all. */
static void test_words_behind_their_windows(void **state)
{
	const struct place *place = *state;

	for (int is_behind = 0; is_behind < 2; is_behind++) {
		empty(place->folder);
		add_windows(place->folder, 0, 8, 19);
		assert_int_equal(roll(place->folder, LEVEL_DAY, true), 1);
		change_words(place->folder, is_behind);
		assert_int_equal(roll_once(place->folder, LEVEL_MINUTES, roll_up_make), -EBADMSG);
		assert_int_equal(count_slices(place->folder, SLICE_SEALED), 1);
	}
}

/* Times in units of nothing are none: whoever writes them again divides by it. */
static void test_units_of_nothing(void **state)
{
	struct profile *profile = profile_new();
	struct dictionary_reader dictionary;

	(void)state;
	assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(dictionary_reader_init(&dictionary, profile), 0);
	for (uint8_t unit_ns = 0; unit_ns < 2; unit_ns++) {
		/* Flags, rate, unit, one sample: of the root, of no labels, at the start. */
		const uint8_t body[] = { WINDOW_HAS_TIMES, 19, unit_ns, 1, 0, 0, 2 };
		struct window_report report = { 0 };

		assert_int_equal(window_take(span_of(0), always,
					     (struct bytes){ body, sizeof(body) }, &dictionary,
					     &report),
				 unit_ns ? 0 : -EBADMSG);
		assert_int_equal(report.samples, unit_ns);
	}
	dictionary_reader_release(&dictionary);
	profile_free(profile);
}

/* --- who rolls up --- */

/* What it is made with. */
static struct {
	size_t left; /* chunks, until it stops */
	slice_chunk_fn put;
	void *context;
} making;

/* From the n-th chunk on. */
static _Atomic bool is_stopped;

static int put_and_stop(void *context, const struct slice_chunk *chunk)
{
	(void)context;
	is_stopped |= !making.left || !--making.left;
	return making.put(making.context, chunk);
}

static int make_and_stop(const char *folder, const struct roll_up_group *group, slice_chunk_fn put,
			 void *context, size_t *ret_taken)
{
	struct roll_up_group stopped = *group;

	making.put = put;
	making.context = context;
	stopped.stops = &is_stopped;
	return roll_up_make(folder, &stopped, put_and_stop, NULL, ret_taken);
}

static void test_it_stops_when_it_is_to(void **state)
{
	const struct place *place = *state;

	add_windows(place->folder, 0, 8, 19);
	is_stopped = true; /* before a slice is read */
	making.left = 1000;
	assert_int_equal(roll_once(place->folder, LEVEL_DAY, make_and_stop), -ECANCELED);
	is_stopped = false; /* before the windows are */
	making.left = 1;
	assert_int_equal(roll_once(place->folder, LEVEL_DAY, make_and_stop), -ECANCELED);
	is_stopped = false;
	making.left = 1000;
	assert_int_equal(roll_once(place->folder, LEVEL_DAY, make_and_stop), 0);
}

/* Says that it took more than there are, and that it failed, or did not. */
static int said_error;

static int take_too_many(const char *folder, const struct roll_up_group *group, slice_chunk_fn put,
			 void *context, size_t *ret_taken)
{
	int error = roll_up_make(folder, group, put, context, ret_taken);

	assert_int_equal(error, 0);
	*ret_taken = SIZE_MAX;
	return said_error;
}

/* Says the same again and again, for ever if it is let. */
static int repeat_chunk(void *context, const struct slice_chunk *chunk)
{
	static const uint8_t bytes[1 << 20];
	struct slice_chunk large = *chunk;
	int error = making.put(making.context, chunk);

	(void)context;
	large.kind = CHUNK_NAMES;
	large.packed = (struct bytes){ bytes, sizeof(bytes) };
	for (size_t i = 0; i < 400 && !error; i++)
		error = making.put(making.context, &large);
	return error;
}

static int fill_the_disk(const char *folder, const struct roll_up_group *group, slice_chunk_fn put,
			 void *context, size_t *ret_taken)
{
	making.put = put;
	making.context = context;
	return roll_up_make(folder, group, repeat_chunk, NULL, ret_taken);
}

static void test_what_rolls_up_is_not_believed(void **state)
{
	static const int errors[] = { 0, -EBADMSG, -ENOENT };
	const struct place *place = *state;
	const struct roll_up_ages ages = only(LEVEL_DAY);

	add_windows(place->folder, 0, 4, 19);
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		struct store_writer *writer = open_writer(place->folder);
		struct slice_rolling rolling;

		said_error = errors[i];
		assert_int_equal(store_writer_begin_rolling(writer, &ages, INT64_MAX, &rolling), 0);
		assert_int_equal(slice_rolling_run(&rolling, take_too_many), -EBADMSG);
		assert_int_equal(rolling.taken, 0);
		assert_int_equal(store_writer_end_rolling(writer, INT64_MAX, &rolling), -EBADMSG);
		assert_int_equal(store_writer_close(writer), 0);
	}
	assert_int_equal(roll_once(place->folder, LEVEL_DAY, fill_the_disk), -EBADMSG);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words_behind_their_windows, make_place,
						remove_place),
		cmocka_unit_test(test_units_of_nothing),
		cmocka_unit_test_setup_teardown(test_it_stops_when_it_is_to, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_what_rolls_up_is_not_believed, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
