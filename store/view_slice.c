/* SPDX-License-Identifier: Apache-2.0 */
#include "store/view_slice.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/chunk_body.h"
#include "store/slice_bases.h"
#include "store/slice_file.h"
#include "store/slice_head.h"
#include "store/store_reader.h"
#include "store/view_sum.h"

DEFINE_CLEANUP(cleanup_reader, struct slice_reader *, slice_reader_free)

/* What there is of a chunk without its body. */
struct known_chunk {
	uint64_t id;
	enum chunk_kind kind;
	struct window_span span;
	bool is_damaged; /* it is counted */
};

static size_t chunk_count(const struct view_slice *slice)
{
	return slice->chunks.size / sizeof(struct known_chunk);
}

static struct known_chunk *chunk_at(const struct view_slice *slice, size_t index)
{
	return &((struct known_chunk *)slice->chunks.data)[index];
}

/* Once, however often it is asked for. */
static void count_damaged(struct view_slice *slice, struct known_chunk *chunk)
{
	slice->damaged += !chunk->is_damaged;
	chunk->is_damaged = true;
}

void view_slice_release(struct view_slice *slice)
{
	if (slice->head)
		dictionary_reader_release(&slice->dictionary);
	profile_free(slice->head);
	buffer_release(&slice->chunks);
	*slice = (struct view_slice){ .entry = slice->entry, .begun = slice->begun + 1 };
}

static int open_reader(const struct view_slice *slice, const char *folder,
		       struct slice_reader **ret_reader)
{
	struct slice_entry entry = slice->entry;

	return store_open_slice(folder, &entry, ret_reader);
}

/* --- bodies --- */

typedef int (*body_fn)(void *context, const struct slice_chunk *chunk, struct bytes body);

struct unpacking {
	body_fn take;
	void *context;
	struct buffer body;
};

static int unpack(void *context, const struct slice_chunk *chunk)
{
	struct unpacking *unpacking = context;
	int error = chunk_body_unpack(chunk->packed, chunk->size, &unpacking->body);

	if (error)
		return error;
	return unpacking->take(
		unpacking->context, chunk,
		(struct bytes){ (const uint8_t *)unpacking->body.data, unpacking->body.size });
}

/* -EBADMSG: it is damaged. */
static int read_body(struct slice_reader *reader, uint64_t id, body_fn take, void *context)
{
	struct unpacking unpacking = { take, context, { 0 } };
	int error = slice_read_chunk(reader, id, unpack, &unpacking);

	buffer_release(&unpacking.body);
	return error;
}

/* --- loading --- */

static int note_chunk(void *context, const struct slice_chunk *chunk)
{
	struct view_slice *slice = context;
	const uint64_t missing = chunk->id > slice->next_id ? chunk->id - slice->next_id : 0;
	const struct known_chunk known = { chunk->id, chunk->kind, chunk->span, !chunk->kind };

	/* One that is missing may have been of the dictionary. */
	slice->dictionary.lacks_chunks |= missing || known.is_damaged;
	slice->damaged += missing + known.is_damaged;
	slice->next_id = chunk->id;
	/* Names that are told when it is sealed stand where its seal was (slice_rewrite.h). */
	if (chunk->kind == CHUNK_SEAL)
		return 0;
	slice->next_id++;
	buffer_append(&slice->chunks, &known, sizeof(known));
	return buffer_error(&slice->chunks);
}

static int take_body(void *context, const struct slice_chunk *chunk, struct bytes body)
{
	struct view_slice *slice = context;

	switch (chunk->kind) {
	case CHUNK_HEAD:
		return slice_head_take(body, slice->head);
	case CHUNK_NAMES:
		return slice_names_take(&slice->dictionary.names, body);
	case CHUNK_BASES:
		return slice_bases_take(body, &slice->dictionary.bases);
	case CHUNK_DICTIONARY:
		return dictionary_reader_take(&slice->dictionary, body);
	case CHUNK_DICTIONARY_1:
		return dictionary_reader_take_version_1(&slice->dictionary, body);
	default:
		return 0;
	}
}

