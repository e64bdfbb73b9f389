/* SPDX-License-Identifier: Apache-2.0 */
#include "store/roll_up_sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/chunk_body.h"
#include "store/roll_up_level.h"
#include "store/slice_bases.h"
#include "store/slice_file.h"
#include "store/slice_head.h"
#include "store/slice_modules.h"

/* Of all slices together, some 60 MB; what is read next is not looked at before. */
#define MAX_NODES (1u << 20)

DEFINE_CLEANUP(cleanup_reader, struct slice_reader *, slice_reader_free)

static const struct window_span always = { 0, UINT64_MAX };

void roll_up_sources_release(struct roll_up_sources *sources)
{
	for (size_t i = 0; i < sources->begun; i++)
		dictionary_reader_release(&sources->dictionaries[i]);
	free(sources->dictionaries);
	profile_free(sources->words);
	buffer_release(&sources->head);
	buffer_release(&sources->self);
	buffer_release(&sources->label_self);
	buffer_release(&sources->label_tops);
	buffer_release(&sources->told);
	buffer_release(&sources->links);
	buffer_release(&sources->modules);
	string_pool_release(&sources->build_ids);
	event_list_release(&sources->events);
}

static int open_source(const struct roll_up_sources *sources, size_t index,
		       struct slice_reader **ret_reader)
{
	_cleanup_free_ char *path = store_folder_path(sources->folder, &sources->slices[index]);

	return path ? slice_open(path, ret_reader) : -ENOMEM;
}

/* So many entries, the new ones being of bytes `fill`. */
static int grow(struct buffer *table, size_t entries, size_t size, int fill)
{
	size_t missing = entries * size > table->size ? entries * size - table->size : 0;
	void *added = missing ? buffer_extend(table, missing) : NULL;

	if (missing && !added)
		return -ENOMEM;
	if (missing)
		memset(added, fill, missing);
	return 0;
}

static bool stops(const struct roll_up_sources *sources)
{
	return sources->stops && *sources->stops;
}

static struct bytes bytes_of(const struct buffer *buffer)
{
	return (struct bytes){ (const uint8_t *)buffer->data, buffer->size };
}

/* --- samples --- */

struct reading {
	struct roll_up_sources *sources;
	struct dictionary_reader *dictionary;
	struct buffer body;
	/* The second time: */
	const struct roll_up_sources *given;
	const struct roll_up_sink *sink;
	struct window_span span;
	struct window_report report;
	bool has_begun;
};

static uint32_t top_of(const struct profile *words, uint32_t node)
{
	const struct stack_node *nodes = profile_nodes(words);

	while (node != PROFILE_ROOT && nodes[node].parent != PROFILE_ROOT)
		node = nodes[node].parent;
	return node;
}

static int count_sample(void *context, const struct sample *sample, const uint64_t *values)
{
	struct reading *reading = context;
	struct roll_up_sources *sources = reading->sources;
	uint32_t *top = &((uint32_t *)sources->label_tops.data)[sample->labels];

	if (sample->node == PROFILE_NONE)
		return -EBADMSG;
	((uint64_t *)sources->self.data)[sample->node] += values[0];
	((uint64_t *)sources->label_self.data)[sample->labels] += values[0];
	if (*top == PROFILE_NONE)
		*top = top_of(sources->words, sample->node);
	return __builtin_add_overflow(sources->total, values[0], &sources->total) ||
			       sources->total > INT64_MAX
		       ? -EBADMSG
		       : 0;
}

static int count_window(struct reading *reading, const struct slice_chunk *chunk, struct bytes body)
{
	struct roll_up_sources *sources = reading->sources;
	const struct samples *samples = profile_samples(sources->words);
	size_t labels = samples ? samples_labels_count(samples) : LABELS_UNKNOWN + 1;
	struct window_report report = { 0 };

	if (grow(&sources->self, profile_node_count(sources->words), sizeof(uint64_t), 0) ||
	    grow(&sources->label_self, labels, sizeof(uint64_t), 0) ||
	    grow(&sources->label_tops, labels, sizeof(uint32_t), 0xff))
		return -ENOMEM;
	return window_each(chunk->span, always, body, reading->dictionary, count_sample, reading,
			   &report);
}

/* --- words --- */

static int keep_event(void *context, const struct store_event *event, struct bytes text)
{
	struct event_list *events = context;
	_cleanup_free_ char *copy = strndup((const char *)text.data, text.size);
	struct store_event kept = *event;

	kept.text = copy;
	return copy ? event_list_append(events, &kept) : -ENOMEM;
}

/* The same file may be told of more than once. */
static int keep_module(void *context, const struct module_code *module)
{
	struct roll_up_sources *sources = context;
	uint32_t before = sources->build_ids.count, string;
	struct module_code kept = *module;
	int error = string_pool_add(&sources->build_ids, module->build_id, strlen(module->build_id),
				    &string);

	kept.build_id = NULL;
	if (error || string < before)
		return error;
	buffer_append(&sources->modules, &kept, sizeof(kept));
	return buffer_error(&sources->modules);
}

