/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chunk_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "model/profile_merge.h"
#include "store/chunk_body.h"
#include "store/slice_bases.h"
#include "store/slice_dictionary.h"
#include "store/slice_events.h"
#include "store/slice_head.h"
#include "store/slice_modules.h"
#include "store/slice_sum.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* What stands before each body. */
struct record {
	uint32_t begins_slice, is_lost;
	uint64_t kind; /* enum chunk_kind */
	struct window_span span;
	uint64_t size, packed_size;
};

/* --- writing --- */

void chunk_stream_begin_slice(struct buffer *stream)
{
	const struct record record = { .begins_slice = true };

	buffer_append(stream, &record, sizeof(record));
}

void chunk_stream_append(struct buffer *stream, const struct slice_chunk *chunk)
{
	const struct record record = {
		.is_lost = !chunk->packed.data,
		.kind = chunk->kind,
		.span = chunk->span,
		.size = chunk->size,
		.packed_size = chunk->packed.size,
	};

	buffer_append(stream, &record, sizeof(record));
	buffer_append(stream, chunk->packed.data, chunk->packed.size);
}

bool chunk_stream_may_have(enum chunk_kind kind)
{
	switch (kind) {
	case CHUNK_HEAD:
	case CHUNK_DICTIONARY:
	case CHUNK_DICTIONARY_1:
	case CHUNK_WINDOW:
	case CHUNK_NAMES:
	case CHUNK_MODULES:
	case CHUNK_BASES:
	case CHUNK_EVENTS:
		return true;
	case CHUNK_SUM:
	case CHUNK_SERIES:
	case CHUNK_SLICE_SUM:
	case CHUNK_SLICE_SERIES:
	case CHUNK_SEAL:
		return false;
	}
	return false;
}

bool chunk_stream_next(struct byte_reader *reader, struct stream_record *ret_record)
{
	struct record record;

	*ret_record = (struct stream_record){ 0 };
	if (reader->failed || reader->offset == reader->bytes.size)
		return false;
	byte_reader_copy(reader, &record, sizeof(record));
	ret_record->begins_slice = record.begins_slice;
	ret_record->is_lost = record.is_lost;
	ret_record->chunk = (struct slice_chunk){
		.kind = (enum chunk_kind)record.kind,
		.span = record.span,
		.size = record.size,
		.packed = byte_reader_take(reader, record.packed_size),
	};
	return !reader->failed;
}

/* --- reading --- */

struct reading {
	struct window_span part;
	struct profile *into;
	struct stream_sum *sum;
	struct buffer body;
	/* Of the slice: */
	struct profile *profile; /* NULL: none has begun */
	struct dictionary_reader dictionary;
	struct window_report windows;
	bool has_rate;
	/* Of all of them: */
	bool weighs;              /* samples of several rates count CPU time */
	struct window_span noted; /* of the window that was taken last */
};

/* Of several rates none is that of all. */
static void note_rate(struct reading *reading)
{
	struct profile_origin *origin = profile_origin(reading->profile);
	uint64_t rate = reading->windows.rate_hz;

	if (reading->has_rate && origin->rate_hz != rate)
		rate = 0;
	origin->rate_hz = rate;
	reading->has_rate = true;
}

/* What the window covers of the part. */
static void note_span(struct reading *reading, struct window_span span)
{
	struct profile_origin *origin = profile_origin(reading->profile);
	const struct window_span common = window_span_common(span, reading->part);

	if (window_span_is(span, reading->noted))
		return;
	reading->noted = span;
	if (!origin->time_unix_ns || common.start_ns < origin->time_unix_ns)
		origin->time_unix_ns = common.start_ns;
	if (common.end_ns > common.start_ns)
		origin->duration_ns += common.end_ns - common.start_ns;
}

static int take_window(struct reading *reading, struct window_span span, struct bytes body)
{
	int error = window_take(span, reading->part, body, &reading->dictionary, &reading->windows);

	if (error)
		return error;
	note_rate(reading);
	note_span(reading, span);
	return 0;
}

/* What a profile needs not is to be what it should be nevertheless. */
static int check_sum(const struct slice_chunk *chunk, struct bytes body)
{
	struct sum_reader sum;

	return sum_reader_init(&sum, chunk->span, body,
			       chunk->kind == CHUNK_SERIES || chunk->kind == CHUNK_SLICE_SERIES);
}

static int pass_over(void *context, const struct store_event *event, struct bytes text)
{
	(void)context, (void)event, (void)text;
	return 0;
}

/* Samples that are weighed count time. */
static int take_head(struct reading *reading, struct bytes body)
{
	struct profile *profile = reading->profile;
	struct value_type cpu;
	uint32_t count;
	int error = slice_head_take(body, profile);

	if (error || !reading->weighs)
		return error;
	profile_values(profile, &count);
	if (count)
		return 0;
	error = profile_intern(profile, "cpu", 3, &cpu.name);
	if (!error)
		error = profile_intern(profile, "nanoseconds", 11, &cpu.unit);
	if (!error)
		error = profile_set_values(profile, &cpu, 1);
	reading->windows.weighs = !error;
	return error;
}

static int pass_over_module(void *context, const struct module_code *module)
{
	(void)context, (void)module;
	return 0;
}

