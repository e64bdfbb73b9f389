/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own, for tests: what was added is described and compared with what is read. */
#ifndef HEARTH_TESTS_UNIT_STORE_PLACE_H
#define HEARTH_TESTS_UNIT_STORE_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/chunk_stream.h"
#include "store/slice_file.h"
#include "store/store_folder.h"
#include "store/store_reader.h"
#include "store/store_writer.h"

#define SECOND_NS ((uint64_t)1000000000)
#define START_NS  (1764339842 * SECOND_NS)
#define WINDOW_NS (10 * SECOND_NS)
#define UNIT_NS   1000000u

/* --- a folder of its own --- */

struct place {
	char folder[64];
};

#define MEMORY_FOLDER "/dev/shm"
#define ROOM_BYTES    ((uint64_t)32 << 20) /* more than the stores of a test take */

static inline bool memory_has_room(void)
{
	struct statvfs system;

	return !access(MEMORY_FOLDER, W_OK | X_OK) && !statvfs(MEMORY_FOLDER, &system) &&
	       (uint64_t)system.f_bavail * system.f_frsize >= ROOM_BYTES;
}

/* In memory where it has room: neither a kill nor a fault that is made up needs a disk, and there a sync takes no time. */
static inline int make_folder(char ret_folder[64])
{
	snprintf(ret_folder, 64, "%s/hearth-store-XXXXXX",
		 memory_has_room() ? MEMORY_FOLDER : "/tmp");
	return mkdtemp(ret_folder) ? 0 : -1;
}

static inline int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	*state = place;
	return make_folder(place->folder);
}

static inline void empty(const char *folder)
{
	DIR *open = opendir(folder);
	struct dirent *found;

	while ((found = readdir(open)))
		unlinkat(dirfd(open), found->d_name, 0);
	closedir(open);
}

static inline int remove_place(void **state)
{
	struct place *place = *state;

	empty(place->folder);
	rmdir(place->folder);
	free(place);
	return 0;
}

/* --- windows --- */

static inline struct window_span span_of(uint64_t window)
{
	return (struct window_span){ START_NS + window * WINDOW_NS,
				     START_NS + (window + 1) * WINDOW_NS };
}

static inline struct window_times times_of(uint64_t window)
{
	return (struct window_times){ .span = span_of(window), .unit_ns = UNIT_NS };
}

static const struct window_span always = { 0, UINT64_MAX };

/* --- what is read --- */

static inline int compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* In which order samples stand tells nothing. */
static inline void sort_lines(struct buffer *lines)
{
	char *copy = strdup(buffer_string(lines)), *rest = copy, *line;
	struct buffer starts = { 0 };

	while ((line = strsep(&rest, "\n")) && *line)
		buffer_append(&starts, &line, sizeof(line));
	if (starts.size)
		qsort(starts.data, starts.size / sizeof(line), sizeof(line), compare_lines);
	buffer_clear(lines);
	for (size_t i = 0; i < starts.size / sizeof(line); i++) {
		buffer_append_string(lines, ((char **)starts.data)[i]);
		buffer_append_char(lines, '\n');
	}
	assert_int_equal(buffer_error(lines), 0);
	buffer_release(&starts);
	free(copy);
}

/* Sample by sample: its stack, what is known of it, its time and values; sorted. */
static inline void describe(const struct profile *profile, struct buffer *to)
{
	const struct samples *samples = profile_samples(profile);

	buffer_clear(to);
	for (size_t i = 0; samples && i < samples_count(samples); i++) {
		struct sample sample = samples_get(samples, i);
		const struct label_set *labels = samples_labels(samples, sample.labels);
		uint32_t comm = labels->values[SAMPLE_LABEL_comm];

		for (uint32_t at = sample.node; at != PROFILE_ROOT;
		     at = profile_node(profile, at)->parent) {
			const struct frame *frame =
				profile_frame(profile, profile_node(profile, at)->frame);

			buffer_printf(to, "%s/%s/%d/%s:%u;",
				      profile_string(profile, frame->name, NULL),
				      frame->module == PROFILE_NONE
					      ? "-"
					      : profile_string(profile, frame->module, NULL),
				      frame->kind,
				      frame->file == PROFILE_NONE
					      ? "-"
					      : profile_string(profile, frame->file, NULL),
				      frame->line);
		}
		buffer_printf(to, " %s %u %llu",
			      comm == PROFILE_NONE ? "-" : profile_string(profile, comm, NULL),
			      labels->values[SAMPLE_LABEL_pid], (unsigned long long)sample.time_ns);
		for (uint32_t v = 0; v < samples_value_count(samples); v++)
			buffer_printf(to, " %llu",
				      (unsigned long long)samples_value(samples, i, v));
		buffer_append_char(to, '\n');
	}
	assert_int_equal(buffer_error(to), 0);
	sort_lines(to);
}

static inline struct store_writer *open_writer(const char *folder)
{
	struct store_writer *writer;
	size_t set_aside;

	assert_int_equal(store_writer_open(folder, &writer, &set_aside), 0);
	assert_int_equal(set_aside, 0);
	return writer;
}

/* Counts what it is told of. */
static inline void note_damage(void *context, const struct slice_entry *slice,
			       const struct slice_report *report, int error)
{
	(void)slice;
	(void)report;
	(void)error;
	++*(size_t *)context;
}

static inline struct profile *read_part(const char *folder, struct window_span part,
					size_t *ret_damaged, struct stream_sum *ret_sum)
{
	struct profile *profile = profile_new();
	struct buffer stream = { 0 };

	*ret_damaged = 0;
	assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(store_collect(folder, part, note_damage, ret_damaged, &stream), 0);
	assert_int_equal(
		chunk_stream_read((struct bytes){ (const uint8_t *)stream.data, stream.size }, part,
				  profile, ret_sum),
		0);
	*ret_damaged += ret_sum->undecoded;
	buffer_release(&stream);
	return profile;
}

static inline void assert_has(const char *folder, struct window_span part,
			      const struct buffer *expected)
{
	struct buffer found = { 0 }, sorted = { 0 };
	struct stream_sum sum;
	size_t damaged;
	struct profile *profile = read_part(folder, part, &damaged, &sum);

	describe(profile, &found);
	assert_int_equal(damaged, 0);
	buffer_append(&sorted, expected->data, expected->size);
	sort_lines(&sorted);
	assert_string_equal(buffer_string(&found), buffer_string(&sorted));
	profile_free(profile);
	buffer_release(&found);
	buffer_release(&sorted);
}

/* --- slices --- */

static inline size_t count_slices(const char *folder, enum slice_state state)
{
	struct slice_list list;
	size_t count = 0;

	assert_int_equal(store_folder_list(folder, &list), 0);
	for (size_t i = 0; i < list.count; i++)
		count += list.entries[i].state == state;
	slice_list_release(&list);
	return count;
}

static inline void path_of_only_slice(const char *folder, char path[PATH_MAX])
{
	struct slice_list list;
	char *found;

	assert_int_equal(store_folder_list(folder, &list), 0);
	assert_int_equal(list.count, 1);
	found = store_folder_path(folder, &list.entries[0]);
	snprintf(path, PATH_MAX, "%s", found);
	free(found);
	slice_list_release(&list);
}

static inline void flip(const char *path, off_t byte, unsigned int bit)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t value;

	assert_int_equal(pread(fd, &value, 1, byte), 1);
	value ^= (uint8_t)(1u << bit);
	assert_int_equal(pwrite(fd, &value, 1, byte), 1);
	close(fd);
}

#endif