static int take_head(struct reading *reading, struct bytes body)
{
	struct roll_up_sources *sources = reading->sources;
	int error;

	if (sources->head.size) /* it is the same, as was seen before */
		return 0;
	buffer_append(&sources->head, body.data, body.size);
	error = slice_head_take(body, sources->words);
	if (!error && profile_value_count(sources->words) != 1)
		error = -EINVAL;
	return error ? error : buffer_error(&sources->head);
}

static int take_body(struct reading *reading, const struct slice_chunk *chunk, struct bytes body)
{
	switch (chunk->kind) {
	case CHUNK_HEAD:
		return take_head(reading, body);
	case CHUNK_DICTIONARY:
		return dictionary_reader_take(reading->dictionary, body);
	case CHUNK_DICTIONARY_1:
		return dictionary_reader_take_version_1(reading->dictionary, body);
	case CHUNK_NAMES:
		return slice_names_take(&reading->dictionary->names, body);
	case CHUNK_BASES:
		return slice_bases_take(body, &reading->dictionary->bases);
	case CHUNK_MODULES:
		return slice_modules_each(body, keep_module, reading->sources);
	case CHUNK_WINDOW:
		return count_window(reading, chunk, body);
	case CHUNK_EVENTS:
		return slice_events_each(chunk->span, body, keep_event, &reading->sources->events);
	case CHUNK_SUM: /* made anew */
	case CHUNK_SERIES:
	case CHUNK_SLICE_SUM:
	case CHUNK_SLICE_SERIES:
	case CHUNK_SEAL:
		return 0;
	}
	return -EBADMSG;
}

static int take_chunk(void *context, const struct slice_chunk *chunk)
{
	struct reading *reading = context;
	int error;

	if (stops(reading->sources))
		return -ECANCELED;
	error = chunk->packed.data ? chunk_body_unpack(chunk->packed, chunk->size, &reading->body)
				   : -EBADMSG;
	return error ? error : take_body(reading, chunk, bytes_of(&reading->body));
}

/* --- names --- */

static struct chain_worth worth_of(const struct slice_names *names, uint32_t row)
{
	struct chain_worth worth = { .calls = slice_names_count(names, row) };

	for (size_t i = 0; i < worth.calls; i++)
		worth.has_file |= slice_names_get(names, row, i).file != PROFILE_NONE;
	return worth;
}

static struct chain_worth worth_of_told(const struct roll_up_sources *sources,
					const struct told_frame *told)
{
	const struct told_name *links = (const struct told_name *)sources->links.data;
	struct chain_worth worth = { .calls = told->count };

	for (uint32_t i = 0; i < told->count; i++)
		worth.has_file |= links[told->first + i].file != PROFILE_NONE;
	return worth;
}

/* The best that was told, and of what is as good the last; what was a root once is one. */
static int keep_names(struct roll_up_sources *sources, const struct slice_names *names,
		      uint32_t row, uint32_t frame)
{
	const struct chain_worth worth = worth_of(names, row);
	const size_t count = worth.calls;
	struct told_frame *known = &((struct told_frame *)sources->told.data)[frame];
	struct told_frame told = {
		.first = (uint32_t)(sources->links.size / sizeof(struct told_name)),
		.count = (uint32_t)count,
		.is_told = true,
		.is_root = known->is_root || slice_names_is_root(names, row),
	};

	if (chain_is_better(worth_of_told(sources, known), worth)) {
		known->is_root = told.is_root;
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		const struct told_name name = slice_names_get(names, row, i);

		buffer_append(&sources->links, &name, sizeof(name));
	}
	*known = told;
	return buffer_error(&sources->links);
}

/* What was told of the frames of a slice, which holds for all. */
static int take_names(struct roll_up_sources *sources, const struct dictionary_reader *dictionary)
{
	const uint32_t *frames = (const uint32_t *)dictionary->frames.ids.data;
	size_t count = dictionary->frames.ids.size / sizeof(*frames);
	int error = grow(&sources->told, profile_frame_count(sources->words),
			 sizeof(struct told_frame), 0);

	for (size_t number = 0; number < count && !error; number++) {
		uint32_t row = slice_names_find(&dictionary->names, number);

		if (row != PROFILE_NONE && frames[number] != PROFILE_NONE &&
		    profile_frame(sources->words, frames[number])->kind == FRAME_UNNAMED)
			error = keep_names(sources, &dictionary->names, row, frames[number]);
	}
	return error;
}

