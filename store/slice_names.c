/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_names.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/string_pool.h"
#include "model/profile.h"
#include "store/column.h"
#include "store/string_column.h"

/* --- writing --- */

/* A chunk while it is written: its strings come first and are known last. */
struct writing {
	const struct named_frame *frames;
	size_t count;
	struct string_pool strings;
	struct buffer functions, files, lines; /* columns of names */
	uint64_t names;
};

static int intern(struct writing *writing, const char *text, uint32_t *ret_string)
{
	return string_pool_add(&writing->strings, text, strlen(text), ret_string);
}

static int append_names(struct writing *writing)
{
	struct column functions = { 0 }, files = { 0 }, lines = { 0 };
	int error = 0;

	for (size_t i = 0; i < writing->count; i++)
		for (size_t n = 0; n < writing->frames[i].count && !error; n++) {
			const struct frame_name *name = &writing->frames[i].names[n];
			uint32_t function = 0, file = 0;

			error = intern(writing, name->function, &function);
			if (!error && name->file)
				error = intern(writing, name->file, &file);
			column_append(&functions, &writing->functions, function);
			column_append(&files, &writing->files, name->file ? (uint64_t)file + 1 : 0);
			column_append(&lines, &writing->lines, name->file ? name->line : 0);
			writing->names++;
		}
	return error;
}

static void append_frames(const struct writing *writing, struct buffer *to)
{
	struct column numbers = { 0 }, counts = { 0 };

	number_append(to, writing->count);
	for (size_t i = 0; i < writing->count; i++)
		column_append(&numbers, to, writing->frames[i].number);
	for (size_t i = 0; i < writing->count; i++)
		column_append(&counts, to,
			      (uint64_t)writing->frames[i].count << 1 | writing->frames[i].is_root);
}

static int append_columns(const struct writing *writing, struct buffer *to)
{
	const struct buffer *const columns[] = { &writing->functions, &writing->files,
						 &writing->lines };

	number_append(to, writing->names);
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		if (buffer_error(columns[i]))
			return -ENOMEM;
		buffer_append(to, columns[i]->data, columns[i]->size);
	}
	return buffer_error(to);
}

int slice_names_append(const struct named_frame *frames, size_t count, struct buffer *to)
{
	struct writing writing = { .frames = frames, .count = count };
	int error;

	string_pool_init(&writing.strings);
	error = append_names(&writing);
	if (!error) {
		string_column_append(&writing.strings, to);
		append_frames(&writing, to);
		error = append_columns(&writing, to);
	}
	string_pool_release(&writing.strings);
	buffer_release(&writing.functions);
	buffer_release(&writing.files);
	buffer_release(&writing.lines);
	return error;
}

/* --- reading --- */

/* What was told of a frame: a part of the links. */
struct row {
	uint32_t first, count;
	uint32_t is_root;
};

/* A name of a chain; once a frame is made of it, that. */
struct link {
	uint32_t function, file, line;
	uint32_t frame;
};

void slice_names_init(struct slice_names *names, struct profile *profile)
{
	*names = (struct slice_names){ .profile = profile };
	u64_map_init(&names->by_number);
}

void slice_names_release(struct slice_names *names)
{
	u64_map_release(&names->by_number);
	buffer_release(&names->rows);
	buffer_release(&names->links);
}

static struct row *row_at(const struct slice_names *names, uint32_t row)
{
	return &((struct row *)names->rows.data)[row];
}

static struct link *link_at(const struct slice_names *names, size_t link)
{
	return &((struct link *)names->links.data)[link];
}

/* The id in the profile of each string, in their order. */
static int take_strings(const struct slice_names *names, struct byte_reader *reader,
			struct buffer *ids)
{
	_cleanup_(buffer_release) struct buffer strings = { 0 };
	int error = string_column_find(reader, &strings);
	const struct bytes *texts = (const struct bytes *)strings.data;

	for (size_t i = 0; i < strings.size / sizeof(*texts) && !error; i++) {
		uint32_t id = 0;

		error = profile_intern(names->profile, (const char *)texts[i].data, texts[i].size,
				       &id);
		buffer_append(ids, &id, sizeof(id));
	}
	return error ? error : buffer_error(ids);
}

static bool get_string(const struct buffer *ids, uint64_t number, uint32_t *ret_string)
{
	if (number >= ids->size / sizeof(uint32_t))
		return false;
	*ret_string = ((const uint32_t *)ids->data)[number];
	return true;
}

/* The chunk's frames and names, read each for itself. */
struct reading {
	uint64_t frames, names;
	struct byte_reader numbers, counts, functions, files, lines;
};

static int find_columns(struct byte_reader *reader, struct reading *reading)
{
	int error;

	reading->frames = byte_reader_uleb128(reader);
	error = column_find(reader, reading->frames, &reading->numbers);
	if (!error)
		error = column_find(reader, reading->frames, &reading->counts);
	if (error)
		return error;
	reading->names = byte_reader_uleb128(reader);
	error = column_find(reader, reading->names, &reading->functions);
	if (!error)
		error = column_find(reader, reading->names, &reading->files);
	if (!error)
		error = column_find(reader, reading->names, &reading->lines);
	return !error && reader->offset != reader->bytes.size ? -EBADMSG : error;
}

