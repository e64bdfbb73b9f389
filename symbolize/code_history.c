/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/code_history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/string_pool.h"
#include "symbolize/ascending.h"

#define NO_NAME UINT32_MAX

/* A change that covers asked addresses: those from `first` on, below `end`. */
struct kept_change {
	struct code_time time;
	uint64_t origin;
	uint32_t first, end;
	uint32_t name; /* NO_NAME: unknown */
	uint32_t number;
};

/* An asked address while changes are gone through. */
struct place {
	struct code_span first;
	uint32_t last;          /* index of the last span, CODE_SPAN_NONE: `first` */
	uint64_t last_since_ns; /* of the change that the last span is by, which may begin before */
	bool is_known;          /* some change told of it */
};

struct code_history {
	const uint64_t *addresses;
	size_t count;
	struct string_pool names;
	size_t name_bytes;
	struct buffer changes; /* struct kept_change */
	uint64_t cut_ns;       /* UINT64_MAX: never */
	struct place *places;
	struct buffer spans; /* struct code_span */
};

/* --- life cycle --- */

DEFINE_CLEANUP(cleanup_history, struct code_history *, code_history_free)

struct code_history *code_history_new(const uint64_t *addresses, size_t count)
{
	_cleanup_(cleanup_history) struct code_history *history = calloc(1, sizeof(*history));

	if (!history)
		return NULL;
	string_pool_init(&history->names);
	history->places = calloc(count + 1, sizeof(*history->places));
	if (!history->places)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		history->places[i].last = CODE_SPAN_NONE;
		history->places[i].first.next = CODE_SPAN_NONE;
	}
	history->addresses = addresses;
	history->count = count;
	history->cut_ns = UINT64_MAX;
	return take_ptr(history);
}

void code_history_free(struct code_history *history)
{
	if (!history)
		return;
	string_pool_release(&history->names);
	buffer_release(&history->changes);
	buffer_release(&history->spans);
	free(history->places);
	free(history);
}

/* --- telling --- */

void code_history_cut(struct code_history *history, uint64_t since_ns)
{
	if (since_ns < history->cut_ns)
		history->cut_ns = since_ns;
}

static int keep_name(struct code_history *history, struct bytes name, uint32_t *ret_name)
{
	uint32_t known = history->names.count;
	int err;

	if (!name.size) {
		*ret_name = NO_NAME;
		return 0;
	}
	err = string_pool_add(&history->names, (const char *)name.data, name.size, ret_name);
	if (!err && *ret_name == known)
		history->name_bytes += name.size;
	return err;
}

int code_history_add(struct code_history *history, const struct code_change *change)
{
	struct kept_change kept = { .time = change->time, .origin = change->origin };
	int err;

	kept.first = ascending_first_from(history->addresses, history->count, change->start);
	if (kept.first == history->count || history->addresses[kept.first] >= change->end)
		return 0;
	kept.end = ascending_first_from(history->addresses, history->count, change->end);
	kept.number = history->changes.size / sizeof(kept);
	if (kept.number >= CODE_HISTORY_MAX_CHANGES ||
	    history->name_bytes + change->name.size > CODE_HISTORY_MAX_NAME_BYTES) {
		code_history_cut(history, change->time.after_ns);
		return 0;
	}
	err = keep_name(history, change->name, &kept.name);
	if (err)
		return err;
	buffer_append(&history->changes, &kept, sizeof(kept));
	return buffer_error(&history->changes);
}

/* --- resolving --- */

static struct code_span *last_of(struct code_history *history, struct place *place)
{
	return place->last == CODE_SPAN_NONE
		       ? &place->first
		       : &((struct code_span *)history->spans.data)[place->last];
}

static bool is_same(const struct code_span *span, const char *name, uint64_t start)
{
	return span->name == name && (!name || span->start == start);
}

