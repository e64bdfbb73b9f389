/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that are kept unnamed: what names come later, in which order whatever, is what is read; a root without its proof is proven by its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/column.h"
#include "store/slice_names.h"
#include "tests/unit/store_place.h"

#define ID_A "0a0b0c"
#define ID_B "0d0e0f"

/* A stack below a process, its outermost frame first, and how it is told. */
struct stack {
	const char *process, *marker; /* marker NULL: none */
	struct frame_address frames[4];
	size_t depth;
};

static uint32_t add_stack(struct profile *profile, const struct stack *stack)
{
	uint32_t node, frame;

	assert_int_equal(profile_add_named(profile, stack->process, NULL, FRAME_PROCESS, &frame),
			 0);
	assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &node), 0);
	if (stack->marker) {
		assert_int_equal(
			profile_add_named(profile, stack->marker, NULL, FRAME_UNLESS_ROOT, &frame),
			0);
		assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
	}
	for (size_t i = 0; i < stack->depth; i++) {
		const struct frame_address *at = &stack->frames[i];

		assert_int_equal(
			profile_add_unnamed(profile, at->module, at->build_id, at->offset, &frame),
			0);
		assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
	}
	return node;
}

static void add_window(struct store_writer *writer, uint64_t window, const struct stack *stacks,
		       size_t count)
{
	const struct window_times times = times_of(window);
	struct profile *profile = profile_new();
	const uint64_t values[] = { 1 };

	assert_int_equal(profile_keep_samples(profile), 0);
	profile_origin(profile)->fates_are_known = true;
	for (size_t i = 0; i < count; i++) {
		const struct sample sample = { add_stack(profile, &stacks[i]), LABELS_UNKNOWN,
					       SAMPLE_NO_TIME };

		assert_int_equal(profile_add_sample(profile, &sample, values), 0);
	}
	assert_int_equal(store_writer_add(writer, &times, profile), 0);
	profile_free(profile);
}

/* As describe() has it, its markers and processes too. */
static void assert_reads(const char *folder, const char *expected)
{
	struct buffer found = { 0 }, sorted = { 0 };
	struct stream_sum sum;
	size_t damaged;
	struct profile *profile = read_part(folder, always, &damaged, &sum);

	describe(profile, &found);
	assert_int_equal(damaged, 0);
	buffer_append_string(&sorted, expected);
	sort_lines(&sorted);
	assert_string_equal(buffer_string(&found), buffer_string(&sorted));
	profile_free(profile);
	buffer_release(&found);
	buffer_release(&sorted);
}

static int count_address(void *context, const struct frame_address *address)
{
	assert_non_null(address);
	++*(size_t *)context;
	return 0;
}

static size_t count_unnamed(struct store_writer *writer)
{
	size_t count = 0;

	assert_int_equal(store_writer_each_unnamed(writer, count_address, &count), 0);
	return count;
}

static void tell(struct store_writer *writer, struct frame_address address, bool is_root,
		 const struct frame_name *names, size_t count)
{
	const struct address_names told = { address, is_root, names, count };

	assert_int_equal(store_writer_add_names(writer, &told, 1), 0);
}

#define TAIL " - 4294967295 18446744073709551615 1\n"

static const struct frame_address main_at = { "app", ID_A, 0x1000 };
static const struct frame_address work_at = { "app", ID_A, 0x2000 };

static void test_names_come_later(void **state)
{
	static const struct frame_name work[] = { { "work", "w.c", 7 }, { "fast", "w.h", 9 } };
	static const struct frame_name main_name[] = { { "main", NULL, 0 } };
	static const struct frame_name better[] = { { "main", "m.c", 3 } };
	const struct stack stack = { "app", NULL, { main_at, work_at }, 2 };
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);

	add_window(writer, 0, &stack, 1);
	assert_int_equal(count_unnamed(writer), 2);
	assert_reads(place->folder, "[app]/app/4/-:0;[app]/app/4/-:0;app/-/5/-:0;" TAIL);
	tell(writer, work_at, false, work, 2);
	assert_int_equal(count_unnamed(writer), 1);
	assert_reads(place->folder, "fast/app/2/w.h:9;work/app/0/w.c:7;[app]/app/4/-:0;"
				    "app/-/5/-:0;" TAIL);
	tell(writer, main_at, true, main_name, 1);
	assert_int_equal(count_unnamed(writer), 0);
	/* A window after it is named as well, and what is told last holds. */
	add_window(writer, 1, &stack, 1);
	assert_int_equal(count_unnamed(writer), 0);
	tell(writer, main_at, true, better, 1);
	assert_int_equal(store_writer_close(writer), 0);
	assert_reads(place->folder,
		     "fast/app/2/w.h:9;work/app/0/w.c:7;main/app/0/m.c:3;app/-/5/-:0;" TAIL
		     "fast/app/2/w.h:9;work/app/0/w.c:7;main/app/0/m.c:3;app/-/5/-:0;" TAIL);
}

