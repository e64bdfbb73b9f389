/* SPDX-License-Identifier: Apache-2.0 */
/* A store whose files are damaged, empty, or lie where nothing can be written: it is told, and the rest is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "store/chunk_stream.h"
#include "store/slice_file.h"
#include "store/store_folder.h"
#include "store/store_reader.h"
#include "store/store_writer.h"
#include "tests/unit/store_place.h"
#include "tests/unit/store_windows.h"

/* --- damage --- */

#define DAMAGED_WINDOWS 3u
#define DAMAGED_SAMPLES 30u /* of each */
#define NEWER_BITS      6u  /* of the version, that make it one which may be to come */

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
	size_t all, harmless, mended, chunks, newer, several;
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
	} else if (!told.error && !told.report.missing && !told.report.damaged) {
		assert_string_equal(buffer_string(&found),
				    buffer_string((struct buffer *)expected));
		flips->mended++;
	} else if (!told.error && told.report.missing + told.report.damaged == 1) {
		assert_in_range(DAMAGED_WINDOWS * DAMAGED_SAMPLES - sum.samples, 0,
				DAMAGED_SAMPLES);
		if (sum.samples < DAMAGED_WINDOWS * DAMAGED_SAMPLES)
			assert_is_part(&found, expected);
		flips->chunks++;
	} else if (told.error == -ENOTSUP) {
		flips->newer++;
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
		"%zu bits of %lld bytes: %zu change nothing that is read, %zu the head or the tree, of which all is read, %zu cost a chunk, %zu make it one of a newer version, %zu more\n",
		flips.all, (long long)status.st_size, flips.harmless, flips.mended, flips.chunks,
		flips.newer, flips.several);
	assert_true(flips.harmless < flips.all / 2); /* SQLite's pages have room that is not used */
	assert_true(flips.chunks > flips.all / 4);
	assert_int_equal(flips.several, 0);
	assert_in_range(flips.newer, 0, NEWER_BITS);
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
