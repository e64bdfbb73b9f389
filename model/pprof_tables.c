/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pprof_tables.h"

#include <errno.h>
#include <stdbool.h>

#include "model/fates.h"
#include "model/pprof.h"
#include "model/profile.h"

/* String indexes. */
struct function {
	uint64_t name, system_name, file;
};

struct mapping {
	uint64_t file;
};

void pprof_tables_init(struct pprof_tables *tables)
{
	*tables = (struct pprof_tables){ 0 };
	u64_map_init(&tables->function_ids.sparse);
	u64_map_init(&tables->mapping_ids.sparse);
	u64_map_init(&tables->location_ids.sparse);
}

static void release_ids(struct pprof_ids *ids)
{
	buffer_release(&ids->dense);
	u64_map_release(&ids->sparse);
}

void pprof_tables_release(struct pprof_tables *tables)
{
	buffer_release(&tables->strings);
	buffer_release(&tables->functions);
	buffer_release(&tables->mappings);
	buffer_release(&tables->location_fields);
	buffer_release(&tables->locations);
	buffer_release(&tables->frames);
	release_ids(&tables->function_ids);
	release_ids(&tables->mapping_ids);
	release_ids(&tables->location_ids);
}

/* --- IDs --- */

/* IDs that are not far ahead of their number are found in an array, which so is not much larger than what came. */
#define DENSE_TIMES 4
#define DENSE_LEAST 64

static int add_id(struct pprof_ids *ids, uint64_t id, uint32_t index)
{
	size_t count = ids->dense.size / sizeof(index);
	uint32_t *dense;

	if (id > DENSE_LEAST + DENSE_TIMES * (uint64_t)index)
		return u64_map_set(&ids->sparse, id, index);
	while (count <= id) {
		buffer_append(&ids->dense, &(uint32_t){ 0 }, sizeof(index));
		if (buffer_error(&ids->dense))
			return -ENOMEM;
		count++;
	}
	dense = (uint32_t *)ids->dense.data;
	dense[id] = index + 1;
	return 0;
}

/* U64_MAP_ABSENT: there is none. */
static uint32_t find_id(const struct pprof_ids *ids, uint64_t id)
{
	const uint32_t *dense = (const uint32_t *)ids->dense.data;

	if (id < ids->dense.size / sizeof(*dense) && dense[id])
		return dense[id] - 1;
	return ids->sparse.count ? u64_map_get(&ids->sparse, id) : U64_MAP_ABSENT;
}

/* --- entries --- */

static int add_function(struct pprof_tables *tables, struct bytes bytes)
{
	uint32_t index = (uint32_t)(tables->functions.size / sizeof(struct function));
	struct function function = { 0 };
	struct protobuf_field field;
	struct byte_reader reader;
	uint64_t id = 0;

	byte_reader_init(&reader, bytes);
	while (protobuf_next(&reader, &field)) {
		if (field.number == PPROF_FUNCTION_ID)
			id = field.value;
		else if (field.number == PPROF_FUNCTION_NAME)
			function.name = field.value;
		else if (field.number == PPROF_FUNCTION_SYSTEM_NAME)
			function.system_name = field.value;
		else if (field.number == PPROF_FUNCTION_FILE)
			function.file = field.value;
	}
	buffer_append(&tables->functions, &function, sizeof(function));
	if (reader.failed || buffer_error(&tables->functions))
		return reader.failed ? -EPROTO : -ENOMEM;
	return add_id(&tables->function_ids, id, index);
}

static int add_mapping(struct pprof_tables *tables, struct bytes bytes)
{
	uint32_t index = (uint32_t)(tables->mappings.size / sizeof(struct mapping));
	struct mapping mapping = { 0 };
	struct protobuf_field field;
	struct byte_reader reader;
	uint64_t id = 0;

	byte_reader_init(&reader, bytes);
	while (protobuf_next(&reader, &field)) {
		if (field.number == PPROF_MAPPING_ID)
			id = field.value;
		else if (field.number == PPROF_MAPPING_FILE)
			mapping.file = field.value;
	}
	buffer_append(&tables->mappings, &mapping, sizeof(mapping));
	if (reader.failed || buffer_error(&tables->mappings))
		return reader.failed ? -EPROTO : -ENOMEM;
	return add_id(&tables->mapping_ids, id, index);
}

