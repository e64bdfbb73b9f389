/* SPDX-License-Identifier: Apache-2.0 */
#include "store/roll_up.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/u64_map.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/chunk_body.h"
#include "store/roll_up_sources.h"
#include "store/roll_up_words.h"
#include "store/slice_bases.h"
#include "store/slice_events.h"
#include "store/slice_modules.h"
#include "store/slice_sums.h"
#include "store/window_rows.h"

#define RUN_WINDOWS 90 /* a quarter of an hour of those of ten seconds */

#define CHUNK_EVENTS_MAX (1u << 16)

#define GAP_NS 1000000000u /* windows that are less apart follow each other */

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* A slice while it is made. */
struct rolling {
	const struct roll_up_level *level;
	struct roll_up_sources *sources;
	struct roll_up_words *words;
	slice_chunk_fn put;
	void *context;
	struct buffer body, packed;
	struct slice_sums sums;
	struct profile *rate; /* counts nothing, and has the rate of the window */
	/* The window that goes on: */
	bool has_window;
	struct window_span span;
	uint64_t last_start_ns; /* of what it has */
	uint64_t rate_hz, unit_ns;
	struct buffer rows;   /* struct window_row */
	struct u64_map index; /* row by label set and node, where there are no ticks */
};

static int put_parts(struct rolling *rolling, enum chunk_kind kind, struct window_span span,
		     const size_t *cuts, size_t cut_count)
{
	struct slice_chunk chunk = { .kind = kind, .span = span, .size = rolling->body.size };
	int error = buffer_error(&rolling->body);

	if (!error)
		error = chunk_body_pack_parts(
			(struct bytes){ (const uint8_t *)rolling->body.data, rolling->body.size },
			cuts, cut_count, &rolling->packed);
	chunk.packed =
		(struct bytes){ (const uint8_t *)rolling->packed.data, rolling->packed.size };
	buffer_clear(&rolling->body);
	return error ? error : rolling->put(rolling->context, &chunk);
}

static int put(struct rolling *rolling, enum chunk_kind kind, struct window_span span)
{
	return put_parts(rolling, kind, span, NULL, 0);
}

/* --- sums --- */

static int put_sum(struct rolling *rolling, struct sum_writer *sum, enum chunk_kind rows,
		   enum chunk_kind series)
{
	int error = sum_writer_append(sum, &rolling->body);

	if (!error)
		error = put(rolling, rows, sum->span);
	if (!error)
		error = sum_writer_append_series(sum, &rolling->body);
	return error ? error : put(rolling, series, sum->span);
}

static int put_run(struct rolling *rolling)
{
	int error = slice_sums_has_run(&rolling->sums)
			    ? put_sum(rolling, &rolling->sums.run, CHUNK_SUM, CHUNK_SERIES)
			    : 0;

	return error ? error : slice_sums_end_run(&rolling->sums);
}

static int add_to_sums(struct rolling *rolling)
{
	const struct window_row *rows = (const struct window_row *)rolling->rows.data;
	struct sum_writer *sum = slice_sums_choose(&rolling->sums, rolling->rate);
	int error = sum ? sum_writer_begin_window(sum, rolling->span, rolling->rate_hz) : 0;

	for (size_t i = 0; i < rolling->rows.size / sizeof(*rows) && sum && !error; i++)
		error = sum_writer_add(sum, rolling->words->reduced[rows[i].labels], rows[i].node,
				       rows[i].value);
	return error;
}

/* --- windows --- */

