/* SPDX-License-Identifier: Apache-2.0 */
#include "store/window_rows.h"

#include <stdbool.h>
#include <stdlib.h>

#include "model/samples.h"
#include "store/column.h"

/* --- rows without times --- */

static void cut(struct window_rows *window, const struct buffer *to)
{
	if (to->size && window->cut_count < WINDOW_ROWS_CUTS)
		window->cuts[window->cut_count++] = to->size;
}

static int compare_rows(const void *left, const void *right)
{
	const struct window_row *a = left, *b = right;

	if (a->labels != b->labels)
		return (a->labels > b->labels) - (a->labels < b->labels);
	return (a->node > b->node) - (a->node < b->node);
}

static void append_sums(struct window_rows *window, struct buffer *to)
{
	struct column labels = { 0 }, nodes = { 0 }, values = { 0 };

	for (size_t i = 0; i < window->count; i++)
		column_append(&nodes, to, window->rows[i].node);
	cut(window, to);
	for (size_t i = 0; i < window->count; i++)
		column_append(&labels, to, window->rows[i].labels);
	cut(window, to);
	for (size_t i = 0; i < window->count; i++)
		column_append(&values, to, window->rows[i].value);
}

/* --- ticks --- */

static uint64_t coded_time(const struct window_rows *window, size_t index)
{
	const uint64_t time_ns = window->rows[index].time_ns;

	if (time_ns == SAMPLE_NO_TIME)
		return 0;
	return time_ns < window->span.start_ns
		       ? 1
		       : (time_ns - window->span.start_ns) / window->unit_ns + 1;
}

static uint32_t group_of(const struct window_rows *window, size_t index)
{
	return window->groups[window->rows[index].labels];
}

static int compare_ticks(const void *left, const void *right, void *context)
{
	const struct window_row *a = left, *b = right;
	const uint32_t *groups = context;

	if (groups[a->labels] != groups[b->labels])
		return (groups[a->labels] > groups[b->labels]) -
		       (groups[a->labels] < groups[b->labels]);
	if (a->time_ns != b->time_ns)
		return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
	return compare_rows(left, right);
}

static bool begins_group(const struct window_rows *window, size_t index)
{
	return !index || group_of(window, index) != group_of(window, index - 1);
}

static void append_groups(const struct window_rows *window, struct buffer *to)
{
	struct column firsts = { 0 }, counts = { 0 };
	uint64_t groups = 0;
	size_t first = 0;

	for (size_t i = 0; i < window->count; i++)
		groups += begins_group(window, i);
	number_append(to, groups);
	for (size_t i = 0; i < window->count; i++)
		if (begins_group(window, i))
			column_append(&firsts, to, group_of(window, i));
	for (size_t i = 1; i <= window->count; i++)
		if (i == window->count || begins_group(window, i)) {
			column_append(&counts, to, i - first);
			first = i;
		}
}

/* Who runs on a CPU mostly ran there at the tick before. */
static uint32_t label_code(const struct window_rows *window, size_t index)
{
	const uint32_t labels = window->rows[index].labels;

	return !begins_group(window, index) && window->rows[index - 1].labels == labels
		       ? 0
		       : labels - group_of(window, index) + 1;
}

/* Modulo 2^32. */
static uint32_t node_rank(const struct window_rows *window, size_t index)
{
	return window->rows[index].node - window->bases[window->rows[index].labels];
}

static void append_planes(struct window_rows *window,
			  uint32_t (*number)(const struct window_rows *window, size_t index),
			  struct buffer *to)
{
	unsigned int planes = window->count != 0; /* a byte of each sample at least */
	uint32_t all = 0;

	for (size_t i = 0; i < window->count; i++)
		all |= number(window, i);
	while (planes < sizeof(all) && all >> planes * 8)
		planes++;
	number_append(to, planes);
	for (unsigned int plane = 0; plane < planes; plane++) {
		cut(window, to);
		for (size_t i = 0; i < window->count; i++)
			buffer_append_char(to, (char)(number(window, i) >> plane * 8));
	}
}

static void append_ticks(struct window_rows *window, unsigned int flags, struct buffer *to)
{
	struct column times = { 0 }, values = { 0 };

	append_groups(window, to);
	append_planes(window, node_rank, to);
	append_planes(window, label_code, to);
	cut(window, to);
	for (size_t i = 0; i < window->count && flags & WINDOW_HAS_TIMES; i++)
		column_append(&times, to, coded_time(window, i));
	for (size_t i = 0; i < window->count && flags & WINDOW_HAS_VALUES; i++)
		column_append(&values, to, window->rows[i].value);
}

static unsigned int find_flags(const struct window_rows *window)
{
	unsigned int flags = WINDOW_HAS_GROUPS;

	for (size_t i = 0; i < window->count; i++) {
		if (window->rows[i].time_ns != SAMPLE_NO_TIME)
			flags |= WINDOW_HAS_TIMES;
		if (window->rows[i].value != 1)
			flags |= WINDOW_HAS_VALUES;
	}
	return flags;
}

int window_rows_append(struct window_rows *window, struct buffer *to)
{
	const unsigned int flags = window->groups ? find_flags(window) : WINDOW_HAS_VALUES;

	number_append(to, flags);
	number_append(to, window->rate_hz);
	number_append(to, window->unit_ns);
	number_append(to, window->count);
	if (window->groups && window->count)
		qsort_r(window->rows, window->count, sizeof(*window->rows), compare_ticks,
			(void *)(uintptr_t)window->groups);
	else if (window->count)
		qsort(window->rows, window->count, sizeof(*window->rows), compare_rows);
	if (window->groups)
		append_ticks(window, flags, to);
	else
		append_sums(window, to);
	return buffer_error(to);
}