/* From the first chunk on; names of a kind by themselves, for they come first. */
static int take_words(struct view_slice *slice, struct slice_reader *reader, size_t first,
		      bool are_names)
{
	int error = 0;

	for (size_t i = first; i < chunk_count(slice) && !error; i++) {
		enum chunk_kind kind = chunk_at(slice, i)->kind;

		if ((kind == CHUNK_NAMES) != are_names || kind == CHUNK_WINDOW)
			continue;
		if (!are_names && kind != CHUNK_HEAD && kind != CHUNK_DICTIONARY &&
		    kind != CHUNK_DICTIONARY_1 && kind != CHUNK_BASES)
			continue;
		error = read_body(reader, chunk_at(slice, i)->id, take_body, slice);
		if (error != -EBADMSG)
			continue;
		slice->dictionary.lacks_chunks = true;
		count_damaged(slice, chunk_at(slice, i));
		error = 0;
	}
	return error;
}

/* What was told of names holds for what was taken before, too. */
static int begin(struct view_slice *slice, struct profile *words)
{
	bool lacks_chunks = slice->head && slice->dictionary.lacks_chunks;
	int error;

	if (slice->head)
		dictionary_reader_release(&slice->dictionary);
	profile_free(slice->head);
	slice->begun++;
	slice->head = profile_new();
	error = dictionary_reader_init(&slice->dictionary, words);
	slice->dictionary.lacks_chunks = lacks_chunks;
	return slice->head ? error : -ENOMEM;
}

/* Has a frame that was taken another name now? */
static int take_names(struct view_slice *slice, struct slice_reader *reader, size_t first,
		      bool *ret_renamed)
{
	struct dictionary_reader *dictionary = &slice->dictionary;
	int error;

	dictionary->names.lowest = UINT64_MAX;
	error = take_words(slice, reader, first, true);
	*ret_renamed = dictionary->names.lowest < dictionary->frames.ids.size / sizeof(uint32_t);
	return error;
}

static int take_new(struct view_slice *slice, struct slice_reader *reader, struct profile *words)
{
	size_t first = chunk_count(slice);
	bool renamed = false;
	int error = slice_each_row(reader, slice->next_id, note_chunk, slice);

	if (error && error != -EBADMSG) /* what comes before the damage is good */
		return error;
	slice->damaged += error && !slice->is_cut;
	slice->is_cut |= error != 0;
	error = take_names(slice, reader, first, &renamed);
	if (!error && renamed) {
		first = 0;
		error = begin(slice, words);
		if (!error)
			error = take_names(slice, reader, first, &renamed);
	}
	return error ? error : take_words(slice, reader, first, false);
}

/* Only what windows refer to. */
static void settle(struct view_slice *slice)
{
	buffer_release(&slice->dictionary.strings.ids);
	buffer_release(&slice->dictionary.frames.ids);
	buffer_release(&slice->dictionary.named.ids);
	buffer_release(&slice->dictionary.proven.ids);
	slice_names_release(&slice->dictionary.names);
}

static int load(struct view_slice *slice, const char *folder, struct profile *words)
{
	_cleanup_(cleanup_reader) struct slice_reader *reader = NULL;
	int error = open_reader(slice, folder, &reader);

	if (error)
		return error;
	if (!slice->head) {
		slice->next_id = 1;
		error = begin(slice, words);
	}
	if (!error)
		error = take_new(slice, reader, words);
	if (error) {
		view_slice_release(slice);
		return error;
	}
	slice->is_complete = slice->entry.state == SLICE_SEALED;
	if (slice->is_complete)
		settle(slice);
	return 0;
}

int view_slice_load(struct view_slice *slice, const char *folder, struct profile *words)
{
	const int error = slice->is_complete ? 0 : load(slice, folder, words);

	slice->error = error;
	return error;
}