static int end_window(struct rolling *rolling)
{
	const bool has_ticks = !rolling->level->window_ns;
	struct window_rows window = {
		.span = rolling->span,
		.rate_hz = rolling->rate_hz,
		.unit_ns = rolling->unit_ns,
		.rows = (struct window_row *)rolling->rows.data,
		.count = rolling->rows.size / sizeof(struct window_row),
		.groups = has_ticks ? rolling->words->groups : NULL,
		.bases = has_ticks ? rolling->words->bases : NULL,
	};
	int error = 0;

	if (!rolling->has_window)
		return 0;
	profile_origin(rolling->rate)->rate_hz = rolling->rate_hz;
	if (slice_sums_wants_end(&rolling->sums, rolling->rate))
		error = put_run(rolling);
	if (!error)
		error = add_to_sums(rolling);
	if (!error)
		error = window_rows_append(&window, &rolling->body);
	if (!error)
		error = put_parts(rolling, CHUNK_WINDOW, rolling->span, window.cuts,
				  window.cut_count);
	buffer_clear(&rolling->rows);
	u64_map_release(&rolling->index);
	u64_map_init(&rolling->index);
	rolling->has_window = false;
	return error;
}

/* Is it of the same window of a level without ticks? */
static bool goes_on(const struct rolling *rolling, struct window_span span,
		    const struct window_report *report)
{
	const uint64_t window_ns = rolling->level->window_ns;

	return rolling->has_window && window_ns && rolling->rate_hz == report->rate_hz &&
	       rolling->span.start_ns / window_ns == span.start_ns / window_ns &&
	       span.start_ns + GAP_NS > rolling->last_start_ns &&
	       span.start_ns < rolling->span.end_ns + GAP_NS;
}

static int take_window(void *context, struct window_span span, const struct window_report *report)
{
	struct rolling *rolling = context;
	int error;

	if (goes_on(rolling, span, report)) {
		if (span.end_ns > rolling->span.end_ns)
			rolling->span.end_ns = span.end_ns;
		rolling->last_start_ns = span.start_ns;
		return 0;
	}
	error = end_window(rolling);
	rolling->last_start_ns = span.start_ns;
	rolling->has_window = true;
	rolling->span = span;
	rolling->rate_hz = report->rate_hz;
	rolling->unit_ns = report->unit_ns;
	return error;
}

/* Where there are no ticks rows add up. */
static int add_up(struct rolling *rolling, const struct window_row *row)
{
	const uint64_t key = (uint64_t)row->labels << 32 | row->node;
	uint32_t at = u64_map_get(&rolling->index, key);

	if (at != U64_MAP_ABSENT) {
		((struct window_row *)rolling->rows.data)[at].value += row->value;
		return 0;
	}
	at = (uint32_t)(rolling->rows.size / sizeof(*row));
	buffer_append(&rolling->rows, row, sizeof(*row));
	return buffer_error(&rolling->rows) ? -ENOMEM : u64_map_set(&rolling->index, key, at);
}

static int take_sample(void *context, const struct sample *sample, uint64_t value)
{
	struct rolling *rolling = context;
	const struct window_row row = {
		.labels = rolling->words->labels[sample->labels],
		.node = rolling->words->nodes[sample->node],
		.time_ns = rolling->level->window_ns ? SAMPLE_NO_TIME : sample->time_ns,
		.value = value,
	};

	if (!value)
		return 0;
	if (row.node == PROFILE_NONE) /* it was another one when it was counted */
		return -EBADMSG;
	if (rolling->level->window_ns)
		return add_up(rolling, &row);
	buffer_append(&rolling->rows, &row, sizeof(row));
	return buffer_error(&rolling->rows);
}

/* --- the slice --- */

static struct window_span span_of(const struct roll_up_sources *sources)
{
	struct window_span span = sources->slices[0].span;

	for (size_t i = 1; i < sources->count; i++) {
		if (sources->slices[i].span.start_ns < span.start_ns)
			span.start_ns = sources->slices[i].span.start_ns;
		if (sources->slices[i].span.end_ns > span.end_ns)
			span.end_ns = sources->slices[i].span.end_ns;
	}
	return span;
}