static int take_links(struct reading *reading, const struct buffer *strings, struct buffer *links)
{
	struct column functions = { 0 }, files = { 0 }, lines = { 0 };

	for (uint64_t i = 0; i < reading->names; i++) {
		uint64_t function = column_read(&functions, &reading->functions);
		uint64_t file = column_read(&files, &reading->files);
		uint64_t line = column_read(&lines, &reading->lines);
		struct link link = { .file = PROFILE_NONE,
				     .line = (uint32_t)line,
				     .frame = PROFILE_NONE };

		if (line > UINT32_MAX || !get_string(strings, function, &link.function) ||
		    (file && !get_string(strings, file - 1, &link.file)))
			return -EBADMSG;
		buffer_append(links, &link, sizeof(link));
	}
	return buffer_error(links);
}

/* The chains are all of the links, and no more. */
static int check_counts(const struct reading *reading)
{
	struct byte_reader counts = reading->counts;
	struct column column = { 0 };
	uint64_t left = reading->names;

	for (uint64_t i = 0; i < reading->frames; i++) {
		uint64_t count = column_read(&column, &counts) >> 1;

		if (count > left)
			return -EBADMSG;
		left -= count;
	}
	return left ? -EBADMSG : 0;
}

static int take_rows(struct slice_names *names, struct reading *reading, uint32_t first)
{
	struct column numbers = { 0 }, counts = { 0 };
	int error = 0;

	for (uint64_t i = 0; i < reading->frames && !error; i++) {
		uint64_t number = column_read(&numbers, &reading->numbers);
		uint64_t coded = column_read(&counts, &reading->counts);
		const struct row row = { first, (uint32_t)(coded >> 1), coded & 1 };

		buffer_append(&names->rows, &row, sizeof(row));
		error = buffer_error(&names->rows);
		if (!error)
			error = u64_map_set(&names->by_number, number,
					    (uint32_t)(names->rows.size / sizeof(row) - 1));
		first += row.count;
	}
	return error;
}

/* Together with what was told before it fits in 32 bits: a chunk is smaller than CHUNK_MAX_BYTES, and what is too much is none. */
static bool has_room(const struct slice_names *names, const struct reading *reading)
{
	return reading->names + names->links.size / sizeof(struct link) < PROFILE_NONE &&
	       reading->frames + names->rows.size / sizeof(struct row) < PROFILE_NONE;
}

int slice_names_take(struct slice_names *names, struct bytes body)
{
	struct buffer strings = { 0 }, links = { 0 };
	struct reading reading;
	struct byte_reader reader;
	int error;

	byte_reader_init(&reader, body);
	error = take_strings(names, &reader, &strings);
	if (!error)
		error = find_columns(&reader, &reading);
	if (!error && !has_room(names, &reading))
		error = -EBADMSG;
	if (!error)
		error = check_counts(&reading);
	if (!error)
		error = take_links(&reading, &strings, &links);
	if (!error) {
		uint32_t first = (uint32_t)(names->links.size / sizeof(struct link));

		buffer_append(&names->links, links.data, links.size);
		error = buffer_error(&names->links);
		if (!error)
			error = take_rows(names, &reading, first);
	}
	buffer_release(&strings);
	buffer_release(&links);
	return error;
}

uint32_t slice_names_find(const struct slice_names *names, uint64_t number)
{
	return u64_map_get(&names->by_number, number); /* U64_MAP_ABSENT is PROFILE_NONE */
}

_Static_assert(U64_MAP_ABSENT == PROFILE_NONE, "what is not there is of no frame");

size_t slice_names_count(const struct slice_names *names, uint32_t row)
{
	return row_at(names, row)->count;
}

bool slice_names_is_root(const struct slice_names *names, uint32_t row)
{
	return row_at(names, row)->is_root;
}

int slice_names_add_frames(struct slice_names *names, uint32_t row, uint32_t module,
			   uint32_t *ret_frame)
{
	const struct row *chain = row_at(names, row);
	int error = 0;

	for (uint32_t i = 0; i < chain->count && !error; i++) {
		struct link *link = link_at(names, chain->first + i);
		const struct frame frame = {
			.name = link->function,
			.module = module,
			.kind = i ? FRAME_INLINED : FRAME_NATIVE,
			.file = link->file,
			.line = link->line,
		};

		error = profile_add_frame(names->profile, frame, &link->frame);
	}
	if (!error)
		*ret_frame = link_at(names, chain->first)->frame;
	return error;
}

uint32_t slice_names_frame(const struct slice_names *names, uint32_t row, size_t index)
{
	return link_at(names, row_at(names, row)->first + index)->frame;
}