bool view_slice_counts_samples(const struct view_slice *slice)
{
	uint32_t count;
	const struct value_type *types = profile_values(slice->head, &count);

	return !count ||
	       (count == 1 && !strcmp(profile_string(slice->head, types[0].name, NULL), "samples"));
}

/* --- reading --- */

static bool is_inside(struct window_span span, struct window_span part)
{
	return span.start_ns >= part.start_ns && span.end_ns <= part.end_ns;
}

#define BLOCK_ROWS 512 /* given at once */

struct reading {
	struct view_slice *slice;
	const char *folder;
	struct slice_reader *reader; /* NULL: nothing was read yet */
	struct view_sums *kept;
	struct window_span part;
	bool drops_labels; /* of sums */
	const struct view_sink *sink;
	int result; /* of the sink; what is damaged is no result */
	/* Of the window: */
	struct window_span span;
	struct window_report report;
	bool has_begun;
	/* Of the samples, what was not given yet: */
	struct view_row rows[BLOCK_ROWS];
	uint64_t times_ns[BLOCK_ROWS];
	size_t row_count;
};

static int give_window(struct reading *reading, struct window_span span, uint64_t rate_hz)
{
	if (!reading->sink->window || reading->result)
		return reading->result;
	reading->result = reading->sink->window(reading->sink->context, span, rate_hz);
	return reading->result;
}

static int give_rows(struct reading *reading, struct window_span span, uint64_t rate_hz,
		     bool have_times)
{
	const struct view_rows given = { span, rate_hz, reading->rows,
					 have_times ? reading->times_ns : NULL,
					 reading->row_count };

	reading->row_count = 0;
	if (given.count && !reading->result)
		reading->result = reading->sink->rows(reading->sink->context, &given);
	return reading->result;
}

static int take_sample(void *context, const struct sample *sample, const uint64_t *values)
{
	struct reading *reading = context;

	if (!reading->has_begun)
		give_window(reading, reading->span, reading->report.rate_hz);
	reading->has_begun = true;
	reading->times_ns[reading->row_count] = sample->time_ns;
	reading->rows[reading->row_count++] =
		(struct view_row){ sample->node, sample->labels, values[0] };
	if (reading->row_count == BLOCK_ROWS)
		give_rows(reading, reading->span, reading->report.rate_hz, true);
	return reading->result;
}

static int take_window(void *context, const struct slice_chunk *chunk, struct bytes body)
{
	struct reading *reading = context;
	int error;

	/* Where no times are known, samples are of that part of it. */
	reading->span = window_span_common(chunk->span, reading->part);
	reading->has_begun = false;
	reading->report = (struct window_report){ 0 };
	error = window_each(chunk->span, reading->part, body, &reading->slice->dictionary,
			    take_sample, reading, &reading->report);
	give_rows(reading, reading->span, reading->report.rate_hz, true);
	if (!error && !reading->has_begun)
		error = give_window(reading, reading->span, reading->report.rate_hz);
	return reading->result ? reading->result : error;
}

/* --- sums --- */

static int give_sum_rows(struct reading *reading, const struct view_sum *sum,
			 const struct view_sum_row *rows, size_t count, struct window_span span)
{
	for (size_t i = 0; i < count && !reading->result; i++) {
		reading->rows[reading->row_count++] =
			(struct view_row){ rows[i].node, rows[i].labels, rows[i].value };
		if (reading->row_count == BLOCK_ROWS)
			give_rows(reading, span, sum->rate_hz, false);
	}
	return give_rows(reading, span, sum->rate_hz, false);
}

static bool is_series(enum chunk_kind kind)
{
	return kind == CHUNK_SERIES || kind == CHUNK_SLICE_SERIES;
}

