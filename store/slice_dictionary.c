/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_dictionary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/profile.h"
#include "model/samples.h"
#include "store/column.h"

/* Chunks that are lost had no more numbers of a kind than these: a writer begins another slice before (store_writer.h). */
#define MAX_MISSING (1u << 22) /* of all chunks together */

#define LABELS_OF_VERSION_1 7
#define MAX_LABELS          64 /* a later hearth's may have more of them than this one's */

/* Kinds of frame that are no enum frame_kind. */
#define CODE_UNNAMED     128
#define CODE_UNLESS_ROOT 129

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

static uint64_t code_of(enum frame_kind kind)
{
	switch (kind) {
	case FRAME_UNNAMED:
		return CODE_UNNAMED;
	case FRAME_UNLESS_ROOT:
		return CODE_UNLESS_ROOT;
	default:
		return kind;
	}
}

/* The fields of those that have a name, as numbers. */
enum named_field { FIELD_NAME, FIELD_MODULE, FIELD_FILE, FIELD_LINE, NAMED_FIELDS };

static uint64_t field_of_named(const struct profile *profile, uint32_t id, unsigned int field)
{
	const struct frame *frame = profile_frame(profile, id);

	switch (field) {
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

enum place_field { PLACE_MODULE, PLACE_BUILD_ID, PLACE_OFFSET, PLACE_FIELDS };

static uint64_t field_of_place(const struct profile *profile, uint32_t id, unsigned int field)
{
	const struct frame_place *place = profile_place(profile, id);

	switch (field) {
	case PLACE_MODULE:
		return optional(place->module);
	case PLACE_BUILD_ID:
		return optional(place->build_id);
	default:
		return place->offset;
	}
}

/* Of the frames that have a name, or of the others. */
static void append_fields(const struct profile *profile, uint32_t first, uint32_t end,
			  bool are_named, struct buffer *to)
{
	for (unsigned int field = 0; field < (are_named ? NAMED_FIELDS : PLACE_FIELDS); field++) {
		struct column column = { 0 };

		for (uint32_t i = first; i < end; i++)
			if ((profile_frame(profile, i)->kind != FRAME_UNNAMED) == are_named)
				column_append(&column, to,
					      are_named ? field_of_named(profile, i, field)
							: field_of_place(profile, i, field));
	}
}

static void append_frames(const struct profile *profile, uint32_t first, uint32_t end,
			  struct buffer *to)
{
	struct column kinds = { 0 };

	append_head(to, first, end);
	for (uint32_t i = first; i < end; i++)
		column_append(&kinds, to, code_of(profile_frame(profile, i)->kind));
	append_fields(profile, first, end, true, to);
	append_fields(profile, first, end, false, to);
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
	number_append(to, SAMPLE_LABEL_COUNT);
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

int dictionary_reader_init(struct dictionary_reader *reader, struct profile *profile)
{
	*reader = (struct dictionary_reader){ .profile = profile };
	slice_names_init(&reader->names, profile);
	if (map_append(&reader->nodes, PROFILE_ROOT) || map_append(&reader->proven, PROFILE_ROOT) ||
	    map_append(&reader->labels, LABELS_UNKNOWN))
		return -ENOMEM;
	return 0;
}

void dictionary_reader_release(struct dictionary_reader *reader)
{
	buffer_release(&reader->strings.ids);
	buffer_release(&reader->frames.ids);
	buffer_release(&reader->nodes.ids);
	buffer_release(&reader->labels.ids);
	buffer_release(&reader->named.ids);
	buffer_release(&reader->proven.ids);
	buffer_release(&reader->bases);
	slice_names_release(&reader->names);
}

/* Up to a number, which lead to one id. */
static int fill_up(struct dictionary_map *map, uint32_t count, uint32_t id)
{
	int error = 0;

	while (map_count(map) < count && !error)
		error = map_append(map, id);
	return error;
}

/*
 * Numbers follow those of the chunk before. Where chunks are lost some are missing: they lead nowhere. Each of the others takes a byte of what is left
 * at least.
 */
static int read_head(struct dictionary_reader *dictionary, struct byte_reader *reader,
		     struct dictionary_map *map, uint32_t *ret_count)
{
	uint64_t first = byte_reader_uleb128(reader), numbers = byte_reader_uleb128(reader);
	const uint32_t known = map_count(map);

	if (reader->failed || numbers > reader->bytes.size - reader->offset || first < known ||
	    first - known > (dictionary->lacks_chunks ? MAX_MISSING - dictionary->missing : 0))
		return -EBADMSG;
	dictionary->missing += (uint32_t)(first - known);
	*ret_count = (uint32_t)numbers;
	return fill_up(map, (uint32_t)first, PROFILE_NONE);
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

/* Columns while they are read, row by row. */
struct reading_columns {
	struct byte_reader readers[MAX_LABELS];
	struct column columns[MAX_LABELS];
};

static uint64_t next(struct reading_columns *reading, unsigned int column)
{
	return column_read(&reading->columns[column], &reading->readers[column]);
}

/* --- frames --- */

/* False: some of what it refers to is lost, or is not there. */
static bool make_frame(const struct dictionary_reader *dictionary, uint64_t kind,
		       const uint64_t fields[NAMED_FIELDS], struct frame *ret_frame)
{
	struct frame frame = {
		.kind = kind == CODE_UNLESS_ROOT ? FRAME_UNLESS_ROOT : (enum frame_kind)kind,
		.name = dictionary_map_get(&dictionary->strings, fields[FIELD_NAME]),
		.line = (uint32_t)fields[FIELD_LINE],
	};

	*ret_frame = frame;
	return (kind < FRAME_KIND_COUNT || kind == CODE_UNLESS_ROOT) &&
	       fields[FIELD_LINE] <= UINT32_MAX && frame.name != PROFILE_NONE &&
	       take_optional(dictionary, fields[FIELD_MODULE], &ret_frame->module) &&
	       take_optional(dictionary, fields[FIELD_FILE], &ret_frame->file);
}

static int take_named(struct dictionary_reader *dictionary, uint64_t kind,
		      struct reading_columns *reading, uint32_t *ret_id)
{
	uint64_t fields[NAMED_FIELDS];
	struct frame frame;

	for (unsigned int field = 0; field < NAMED_FIELDS; field++)
		fields[field] = next(reading, field);
	if (make_frame(dictionary, kind, fields, &frame))
		return profile_add_frame(dictionary->profile, frame, ret_id);
	return dictionary->lacks_chunks ? 0 : -EBADMSG;
}

/* What it is called that has no name: its module in brackets. */
static int add_nameless(struct profile *profile, uint32_t module, uint32_t *ret_id)
{
	const char *text = module == PROFILE_NONE ? "" : profile_string(profile, module, NULL);
	char name[300];

	if (!*text)
		return profile_add_named(profile, "[unknown]", NULL, FRAME_UNKNOWN, ret_id);
	snprintf(name, sizeof(name), "[%s]", text);
	return profile_add_named(profile, name, text, FRAME_UNKNOWN, ret_id);
}

/* By its name, if it has one by now; the build-id has done its work. */
static int take_place(struct dictionary_reader *dictionary, uint64_t number,
		      struct reading_columns *reading, uint32_t *ret_id, uint32_t *ret_names)
{
	uint64_t module_code = next(reading, PLACE_MODULE);
	uint64_t build_id_code = next(reading, PLACE_BUILD_ID);
	struct frame_place place = { .offset = next(reading, PLACE_OFFSET) };
	int error;

	if (!take_optional(dictionary, module_code, &place.module) ||
	    !take_optional(dictionary, build_id_code, &place.build_id))
		return dictionary->lacks_chunks ? 0 : -EBADMSG;
	if (dictionary->keeps_places)
		return profile_add_place(dictionary->profile, place, ret_id);
	*ret_names = slice_names_find(&dictionary->names, number);
	if (*ret_names == PROFILE_NONE || !slice_names_count(&dictionary->names, *ret_names))
		error = add_nameless(dictionary->profile, place.module, ret_id);
	else
		error = slice_names_add_frames(&dictionary->names, *ret_names, place.module,
					       ret_id);
	if (error || !dictionary->places)
		return error;
	return dictionary->places->take(dictionary->places->context, number, place.build_id,
					place.offset, *ret_names);
}

static uint32_t count_named(struct byte_reader kinds, uint32_t numbers)
{
	struct column column = { 0 };
	uint32_t named = 0;

	for (uint32_t i = 0; i < numbers; i++)
		named += column_read(&column, &kinds) != CODE_UNNAMED;
	return named;
}

static int take_frames(struct dictionary_reader *dictionary, struct byte_reader *reader)
{
	struct reading_columns named = { 0 }, places = { 0 };
	struct byte_reader kinds;
	struct column column = { 0 };
	uint32_t numbers, with_names;
	int error = read_head(dictionary, reader, &dictionary->frames, &numbers);

	if (!error)
		error = fill_up(&dictionary->named, map_count(&dictionary->frames), PROFILE_NONE);
	if (!error)
		error = find_columns(reader, numbers, 1, &kinds);
	if (error)
		return error;
	with_names = count_named(kinds, numbers);
	error = find_columns(reader, with_names, NAMED_FIELDS, named.readers);
	if (!error)
		error = find_columns(reader, numbers - with_names, PLACE_FIELDS, places.readers);
	for (uint32_t i = 0; i < numbers && !error; i++) {
		uint32_t id = PROFILE_NONE, names = PROFILE_NONE;
		uint64_t kind = column_read(&column, &kinds);

		error = kind == CODE_UNNAMED
				? take_place(dictionary, map_count(&dictionary->frames), &places,
					     &id, &names)
				: take_named(dictionary, kind, &named, &id);
		if (!error)
			error = map_append(&dictionary->named, names);
		if (!error)
			error = map_append(&dictionary->frames, id);
	}
	return error;
}

/* --- nodes --- */

/* A root hangs from where it would if the marker above it were not there. */
static uint32_t find_parent(const struct dictionary_reader *dictionary, uint64_t parent,
			    uint32_t names)
{
	const bool is_root =
		names != PROFILE_NONE && slice_names_is_root(&dictionary->names, names);

	return dictionary_map_get(is_root ? &dictionary->proven : &dictionary->nodes, parent);
}

/* A frame with the calls that were inlined there, if it has any. */
static int add_chain(struct dictionary_reader *dictionary, uint32_t parent, uint32_t frame,
		     uint32_t names, uint32_t *ret_node)
{
	const size_t count =
		names == PROFILE_NONE ? 0 : slice_names_count(&dictionary->names, names);
	int error = profile_add_child(dictionary->profile, parent, frame, ret_node);

	for (size_t i = 1; i < count && !error; i++)
		error = profile_add_child(dictionary->profile, *ret_node,
					  slice_names_frame(&dictionary->names, names, i),
					  ret_node);
	return error;
}

/* A marker that holds unless a root is below it is, of what is below it, one like any other. */
static int add_node(struct dictionary_reader *dictionary, uint32_t parent, uint32_t frame,
		    uint32_t names, uint32_t *ret_node, uint32_t *ret_proven)
{
	struct frame marker = *profile_frame(dictionary->profile, frame);
	int error;

	if (marker.kind != FRAME_UNLESS_ROOT || dictionary->keeps_places) {
		error = add_chain(dictionary, parent, frame, names, ret_node);
		*ret_proven = *ret_node;
		return error;
	}
	marker.kind = FRAME_MARKER;
	error = profile_add_frame(dictionary->profile, marker, &frame);
	*ret_proven = parent;
	return error ? error : profile_add_child(dictionary->profile, parent, frame, ret_node);
}

static int take_node(struct dictionary_reader *dictionary, uint64_t parent_number,
		     uint64_t frame_number)
{
	uint32_t frame = dictionary_map_get(&dictionary->frames, frame_number);
	uint32_t names = dictionary_map_get(&dictionary->named, frame_number);
	uint32_t parent = find_parent(dictionary, parent_number, names);
	uint32_t id = PROFILE_NONE, proven = PROFILE_NONE;
	int error = 0;

	if (parent != PROFILE_NONE && frame != PROFILE_NONE)
		error = add_node(dictionary, parent, frame, names, &id, &proven);
	else if (!dictionary->lacks_chunks)
		error = -EBADMSG;
	if (!error)
		error = map_append(&dictionary->nodes, id);
	return error ? error : map_append(&dictionary->proven, proven);
}

static int take_nodes(struct dictionary_reader *dictionary, struct byte_reader *reader)
{
	struct reading_columns reading = { 0 };
	uint32_t numbers;
	int error = read_head(dictionary, reader, &dictionary->nodes, &numbers);

	if (!error)
		error = fill_up(&dictionary->proven, map_count(&dictionary->nodes), PROFILE_NONE);
	if (!error)
		error = find_columns(reader, numbers, 2, reading.readers);
	for (uint32_t i = 0; i < numbers && !error; i++) {
		uint64_t parent = next(&reading, 0);

		error = take_node(dictionary, parent, next(&reading, 1));
	}
	return error;
}

/* --- label sets --- */

/* Of a label that is lost nothing is known; that it is lost, the report tells. */
static bool make_label(const struct dictionary_reader *dictionary, enum sample_label label,
		       uint64_t coded, uint32_t *ret_value)
{
	if (!sample_label_is_number(label))
		return take_optional(dictionary, coded, ret_value) || dictionary->lacks_chunks;
	*ret_value = coded ? (uint32_t)(coded - 1) : PROFILE_NONE;
	return coded <= PROFILE_NONE;
}

/* `labels`: so many of them there are; of others than these nothing is known. 0: that is said here. */
static int take_labels(struct dictionary_reader *dictionary, struct byte_reader *reader,
		       uint64_t labels)
{
	struct reading_columns reading = { 0 };
	uint32_t numbers;
	int error = read_head(dictionary, reader, &dictionary->labels, &numbers);

	if (!labels)
		labels = byte_reader_uleb128(reader);
	if (!error && labels > MAX_LABELS)
		error = -EBADMSG;
	if (!error)
		error = find_columns(reader, numbers, labels, reading.readers);
	for (uint32_t i = 0; i < numbers && !error; i++) {
		uint32_t id = LABELS_UNKNOWN;
		struct label_set set;

		for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++)
			if (!make_label(dictionary, label,
					label < labels ? next(&reading, label) : 0,
					&set.values[label]))
				return -EBADMSG;
		if (profile_keeps_samples(dictionary->profile))
			error = profile_add_labels(dictionary->profile, &set, &id);
		if (!error)
			error = map_append(&dictionary->labels, id);
	}
	return error;
}

static int take(struct dictionary_reader *dictionary, struct bytes body, uint64_t labels)
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
		error = take_labels(dictionary, &reader, labels);
	if (!error && reader.offset != body.size)
		error = -EBADMSG;
	if (error == -EBADMSG)
		dictionary->lacks_chunks = true;
	return error;
}

int dictionary_reader_take(struct dictionary_reader *dictionary, struct bytes body)
{
	return take(dictionary, body, 0);
}

int dictionary_reader_take_version_1(struct dictionary_reader *dictionary, struct bytes body)
{
	return take(dictionary, body, LABELS_OF_VERSION_1);
}
