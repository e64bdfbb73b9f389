/* SPDX-License-Identifier: Apache-2.0 */
/* Names for a sealed slice: slice_modules.c, slice_places.c and slice_rewrite.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/roll_up.h"
#include "store/slice_modules.h"
#include "store/slice_names.h"
#include "store/slice_places.h"
#include "store/slice_rewrite.h"
#include "store/slice_rolling.h"
#include "store/store_view.h"
#include "tests/unit/store_place.h"

#define ID   "0a0b0c"
#define TAIL " - 4294967295 18446744073709551615 1\n"

static const struct module_code code[] = {
	{ .build_id = ID, .count = 1, .segments = { { 0x1000, 0x401000, 0x2000 } } },
	{ .build_id = "ff", .count = 2, .segments = { { 0, 0, 16 }, { 64, 1u << 20, 8 } } },
	{ .build_id = "", .count = 0 },
};

/* --- modules as a chunk --- */

static int compare_module(void *context, const struct module_code *module)
{
	const struct module_code *expected = &code[(*(size_t *)context)++];

	assert_string_equal(module->build_id, expected->build_id);
	assert_int_equal(module->count, expected->count);
	for (size_t i = 0; i < module->count; i++)
		assert_memory_equal(&module->segments[i], &expected->segments[i],
				    sizeof(module->segments[i]));
	return 0;
}

static int count_module(void *context, const struct module_code *module)
{
	(void)module;
	++*(size_t *)context;
	return 0;
}

/* Whatever is cut off, it is told; and no other byte reads beyond it. */
static void test_modules_come_back(void **state)
{
	struct buffer body = { 0 };
	size_t count = 0;

	(void)state;
	assert_int_equal(slice_modules_append(code, 3, &body), 0);
	assert_int_equal(slice_modules_each((struct bytes){ (const uint8_t *)body.data, body.size },
					    compare_module, &count),
			 0);
	assert_int_equal(count, 3);
	for (size_t size = 0; size < body.size; size++) {
		uint8_t *cut = malloc(size + 1);

		memcpy(cut, body.data, size);
		assert_int_equal(
			slice_modules_each((struct bytes){ cut, size }, count_module, &count),
			-EBADMSG);
		free(cut);
	}
	for (size_t at = 0; at < body.size; at++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			body.data[at] = (char)(body.data[at] ^ 1 << bit);
			slice_modules_each((struct bytes){ (const uint8_t *)body.data, body.size },
					   count_module, &count);
			body.data[at] = (char)(body.data[at] ^ 1 << bit);
		}
	buffer_release(&body);
}

/* --- a sealed slice --- */

static void add_frame(struct profile *profile, const char *build_id, uint64_t offset,
		      uint32_t *node)
{
	uint32_t frame;

	assert_int_equal(profile_add_unnamed(profile, "app", build_id, offset, &frame), 0);
	assert_int_equal(profile_add_child(profile, *node, frame, node), 0);
}

/* Two frames of a file that is known, the inner of which has a name, and one of another that is not. */
static void make_slice(const char *folder, struct slice_entry *ret_entry)
{
	static const struct frame_name work[] = { { "work", NULL, 0 } };
	const struct address_names told = { { "app", ID, 0x2010 }, false, work, 1 };
	const struct window_times times = times_of(0);
	const uint64_t values[] = { 1 };
	struct store_writer *writer = open_writer(folder);
	struct profile *profile = profile_new();
	struct slice_list list;
	struct sample sample = { PROFILE_ROOT, LABELS_UNKNOWN, SAMPLE_NO_TIME };

	assert_int_equal(profile_keep_samples(profile), 0);
	add_frame(profile, "0d", 0x10, &sample.node);
	add_frame(profile, ID, 0x1020, &sample.node);
	add_frame(profile, ID, 0x2010, &sample.node);
	assert_int_equal(profile_add_sample(profile, &sample, values), 0);
	assert_int_equal(store_writer_add_modules(writer, code, 1), 0); /* no slice is open yet */
	assert_int_equal(store_writer_add(writer, &times, profile), 0);
	assert_int_equal(store_writer_add_modules(writer, code, 3), 0);
	assert_int_equal(store_writer_add_modules(writer, code, 1), 0);
	assert_int_equal(store_writer_add_names(writer, &told, 1), 0);
	assert_int_equal(store_writer_close(writer), 0);
	profile_free(profile);
	assert_int_equal(store_folder_list(folder, &list), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.entries[0].state, SLICE_SEALED);
	*ret_entry = list.entries[0];
	slice_list_release(&list);
}

static void find(const char *folder, struct buffer *found, struct slice_places *ret_places)
{
	struct buffer stream = { 0 };
	size_t damaged = 0;

	assert_int_equal(store_collect(folder, always, note_damage, &damaged, &stream), 0);
	assert_int_equal(damaged, 0);
	assert_int_equal(
		slice_places_find((struct bytes){ (const uint8_t *)stream.data, stream.size },
				  found),
		0);
	assert_true(slice_places_hear((struct bytes){ (const uint8_t *)found->data, found->size },
				      ret_places));
	buffer_release(&stream);
}

