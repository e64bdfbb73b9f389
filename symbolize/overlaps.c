/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/overlaps.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/cleanup.h"

/*
 * A line goes over the addresses. The ranges that have begun are in a heap, the latest on top; those that have ended leave
 * when they come to the top.
 */
struct sweep {
	const struct overlap *ranges;
	uint32_t *by_start; /* indexes */
	size_t count, next; /* the next one to begin */
	uint32_t *heap;
	size_t heap_size;
	uint64_t at;
	struct buffer *parts;
};

struct begin {
	uint64_t start;
	uint32_t index;
};

static int compare_begins(const void *left, const void *right)
{
	const struct begin *a = left, *b = right;

	if (a->start != b->start)
		return (a->start > b->start) - (a->start < b->start);
	return (a->index > b->index) - (a->index < b->index);
}

static int sort_by_start(struct sweep *sweep)
{
	_cleanup_free_ struct begin *begins = malloc((sweep->count + 1) * sizeof(*begins));

	if (!begins)
		return -ENOMEM;
	for (size_t i = 0; i < sweep->count; i++)
		begins[i] = (struct begin){ sweep->ranges[i].start, i };
	qsort(begins, sweep->count, sizeof(*begins), compare_begins);
	for (size_t i = 0; i < sweep->count; i++)
		sweep->by_start[i] = begins[i].index;
	return 0;
}

/* --- the heap --- */

static void push(struct sweep *sweep, uint32_t index)
{
	size_t at = sweep->heap_size++;

	for (; at && sweep->heap[(at - 1) / 2] < index; at = (at - 1) / 2)
		sweep->heap[at] = sweep->heap[(at - 1) / 2];
	sweep->heap[at] = index;
}

static void pop(struct sweep *sweep)
{
	uint32_t last = sweep->heap[--sweep->heap_size];
	size_t at = 0;

	for (;;) {
		size_t child = at * 2 + 1;

		if (child + 1 < sweep->heap_size && sweep->heap[child + 1] > sweep->heap[child])
			child++;
		if (child >= sweep->heap_size || sweep->heap[child] < last)
			break;
		sweep->heap[at] = sweep->heap[child];
		at = child;
	}
	sweep->heap[at] = last;
}

/* --- the line --- */

/* Those that begin at the line or before it. */
static void begin_ranges(struct sweep *sweep)
{
	while (sweep->next < sweep->count &&
	       sweep->ranges[sweep->by_start[sweep->next]].start <= sweep->at)
		push(sweep, sweep->by_start[sweep->next++]);
}

static void end_ranges(struct sweep *sweep)
{
	while (sweep->heap_size && sweep->ranges[sweep->heap[0]].end <= sweep->at)
		pop(sweep);
}

/* Appends a part, or makes the last one longer if that is the same range's. */
static void add_part(struct sweep *sweep, const struct overlap *range, uint64_t end)
{
	struct buffer *parts = sweep->parts;
	struct overlap part = *range;
	struct overlap *last =
		parts->size ? (struct overlap *)(parts->data + parts->size) - 1 : NULL;

	part.start = sweep->at;
	part.end = end;
	if (last && last->end == part.start && last->origin == part.origin &&
	    last->value == part.value)
		last->end = end;
	else
		buffer_append(parts, &part, sizeof(part));
}

/* One step: to the end of the latest range, or to where the next one begins. */
static void step(struct sweep *sweep)
{
	uint64_t next = sweep->next < sweep->count
				? sweep->ranges[sweep->by_start[sweep->next]].start
				: UINT64_MAX;
	const struct overlap *range;

	if (!sweep->heap_size) {
		sweep->at = next;
		return;
	}
	range = &sweep->ranges[sweep->heap[0]];
	if (range->end < next)
		next = range->end;
	add_part(sweep, range, next);
	sweep->at = next;
}

int overlaps_resolve(const struct overlap *ranges, size_t count, struct buffer *ret_parts)
{
	_cleanup_free_ uint32_t *by_start = malloc((count + 1) * sizeof(*by_start));
	_cleanup_free_ uint32_t *heap = malloc((count + 1) * sizeof(*heap));
	struct sweep sweep = {
		.ranges = ranges,
		.by_start = by_start,
		.count = count,
		.heap = heap,
		.parts = ret_parts,
	};
	int err = by_start && heap ? sort_by_start(&sweep) : -ENOMEM;

	if (err)
		return err;
	while (sweep.next < count || sweep.heap_size) {
		begin_ranges(&sweep);
		end_ranges(&sweep);
		if (sweep.next < count || sweep.heap_size)
			step(&sweep);
	}
	return buffer_error(ret_parts);
}