static void test_what_has_no_name_is_not_asked_for_again(void **state)
{
	static const struct frame_address nowhere = { NULL, NULL, 5 };
	const struct stack stack = { "app", NULL, { nowhere, work_at }, 2 };
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);

	add_window(writer, 0, &stack, 1);
	tell(writer, nowhere, false, NULL, 0);
	tell(writer, work_at, false, NULL, 0);
	assert_int_equal(count_unnamed(writer), 0);
	assert_int_equal(store_writer_close(writer), 0);
	assert_reads(place->folder, "[app]/app/4/-:0;[unknown]/-/4/-:0;app/-/5/-:0;" TAIL);
}

static void test_each_slice_has_its_names(void **state)
{
	static const struct frame_name work[] = { { "work", NULL, 0 } };
	const struct stack stack = { "app", NULL, { work_at }, 1 };
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);

	assert_int_equal(count_unnamed(writer), 0); /* no slice is open */
	tell(writer, work_at, false, work, 1);
	add_window(writer, 0, &stack, 1);
	tell(writer, work_at, false, work, 1);
	add_window(writer, 400, &stack, 1); /* more than an hour later */
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 1);
	assert_int_equal(count_unnamed(writer), 1);
	tell(writer, work_at, false, work, 1);
	tell(writer, main_at, false, work, 1); /* it has no such frame */
	assert_int_equal(store_writer_close(writer), 0);
	assert_reads(place->folder,
		     "work/app/0/-:0;app/-/5/-:0;" TAIL "work/app/0/-:0;app/-/5/-:0;" TAIL);
}

/* Neither bit 32 of an offset nor a build-id is cut off. */
static void test_places_are_told_apart(void **state)
{
	static const struct frame_address places[] = {
		{ "lib", ID_A, 1 },
		{ "lib", ID_B, 1 },
		{ "lib", ID_A, 1 | (uint64_t)1 << 32 },
		{ "lib", ID_A, 1 | (uint64_t)1 << 63 },
		{ "bil", ID_A, 1 },
		{ "lib", NULL, 1 },
	};
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct buffer expected = { 0 };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const struct stack stack = { "app", NULL, { places[i] }, 1 };

		add_window(writer, i, &stack, 1);
	}
	assert_int_equal(count_unnamed(writer), sizeof(places) / sizeof(*places));
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char function[32];
		const struct frame_name name = { function, NULL, 0 };

		snprintf(function, sizeof(function), "f%zu", i);
		tell(writer, places[i], false, &name, 1);
		buffer_printf(&expected, "f%zu/%s/0/-:0;app/-/5/-:0;" TAIL, i, places[i].module);
	}
	assert_int_equal(store_writer_close(writer), 0);
	assert_reads(place->folder, buffer_string(&expected));
	buffer_release(&expected);
}

/* Below a marker that holds unless a root is there: main, which is one, and work, which is none. */
static void test_a_root_is_proven_by_its_name(void **state)
{
	static const struct frame_name main_name[] = { { "main", NULL, 0 } };
	static const struct frame_name work[] = { { "work", NULL, 0 } };
	const struct stack stacks[] = {
		{ "app", "[truncated:no_root]", { main_at, work_at }, 2 },
		{ "app", "[truncated:no_root]", { work_at }, 1 },
		{ "app", "[truncated:no_root]", .depth = 0 },
		{ "app", NULL, { main_at, work_at }, 2 },
	};
	const struct place *place = *state;
	struct store_writer *writer = open_writer(place->folder);
	struct stream_sum sum;
	struct profile *profile;
	struct fates fates;
	size_t damaged;

	add_window(writer, 0, stacks, 4);
	tell(writer, work_at, false, work, 1);
	tell(writer, main_at, false, main_name, 1);
	profile = read_part(place->folder, always, &damaged, &sum);
	profile_fates(profile, &fates);
	assert_int_equal(fates.truncated, 3);
	profile_free(profile);

	tell(writer, main_at, true, main_name, 1);
	assert_int_equal(store_writer_close(writer), 0);
	assert_reads(place->folder, "work/app/0/-:0;main/app/0/-:0;app/-/5/-:0;" TAIL
				    "work/app/0/-:0;[truncated:no_root]/-/6/-:0;app/-/5/-:0;" TAIL
				    "[truncated:no_root]/-/6/-:0;app/-/5/-:0;" TAIL
				    "work/app/0/-:0;main/app/0/-:0;app/-/5/-:0;" TAIL);
	profile = read_part(place->folder, always, &damaged, &sum);
	profile_fates(profile, &fates);
	assert_int_equal(fates.truncated, 2);
	assert_int_equal(fates.due, 4);
	profile_free(profile);
}

