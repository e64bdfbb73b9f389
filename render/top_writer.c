/* SPDX-License-Identifier: Apache-2.0 */
#include "render/top_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/function_totals.h"
#include "model/profile.h"
#include "render/count_words.h"
#include "render/label.h"
#include "render/readable.h"
#include "render/render_options.h"
#include "render/plain_text.h"

#define TOP_ROWS     100
#define COUNT_LEAST  13 /* columns of a count, with those that are blank before it */
#define COUNT_BLANK  2
#define NAME_COLUMNS 72

struct top {
	const struct profile *profile;
	const struct render_options *options;
	struct count_words counts;
	enum render_order order;
	uint64_t whole;
	struct function_total *rows;
	uint32_t count; /* of rows */
	uint32_t shown;
	int count_columns;
	size_t name_columns; /* of the longest name that is shown, or all that a name may have */
};

/* --- which, and in which order --- */

static int compare_text(const struct profile *profile, uint32_t a, uint32_t b)
{
	size_t a_size, b_size;
	const char *a_bytes, *b_bytes;
	int order;

	if (a == b || a == PROFILE_NONE || b == PROFILE_NONE)
		return (a < b) - (a > b); /* none comes first */
	a_bytes = profile_string(profile, a, &a_size);
	b_bytes = profile_string(profile, b, &b_size);
	order = memcmp(a_bytes, b_bytes, a_size < b_size ? a_size : b_size);
	return order ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_names(const struct top *top, const struct function_total *a,
			 const struct function_total *b)
{
	int order = compare_text(top->profile, a->name, b->name);

	if (!order)
		order = compare_text(top->profile, a->module, b->module);
	return order ? order : (a->kind > b->kind) - (a->kind < b->kind);
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct top *top = context;
	const struct function_total *a = left, *b = right;
	bool by_total = top->order == RENDER_ORDER_TOTAL;
	uint64_t a_first = by_total ? a->total : a->self, b_first = by_total ? b->total : b->self;

	if (top->order == RENDER_ORDER_NAME)
		return compare_names(top, a, b);
	if (a_first != b_first)
		return (a_first < b_first) - (a_first > b_first);
	if (a->self != b->self)
		return (a->self < b->self) - (a->self > b->self);
	if (a->total != b->total)
		return (a->total < b->total) - (a->total > b->total);
	return compare_names(top, a, b);
}

/* Is it a function, or did ticks end in it? */
static bool has_row(const struct function_total *row)
{
	return row->self || (row->kind != FRAME_PROCESS && row->kind != FRAME_MARKER);
}

/* Those that may be shown come first, in their order. */
static void choose_rows(struct top *top)
{
	uint64_t least = render_share_ticks(top->options->min_share.value, top->whole);
	uint64_t most = top->options->max_frames ? top->options->max_frames : TOP_ROWS;
	uint32_t kept = 0, wide = 0;

	for (uint32_t i = 0; i < top->count; i++)
		if (has_row(&top->rows[i]))
			top->rows[kept++] = top->rows[i];
	top->count = kept;
	for (uint32_t i = 0; i < kept; i++) {
		struct function_total row = top->rows[i];

		if (row.total < least)
			continue;
		top->rows[i] = top->rows[wide];
		top->rows[wide++] = row;
	}
	if (top->order != RENDER_ORDER_TIME)
		qsort_r(top->rows, wide, sizeof(*top->rows), compare_rows, top);
	top->shown = wide < most ? wide : (uint32_t)most;
}

/* --- lines --- */

static size_t append_function(const struct top *top, const struct function_total *row,
			      struct buffer *to)
{
	size_t size;
	const char *name = profile_string(top->profile, row->name, &size);

	return text_append_name(to, name, size, frame_kind_suffix(row->kind), NAME_COLUMNS);
}

static void measure_names(struct top *top, struct buffer *to)
{
	_cleanup_(buffer_release) struct buffer name = { 0 };

	top->name_columns = strlen("function");
	for (uint32_t i = 0; i < top->shown; i++) {
		size_t columns;

		buffer_clear(&name);
		columns = append_function(top, &top->rows[i], &name);
		buffer_fail_with(to, &name);
		if (columns > top->name_columns)
			top->name_columns = columns;
	}
}

/* Smaller counts may be longer than larger ones: "59 min 59 s". */
static void measure_count(struct top *top, uint64_t count, struct buffer *to)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int columns;

	text_append_count(&text, &top->counts, count, 0);
	buffer_fail_with(to, &text);
	columns = (int)label_columns(text.data, text.size) + COUNT_BLANK;
	top->count_columns = columns > top->count_columns ? columns : top->count_columns;
}

static void append_blanks(struct buffer *to, size_t count)
{
	buffer_printf(to, "%*s", (int)count, "");
}

static void append_row(const struct top *top, const struct function_total *row, struct buffer *to)
{
	size_t columns, size;
	const char *module;

	text_append_count(to, &top->counts, row->self, top->count_columns);
	buffer_append_char(to, ' ');
	text_append_share(to, row->self, top->whole);
	text_append_count(to, &top->counts, row->total, top->count_columns);
	buffer_append_char(to, ' ');
	text_append_share(to, row->total, top->whole);
	buffer_append_string(to, "  ");
	columns = append_function(top, row, to);
	if (row->module != PROFILE_NONE) {
		module = profile_string(top->profile, row->module, &size);
		append_blanks(to, top->name_columns - columns + 2);
		text_append_name(to, module, size, "", NAME_COLUMNS);
	}
	buffer_append_char(to, '\n');
}

static uint64_t left_out(const struct top *top)
{
	uint64_t self = 0;

	for (uint32_t i = top->shown; i < top->count; i++)
		self += top->rows[i].self;
	return self;
}

static void append_left_out(const struct top *top, struct buffer *to)
{
	uint64_t self = left_out(top);

	if (top->shown == top->count)
		return;
	text_append_count(to, &top->counts, self, top->count_columns);
	buffer_append_char(to, ' ');
	text_append_share(to, self, top->whole);
	append_blanks(to, (size_t)top->count_columns + 1 + 7 + 2);
	buffer_append_string(to, "in ");
	readable_count(to, top->count - top->shown);
	buffer_append_string(to, " more\n");
}

static void measure_counts(struct top *top, struct buffer *to)
{
	top->count_columns = COUNT_LEAST;
	for (uint32_t i = 0; i < top->shown; i++) {
		measure_count(top, top->rows[i].self, to);
		measure_count(top, top->rows[i].total, to);
	}
	measure_count(top, left_out(top), to);
}

static void append_table(struct top *top, struct buffer *to)
{
	measure_names(top, to);
	measure_counts(top, to);
	buffer_printf(to, "%*s %7s%*s %7s  %-*s  %s\n", top->count_columns, "self", "",
		      top->count_columns, "total", "", (int)top->name_columns, "function",
		      "module");
	for (uint32_t i = 0; i < top->shown; i++)
		append_row(top, &top->rows[i], to);
	append_left_out(top, to);
}

int top_write(const struct profile *profile, const struct render_options *options,
	      struct buffer *to)
{
	_cleanup_(function_totals_release) struct function_totals totals = { 0 };
	struct top top = { .profile = profile,
			   .options = options,
			   .counts = count_words_of(profile, options),
			   .order = render_order_of(options),
			   .whole = text_whole(profile, options) };
	int error = function_totals_build(profile, &totals);

	if (!error)
		error = text_append_head(to, profile, options);
	if (error)
		return error;
	top.rows = totals.rows;
	top.count = totals.count;
	choose_rows(&top);
	append_table(&top, to);
	return buffer_error(to);
}