/* What a location's lines say of one frame. */
struct line {
	uint64_t function, number;
};

static int read_line(struct bytes bytes, struct line *line)
{
	struct protobuf_field field;
	struct byte_reader reader;

	*line = (struct line){ 0 };
	byte_reader_init(&reader, bytes);
	while (protobuf_next(&reader, &field)) {
		if (field.number == PPROF_LINE_FUNCTION)
			line->function = field.value;
		else if (field.number == PPROF_LINE_NUMBER)
			line->number = field.value;
	}
	return reader.failed ? -EPROTO : 0;
}

/* While a location is read. */
struct location {
	uint64_t id, mapping;
	struct line lines[PPROF_MAX_LINES]; /* innermost first */
	size_t line_count;
};

static int read_location(struct bytes bytes, struct location *location)
{
	struct protobuf_field field;
	struct byte_reader reader;
	int error = 0;

	location->id = location->mapping = 0;
	location->line_count = 0;
	byte_reader_init(&reader, bytes);
	while (!error && protobuf_next(&reader, &field)) {
		if (field.number == PPROF_LOCATION_ID)
			location->id = field.value;
		else if (field.number == PPROF_LOCATION_MAPPING)
			location->mapping = field.value;
		else if (field.number == PPROF_LOCATION_LINE && field.type == PROTOBUF_BYTES &&
			 location->line_count < PPROF_MAX_LINES)
			error = read_line(field.bytes, &location->lines[location->line_count++]);
	}
	return reader.failed ? -EPROTO : error;
}

static int append_bytes(struct buffer *to, struct bytes bytes)
{
	buffer_append(to, &bytes, sizeof(bytes));
	return buffer_error(to);
}

/* It is read when all others are known; whether it can be, is seen now. */
static int add_location_field(struct pprof_tables *tables, struct bytes bytes)
{
	struct location location;
	int error = read_location(bytes, &location);

	return error ? error : append_bytes(&tables->location_fields, bytes);
}

int pprof_tables_take(struct pprof_tables *tables, const struct protobuf_field *field)
{
	bool is_table = field->number == PPROF_STRING || field->number == PPROF_FUNCTION ||
			field->number == PPROF_MAPPING || field->number == PPROF_LOCATION;

	if (!is_table)
		return 0;
	if (field->type != PROTOBUF_BYTES)
		return -EPROTO;
	switch (field->number) {
	case PPROF_STRING:
		return append_bytes(&tables->strings, field->bytes);
	case PPROF_FUNCTION:
		return add_function(tables, field->bytes);
	case PPROF_MAPPING:
		return add_mapping(tables, field->bytes);
	default:
		return add_location_field(tables, field->bytes);
	}
}

/* --- frames --- */

bool pprof_tables_has_string(const struct pprof_tables *tables, uint64_t index)
{
	return !index || index < tables->strings.size / sizeof(struct bytes);
}

bool pprof_tables_has_function(const struct pprof_tables *tables, uint64_t id)
{
	return !id || find_id(&tables->function_ids, id) != U64_MAP_ABSENT;
}

struct bytes pprof_tables_string(struct pprof_tables *tables, uint64_t index)
{
	const struct bytes *strings = (const struct bytes *)tables->strings.data;

	if (index < tables->strings.size / sizeof(*strings))
		return strings[index];
	tables->has_missed |= index != 0;
	return (struct bytes){ (const uint8_t *)"", 0 };
}

static struct bytes mapping_file(struct pprof_tables *tables, uint64_t id)
{
	const struct mapping *mappings = (const struct mapping *)tables->mappings.data;
	uint32_t index = find_id(&tables->mapping_ids, id);

	return index == U64_MAP_ABSENT ? (struct bytes){ 0 }
				       : pprof_tables_string(tables, mappings[index].file);
}

static struct bytes function_name(struct pprof_tables *tables, uint64_t id, struct bytes *ret_file)
{
	const struct function *functions = (const struct function *)tables->functions.data;
	uint32_t index = find_id(&tables->function_ids, id);
	struct bytes name;

	*ret_file = (struct bytes){ 0 };
	if (index == U64_MAP_ABSENT) {
		tables->has_missed |= id != 0;
		return (struct bytes){ 0 };
	}
	*ret_file = pprof_tables_string(tables, functions[index].file);
	name = pprof_tables_string(tables, functions[index].name);
	return name.size ? name : pprof_tables_string(tables, functions[index].system_name);
}

