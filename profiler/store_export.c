/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/store_export.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "profiler/store_access.h"
#include "store/chunk_stream.h"
#include "store/store_writer.h"

#define FOLDER_MODE 0755

/* Of events those of the part. */
static bool is_taken(const struct stream_record *record, struct window_span part)
{
	const struct slice_chunk *chunk = &record->chunk;

	return chunk_stream_may_have(chunk->kind) &&
	       (chunk->kind != CHUNK_EVENTS ||
		(chunk->span.start_ns < part.end_ns && chunk->span.end_ns >= part.start_ns));
}

/* A slice of the stream, from behind its beginning; the reader stands at the next one then. */
struct taken {
	struct buffer chunks;
	bool has_window, is_damaged;
};

static void take_slice(struct byte_reader *reader, struct window_span part, struct taken *taken)
{
	struct byte_reader ahead = *reader;
	struct stream_record record;

	buffer_clear(&taken->chunks);
	taken->has_window = taken->is_damaged = false;
	chunk_stream_begin_slice(&taken->chunks);
	while (chunk_stream_next(&ahead, &record) && !record.begins_slice) {
		*reader = ahead;
		taken->is_damaged |= record.is_lost;
		if (record.is_lost || !is_taken(&record, part))
			continue;
		taken->has_window |= record.chunk.kind == CHUNK_WINDOW;
		chunk_stream_append(&taken->chunks, &record.chunk);
	}
}

static int write_slices(struct store_writer *writer, struct bytes stream, struct window_span part,
			struct exported *exported)
{
	struct taken taken = { 0 };
	struct stream_record record;
	struct byte_reader reader;
	int error = 0;

	byte_reader_init(&reader, stream);
	while (!error && chunk_stream_next(&reader, &record)) {
		take_slice(&reader, part, &taken);
		error = buffer_error(&taken.chunks);
		exported->left_out += taken.is_damaged;
		if (error || taken.is_damaged || !taken.has_window)
			continue;
		error = store_writer_add_slices(
			writer,
			(struct bytes){ (const uint8_t *)taken.chunks.data, taken.chunks.size });
		exported->slices += !error;
	}
	buffer_release(&taken.chunks);
	return error;
}

/* That was made here: of a part of a store nobody would know that it is one. */
static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(path);
}

static int write_store(struct bytes stream, struct window_span part, const char *to,
		       struct exported *exported)
{
	struct store_writer *writer;
	int error = store_access_write(to, &writer), closed;

	if (error)
		return error;
	error = write_slices(writer, stream, part, exported);
	closed = store_writer_close(writer);
	if (!error)
		error = closed;
	if (error)
		log_error("cannot write into the store %s: %s", to, strerror(-error));
	return error;
}

int store_export(const char *folder, struct window_span part, const char *to,
		 struct exported *ret_exported)
{
	_cleanup_(buffer_release) struct buffer stream = { 0 };
	struct exported exported = { 0 };
	uint64_t damaged;
	int error = store_access_collect(folder, part, &stream, &damaged);

	if (error)
		return error;
	if (mkdir(to, FOLDER_MODE)) {
		error = -errno;
		log_error("cannot make the folder %s: %s", to, strerror(-error));
		return error;
	}
	error = write_store((struct bytes){ (const uint8_t *)stream.data, stream.size }, part, to,
			    &exported);
	if (exported.left_out)
		log_warning(
			"%llu slices are damaged, and were left out: hearth store export -o FILE has what is left of them",
			(unsigned long long)exported.left_out);
	if (error)
		remove_folder(to);
	else
		*ret_exported = exported;
	return error;
}
