/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_names.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/string_pool.h"
#include "model/profile.h"
#include "store/column.h"
#include "store/string_column.h"

/* Strings of chunks that are lost were no more than these. */
#define MAX_MISSING (1u << 22) /* of all chunks together */

/* --- writing --- */

void names_writer_init(struct names_writer *writer)
{
	writer->written = 0;
	string_pool_init(&writer->strings);
}

void names_writer_release(struct names_writer *writer)
{
	string_pool_release(&writer->strings);
}

void names_writer_settle(struct names_writer *writer)
{
	writer->written = writer->strings.count;
}

/* A chunk while it is written: its strings come first and are known last. */
struct writing {
	const struct named_frame *frames;
	size_t count;
	struct string_pool *strings;
	struct buffer functions, files, lines; /* columns of names */
	uint64_t names;
};

static int intern(struct writing *writing, const char *text, uint32_t *ret_string)
{
	return string_pool_add(writing->strings, text, strlen(text), ret_string);
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

int names_writer_append(struct names_writer *writer, const struct named_frame *frames, size_t count,
			struct buffer *to)
{
	struct writing writing = {
		.frames = frames,
		.count = count,
		.strings = &writer->strings,
	};
	int error = append_names(&writing);

	if (!error) {
		number_append(to, writer->written);
		string_column_append_from(&writer->strings, writer->written, to);
		append_frames(&writing, to);
		error = append_columns(&writing, to);
	}
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
	buffer_release(&names->strings);
}

static struct row *row_at(const struct slice_names *names, uint32_t row)
{
	return &((struct row *)names->rows.data)[row];
}

static struct link *link_at(const struct slice_names *names, size_t link)
{
	return &((struct link *)names->links.data)[link];
}

static int append_string(struct buffer *strings, uint32_t id)
{
	buffer_append(strings, &id, sizeof(id));
	return buffer_error(strings);
}

/* Behind those that are known; what is missing stood in a chunk that is lost. */
static int fill_up(struct slice_names *names, uint64_t first)
{
	uint64_t known = names->strings.size / sizeof(uint32_t);
	int error = 0;

	if (first < known || first - known > MAX_MISSING - names->missing)
		return -EBADMSG;
	names->missing += (uint32_t)(first - known);
	for (; known < first && !error; known++)
		error = append_string(&names->strings, PROFILE_NONE);
	return error;
}

/* The id in the profile of each string, by its number. */
static int take_strings(struct slice_names *names, struct byte_reader *reader)
{
	_cleanup_(buffer_release) struct buffer strings = { 0 };
	const uint64_t first = byte_reader_uleb128(reader);
	int error = string_column_find(reader, &strings);
	const struct bytes *texts = (const struct bytes *)strings.data;

	if (!error)
		error = fill_up(names, first);
	for (size_t i = 0; i < strings.size / sizeof(*texts) && !error; i++) {
		uint32_t id = PROFILE_NONE;

		error = profile_intern(names->profile, (const char *)texts[i].data, texts[i].size,
				       &id);
		if (!error)
			error = append_string(&names->strings, id);
	}
	return error;
}

/* PROFILE_NONE: it is lost. False: there is none. */
static bool get_string(const struct slice_names *names, uint64_t number, uint32_t *ret_string)
{
	if (number >= names->strings.size / sizeof(uint32_t))
		return false;
	*ret_string = ((const uint32_t *)names->strings.data)[number];
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

static int take_links(const struct slice_names *names, struct reading *reading,
		      struct buffer *links)
{
	struct column functions = { 0 }, files = { 0 }, lines = { 0 };

	for (uint64_t i = 0; i < reading->names; i++) {
		uint64_t function = column_read(&functions, &reading->functions);
		uint64_t file = column_read(&files, &reading->files);
		uint64_t line = column_read(&lines, &reading->lines);
		struct link link = { .file = PROFILE_NONE,
				     .line = (uint32_t)line,
				     .frame = PROFILE_NONE };

		if (line > UINT32_MAX || !get_string(names, function, &link.function) ||
		    (file && !get_string(names, file - 1, &link.file)))
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

/* False: the string of a function is lost. */
static bool is_known(const struct slice_names *names, const struct row *row)
{
	for (uint32_t i = 0; i < row->count; i++)
		if (link_at(names, row->first + i)->function == PROFILE_NONE)
			return false;
	return true;
}

static int take_rows(struct slice_names *names, struct reading *reading, uint32_t first)
{
	struct column numbers = { 0 }, counts = { 0 };
	int error = 0;

	for (uint64_t i = 0; i < reading->frames && !error; i++) {
		uint64_t number = column_read(&numbers, &reading->numbers);
		uint64_t coded = column_read(&counts, &reading->counts);
		struct row row = { first, (uint32_t)(coded >> 1), coded & 1 };

		first += row.count;
		if (number < names->lowest)
			names->lowest = number;
		if (!is_known(names, &row))
			row.count = 0;
		buffer_append(&names->rows, &row, sizeof(row));
		error = buffer_error(&names->rows);
		if (!error)
			error = u64_map_set(&names->by_number, number,
					    (uint32_t)(names->rows.size / sizeof(row) - 1));
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
	struct buffer links = { 0 };
	struct reading reading;
	struct byte_reader reader;
	int error;

	byte_reader_init(&reader, body);
	error = take_strings(names, &reader);
	if (!error)
		error = find_columns(&reader, &reading);
	if (!error && !has_room(names, &reading))
		error = -EBADMSG;
	if (!error)
		error = check_counts(&reading);
	if (!error)
		error = take_links(names, &reading, &links);
	if (!error) {
		uint32_t first = (uint32_t)(names->links.size / sizeof(struct link));

		buffer_append(&names->links, links.data, links.size);
		error = buffer_error(&names->links);
		if (!error)
			error = take_rows(names, &reading, first);
	}
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

struct told_name slice_names_get(const struct slice_names *names, uint32_t row, size_t index)
{
	const struct link *link = link_at(names, row_at(names, row)->first + index);

	return (struct told_name){ link->function, link->file, link->line };
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