static void assert_reads(const char *folder, const char *expected)
{
	struct buffer found = { 0 };
	struct stream_sum sum;
	size_t damaged;
	struct profile *profile = read_part(folder, always, &damaged, &sum);

	describe(profile, &found);
	assert_int_equal(damaged, 0);
	assert_string_equal(buffer_string(&found), expected);
	profile_free(profile);
	buffer_release(&found);
}

static void test_places_are_those_whose_code_is_known(void **state)
{
	const struct place *place = *state;
	struct slice_places places;
	struct slice_entry entry;
	struct buffer found = { 0 };

	make_slice(place->folder, &entry);
	find(place->folder, &found, &places);
	assert_int_equal(places.strings, 1);
	assert_int_equal(places.module_count, 3);
	assert_string_equal(places.modules[0].build_id, ID);
	assert_int_equal(places.modules[0].segments[0].address, 0x401000);
	assert_int_equal(places.count, 2);
	assert_int_equal(places.places[0].offset, 0x1020);
	assert_int_equal(places.places[0].calls, 0);
	assert_int_equal(places.places[1].offset, 0x2010);
	assert_int_equal(places.places[1].calls, 1);
	assert_false(places.places[1].has_file);
	/* What does not add up is not believed. */
	for (size_t size = 0; size < found.size; size++)
		assert_false(slice_places_hear((struct bytes){ (const uint8_t *)found.data, size },
					       &places));
	((struct slice_place *)(found.data + sizeof(struct places_head)))->module = 3;
	assert_false(slice_places_hear((struct bytes){ (const uint8_t *)found.data, found.size },
				       &places));
	buffer_release(&found);
}

static char left_copy[PATH_MAX];

/* As a crash does while another slice is named. */
static void leave_copy(const char *folder)
{
	int fd;

	snprintf(left_copy, sizeof(left_copy), "%s/" STORE_NAMING, folder);
	fd = open(left_copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, "left", 4), 4);
	close(fd);
}

/* Twice, so that numbers of strings go on; what is not told again stays. */
static void test_names_are_added_to_a_sealed_slice(void **state)
{
	static const struct frame_name named[] = { { "caller", "c.c", 5 } };
	static const struct frame_name better[] = { { "work", "w.c", 7 }, { "fast", "w.h", 9 } };
	const struct place *place = *state;
	struct slice_places places;
	struct named_frame frame = { 0 };
	struct slice_entry entry;
	struct buffer found = { 0 };

	make_slice(place->folder, &entry);
	find(place->folder, &found, &places);
	assert_reads(place->folder, "work/app/0/-:0;[app]/app/4/-:0;[app]/app/4/-:0;" TAIL);
	frame = (struct named_frame){ places.places[0].number, false, named, 1 };
	leave_copy(place->folder);
	assert_int_equal(slice_add_names(place->folder, &entry, places.strings, &frame, 1), 0);
	assert_int_equal(access(left_copy, F_OK), -1);
	assert_reads(place->folder, "work/app/0/-:0;caller/app/0/c.c:5;[app]/app/4/-:0;" TAIL);
	buffer_clear(&found);
	find(place->folder, &found, &places);
	assert_int_equal(places.strings, 3);
	assert_true(places.places[0].has_file);
	frame = (struct named_frame){ places.places[1].number, false, better, 2 };
	assert_int_equal(slice_add_names(place->folder, &entry, places.strings, &frame, 1), 0);
	assert_reads(place->folder,
		     "fast/app/2/w.h:9;work/app/0/w.c:7;caller/app/0/c.c:5;[app]/app/4/-:0;" TAIL);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 1);
	buffer_release(&found);
}

static bool has_function(struct store_view *view, const char *name)
{
	const struct view_question question = { .part = always };
	struct profile *profile;
	bool has = false;

	assert_int_equal(store_view_profile(view, &question, VIEW_KEEPS_NONE, &profile), 0);
	for (uint32_t node = 1; node < profile_node_count(profile); node++)
		has |= !strcmp(
			profile_string(
				profile,
				profile_frame(profile, profile_node(profile, node)->frame)->name,
				NULL),
			name);
	profile_free(profile);
	return has;
}

static void test_a_view_sees_the_names(void **state)
{
	static const struct frame_name named[] = { { "caller", "c.c", 5 } };
	const struct place *place = *state;
	struct slice_places places;
	struct named_frame frame;
	struct slice_entry entry;
	struct store_view *view;
	struct buffer found = { 0 };

	make_slice(place->folder, &entry);
	find(place->folder, &found, &places);
	assert_int_equal(store_view_new(place->folder, &view), 0);
	assert_true(has_function(view, "work"));
	assert_false(has_function(view, "caller"));
	frame = (struct named_frame){ places.places[0].number, false, named, 1 };
	assert_int_equal(slice_add_names(place->folder, &entry, places.strings, &frame, 1), 0);
	assert_true(has_function(view, "caller"));
	store_view_free(view);
	buffer_release(&found);
}

