/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_dictionary.h"

#include <errno.h>
#include <string.h>

#include "model/profile.h"
#include "model/samples.h"
#include "store/column.h"

/* Chunks that are lost had no more numbers of a kind than these: a writer begins another slice before (store_writer.h). */
#define MAX_MISSING (1u << 22)

/* --- writing --- */

static struct dictionary_counts count(const struct profile *profile)
{
	const struct samples *samples = profile_samples(profile);

	return (struct dictionary_counts){
		.strings = profile_string_count(profile),
		.frames = profile_frame_count(profile),
		.nodes = profile_node_count(profile),
		.labels = samples ? samples_labels_count(samples) : LABELS_UNKNOWN + 1,
	};
}

int dictionary_writer_init(struct dictionary_writer *writer)
{
	*writer = (struct dictionary_writer){ .profile = profile_new() };
	if (!writer->profile || profile_keep_samples(writer->profile))
		return -ENOMEM;
	writer->written = (struct dictionary_counts){
		.nodes = PROFILE_ROOT + 1,
		.labels = LABELS_UNKNOWN + 1,
	};
	return 0;
}

void dictionary_writer_release(struct dictionary_writer *writer)
{
	profile_free(writer->profile);
	writer->profile = NULL;
}

bool dictionary_writer_has_more(const struct dictionary_writer *writer)
{
	struct dictionary_counts now = count(writer->profile);

	return memcmp(&now, &writer->written, sizeof(now)) != 0;
}

void dictionary_writer_settle(struct dictionary_writer *writer)
{
	writer->written = count(writer->profile);
}

/* PROFILE_NONE becomes 0. */
static uint64_t optional(uint32_t reference)
{
	return reference == PROFILE_NONE ? 0 : (uint64_t)reference + 1;
}

static void append_head(struct buffer *to, uint32_t first, uint32_t end)
{
	number_append(to, first);
	number_append(to, end - first);
}

static void append_strings(const struct profile *profile, uint32_t first, uint32_t end,
			   struct buffer *to)
{
	struct column sizes = { 0 };
	size_t size;

	append_head(to, first, end);
	for (uint32_t i = first; i < end; i++) {
		profile_string(profile, i, &size);
		column_append(&sizes, to, size);
	}
	for (uint32_t i = first; i < end; i++) {
		const char *text = profile_string(profile, i, &size);

		buffer_append(to, text, size);
	}
}

/* Their fields, as numbers. */
enum frame_field { FIELD_KIND, FIELD_NAME, FIELD_MODULE, FIELD_FILE, FIELD_LINE, FRAME_FIELDS };

static uint64_t field_of(const struct frame *frame, enum frame_field field)
{
	switch (field) {
	case FIELD_KIND:
		return frame->kind;
	case FIELD_NAME:
		return frame->name;
	case FIELD_MODULE:
		return optional(frame->module);
	case FIELD_FILE:
		return optional(frame->file);
	default:
		return frame->line;
	}
}

static void append_frames(const struct profile *profile, uint32_t first, uint32_t end,
			  struct buffer *to)
{
	append_head(to, first, end);
	for (enum frame_field field = 0; field < FRAME_FIELDS; field++) {
		struct column column = { 0 };

		for (uint32_t i = first; i < end; i++)
			column_append(&column, to, field_of(profile_frame(profile, i), field));
	}
}

static void append_nodes(const struct profile *profile, uint32_t first, uint32_t end,
			 struct buffer *to)
{
	const struct stack_node *nodes = profile_nodes(profile);
	struct column parents = { 0 }, frames = { 0 };

	append_head(to, first, end);
	for (uint32_t i = first; i < end; i++)
		column_append(&parents, to, nodes[i].parent);
	for (uint32_t i = first; i < end; i++)
		column_append(&frames, to, nodes[i].frame);
}

static void append_labels(const struct profile *profile, uint32_t first, uint32_t end,
			  struct buffer *to)
{
	append_head(to, first, end);
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++) {
		struct column column = { 0 };

		for (uint32_t i = first; i < end; i++)
			column_append(&column, to,
				      optional(samples_labels(profile_samples(profile), i)
						       ->values[label]));
	}
}

