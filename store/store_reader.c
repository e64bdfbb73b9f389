/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_reader.h"

#include <errno.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "store/chunk_stream.h"
#include "store/store_folder.h"

#define COLLECTS 5 /* slices are replaced one day at a time */

DEFINE_CLEANUP(cleanup_slice, struct slice_reader *, slice_reader_free)

struct collecting {
	const char *folder;
	struct window_span part;
	bool events_only;
	store_damage_fn damaged;
	void *context;
	struct buffer *stream;
};

static bool may_have_part(const struct slice_entry *entry, struct window_span part)
{
	return entry->state == SLICE_IS_OPEN ||
	       (entry->state == SLICE_SEALED && entry->span.end_ns > part.start_ns &&
		entry->span.start_ns < part.end_ns);
}

static bool is_whole(const struct slice_entry *entry, const struct slice_report *report)
{
	return !report->damaged && !report->missing && !report->is_mended &&
	       (report->is_sealed || entry->state == SLICE_IS_OPEN);
}

static int open_file(const char *folder, const struct slice_entry *entry,
		     struct slice_reader **ret_slice)
{
	_cleanup_free_ char *path = store_folder_path(folder, entry);

	return path ? slice_open(path, ret_slice) : -ENOMEM;
}

/* One that was taken away is not there: -ENOENT. */
static int open_by_number(const char *folder, struct slice_entry *entry,
			  struct slice_reader **ret_slice)
{
	struct slice_list list;
	int error = store_folder_list(folder, &list), opened = -ENOENT;

	for (size_t i = 0; i < list.count && !error; i++)
		if (list.entries[i].number == entry->number) {
			*entry = list.entries[i];
			opened = open_file(folder, entry, ret_slice);
		}
	slice_list_release(&list);
	return error ? error : opened;
}

int store_open_slice(const char *folder, struct slice_entry *entry, struct slice_reader **ret_slice)
{
	int error = open_file(folder, entry, ret_slice);

	return error == -ENOENT && entry->state == SLICE_IS_OPEN
		       ? open_by_number(folder, entry, ret_slice)
		       : error;
}

/* A slice while it is read. */
struct collected_slice {
	const struct collecting *collecting;
	struct buffer *stream;
	struct slice_report report;
	bool has_begun;
};

static bool is_of_events(const struct collecting *collecting, const struct slice_chunk *chunk)
{
	return chunk->kind == CHUNK_EVENTS && chunk->packed.data &&
	       chunk->span.start_ns < collecting->part.end_ns &&
	       chunk->span.end_ns >= collecting->part.start_ns;
}

static int take_chunk(void *context, const struct slice_chunk *chunk)
{
	struct collected_slice *slice = context;

	if (slice->collecting->events_only && !is_of_events(slice->collecting, chunk))
		return 0;
	if (!slice->has_begun)
		chunk_stream_begin_slice(slice->stream);
	if (!slice->has_begun && slice->report.missing)
		chunk_stream_append(slice->stream, &(struct slice_chunk){ 0 });
	slice->has_begun = true;
	chunk_stream_append(slice->stream, chunk);
	return buffer_error(slice->stream);
}

static int collect_slice(const struct collecting *collecting, struct slice_entry *entry)
{
	_cleanup_(cleanup_slice) struct slice_reader *slice = NULL;
	struct collected_slice collected = { .collecting = collecting,
					     .stream = collecting->stream };
	int error = store_open_slice(collecting->folder, entry, &slice);

	if (error == -ENODATA && entry->state == SLICE_IS_OPEN)
		return 0;
	if (error == -ENOENT)
		return error;
	if (!error)
		error = slice_read(slice, collecting->part, take_chunk, &collected,
				   &collected.report);
	if (error == -ENOMEM)
		return error;
	if (error || !is_whole(entry, &collected.report))
		collecting->damaged(collecting->context, entry, &collected.report, error);
	return 0;
}

static int collect(const struct collecting *collecting)
{
	struct slice_list list;
	int error = store_folder_list(collecting->folder, &list);

	for (size_t i = 0; i < list.count && !error; i++)
		if (may_have_part(&list.entries[i], collecting->part)) {
			error = collect_slice(collecting, &list.entries[i]);
			if (error == -ENOENT)
				error = -ESTALE; /* of the folder itself it is another thing */
		}
	slice_list_release(&list);
	return error;
}

/* Of slices that are gone another one may have been made: all is found once more. */
static int collect_until_found(const struct collecting *collecting)
{
	const size_t before = collecting->stream->size;
	int error = -ESTALE;

	for (int i = 0; i < COLLECTS && error == -ESTALE; i++) {
		collecting->stream->size = before;
		error = collect(collecting);
	}
	return error;
}

int store_collect(const char *folder, struct window_span part, store_damage_fn damaged,
		  void *context, struct buffer *stream)
{
	const struct collecting collecting = { folder, part, false, damaged, context, stream };

	return collect_until_found(&collecting);
}

int store_collect_events(const char *folder, struct window_span part, store_damage_fn damaged,
			 void *context, struct buffer *stream)
{
	const struct collecting collecting = { folder, part, true, damaged, context, stream };

	return collect_until_found(&collecting);
}