static int roll(struct store_writer *writer, struct slice_rolling *rolling)
{
	struct roll_up_ages ages = { { [LEVEL_DAY] = 0 } };

	ages.ages_ns[LEVEL_MINUTES] = ages.ages_ns[LEVEL_HOURS] = UINT64_MAX;
	assert_int_equal(store_writer_begin_rolling(writer, &ages, INT64_MAX, rolling), 0);
	assert_int_equal(rolling->group.count, 1);
	return slice_rolling_run(rolling, roll_up_make);
}

/* Between the reading of a slice that is rolled up and the moment in which the other one takes its place; and while somebody looks for names, who may be about to do so. */
static void test_names_that_come_meanwhile_are_rolled_up_too(void **state)
{
	static const struct frame_name named[] = { { "caller", "c.c", 5 } };
	const struct place *place = *state;
	struct buffer found = { 0 };
	struct slice_places places;
	struct slice_rolling rolling;
	struct store_writer *writer;
	struct named_frame frame;
	struct slice_entry entry;
	int lock;

	make_slice(place->folder, &entry);
	find(place->folder, &found, &places);
	frame = (struct named_frame){ places.places[0].number, false, named, 1 };
	writer = open_writer(place->folder);
	assert_int_equal(roll(writer, &rolling), 0);
	assert_int_equal(slice_add_names(place->folder, &entry, places.strings, &frame, 1), 0);
	assert_int_equal(store_writer_end_rolling(writer, INT64_MAX, &rolling), -ESTALE);
	assert_int_equal(roll(writer, &rolling), 0);
	assert_int_equal(store_folder_lock(place->folder, STORE_NAMES_LOCK, &lock), 0);
	assert_int_equal(store_writer_end_rolling(writer, INT64_MAX, &rolling), -EAGAIN);
	close(lock);
	assert_int_equal(roll(writer, &rolling), 0);
	assert_int_equal(store_writer_end_rolling(writer, INT64_MAX, &rolling), 0);
	assert_int_equal(store_writer_close(writer), 0);
	assert_reads(place->folder, "work/app/0/-:0;caller/app/0/c.c:5;[app]/app/4/-:0;" TAIL);
	buffer_release(&found);
}

/* Whoever may read a store cannot hold its locks. */
static void test_locks_are_of_the_owner_alone(void **state)
{
	const struct place *place = *state;
	char path[PATH_MAX];
	struct stat status;
	int lock, other;

	snprintf(path, sizeof(path), "%s/" STORE_LOCK, place->folder);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	assert_int_equal(store_folder_lock(place->folder, STORE_LOCK, &lock), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(store_folder_lock(place->folder, STORE_LOCK, &other), -EWOULDBLOCK);
	close(lock);
}

/* Sealed, while somebody read it: it had its old name still, and then names came to where its seal was. */
static void test_a_view_that_saw_the_seal_sees_the_names(void **state)
{
	static const struct frame_name named[] = { { "caller", "c.c", 5 } };
	const struct place *place = *state;
	struct slice_entry entry, open;
	struct slice_places places;
	struct named_frame frame;
	struct store_view *view;
	struct buffer found = { 0 };
	char *path, *open_path;

	make_slice(place->folder, &entry);
	find(place->folder, &found, &places);
	open = (struct slice_entry){ .number = entry.number, .state = SLICE_IS_OPEN };
	path = store_folder_path(place->folder, &entry);
	open_path = store_folder_path(place->folder, &open);
	assert_int_equal(rename(path, open_path), 0);
	assert_int_equal(store_view_new(place->folder, &view), 0);
	assert_true(has_function(view, "work"));
	assert_int_equal(rename(open_path, path), 0);
	frame = (struct named_frame){ places.places[0].number, false, named, 1 };
	assert_int_equal(slice_add_names(place->folder, &entry, places.strings, &frame, 1), 0);
	assert_true(has_function(view, "caller"));
	assert_false(has_function(view, "[damaged]"));
	store_view_free(view);
	buffer_release(&found);
	free(path);
	free(open_path);
}

/* One that was taken away does not come back, and one that is damaged stays as it is. */
static void test_what_cannot_be_replaced_stays(void **state)
{
	const struct place *place = *state;
	const struct named_frame frame = { .number = 1 };
	char path[PATH_MAX];
	struct slice_entry entry;

	make_slice(place->folder, &entry);
	path_of_only_slice(place->folder, path);
	assert_int_equal(truncate(path, (off_t)entry.bytes / 2), 0);
	assert_true(slice_add_names(place->folder, &entry, 1, &frame, 1) < 0);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(slice_add_names(place->folder, &entry, 1, &frame, 1), -ENOENT);
	assert_int_equal(count_slices(place->folder, SLICE_SEALED), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modules_come_back),
		cmocka_unit_test_setup_teardown(test_places_are_those_whose_code_is_known,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_names_are_added_to_a_sealed_slice, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_a_view_sees_the_names, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_names_that_come_meanwhile_are_rolled_up_too,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_locks_are_of_the_owner_alone, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_a_view_that_saw_the_seal_sees_the_names,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_replaced_stays, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
