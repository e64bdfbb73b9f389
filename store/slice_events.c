/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_events.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/string_pool.h"
#include "store/column.h"
#include "store/string_column.h"

const char *event_kind_name(uint64_t kind)
{
	switch (kind) {
#define STORE_EVENT(constant, number, name, meaning) \
	case constant:                               \
		return name;
#include "store/event_kinds.def"
#undef STORE_EVENT
	}
	return "unknown";
}

/* --- writing --- */

struct window_span slice_events_span(const struct store_event *events, size_t count)
{
	struct window_span span = { events[0].time_ns, events[0].time_ns };

	for (size_t i = 1; i < count; i++) {
		if (events[i].time_ns < span.start_ns)
			span.start_ns = events[i].time_ns;
		if (events[i].time_ns > span.end_ns)
			span.end_ns = events[i].time_ns;
	}
	return span;
}

enum event_field { FIELD_TIME, FIELD_KIND, FIELD_PID, FIELD_TEXT, FIELDS };

static uint64_t field_of(const struct store_event *event, uint64_t start_ns, enum event_field field)
{
	switch (field) {
	case FIELD_TIME:
		return event->time_ns - start_ns;
	case FIELD_KIND:
		return event->kind;
	default:
		return event->pid == EVENT_NO_PID ? 0 : (uint64_t)event->pid + 1;
	}
}

static int append(const struct store_event *events, size_t count, struct string_pool *strings,
		  struct buffer *to)
{
	_cleanup_(buffer_release) struct buffer texts = { 0 };
	const uint64_t start_ns = slice_events_span(events, count).start_ns;
	struct column column = { 0 };
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		uint32_t text = 0;

		error = string_pool_add(strings, events[i].text, strlen(events[i].text), &text);
		column_append(&column, &texts, text);
	}
	if (error)
		return error;
	string_column_append(strings, to);
	number_append(to, count);
	for (enum event_field field = 0; field < FIELD_TEXT; field++) {
		column = (struct column){ 0 };
		for (size_t i = 0; i < count; i++)
			column_append(&column, to, field_of(&events[i], start_ns, field));
	}
	buffer_append(to, texts.data, texts.size);
	error = buffer_error(&texts);
	return error ? error : buffer_error(to);
}

int slice_events_append(const struct store_event *events, size_t count, struct buffer *to)
{
	struct string_pool strings;
	int error;

	string_pool_init(&strings);
	error = append(events, count, &strings, to);
	string_pool_release(&strings);
	return error;
}

/* --- reading --- */

/* A chunk while it is read. */
struct reading {
	struct window_span span;
	struct buffer strings; /* struct bytes of each */
	uint64_t count;
	struct byte_reader readers[FIELDS];
};

static int find(struct byte_reader *reader, struct reading *reading)
{
	int error = string_column_find(reader, &reading->strings);

	if (error)
		return error;
	reading->count = byte_reader_uleb128(reader);
	for (size_t field = 0; field < FIELDS && !error; field++)
		error = column_find(reader, reading->count, &reading->readers[field]);
	return !error && reader->offset != reader->bytes.size ? -EBADMSG : error;
}

/* False: it is none. */
static bool next(struct reading *reading, struct column columns[FIELDS],
		 struct store_event *ret_event, struct bytes *ret_text)
{
	uint64_t fields[FIELDS];

	for (size_t field = 0; field < FIELDS; field++)
		fields[field] = column_read(&columns[field], &reading->readers[field]);
	if (fields[FIELD_TEXT] >= reading->strings.size / sizeof(struct bytes) ||
	    fields[FIELD_PID] > UINT32_MAX || fields[FIELD_KIND] > INT32_MAX ||
	    fields[FIELD_TIME] > reading->span.end_ns - reading->span.start_ns)
		return false;
	*ret_event = (struct store_event){
		.time_ns = reading->span.start_ns + fields[FIELD_TIME],
		.kind = (enum event_kind)fields[FIELD_KIND],
		.pid = fields[FIELD_PID] ? (uint32_t)(fields[FIELD_PID] - 1) : EVENT_NO_PID,
	};
	*ret_text = ((const struct bytes *)reading->strings.data)[fields[FIELD_TEXT]];
	return true;
}

/* All of them before the first one is told. */
static int check(struct reading reading)
{
	struct column columns[FIELDS] = { 0 };
	struct store_event event;
	struct bytes text;

	for (uint64_t i = 0; i < reading.count; i++)
		if (!next(&reading, columns, &event, &text))
			return -EBADMSG;
	return 0;
}

int slice_events_each(struct window_span span, struct bytes body, event_fn take, void *context)
{
	struct reading reading = { .span = span };
	struct column columns[FIELDS] = { 0 };
	struct byte_reader reader;
	int error;

	byte_reader_init(&reader, body);
	error = span.start_ns > span.end_ns ? -EBADMSG : find(&reader, &reading);
	if (!error)
		error = check(reading);
	for (uint64_t i = 0; i < reading.count && !error; i++) {
		struct store_event event;
		struct bytes text;

		next(&reading, columns, &event, &text);
		error = take(context, &event, text);
	}
	buffer_release(&reading.strings);
	return error;
}