static int intern(struct profile *profile, struct bytes bytes, uint32_t *ret_string)
{
	return profile_intern(profile, (const char *)bytes.data, bytes.size, ret_string);
}

/* Without a name the module in brackets, as everywhere. */
static int intern_unknown(struct profile *profile, struct bytes module, uint32_t *ret_string)
{
	struct buffer text = { 0 };
	int error;

	buffer_append_char(&text, '[');
	if (module.size)
		buffer_append(&text, module.data, module.size);
	else
		buffer_append_string(&text, "unknown");
	buffer_append_char(&text, ']');
	error = buffer_error(&text);
	if (!error)
		error = profile_intern(profile, text.data, text.size, ret_string);
	buffer_release(&text);
	return error;
}

static bool is_bracketed(struct bytes name)
{
	return name.size >= 2 && name.data[0] == '[' && name.data[name.size - 1] == ']';
}

static bool is_marker(struct bytes name)
{
	const char *reason;
	size_t size;
	enum fate fate;

	return fate_parse_marker((const char *)name.data, name.size, &fate, &reason, &size);
}

static enum frame_kind settle_kind(enum frame_kind kind, struct bytes name, struct bytes module)
{
	if (kind == FRAME_NATIVE && (!name.size || (is_bracketed(name) && module.size)))
		return FRAME_UNKNOWN;
	return kind == FRAME_MARKER && !is_marker(name) ? FRAME_UNKNOWN : kind;
}

static int add_frame(struct pprof_tables *tables, struct profile *profile, const struct line *line,
		     enum frame_kind kind, struct bytes module)
{
	struct frame frame = frame_of_kind(kind);
	struct bytes file, name = function_name(tables, line->function, &file);
	uint32_t id;
	int error;

	frame.kind = settle_kind(kind, name, module);
	if (frame.kind == FRAME_MARKER)
		profile_origin(profile)->fates_are_known = true;
	error = name.size ? intern(profile, name, &frame.name)
			  : intern_unknown(profile, module, &frame.name);
	if (!error && module.size)
		error = intern(profile, module, &frame.module);
	if (!error && file.size)
		error = intern(profile, file, &frame.file);
	frame.line = line->number < UINT32_MAX ? (uint32_t)line->number : 0;
	if (!error)
		error = profile_add_frame(profile, frame, &id);
	if (!error)
		buffer_append(&tables->frames, &id, sizeof(id));
	return error ? error : buffer_error(&tables->frames);
}

static int add_location(struct pprof_tables *tables, struct profile *profile,
			struct location *location)
{
	uint32_t index = (uint32_t)(tables->locations.size / sizeof(struct pprof_location));
	struct pprof_location added = { .first = (uint32_t)(tables->frames.size /
							    sizeof(uint32_t)) };
	struct bytes file = mapping_file(tables, location->mapping), module = { 0 };
	const char *start;
	enum frame_kind kind =
		pprof_kind_of_mapping((const char *)file.data, file.size, &start, &module.size);
	int error = 0;

	module.data = (const uint8_t *)start;
	if (!location->line_count)
		location->lines[location->line_count++] = (struct line){ 0 };
	for (size_t i = location->line_count; i-- && !error;) {
		error = add_frame(tables, profile, &location->lines[i], kind, module);
		kind = FRAME_INLINED;
	}
	added.count = (uint32_t)location->line_count;
	buffer_append(&tables->locations, &added, sizeof(added));
	if (!error)
		error = buffer_error(&tables->locations);
	return error ? error : add_id(&tables->location_ids, location->id, index);
}

int pprof_tables_resolve(struct pprof_tables *tables, struct profile *profile)
{
	const struct bytes *fields = (const struct bytes *)tables->location_fields.data;
	size_t count = tables->location_fields.size / sizeof(*fields);
	struct location location;

	for (size_t i = 0; i < count; i++) {
		int error = read_location(fields[i], &location);

		if (!error)
			error = add_location(tables, profile, &location);
		if (error)
			return error;
	}
	return 0;
}

const struct pprof_location *pprof_tables_sparse_location(const struct pprof_tables *tables,
							  uint64_t id)
{
	uint32_t index = find_id(&tables->location_ids, id);

	return index == U64_MAP_ABSENT
		       ? NULL
		       : (const struct pprof_location *)tables->locations.data + index;
}