/* --- damage --- */

/* A store of some windows and names, whose description is `expected`. */
static void make_store(const char *folder, struct buffer *expected)
{
	struct store_writer *writer = open_writer(folder);
	struct stream_sum sum;
	struct profile *profile;
	size_t damaged;

	for (uint64_t window = 0; window < 3; window++) {
		for (uint64_t i = 0; i < 10; i++) {
			struct frame_address address = { "app", ID_A, 77 * i + window };
			const struct stack stack = {
				"app", "[truncated:no_root]", { main_at, address }, 2
			};
			const struct frame_name names[] = { { "work", "w.c", (uint32_t)i },
							    { "inner", "w.h", 1 } };

			add_window(writer, window, &stack, 1);
			tell(writer, address, false, names, 1 + i % 2);
		}
		tell(writer, main_at, window > 1, (struct frame_name[]){ { "main", NULL, 0 } }, 1);
	}
	assert_int_equal(store_writer_close(writer), 0);
	profile = read_part(folder, always, &damaged, &sum);
	assert_int_equal(sum.samples, 30);
	assert_int_equal(damaged, 0);
	describe(profile, expected);
	profile_free(profile);
}

static void test_each_flipped_bit_is_found_or_harmless(void **state)
{
	const struct place *place = *state;
	struct buffer expected = { 0 }, found = { 0 };
	size_t parts = 0, flips = 0;
	char path[PATH_MAX];
	struct stat status;

	make_store(place->folder, &expected);
	path_of_only_slice(place->folder, path);
	assert_int_equal(stat(path, &status), 0);
	for (off_t at = 0; at < status.st_size * 8; at += 41, flips++) {
		struct stream_sum sum;
		struct profile *profile;
		size_t damaged;

		flip(path, at / 8, (unsigned int)(at % 8));
		profile = read_part(place->folder, always, &damaged, &sum);
		describe(profile, &found);
		if (!damaged)
			assert_string_equal(buffer_string(&found), buffer_string(&expected));
		parts += damaged && sum.samples;
		profile_free(profile);
		flip(path, at / 8, (unsigned int)(at % 8));
	}
	assert_true(parts > flips / 20); /* of most a part is left */
	buffer_release(&expected);
	buffer_release(&found);
}

/* --- bodies that are none --- */

static int take(const void *bytes, size_t size)
{
	struct profile *profile = profile_new();
	struct slice_names names;
	int error;

	slice_names_init(&names, profile);
	error = slice_names_take(&names, (struct bytes){ bytes, size });
	if (error)
		assert_int_equal(slice_names_find(&names, 2), PROFILE_NONE);
	slice_names_release(&names);
	profile_free(profile);
	return error;
}

static void test_what_is_no_chunk_is_not_taken(void **state)
{
	static const struct frame_name names[] = { { "main", "m.c", 3 }, { "inner", NULL, 0 } };
	static const struct named_frame frames[] = { { 2, true, names, 2 }, { 9, false, NULL, 0 } };
	struct names_writer writer;
	struct buffer body = { 0 };

	(void)state;
	names_writer_init(&writer);
	assert_int_equal(names_writer_append(&writer, frames, 2, &body), 0);
	names_writer_release(&writer);
	assert_int_equal(take(body.data, body.size), 0);
	for (size_t size = 0; size < body.size; size++)
		assert_int_equal(take(body.data, size), -EBADMSG);
	buffer_append_char(&body, 0);
	assert_int_equal(take(body.data, body.size), -EBADMSG);
	buffer_release(&body);

	assert_int_equal(take("\0\0\1\4\4\0", 6),
			 -EBADMSG); /* a chain of one name, and none is there */
	assert_int_equal(take("\0\0\1\4\0\1\0\0\0", 9), -EBADMSG); /* a name of no chain */
	assert_int_equal(take("\0\0\1\4\4\1\2\0\0", 9), -EBADMSG); /* a string that is not there */
	assert_int_equal(take("\0\377\377\377\377\17", 6), -EBADMSG);
}

