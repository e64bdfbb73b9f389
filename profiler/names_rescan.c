/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/names_rescan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/string_pool.h"
#include "profiler/place_namer.h"
#include "profiler/shut_in.h"
#include "profiler/store_access.h"
#include "store/chunk_stream.h"
#include "store/slice_file.h"
#include "store/slice_places.h"
#include "store/slice_rewrite.h"
#include "store/store_folder.h"

/* As hearth query has it. */
#define DATA_BYTES       ((uint64_t)1 << 30)
#define DATA_TIMES       1024
#define CPU_SECONDS      3600
#define MAX_OUTPUT_BYTES ((size_t)1 << 30)

DEFINE_CLEANUP(cleanup_reader, struct slice_reader *, slice_reader_free)

struct rescan {
	const struct names_rescan_options *options;
	struct names_rescan_sum *sum;
	struct place_namer *namer;
	struct string_pool files,
		debug_files; /* by build-id: a slice of the next hour has the same */
};

/* --- what a slice has --- */

static int keep_chunk(void *context, const struct slice_chunk *chunk)
{
	struct buffer *stream = context;

	if (!chunk->packed.data)
		return -EBADMSG;
	if (chunk->kind == CHUNK_DICTIONARY || chunk->kind == CHUNK_DICTIONARY_1 ||
	    chunk->kind == CHUNK_NAMES || chunk->kind == CHUNK_MODULES)
		chunk_stream_append(stream, chunk);
	return buffer_error(stream);
}

static int read_chunks(const char *path, struct buffer *stream)
{
	static const struct window_span nothing = { 0, 0 };
	_cleanup_(cleanup_reader) struct slice_reader *slice = NULL;
	struct slice_report report;
	int error = slice_open(path, &slice);

	if (!error)
		error = slice_read(slice, nothing, keep_chunk, stream, &report);
	return !error && report.missing ? -EBADMSG : error;
}

static int decode(void *context, const int *inputs, struct buffer *to)
{
	const struct buffer *stream = context;
	int error = slice_places_find((struct bytes){ (const uint8_t *)stream->data, stream->size },
				      to);

	(void)inputs;
	if (error)
		log_error("a slice cannot be decoded: %s", strerror(-error));
	return error;
}

static int keep(void *context, const void *bytes, size_t size)
{
	struct buffer *to = context;

	buffer_append(to, bytes, size);
	if (buffer_error(to))
		log_error("out of memory");
	return buffer_error(to);
}

static int find_places(const char *path, struct buffer *answer, struct slice_places *ret_places)
{
	_cleanup_(buffer_release) struct buffer stream = { 0 };
	const struct shut_in_inputs none = { .what = path };
	struct shut_in_limits limits = { .cpu_seconds = CPU_SECONDS,
					 .max_output_bytes = MAX_OUTPUT_BYTES };
	struct buffer_drain drain = { .take = keep, .context = answer };
	int error = read_chunks(path, &stream);

	if (error)
		return error;
	limits.data_bytes = DATA_BYTES + DATA_TIMES * stream.size;
	error = shut_in_call(&none, &limits, decode, &stream, &drain);
	if (error)
		return error;
	return slice_places_hear((struct bytes){ (const uint8_t *)answer->data, answer->size },
				 ret_places)
		       ? 0
		       : -EBADMSG;
}

/* --- its names --- */

static int count_file(struct string_pool *pool, const char *build_id, uint64_t *count)
{
	uint32_t string;
	int error = string_pool_add(pool, build_id, strlen(build_id), &string);

	*count = pool->count;
	return error;
}

static int name_modules(struct rescan *rescan, const struct slice_places *places,
			struct better_names *names)
{
	struct names_rescan_sum *sum = rescan->sum;
	int error = 0;

	for (size_t i = 0; i < places->module_count && !error; i++) {
		const char *build_id = places->modules[i].build_id;
		bool was_found = false;

		error = count_file(&rescan->files, build_id, &sum->files);
		if (!error)
			error = place_namer_name(rescan->namer, places, i, names, &was_found);
		if (!error && was_found)
			error = count_file(&rescan->debug_files, build_id, &sum->debug_files);
	}
	return error;
}

static int rescan_slice(struct rescan *rescan, const struct slice_entry *entry, const char *path)
{
	_cleanup_(buffer_release) struct buffer answer = { 0 };
	_cleanup_(better_names_release) struct better_names names;
	struct slice_places places;
	int error;

	better_names_init(&names);
	error = find_places(path, &answer, &places);
	if (!error)
		error = name_modules(rescan, &places, &names);
	if (error)
		return error;
	rescan->sum->slices++;
	rescan->sum->places += places.count;
	if (!names.count)
		return 0;
	error = slice_add_names(rescan->options->folder, entry, places.strings,
				(const struct named_frame *)names.frames.data, names.count);
	if (error)
		return error;
	rescan->sum->better += names.count;
	rescan->sum->rewritten++;
	return 0;
}

/* What one slice lacks is no reason to leave the others. */
static int take_slice(struct rescan *rescan, const struct slice_entry *entry)
{
	_cleanup_free_ char *path = store_folder_path(rescan->options->folder, entry);
	int error = path ? rescan_slice(rescan, entry, path) : -ENOMEM;

	if (!error || error == -ENOENT)
		return 0;
	if (error == -ENOMEM || error == -EINTR) {
		log_error("names are not looked for any more: %s", strerror(-error));
		return error;
	}
	rescan->sum->left_out++;
	log_warning("%s: its names stay what they were: %s", path,
		    error == -EBADMSG ? "some of it is damaged" : strerror(-error));
	return 0;
}

static bool has_part(const struct slice_entry *entry, struct window_span part)
{
	return entry->state == SLICE_SEALED && entry->span.end_ns > part.start_ns &&
	       entry->span.start_ns < part.end_ns;
}

static int take_slices(struct rescan *rescan)
{
	struct slice_list list;
	int error = store_folder_list(rescan->options->folder, &list);

	if (error)
		log_error("cannot open the store %s: %s", rescan->options->folder,
			  strerror(-error));
	for (size_t i = 0; i < list.count && !error; i++)
		if (has_part(&list.entries[i], rescan->options->part))
			error = take_slice(rescan, &list.entries[i]);
	slice_list_release(&list);
	return error;
}

/* --- around it --- */

static int take_lock(const char *folder, int *ret_lock)
{
	int error = store_folder_lock(folder, STORE_NAMES_LOCK, ret_lock);

	if (error == -EWOULDBLOCK)
		log_error(
			"%s: another hearth names --rescan is at this store, or a slice is just being rolled up",
			folder);
	else if (error)
		log_error("cannot write into the store %s: %s", folder, strerror(-error));
	return error;
}

int names_rescan(const struct names_rescan_options *options, struct names_rescan_sum *ret_sum)
{
	struct names_rescan_sum sum = { 0 };
	struct rescan rescan = { .options = options, .sum = &sum };
	_cleanup_close_ int lock = -1;
	int error = store_access_check(options->folder);

	if (!error)
		error = store_access_find(options->folder);
	if (!error)
		error = take_lock(options->folder, &lock);
	if (error)
		return error;
	error = place_namer_new(options->folders, options->server, &rescan.namer);
	if (error) {
		log_error("cannot start the process that reads debug files: %s", strerror(-error));
		return error;
	}
	string_pool_init(&rescan.files);
	string_pool_init(&rescan.debug_files);
	error = take_slices(&rescan);
	string_pool_release(&rescan.files);
	string_pool_release(&rescan.debug_files);
	place_namer_free(rescan.namer);
	*ret_sum = sum;
	return error;
}
