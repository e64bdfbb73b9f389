/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_rolling.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/chunk_body.h"

static char *path_of_file(const struct slice_rolling *rolling)
{
	char *path;

	return asprintf(&path, "%s/" STORE_ROLLING, rolling->folder) < 0 ? NULL : path;
}

/* --- making --- */

struct writing {
	struct slice_writer *slice;
	bool has_head;
	uint64_t left_bytes; /* that it may have yet */
};

/* More than what it is made of it never is, but for sums that a slice of old had not, and what each file has. */
static uint64_t most_bytes(const struct roll_up_group *group)
{
	uint64_t bytes = CHUNK_MAX_BYTES;

	for (size_t i = 0; i < group->count; i++)
		if (__builtin_add_overflow(bytes, group->slices[i].bytes, &bytes))
			return UINT64_MAX;
	return bytes;
}

/* What made it may have been taken over: no more is believed of a chunk than that it is one. */
static bool is_of_slice(const struct writing *writing, const struct slice_chunk *chunk)
{
	const bool is_head = chunk->kind == CHUNK_HEAD;

	switch (chunk->kind) {
	case CHUNK_HEAD:
	case CHUNK_DICTIONARY:
	case CHUNK_BASES:
	case CHUNK_NAMES:
	case CHUNK_MODULES:
	case CHUNK_WINDOW:
	case CHUNK_SUM:
	case CHUNK_SERIES:
	case CHUNK_SLICE_SUM:
	case CHUNK_SLICE_SERIES:
	case CHUNK_EVENTS:
		return is_head != writing->has_head && chunk->packed.data &&
		       chunk->span.start_ns <= chunk->span.end_ns &&
		       chunk->span.end_ns <= INT64_MAX;
	default:
		return false;
	}
}

static int put(void *context, const struct slice_chunk *chunk)
{
	struct writing *writing = context;

	if (!is_of_slice(writing, chunk) || chunk->packed.size > writing->left_bytes)
		return -EBADMSG;
	writing->has_head = true;
	writing->left_bytes -= chunk->packed.size;
	return slice_put(writing->slice, chunk->kind, chunk->span, chunk->size, chunk->packed);
}

/* Does it cover those that it is to replace? Else they would be counted twice. */
static bool covers(const struct slice_rolling *rolling, struct window_span span)
{
	for (size_t i = 0; i < rolling->taken; i++) {
		const struct window_span *replaced = &rolling->group.slices[i].span;

		/* Names have whole milliseconds, rounded outwards. */
		if (span.start_ns / 1000000 > replaced->start_ns / 1000000 ||
		    (span.end_ns + 999999) / 1000000 < (replaced->end_ns + 999999) / 1000000)
			return false;
	}
	return rolling->taken != 0;
}

static int make(struct slice_rolling *rolling, struct slice_writer *slice, roll_up_make_fn fn)
{
	struct writing writing = { .slice = slice, .left_bytes = most_bytes(&rolling->group) };
	struct window_span span;
	int error = slice_begin(slice);

	if (!error)
		error = fn(rolling->folder, &rolling->group, put, &writing, &rolling->taken);
	if (rolling->taken > rolling->group.count) {
		rolling->taken = 0;
		error = -EBADMSG;
	}
	if (error) {
		slice_roll_back(slice);
		return error;
	}
	error = slice_commit(slice);
	span = slice_writer_span(slice);
	if (!error && !covers(rolling, span)) {
		rolling->taken = 0;
		error = -EBADMSG;
	}
	rolling->entry.span = span;
	return error ? error : slice_seal(slice);
}

int slice_rolling_run(struct slice_rolling *rolling, roll_up_make_fn fn)
{
	_cleanup_free_ char *path = path_of_file(rolling);
	struct slice_writer *slice;
	int error = path ? 0 : -ENOMEM;

	rolling->taken = 0;
	if (!error && unlink(path) && errno != ENOENT)
		error = -errno;
	if (!error)
		error = slice_create_rolled(path, &slice);
	if (!error) {
		error = make(rolling, slice, fn);
		slice_writer_free(slice);
		if (error)
			unlink(path);
	}
	rolling->error = error;
	return error;
}

/* --- its place --- */

static int sync_folder(const char *folder)
{
	_cleanup_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

static bool was_rewritten(const char *folder, const struct slice_entry *slice)
{
	_cleanup_free_ char *path = store_folder_path(folder, slice);
	struct stat status;

	/* Of one that is gone nothing is lost by what was made of it. */
	return !path ||
	       (!stat(path, &status) && store_folder_written_ns(&status) != slice->written_ns);
}

/* Nobody has exchanged any of them for one with better names, nor can until the lock is closed. */
static int hold_sources(const struct slice_rolling *rolling, int *ret_lock)
{
	int error = store_folder_lock(rolling->folder, STORE_NAMES_LOCK, ret_lock);

	for (size_t i = 0; i < rolling->taken && !error; i++)
		if (was_rewritten(rolling->folder, &rolling->group.slices[i]))
			error = -ESTALE;
	return error;
}

static int give_name(const struct slice_rolling *rolling, const char *from, const char *to)
{
	_cleanup_close_ int lock = -1;
	int error = hold_sources(rolling, &lock);

	if (error) {
		unlink(from);
		return error;
	}
	return rename(from, to) ? -errno : sync_folder(rolling->folder);
}

int slice_rolling_settle(struct slice_rolling *rolling)
{
	_cleanup_free_ char *from = path_of_file(rolling), *to = NULL;
	uint64_t first = UINT64_MAX, last = 0;

	if (rolling->error)
		return rolling->error;
	for (size_t i = 0; i < rolling->taken; i++) {
		const uint64_t number = rolling->group.slices[i].number;

		first = number < first ? number : first;
		last = number > last ? number : last;
	}
	rolling->entry.first = first;
	rolling->entry.last = last;
	to = store_folder_path(rolling->folder, &rolling->entry);
	if (!from || !to)
		return -ENOMEM;
	return give_name(rolling, from, to);
}

void slice_rolling_release(struct slice_rolling *rolling)
{
	free(rolling->group.slices);
	*rolling = (struct slice_rolling){ 0 };
}