static int put_words(struct rolling *rolling)
{
	const struct window_span span = span_of(rolling->sources);
	int error;

	buffer_append(&rolling->body, rolling->sources->head.data, rolling->sources->head.size);
	error = put(rolling, CHUNK_HEAD, (struct window_span){ 0 });
	if (!error)
		error = dictionary_writer_append(&rolling->words->dictionary, &rolling->body);
	if (!error)
		error = put(rolling, CHUNK_DICTIONARY, span);
	if (!error && !rolling->level->window_ns)
		error = slice_bases_append(rolling->words->bases, rolling->words->label_count,
					   &rolling->body);
	if (!error && rolling->body.size)
		error = put(rolling, CHUNK_BASES, span);
	if (!error)
		error = roll_up_words_append_names(rolling->sources, rolling->words,
						   &rolling->body);
	return !error && rolling->body.size ? put(rolling, CHUNK_NAMES, span) : error;
}

static int put_events(struct rolling *rolling)
{
	const struct event_list *list = &rolling->sources->events;
	int error = 0;

	for (size_t first = 0; first < list->count && !error; first += CHUNK_EVENTS_MAX) {
		const struct store_event *events = event_list_get(list) + first;
		const size_t left = list->count - first;
		const size_t count = left < CHUNK_EVENTS_MAX ? left : CHUNK_EVENTS_MAX;

		error = slice_events_append(events, count, &rolling->body);
		if (!error)
			error = put(rolling, CHUNK_EVENTS, slice_events_span(events, count));
	}
	return error;
}

static int put_modules(struct rolling *rolling)
{
	struct module_code *modules = (struct module_code *)rolling->sources->modules.data;
	const size_t count = rolling->sources->modules.size / sizeof(*modules);
	int error;

	for (size_t i = 0; i < count; i++)
		modules[i].build_id =
			string_pool_get(&rolling->sources->build_ids, (uint32_t)i, NULL);
	if (!count)
		return 0;
	error = slice_modules_append(modules, count, &rolling->body);
	return error ? error : put(rolling, CHUNK_MODULES, span_of(rolling->sources));
}

static int put_slice(struct rolling *rolling)
{
	const struct roll_up_sink sink = { rolling, take_window, take_sample };
	int error = put_words(rolling);

	if (!error)
		error = put_modules(rolling);
	if (!error)
		error = roll_up_sources_each(rolling->sources, &sink);
	if (!error)
		error = end_window(rolling);
	if (!error)
		error = put_run(rolling);
	if (!error && slice_sums_has_whole(&rolling->sums))
		error = put_sum(rolling, &rolling->sums.whole, CHUNK_SLICE_SUM, CHUNK_SLICE_SERIES);
	return error ? error : put_events(rolling);
}

int roll_up_make(const char *folder, const struct roll_up_group *group, slice_chunk_fn put_chunk,
		 void *context, size_t *ret_taken)
{
	_cleanup_(cleanup_profile) struct profile *rate = profile_new();
	struct roll_up_sources sources = { 0 };
	struct roll_up_words words = { 0 };
	struct rolling rolling = { .level = group->level,
				   .sources = &sources,
				   .words = &words,
				   .put = put_chunk,
				   .context = context,
				   .rate = rate };
	size_t bad = 0;
	int error = rate ? roll_up_sources_read(&sources, folder, group, &bad) : -ENOMEM;

	*ret_taken = error ? bad : sources.count;
	slice_sums_init(&rolling.sums);
	rolling.sums.run_windows = RUN_WINDOWS;
	u64_map_init(&rolling.index);
	if (!error)
		error = roll_up_words_make(&sources, group->level, &words);
	if (!error)
		error = put_slice(&rolling);
	roll_up_words_release(&words);
	roll_up_sources_release(&sources);
	slice_sums_release(&rolling.sums);
	u64_map_release(&rolling.index);
	buffer_release(&rolling.body);
	buffer_release(&rolling.packed);
	buffer_release(&rolling.rows);
	return error;
}