int dictionary_writer_append(const struct dictionary_writer *writer, struct buffer *to)
{
	const struct dictionary_counts *first = &writer->written, end = count(writer->profile);

	append_strings(writer->profile, first->strings, end.strings, to);
	append_frames(writer->profile, first->frames, end.frames, to);
	append_nodes(writer->profile, first->nodes, end.nodes, to);
	append_labels(writer->profile, first->labels, end.labels, to);
	return buffer_error(to);
}

/* --- reading --- */

static int map_append(struct dictionary_map *map, uint32_t id)
{
	buffer_append(&map->ids, &id, sizeof(id));
	return buffer_error(&map->ids);
}

static uint32_t map_count(const struct dictionary_map *map)
{
	return (uint32_t)(map->ids.size / sizeof(uint32_t));
}

uint32_t dictionary_map_get(const struct dictionary_map *map, uint64_t number)
{
	return number < map_count(map) ? ((const uint32_t *)map->ids.data)[number] : PROFILE_NONE;
}

int dictionary_reader_init(struct dictionary_reader *reader, struct profile *profile)
{
	*reader = (struct dictionary_reader){ .profile = profile };
	if (map_append(&reader->nodes, PROFILE_ROOT) || map_append(&reader->labels, LABELS_UNKNOWN))
		return -ENOMEM;
	return 0;
}

void dictionary_reader_release(struct dictionary_reader *reader)
{
	buffer_release(&reader->strings.ids);
	buffer_release(&reader->frames.ids);
	buffer_release(&reader->nodes.ids);
	buffer_release(&reader->labels.ids);
}

/*
 * Numbers follow those of the chunk before. Where chunks are lost some are missing: they lead nowhere. Each of the others takes a byte of what is left
 * at least.
 */
static int read_head(const struct dictionary_reader *dictionary, struct byte_reader *reader,
		     struct dictionary_map *map, uint32_t *ret_count)
{
	uint64_t first = byte_reader_uleb128(reader), numbers = byte_reader_uleb128(reader);
	uint32_t known = map_count(map);
	int error = 0;

	if (reader->failed || numbers > reader->bytes.size - reader->offset || first < known ||
	    first - known > (dictionary->lacks_chunks ? MAX_MISSING : 0))
		return -EBADMSG;
	for (; known < first && !error; known++)
		error = map_append(map, PROFILE_NONE);
	*ret_count = (uint32_t)numbers;
	return error;
}

/* The columns of one kind, which stand one behind the other. */
static int find_columns(struct byte_reader *reader, uint32_t numbers, size_t columns,
			struct byte_reader *ret_columns)
{
	for (size_t i = 0; i < columns; i++) {
		ret_columns[i] = *reader;
		for (uint32_t row = 0; row < numbers; row++)
			byte_reader_uleb128(reader);
	}
	return reader->failed ? -EBADMSG : 0;
}

static int take_strings(struct dictionary_reader *dictionary, struct byte_reader *reader)
{
	struct byte_reader sizes;
	struct column column = { 0 };
	uint32_t numbers, id;
	int error = read_head(dictionary, reader, &dictionary->strings, &numbers);

	if (!error)
		error = find_columns(reader, numbers, 1, &sizes);
	for (uint32_t i = 0; i < numbers && !error; i++) {
		struct bytes text = byte_reader_take(reader, column_read(&column, &sizes));

		if (reader->failed)
			return -EBADMSG;
		error = profile_intern(dictionary->profile, (const char *)text.data, text.size,
				       &id);
		if (!error)
			error = map_append(&dictionary->strings, id);
	}
	return error;
}

/* One number + 1, or 0: none; false: there is no such string. */
static bool take_optional(const struct dictionary_reader *dictionary, uint64_t coded,
			  uint32_t *ret_string)
{
	*ret_string = coded ? dictionary_map_get(&dictionary->strings, coded - 1) : PROFILE_NONE;
	return !coded || *ret_string != PROFILE_NONE;
}

/* False: some of what it refers to is lost, or is not there. */
static bool make_frame(const struct dictionary_reader *dictionary,
		       const uint64_t fields[FRAME_FIELDS], struct frame *ret_frame)
{
	struct frame frame = {
		.kind = (enum frame_kind)fields[FIELD_KIND],
		.name = dictionary_map_get(&dictionary->strings, fields[FIELD_NAME]),
		.line = (uint32_t)fields[FIELD_LINE],
	};

	*ret_frame = frame;
	return fields[FIELD_KIND] < FRAME_KIND_COUNT && fields[FIELD_LINE] <= UINT32_MAX &&
	       frame.name != PROFILE_NONE &&
	       take_optional(dictionary, fields[FIELD_MODULE], &ret_frame->module) &&
	       take_optional(dictionary, fields[FIELD_FILE], &ret_frame->file);
}

