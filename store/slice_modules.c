/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_modules.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/column.h"

#define MAX_DIGITS 256

enum segment_field { FIELD_OFFSET, FIELD_ADDRESS, FIELD_SIZE, FIELDS };

static uint64_t field_of(const struct module_segment *segment, enum segment_field field)
{
	switch (field) {
	case FIELD_OFFSET:
		return segment->offset;
	case FIELD_ADDRESS:
		return segment->address;
	default:
		return segment->size;
	}
}

static void append_segments(const struct module_code *modules, size_t count, struct buffer *to)
{
	uint64_t segments = 0;

	for (size_t i = 0; i < count; i++)
		segments += modules[i].count;
	number_append(to, segments);
	for (enum segment_field field = 0; field < FIELDS; field++) {
		struct column column = { 0 };

		for (size_t i = 0; i < count; i++)
			for (size_t s = 0; s < modules[i].count; s++)
				column_append(&column, to,
					      field_of(&modules[i].segments[s], field));
	}
}

int slice_modules_append(const struct module_code *modules, size_t count, struct buffer *to)
{
	struct column sizes = { 0 }, counts = { 0 };

	number_append(to, count);
	for (size_t i = 0; i < count; i++)
		column_append(&sizes, to, strlen(modules[i].build_id));
	for (size_t i = 0; i < count; i++)
		buffer_append_string(to, modules[i].build_id);
	for (size_t i = 0; i < count; i++)
		column_append(&counts, to, modules[i].count);
	append_segments(modules, count, to);
	return buffer_error(to);
}

/* A chunk while it is read. */
struct reading {
	uint64_t count, segments;
	struct byte_reader sizes, digits, counts, fields[FIELDS];
};

static int find_digits(struct byte_reader *reader, struct reading *reading)
{
	struct byte_reader sizes;
	struct column column = { 0 };
	int error = column_find(reader, reading->count, &reading->sizes);

	sizes = reading->sizes;
	reading->digits = *reader;
	for (uint64_t i = 0; i < reading->count && !error; i++) {
		uint64_t size = column_read(&column, &sizes);

		byte_reader_take(reader, size);
		error = reader->failed || size > MAX_DIGITS ? -EBADMSG : 0;
	}
	return error;
}

static int find(struct byte_reader *reader, struct reading *reading)
{
	int error;

	reading->count = byte_reader_uleb128(reader);
	error = find_digits(reader, reading);
	if (!error)
		error = column_find(reader, reading->count, &reading->counts);
	if (error)
		return error;
	reading->segments = byte_reader_uleb128(reader);
	for (size_t field = 0; field < FIELDS && !error; field++)
		error = column_find(reader, reading->segments, &reading->fields[field]);
	return !error && reader->offset != reader->bytes.size ? -EBADMSG : error;
}

/* Column by column: what the one before was. */
struct columns {
	struct column sizes, counts, fields[FIELDS];
};

static int take_segments(struct reading *reading, struct columns *columns,
			 struct module_code *module)
{
	module->count = column_read(&columns->counts, &reading->counts);
	if (module->count > MODULE_SEGMENTS_MAX || module->count > reading->segments)
		return -EBADMSG;
	reading->segments -= module->count;
	for (size_t i = 0; i < module->count; i++)
		module->segments[i] = (struct module_segment){
			column_read(&columns->fields[FIELD_OFFSET], &reading->fields[FIELD_OFFSET]),
			column_read(&columns->fields[FIELD_ADDRESS],
				    &reading->fields[FIELD_ADDRESS]),
			column_read(&columns->fields[FIELD_SIZE], &reading->fields[FIELD_SIZE]),
		};
	return 0;
}

int slice_modules_each(struct bytes body, module_code_fn take, void *context)
{
	struct reading reading;
	struct columns columns = { 0 };
	struct byte_reader reader;
	int error;

	byte_reader_init(&reader, body);
	error = find(&reader, &reading);
	for (uint64_t i = 0; !error && i < reading.count; i++) {
		char digits[MAX_DIGITS + 1] = { 0 };
		struct module_code module = { .build_id = digits };
		struct bytes text = byte_reader_take(&reading.digits,
						     column_read(&columns.sizes, &reading.sizes));

		if (text.size)
			memcpy(digits, text.data, text.size);
		error = take_segments(&reading, &columns, &module);
		if (!error)
			error = take(context, &module);
	}
	return error ? error : reading.segments ? -EBADMSG : 0;
}