/* Whatever chunks say, each of which may be hostile, there is no memory for it without end. */
static void test_numbers_that_are_missing_have_a_ceiling(void **state)
{
	struct profile *profile = profile_new();
	struct slice_names names;

	(void)state;
	slice_names_init(&names, profile);
	for (uint64_t first = 3 << 20; first <= 12 << 20; first += 3 << 20) {
		struct buffer body = { 0 };

		number_append(&body, first);
		number_append(&body, 0);
		slice_names_take(&names, (struct bytes){ (const uint8_t *)body.data, body.size });
		buffer_release(&body);
	}
	assert_int_equal(names.strings.size / sizeof(uint32_t), 3 << 20);
	slice_names_release(&names);
	profile_free(profile);
}

/* Its strings may be those of a chunk before, which may be lost: then there is no name, and no other's. */
static void test_a_chunk_that_is_lost_takes_its_strings_with_it(void **state)
{
	static const struct frame_name first[] = { { "main", "m.c", 3 } };
	static const struct frame_name second[] = { { "other", "m.c", 3 } };
	static const struct frame_name third[] = { { "main", NULL, 0 } };
	const struct named_frame frames[] = { { 1, true, first, 1 },
					      { 2, false, second, 1 },
					      { 3, true, third, 1 } };
	struct profile *profile = profile_new();
	struct slice_names names;
	struct names_writer writer;
	uint32_t row, frame;

	(void)state;
	names_writer_init(&writer);
	slice_names_init(&names, profile);
	for (size_t i = 0; i < 3; i++) {
		struct buffer body = { 0 };

		assert_int_equal(names_writer_append(&writer, &frames[i], 1, &body), 0);
		names_writer_settle(&writer);
		if (i)
			assert_int_equal(
				slice_names_take(&names, (struct bytes){ (const uint8_t *)body.data,
									 body.size }),
				0);
		buffer_release(&body);
	}
	assert_int_equal(slice_names_find(&names, 1), PROFILE_NONE);
	row = slice_names_find(&names, 2);
	assert_int_equal(slice_names_count(&names, row), 1);
	assert_int_equal(slice_names_add_frames(&names, row, PROFILE_NONE, &frame), 0);
	assert_string_equal(profile_string(profile, profile_frame(profile, frame)->name, NULL),
			    "other");
	assert_int_equal(profile_frame(profile, frame)->file, PROFILE_NONE); /* that stood there */
	row = slice_names_find(&names, 3);
	assert_int_equal(slice_names_count(&names, row), 0);
	slice_names_release(&names);
	names_writer_release(&writer);
	profile_free(profile);
}

/* --- slices of before --- */

static void copy_file(const char *from, const char *to)
{
	struct buffer bytes = { 0 };
	FILE *file = fopen(to, "w");

	assert_int_equal(buffer_read_file(&bytes, from, 1 << 20), 0);
	assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
	assert_int_equal(fclose(file), 0);
	buffer_release(&bytes);
}

/* Its dictionary had no places and a fixed number of labels. */
static void test_a_slice_of_version_1_is_read(void **state)
{
	const struct place *place = *state;
	struct stream_sum sum;
	struct profile *profile;
	struct buffer found = { 0 }, expected = { 0 };
	char path[PATH_MAX];
	size_t damaged;

	snprintf(path, sizeof(path), "%s/000001-1764339842000-1764339872000.slice", place->folder);
	copy_file("tests/unit/data/version_1.slice", path);
	profile = read_part(place->folder, always, &damaged, &sum);
	assert_int_equal(damaged, 0);
	assert_int_equal(sum.samples, 90);
	assert_string_equal(profile_origin(profile)->machine, "anvil");
	describe(profile, &found);
	assert_int_equal(buffer_read_file(&expected, "tests/unit/data/version_1.txt", 1 << 20), 0);
	sort_lines(&expected);
	assert_string_equal(buffer_string(&found), buffer_string(&expected));
	profile_free(profile);
	buffer_release(&found);
	buffer_release(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names_come_later, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_what_has_no_name_is_not_asked_for_again,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_each_slice_has_its_names, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_places_are_told_apart, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_a_root_is_proven_by_its_name, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_each_flipped_bit_is_found_or_harmless,
						make_place, remove_place),
		cmocka_unit_test(test_what_is_no_chunk_is_not_taken),
		cmocka_unit_test(test_a_chunk_that_is_lost_takes_its_strings_with_it),
		cmocka_unit_test(test_numbers_that_are_missing_have_a_ceiling),
		cmocka_unit_test_setup_teardown(test_a_slice_of_version_1_is_read, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