static int take_frames(struct dictionary_reader *dictionary, struct byte_reader *reader)
{
	struct byte_reader readers[FRAME_FIELDS];
	struct column columns[FRAME_FIELDS] = { 0 };
	uint32_t numbers;
	int error = read_head(dictionary, reader, &dictionary->frames, &numbers);

	if (!error)
		error = find_columns(reader, numbers, FRAME_FIELDS, readers);
	for (uint32_t i = 0; i < numbers && !error; i++) {
		uint64_t fields[FRAME_FIELDS];
		struct frame frame;
		uint32_t id = PROFILE_NONE;

		for (size_t field = 0; field < FRAME_FIELDS; field++)
			fields[field] = column_read(&columns[field], &readers[field]);
		if (make_frame(dictionary, fields, &frame))
			error = profile_add_frame(dictionary->profile, frame, &id);
		else if (!dictionary->lacks_chunks)
			error = -EBADMSG;
		if (!error)
			error = map_append(&dictionary->frames, id);
	}
	return error;
}

static int take_nodes(struct dictionary_reader *dictionary, struct byte_reader *reader)
{
	struct byte_reader readers[2];
	struct column columns[2] = { 0 };
	uint32_t numbers;
	int error = read_head(dictionary, reader, &dictionary->nodes, &numbers);

	if (!error)
		error = find_columns(reader, numbers, 2, readers);
	for (uint32_t i = 0; i < numbers && !error; i++) {
		uint32_t parent = dictionary_map_get(&dictionary->nodes,
						     column_read(&columns[0], &readers[0]));
		uint32_t frame = dictionary_map_get(&dictionary->frames,
						    column_read(&columns[1], &readers[1]));
		uint32_t id = PROFILE_NONE;

		if (parent != PROFILE_NONE && frame != PROFILE_NONE)
			error = profile_add_child(dictionary->profile, parent, frame, &id);
		else if (!dictionary->lacks_chunks)
			error = -EBADMSG;
		if (!error)
			error = map_append(&dictionary->nodes, id);
	}
	return error;
}

/* Of a label that is lost nothing is known; that it is lost, the report tells. */
static bool make_label(const struct dictionary_reader *dictionary, enum sample_label label,
		       uint64_t coded, uint32_t *ret_value)
{
	if (!sample_label_is_number(label))
		return take_optional(dictionary, coded, ret_value) || dictionary->lacks_chunks;
	*ret_value = coded ? (uint32_t)(coded - 1) : PROFILE_NONE;
	return coded <= PROFILE_NONE;
}

static int take_labels(struct dictionary_reader *dictionary, struct byte_reader *reader)
{
	struct byte_reader readers[SAMPLE_LABEL_COUNT];
	struct column columns[SAMPLE_LABEL_COUNT] = { 0 };
	uint32_t numbers;
	int error = read_head(dictionary, reader, &dictionary->labels, &numbers);

	if (!error)
		error = find_columns(reader, numbers, SAMPLE_LABEL_COUNT, readers);
	for (uint32_t i = 0; i < numbers && !error; i++) {
		struct label_set set;
		uint32_t id;

		for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++)
			if (!make_label(dictionary, label,
					column_read(&columns[label], &readers[label]),
					&set.values[label]))
				return -EBADMSG;
		id = LABELS_UNKNOWN;
		if (profile_keeps_samples(dictionary->profile))
			error = profile_add_labels(dictionary->profile, &set, &id);
		if (!error)
			error = map_append(&dictionary->labels, id);
	}
	return error;
}

int dictionary_reader_take(struct dictionary_reader *dictionary, struct bytes body)
{
	struct byte_reader reader;
	int error;

	byte_reader_init(&reader, body);
	error = take_strings(dictionary, &reader);
	if (!error)
		error = take_frames(dictionary, &reader);
	if (!error)
		error = take_nodes(dictionary, &reader);
	if (!error)
		error = take_labels(dictionary, &reader);
	if (!error && reader.offset != body.size)
		error = -EBADMSG;
	if (error == -EBADMSG)
		dictionary->lacks_chunks = true;
	return error;
}