/* From `since_ns`, which is not before the last span's, there is another function. */
static void begin_span(struct code_history *history, struct place *place, uint64_t since_ns,
		       const char *name, uint64_t start)
{
	struct code_span *last = last_of(history, place);
	uint32_t index = history->spans.size / sizeof(*last);

	if (is_same(last, name, start))
		return;
	if (since_ns <= last->since_ns) {
		last->name = name;
		last->start = start;
		return;
	}
	last->next = index;
	place->last = index;
	buffer_append(&history->spans, &(struct code_span){ since_ns, name, start, CODE_SPAN_NONE },
		      sizeof(*last));
}

/*
 * Of changes that were told of at once, the last one counts. One that is the first at its address is taken to have been
 * there before, if that may be; any other one leaves the time unnamed in which it may have come about.
 */
static void change_place(struct code_history *history, struct place *place,
			 const struct kept_change *change)
{
	const char *name = change->name == NO_NAME
				   ? NULL
				   : string_pool_get(&history->names, change->name, NULL);
	bool at_once = place->is_known && place->last_since_ns == change->time.since_ns;
	struct code_span *last = last_of(history, place);

	if (at_once || (!place->is_known && change->time.may_be_older)) {
		last->name = name;
		last->start = change->origin;
	} else if (!is_same(last, name, change->origin)) {
		begin_span(history, place, change->time.after_ns, NULL, 0);
		begin_span(history, place, change->time.since_ns, name, change->origin);
	} else {
		return;
	}
	place->is_known = true;
	place->last_since_ns = change->time.since_ns;
}

static int compare_changes(const void *left, const void *right)
{
	const struct kept_change *a = left, *b = right;

	if (a->time.since_ns != b->time.since_ns)
		return (a->time.since_ns > b->time.since_ns) -
		       (a->time.since_ns < b->time.since_ns);
	return (a->number > b->number) - (a->number < b->number);
}

/* Changes up to a time were gone through, of which some may be later than the cut. */
static void cut_place(struct code_history *history, struct place *place)
{
	struct code_span *span = &place->first;

	place->last = CODE_SPAN_NONE;
	while (span->next != CODE_SPAN_NONE) {
		struct code_span *next = &((struct code_span *)history->spans.data)[span->next];

		if (next->since_ns >= history->cut_ns)
			break;
		place->last = span->next;
		span = next;
	}
	span->next = CODE_SPAN_NONE;
	begin_span(history, place, history->cut_ns, NULL, 0);
}

static void apply_cut(struct code_history *history)
{
	for (size_t i = 0; history->cut_ns != UINT64_MAX && i < history->count; i++)
		cut_place(history, &history->places[i]);
}

int code_history_resolve(struct code_history *history)
{
	struct kept_change *changes = (struct kept_change *)history->changes.data;
	size_t count = history->changes.size / sizeof(*changes);
	uint64_t steps = 0;

	if (count)
		qsort(changes, count, sizeof(*changes), compare_changes);
	for (size_t i = 0; i < count && changes[i].time.since_ns < history->cut_ns; i++) {
		steps += changes[i].end - changes[i].first;
		if (steps > CODE_HISTORY_MAX_STEPS ||
		    history->spans.size / sizeof(struct code_span) >= CODE_HISTORY_MAX_SPANS) {
			code_history_cut(history, changes[i].time.after_ns);
			break;
		}
		for (uint32_t at = changes[i].first; at < changes[i].end; at++)
			change_place(history, &history->places[at], &changes[i]);
	}
	apply_cut(history);
	return buffer_error(&history->spans);
}

/* --- asking --- */

const struct code_span *code_history_first(const struct code_history *history, size_t index)
{
	return &history->places[index].first;
}

const struct code_span *code_history_next(const struct code_history *history,
					  const struct code_span *span)
{
	return span->next == CODE_SPAN_NONE
		       ? NULL
		       : &((const struct code_span *)history->spans.data)[span->next];
}