/* Of a series the windows that lie in the part as a whole. */
static int give_series(struct reading *reading, const struct view_sum *sum)
{
	const struct view_sum_row *next = sum->rows;
	int error = 0;

	for (size_t i = 0; i < sum->window_count && !error; i++) {
		const struct view_sum_window *window = &sum->windows[i];

		if (is_inside(window->span, reading->part)) {
			error = give_window(reading, window->span, sum->rate_hz);
			if (!error)
				error = give_sum_rows(reading, sum, next, window->rows,
						      window->span);
		}
		next += window->rows;
	}
	return error;
}

static int give_sum(struct reading *reading, const struct view_sum *sum, bool are_series)
{
	int error = 0;

	if (are_series)
		return give_series(reading, sum);
	for (size_t i = 0; i < sum->window_count && !error; i++)
		error = give_window(reading, sum->windows[i].span, sum->rate_hz);
	return error ? error : give_sum_rows(reading, sum, sum->rows, sum->row_count, sum->span);
}

static int take_sum(void *context, const struct slice_chunk *chunk, struct bytes body)
{
	struct reading *reading = context;
	struct view_sum *sum;
	int error = view_sum_decode(chunk->span, body, is_series(chunk->kind),
				    &reading->slice->dictionary, &sum);

	if (error)
		return error;
	if (reading->drops_labels)
		view_sum_drop_labels(sum);
	sum->slice = reading->slice->entry.number;
	sum->chunk = chunk->id;
	error = give_sum(reading, sum, is_series(chunk->kind));
	view_sums_keep(reading->kept, sum);
	return error;
}

static bool overlaps(struct window_span span, struct window_span part)
{
	return span.end_ns > part.start_ns && span.start_ns < part.end_ns;
}

/* 0, -EBADMSG: it is damaged, or what has to end the reading. A sum that refers to what is lost is no damage of its own. */
static int read_chunk(struct reading *reading, struct known_chunk *chunk, body_fn take)
{
	int error = reading->reader
			    ? 0
			    : open_reader(reading->slice, reading->folder, &reading->reader);

	if (!error)
		error = read_body(reading->reader, chunk->id, take, reading);
	if (error == -EBADMSG && !reading->result &&
	    (take != take_sum || !reading->slice->dictionary.lacks_chunks))
		count_damaged(reading->slice, chunk);
	return reading->result ? reading->result : error;
}

/* The same of a sum, which may have been read before. */
static int read_sum(struct reading *reading, struct known_chunk *chunk)
{
	const struct view_sum *sum = view_sums_find(reading->kept, reading->slice->entry.number,
						    chunk->id, reading->drops_labels);

	return sum ? give_sum(reading, sum, is_series(chunk->kind))
		   : read_chunk(reading, chunk, take_sum);
}

/* The windows of a range of chunks, or those of them of which a part lies outside. */
static int read_windows(struct reading *reading, size_t first, size_t end, bool only_edges)
{
	int error = 0;

	for (size_t i = first; i < end && !error; i++) {
		struct known_chunk *chunk = chunk_at(reading->slice, i);

		if (chunk->kind != CHUNK_WINDOW || !overlaps(chunk->span, reading->part) ||
		    (only_edges && is_inside(chunk->span, reading->part)))
			continue;
		error = read_chunk(reading, chunk, take_window);
		if (error == -EBADMSG && !reading->result)
			error = 0;
	}
	return error;
}

/* Which chunks have the sums that are wanted; 0: none has. */
struct sum_kinds {
	enum chunk_kind run, whole;
};

static struct sum_kinds kinds_of(enum view_depth depth)
{
	switch (depth) {
	case VIEW_ROWS:
	case VIEW_TOTALS:
		return (struct sum_kinds){ CHUNK_SUM, CHUNK_SLICE_SUM };
	case VIEW_SERIES:
		return (struct sum_kinds){ CHUNK_SERIES, CHUNK_SLICE_SERIES };
	case VIEW_WINDOWS:
		break;
	}
	return (struct sum_kinds){ 0 };
}

