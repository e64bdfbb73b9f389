/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/store_events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json_string.h"
#include "base/log.h"
#include "base/time_point.h"
#include "profiler/shut_in.h"
#include "profiler/store_access.h"
#include "store/chunk_body.h"
#include "store/chunk_stream.h"
#include "store/slice_events.h"

/* As hearth query has it. */
#define DATA_BYTES       ((uint64_t)1 << 30)
#define DATA_TIMES       1024
#define CPU_SECONDS      3600
#define MAX_OUTPUT_BYTES ((size_t)1 << 30)

#define NS_PER_MS 1000000u
#define MAX_TEXT  512

struct printing {
	struct window_span part;
	bool is_json;
	struct bytes stream;
};

/* What was found, in the process that decodes. */
struct found_events {
	struct window_span part;
	struct buffer events; /* struct store_event */
	struct arena texts;
};

static void found_release(struct found_events *found)
{
	buffer_release(&found->events);
	arena_release(&found->texts);
}

static int take_event(void *context, const struct store_event *event, struct bytes text)
{
	struct found_events *found = context;
	struct store_event kept = *event;

	if (event->time_ns < found->part.start_ns || event->time_ns >= found->part.end_ns)
		return 0;
	kept.text = arena_string(&found->texts, (const char *)text.data, text.size);
	if (!kept.text)
		return -ENOMEM;
	buffer_append(&found->events, &kept, sizeof(kept));
	return buffer_error(&found->events);
}

static int find(const struct printing *printing, struct found_events *found)
{
	_cleanup_(buffer_release) struct buffer body = { 0 };
	struct stream_record record;
	struct byte_reader reader;
	uint64_t undecoded = 0;
	int error = 0;

	byte_reader_init(&reader, printing->stream);
	while (error != -ENOMEM && chunk_stream_next(&reader, &record)) {
		if (record.begins_slice || record.is_lost || record.chunk.kind != CHUNK_EVENTS)
			continue;
		error = chunk_body_unpack(record.chunk.packed, record.chunk.size, &body);
		if (!error)
			error = slice_events_each(
				record.chunk.span,
				(struct bytes){ (const uint8_t *)body.data, body.size }, take_event,
				found);
		undecoded += error != 0;
	}
	if (undecoded)
		log_warning("%" PRIu64 " chunks are not what they should be, and were left out",
			    undecoded);
	return error == -ENOMEM ? error : 0;
}

static int compare_times(const void *left, const void *right)
{
	const struct store_event *a = left, *b = right;

	return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

static void append_json(const struct store_event *event, bool is_last, struct buffer *to)
{
	buffer_printf(to, "  {\"time_ms\": %" PRIu64 ", \"kind\": ", event->time_ns / NS_PER_MS);
	json_append_string(to, event_kind_name(event->kind), MAX_TEXT);
	if (event->pid != EVENT_NO_PID)
		buffer_printf(to, ", \"pid\": %u", event->pid);
	buffer_append_string(to, ", \"text\": ");
	json_append_string(to, event->text, MAX_TEXT);
	buffer_append_string(to, is_last ? "}\n" : "},\n");
}

/* Texts are of others: no control character of theirs reaches a terminal. */
static void append_words(const struct store_event *event, struct buffer *to)
{
	char time[TIME_POINT_BYTES];
	size_t size = strnlen(event->text, MAX_TEXT);

	buffer_printf(to, "%s  %-14s  ", time_point_format(event->time_ns, time),
		      event_kind_name(event->kind));
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)event->text[i];

		buffer_append_char(to, byte < ' ' || byte == 0x7f ? '?' : (char)byte);
	}
	if (event->pid != EVENT_NO_PID)
		buffer_printf(to, " (%u)", event->pid);
	buffer_append_char(to, '\n');
}

static int decode(void *context, const int *inputs, struct buffer *to)
{
	const struct printing *printing = context;
	_cleanup_(found_release) struct found_events found = { .part = printing->part };
	const struct store_event *events;
	size_t count;
	int error;

	(void)inputs;
	arena_init(&found.texts);
	error = find(printing, &found);
	if (error) {
		log_error("cannot read the events: %s", strerror(-error));
		return error;
	}
	count = found.events.size / sizeof(*events);
	if (count)
		qsort(found.events.data, count, sizeof(*events), compare_times);
	events = (const struct store_event *)found.events.data;
	if (printing->is_json)
		buffer_append_string(to, "[\n");
	for (size_t i = 0; i < count; i++)
		if (printing->is_json)
			append_json(&events[i], i + 1 == count, to);
		else
			append_words(&events[i], to);
	if (printing->is_json)
		buffer_append_string(to, "]\n");
	error = buffer_error(to);
	if (error == -ENOMEM)
		log_error("cannot write the events: %s", strerror(-error));
	return error;
}

static int print(void *context, const void *bytes, size_t size)
{
	(void)context;
	return fwrite(bytes, 1, size, stdout) == size ? 0 : -EIO;
}

int store_events_print(const char *folder, struct window_span part, bool is_json)
{
	_cleanup_(buffer_release) struct buffer stream = { 0 };
	struct printing printing = { .part = part, .is_json = is_json };
	const struct shut_in_inputs none = { .what = folder };
	struct shut_in_limits limits = { .cpu_seconds = CPU_SECONDS,
					 .max_output_bytes = MAX_OUTPUT_BYTES };
	struct buffer_drain drain = { .take = print };
	uint64_t damaged;
	int error = store_access_collect_events(folder, part, &stream, &damaged);

	if (error)
		return error;
	printing.stream = (struct bytes){ (const uint8_t *)stream.data, stream.size };
	limits.data_bytes = DATA_BYTES + DATA_TIMES * stream.size;
	return shut_in_call(&none, &limits, decode, &printing, &drain);
}
