/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "store/chunk_body.h"
#include "store/slice_file.h"
#include "store/store_folder.h"

DEFINE_CLEANUP(cleanup_reader, struct slice_reader *, slice_reader_free)
DEFINE_CLEANUP(cleanup_writer, struct slice_writer *, slice_writer_free)

/* --- the copy --- */

static int copy_chunk(void *context, const struct slice_chunk *chunk)
{
	struct slice_writer *to = context;

	if (!chunk->packed.data)
		return -EBADMSG;
	if (chunk->kind == CHUNK_SEAL)
		return 0;
	return slice_put(to, chunk->kind, chunk->span, chunk->size, chunk->packed);
}

static int copy_chunks(const char *path, struct slice_writer *to)
{
	static const struct window_span always = { 0, UINT64_MAX };
	_cleanup_(cleanup_reader) struct slice_reader *from = NULL;
	struct slice_report report;
	int error = slice_open(path, &from);

	if (!error)
		error = slice_read(from, always, copy_chunk, to, &report);
	return !error && (report.missing || !report.is_sealed) ? -EBADMSG : error;
}

/* The numbers of strings go on from those that the slice has, whatever these are: a slice has each once, or twice where it was named again. */
static int fill_up(struct names_writer *names, uint32_t strings)
{
	char text[32];
	uint32_t string;
	int error = 0;

	for (uint32_t i = 0; i < strings && !error; i++) {
		int size = snprintf(text, sizeof(text), "%c%" PRIu32, '\0', i);

		error = string_pool_add(&names->strings, text, (size_t)size, &string);
	}
	names_writer_settle(names);
	return error;
}

static int put_names(struct slice_writer *to, uint32_t strings, const struct named_frame *frames,
		     size_t count)
{
	_cleanup_(buffer_release) struct buffer body = { 0 }, packed = { 0 };
	struct names_writer names;
	int error;

	names_writer_init(&names);
	error = fill_up(&names, strings);
	if (!error)
		error = names_writer_append(&names, frames, count, &body);
	names_writer_release(&names);
	if (!error)
		error = chunk_body_pack((struct bytes){ (const uint8_t *)body.data, body.size },
					&packed);
	if (error)
		return error;
	return slice_put(to, CHUNK_NAMES, slice_writer_span(to), body.size,
			 (struct bytes){ (const uint8_t *)packed.data, packed.size });
}

static int write_copy(const char *from, const char *to, bool is_rolled, uint32_t strings,
		      const struct named_frame *frames, size_t count)
{
	_cleanup_(cleanup_writer) struct slice_writer *copy = NULL;
	int error = is_rolled ? slice_create_rolled(to, &copy) : slice_create(to, &copy);

	if (!error)
		error = slice_begin(copy);
	if (error)
		return error;
	error = copy_chunks(from, copy);
	if (!error)
		error = put_names(copy, strings, frames, count);
	if (!error)
		error = slice_commit(copy);
	else
		slice_roll_back(copy);
	return error ? error : slice_seal(copy);
}

/* --- its place --- */

static void remove_copy(const char *path)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		_cleanup_free_ char *name = NULL;

		if (asprintf(&name, "%s%s", path, endings[i]) < 0) {
			name = NULL;
			continue;
		}
		unlink(name); /* there may be none */
	}
}

/* Where two files cannot be exchanged, one that is taken away in this very moment comes back. */
static int replace(const char *copy, const char *path)
{
	if (!renameat2(AT_FDCWD, copy, AT_FDCWD, path, RENAME_EXCHANGE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return access(path, F_OK) || rename(copy, path) ? -errno : 0;
}

int slice_add_names(const char *folder, const struct slice_entry *entry, uint32_t strings,
		    const struct named_frame *frames, size_t count)
{
	_cleanup_free_ char *path = store_folder_path(folder, entry);
	_cleanup_free_ char *copy = NULL;
	int error;

	if (!path || asprintf(&copy, "%s/" STORE_NAMING, folder) < 0) {
		copy = NULL;
		return -ENOMEM;
	}
	remove_copy(copy); /* that a crash left */
	error = write_copy(path, copy, entry->level != 0, strings, frames, count);
	if (!error)
		error = replace(copy, path);
	remove_copy(copy);
	return error;
}