/* Only what windows refer to. */
static void settle(struct dictionary_reader *dictionary)
{
	buffer_release(&dictionary->strings.ids);
	buffer_release(&dictionary->frames.ids);
	buffer_release(&dictionary->named.ids);
	buffer_release(&dictionary->proven.ids);
	slice_names_release(&dictionary->names);
}

/* --- slices --- */

struct compared {
	const struct roll_up_sources *sources;
	bool is_same;
};

static int compare_head(void *context, const struct slice_chunk *chunk)
{
	struct compared *compared = context;
	const struct buffer *head = &compared->sources->head;
	_cleanup_(buffer_release) struct buffer body = { 0 };
	int error = chunk->kind == CHUNK_HEAD ? chunk_body_unpack(chunk->packed, chunk->size, &body)
					      : -EBADMSG;

	compared->is_same = !error && (!head->size || (head->size == body.size &&
						       !memcmp(head->data, body.data, body.size)));
	return error;
}

static int read_slice(struct roll_up_sources *sources, struct slice_reader *slice)
{
	struct reading reading = {
		.sources = sources,
		.dictionary = &sources->dictionaries[sources->begun],
	};
	struct slice_report report;
	int error = dictionary_reader_init(reading.dictionary, sources->words);

	reading.dictionary->keeps_places = true;
	sources->begun++;
	if (!error)
		error = slice_read(slice, always, take_chunk, &reading, &report);
	if (!error && (report.missing || !report.is_sealed))
		error = -EBADMSG;
	if (!error)
		error = take_names(sources, reading.dictionary);
	settle(reading.dictionary);
	buffer_release(&reading.body);
	return error;
}

int roll_up_sources_read(struct roll_up_sources *sources, const char *folder,
			 const struct roll_up_group *group, size_t *ret_bad)
{
	int error = 0;

	*sources = (struct roll_up_sources){
		.folder = folder,
		.slices = group->slices,
		.stops = group->stops,
	};
	*ret_bad = 0;
	string_pool_init(&sources->build_ids);
	sources->words = profile_new();
	sources->dictionaries = calloc(group->count, sizeof(*sources->dictionaries));
	if (!sources->words || !sources->dictionaries || profile_keep_samples(sources->words))
		return -ENOMEM;
	for (size_t i = 0; i < group->count && !error; i++) {
		_cleanup_(cleanup_reader) struct slice_reader *slice = NULL;
		struct compared compared = { .sources = sources };

		if (profile_node_count(sources->words) > MAX_NODES)
			break;
		*ret_bad = i;
		error = open_source(sources, i, &slice);
		if (!error)
			error = slice_read_chunk(slice, 1, compare_head, &compared);
		if (!error && !compared.is_same)
			break;
		if (!error)
			error = read_slice(sources, slice);
		sources->count += !error;
	}
	return error;
}

/* --- windows --- */

static int begin_window(struct reading *reading)
{
	if (reading->has_begun)
		return 0;
	reading->has_begun = true;
	return reading->sink->window(reading->sink->context, reading->span, &reading->report);
}

/* A chunk that stands behind the windows that need it is known only now: who made it did not mean well. */
static bool was_counted(const struct roll_up_sources *sources, const struct sample *sample)
{
	return sample->node < sources->self.size / sizeof(uint64_t) &&
	       sample->labels < sources->label_self.size / sizeof(uint64_t);
}

static int give_sample(void *context, const struct sample *sample, const uint64_t *values)
{
	struct reading *reading = context;
	int error = begin_window(reading);

	if (!error && !was_counted(reading->given, sample))
		error = -EBADMSG;
	return error ? error : reading->sink->sample(reading->sink->context, sample, values[0]);
}

static int give_window(void *context, const struct slice_chunk *chunk)
{
	struct reading *reading = context;
	int error;

	if (stops(reading->given))
		return -ECANCELED;
	if (chunk->kind != CHUNK_WINDOW)
		return 0;
	reading->span = chunk->span;
	reading->report = (struct window_report){ 0 };
	reading->has_begun = false;
	error = chunk->packed.data ? chunk_body_unpack(chunk->packed, chunk->size, &reading->body)
				   : -EBADMSG;
	if (!error)
		error = window_each(chunk->span, always, bytes_of(&reading->body),
				    reading->dictionary, give_sample, reading, &reading->report);
	return error ? error : begin_window(reading);
}

int roll_up_sources_each(const struct roll_up_sources *sources, const struct roll_up_sink *sink)
{
	int error = 0;

	for (size_t i = 0; i < sources->count && !error; i++) {
		_cleanup_(cleanup_reader) struct slice_reader *slice = NULL;
		struct reading reading = {
			.given = sources,
			.sink = sink,
			.dictionary = &sources->dictionaries[i],
		};
		struct slice_report report;

		error = open_source(sources, i, &slice);
		if (!error)
			error = slice_read(slice, always, give_window, &reading, &report);
		buffer_release(&reading.body);
	}
	return error;
}