static int take_body(struct reading *reading, const struct slice_chunk *chunk, struct bytes body)
{
	switch (chunk->kind) {
	case CHUNK_HEAD:
		return take_head(reading, body);
	case CHUNK_DICTIONARY:
		return dictionary_reader_take(&reading->dictionary, body);
	case CHUNK_DICTIONARY_1:
		return dictionary_reader_take_version_1(&reading->dictionary, body);
	case CHUNK_NAMES:
		return slice_names_take(&reading->dictionary.names, body);
	case CHUNK_BASES:
		return slice_bases_take(body, &reading->dictionary.bases);
	case CHUNK_WINDOW:
		return take_window(reading, chunk->span, body);
	case CHUNK_EVENTS:
		return slice_events_each(chunk->span, body, pass_over, NULL);
	case CHUNK_SUM:
	case CHUNK_SERIES:
	case CHUNK_SLICE_SUM:
	case CHUNK_SLICE_SERIES:
		return check_sum(chunk, body);
	case CHUNK_MODULES:
		return slice_modules_each(body, pass_over_module, NULL);
	case CHUNK_SEAL:
		return 0;
	}
	return -EBADMSG;
}

/* What is no chunk may have been of the dictionary: what refers to that leads nowhere. */
static int take_chunk(struct reading *reading, const struct slice_chunk *chunk)
{
	int error = chunk_body_unpack(chunk->packed, chunk->size, &reading->body);

	if (!error)
		error = take_body(
			reading, chunk,
			(struct bytes){ (const uint8_t *)reading->body.data, reading->body.size });
	if (error != -EBADMSG)
		return error;
	reading->sum->undecoded++;
	reading->dictionary.lacks_chunks = true;
	return 0;
}

static int end_slice(struct reading *reading)
{
	_cleanup_(cleanup_profile) struct profile *profile = take_ptr(reading->profile);
	struct merged merged;
	int error = 0;

	dictionary_reader_release(&reading->dictionary);
	reading->sum->samples += reading->windows.samples;
	reading->sum->lost_stacks += reading->windows.lost;
	if (!profile || !reading->windows.samples)
		return 0;
	if (profile_keeps_samples(profile) && !profile_total(reading->into))
		error = profile_keep_samples(reading->into);
	return error ? error : profile_merge(reading->into, profile, &merged);
}

static int begin_slice(struct reading *reading)
{
	int error = end_slice(reading);

	if (error)
		return error;
	reading->windows = (struct window_report){ 0 };
	reading->has_rate = false;
	reading->profile = profile_new();
	error = reading->profile ? 0 : -ENOMEM;
	if (!error && profile_keeps_samples(reading->into))
		error = profile_keep_samples(reading->profile);
	if (!error)
		error = dictionary_reader_init(&reading->dictionary, reading->profile);
	return error;
}

/* What the frames of the slice are called stands behind them, and comes first. `reader` stays where it is. */
static int take_names(struct reading *reading, const struct byte_reader *reader)
{
	struct byte_reader ahead = *reader;
	struct stream_record record;
	int error = 0;

	while (!error && chunk_stream_next(&ahead, &record) && !record.begins_slice)
		if (!record.is_lost && record.chunk.kind == CHUNK_NAMES)
			error = take_chunk(reading, &record.chunk);
	return error;
}

static int take_record(struct reading *reading, const struct stream_record *record,
		       const struct byte_reader *reader)
{
	int error;

	if (record->begins_slice) {
		error = begin_slice(reading);
		return error ? error : take_names(reading, reader);
	}
	if (!reading->profile)
		return -EBADMSG;
	if (!record->is_lost)
		return record->chunk.kind == CHUNK_NAMES ? 0 : take_chunk(reading, &record->chunk);
	reading->dictionary.lacks_chunks = true;
	return 0;
}

/* --- rates --- */

static bool is_of_part(const struct stream_record *record, struct window_span part)
{
	return !record->begins_slice && !record->is_lost && record->chunk.kind == CHUNK_WINDOW &&
	       record->chunk.span.end_ns > part.start_ns &&
	       record->chunk.span.start_ns < part.end_ns;
}

/* Of one that is no window nothing is known here; whoever decodes it says so. */
static int peek_rate(const struct slice_chunk *chunk, uint64_t *ret_rate_hz)
{
	uint8_t head[WINDOW_HEAD_BYTES];
	size_t size;
	int error = chunk_body_peek(chunk->packed, head, sizeof(head), &size);

	return error ? error : window_rate((struct bytes){ head, size }, ret_rate_hz);
}

/* Were the windows recorded at several rates? Where one is not known a sample is a sample. */
static int find_rates(struct bytes stream, struct window_span part, bool *ret_differ)
{
	struct stream_record record;
	struct byte_reader reader;
	uint64_t first = 0, rate;
	bool differ = false;

	byte_reader_init(&reader, stream);
	while (chunk_stream_next(&reader, &record)) {
		int error = is_of_part(&record, part) ? peek_rate(&record.chunk, &rate) : -EBADMSG;

		if (error == -ENOMEM)
			return error;
		if (error)
			continue;
		if (!rate) {
			*ret_differ = false;
			return 0;
		}
		differ |= first && rate != first;
		first = first ? first : rate;
	}
	*ret_differ = differ;
	return 0;
}

int chunk_stream_read(struct bytes stream, struct window_span part, struct profile *into,
		      struct stream_sum *ret_sum)
{
	struct reading reading = { .part = part, .into = into, .sum = ret_sum };
	struct stream_record record;
	struct byte_reader reader;
	int error = 0, ended;

	*ret_sum = (struct stream_sum){ 0 };
	byte_reader_init(&reader, stream);
	error = find_rates(stream, part, &reading.weighs);
	while (!error && chunk_stream_next(&reader, &record))
		error = take_record(&reading, &record, &reader);
	if (!error && reader.failed)
		error = -EBADMSG;
	ended = end_slice(&reading);
	buffer_release(&reading.body);
	return error ? error : ended;
}