/* A whole slice at once: 0, -EBADMSG: there is no such sum, or what has to end the reading. */
static int read_whole(struct reading *reading, struct sum_kinds kinds)
{
	for (size_t i = chunk_count(reading->slice); i-- && kinds.whole;) {
		struct known_chunk *chunk = chunk_at(reading->slice, i);

		if (chunk->kind == kinds.whole)
			return is_inside(chunk->span, reading->part) ? read_sum(reading, chunk)
								     : -EBADMSG;
		if (chunk->kind == CHUNK_WINDOW)
			break;
	}
	return -EBADMSG;
}

/* One by its sum, where that lies in the part, or tells of each window: -EBADMSG: there is none, or it is damaged. */
static int read_run(struct reading *reading, struct known_chunk *chunk, struct sum_kinds kinds,
		    size_t first, size_t end)
{
	const bool is_partial = !is_inside(chunk->span, reading->part);
	int error;

	if (!overlaps(chunk->span, reading->part))
		return 0;
	if (is_partial && kinds.run != CHUNK_SERIES)
		return -EBADMSG;
	error = read_sum(reading, chunk);
	return error || !is_partial ? error : read_windows(reading, first, end, true);
}

/* Runs by their sums, and the windows of others. */
static int read_runs(struct reading *reading, struct sum_kinds kinds)
{
	size_t first = 0;
	int error = 0;

	for (size_t i = 0; i < chunk_count(reading->slice) && kinds.run && !error; i++) {
		struct known_chunk *chunk = chunk_at(reading->slice, i);

		if (chunk->kind != kinds.run)
			continue;
		error = read_run(reading, chunk, kinds, first, i);
		if (error == -EBADMSG && !reading->result)
			error = read_windows(reading, first, i, false);
		first = i + 1;
	}
	return error ? error : read_windows(reading, first, chunk_count(reading->slice), false);
}

int view_slice_read(struct view_slice *slice, const char *folder, struct window_span part,
		    enum view_depth depth, struct view_sums *kept, const struct view_sink *sink)
{
	struct reading reading = {
		.slice = slice,
		.folder = folder,
		.kept = kept,
		.part = part,
		.drops_labels = depth == VIEW_TOTALS,
		.sink = sink,
	};
	int error = read_whole(&reading, kinds_of(depth));

	if (error == -EBADMSG && !reading.result)
		error = read_runs(&reading, kinds_of(depth));
	slice_reader_free(reading.reader);
	return error;
}

/* --- events --- */

struct reading_events {
	struct window_span part;
	event_fn take;
	void *context;
	int result;
};

static int take_event(void *context, const struct store_event *event, struct bytes text)
{
	struct reading_events *reading = context;

	if (event->time_ns >= reading->part.start_ns && event->time_ns < reading->part.end_ns)
		reading->result = reading->take(reading->context, event, text);
	return reading->result;
}

static int take_events(void *context, const struct slice_chunk *chunk, struct bytes body)
{
	return slice_events_each(chunk->span, body, take_event, context);
}

int view_slice_events(struct view_slice *slice, const char *folder, struct window_span part,
		      event_fn take, void *context)
{
	_cleanup_(cleanup_reader) struct slice_reader *reader = NULL;
	struct reading_events reading = { part, take, context, 0 };
	int error = open_reader(slice, folder, &reader);

	for (size_t i = 0; i < chunk_count(slice) && !error; i++) {
		struct known_chunk *chunk = chunk_at(slice, i);

		if (chunk->kind != CHUNK_EVENTS || chunk->span.start_ns >= part.end_ns ||
		    chunk->span.end_ns < part.start_ns)
			continue;
		error = read_body(reader, chunk->id, take_events, &reading);
		if (error != -EBADMSG || reading.result)
			continue;
		count_damaged(slice, chunk);
		error = 0;
	}
	return error;
}
