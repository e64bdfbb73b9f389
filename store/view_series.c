/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time by label and by time (store_view.h). */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/u64_map.h"
#include "model/profile.h"
#include "store/store_view.h"
#include "store/view_private.h"

/* Windows are ten seconds: what is not finer than half of one is read from their sums. */
#define SUMS_STEP_NS ((uint64_t)5 * VIEW_NS_PER_SECOND)

/* --- by label --- */

/* CPU time per label set of the view. */
struct by_set {
	struct view_choice choice;
	uint64_t *cpu_ns;
	uint32_t count;
};

static void by_set_release(struct by_set *sets)
{
	view_choice_release(&sets->choice);
	free(sets->cpu_ns);
}

static int add_to_set(void *context, const struct view_rows *rows)
{
	const uint64_t sample_ns = view_sample_ns(rows->rate_hz);
	struct by_set *sets = context;

	for (size_t i = 0; i < rows->count; i++) {
		const struct view_row *row = &rows->rows[i];
		uint64_t cpu_ns;

		if (view_choice_takes(&sets->choice, row->labels) &&
		    (__builtin_mul_overflow(row->value, sample_ns, &cpu_ns) ||
		     __builtin_add_overflow(sets->cpu_ns[row->labels], cpu_ns,
					    &sets->cpu_ns[row->labels])))
			return -EOVERFLOW;
	}
	return sets->choice.error;
}

static enum view_depth depth_for(const struct view_question *question, enum sample_label label)
{
	return view_label_is_fine(label) || view_filter_is_fine(question->filter) ? VIEW_WINDOWS
										  : VIEW_SERIES;
}

/* The view is loaded. */
static int find_sets(struct store_view *view, const struct view_question *question,
		     enum view_depth depth, struct by_set *sets)
{
	const struct samples *samples = profile_samples(view->words);
	const struct view_sink sink = { sets, NULL, add_to_set };
	int error = view_choice_init(&sets->choice, view, question->filter);

	sets->count = samples ? samples_labels_count(samples) : 1;
	sets->cpu_ns = calloc(sets->count, sizeof(*sets->cpu_ns));
	if (error || !sets->cpu_ns)
		return -ENOMEM;
	return view_read(view, question->part, depth, &sink);
}

/* A value of a label: a number or a string of the view, or PROFILE_NONE. */
struct value {
	uint32_t id;
	uint64_t cpu_ns;
};

static uint32_t value_of(const struct store_view *view, uint32_t labels, enum sample_label label)
{
	const struct samples *samples = profile_samples(view->words);

	return samples ? samples_labels(samples, labels)->values[label] : PROFILE_NONE;
}

static int compare_values(const void *left, const void *right)
{
	const struct value *a = left, *b = right;

	if (a->cpu_ns != b->cpu_ns)
		return (a->cpu_ns < b->cpu_ns) - (a->cpu_ns > b->cpu_ns);
	return (a->id > b->id) - (a->id < b->id);
}

/* The largest first. */
static int find_values(const struct store_view *view, const struct by_set *sets,
		       enum sample_label label, struct buffer *values, size_t *ret_count)
{
	struct u64_map index;
	int error = 0;

	u64_map_init(&index);
	for (uint32_t i = 0; i < sets->count && !error; i++) {
		const struct value value = { value_of(view, i, label), sets->cpu_ns[i] };
		uint32_t at = u64_map_get(&index, value.id);

		if (!value.cpu_ns)
			continue;
		if (at != U64_MAP_ABSENT) {
			((struct value *)values->data)[at].cpu_ns += value.cpu_ns;
			continue;
		}
		at = (uint32_t)(values->size / sizeof(value));
		buffer_append(values, &value, sizeof(value));
		error = buffer_error(values);
		if (!error)
			error = u64_map_set(&index, value.id, at);
	}
	u64_map_release(&index);
	*ret_count = values->size / sizeof(struct value);
	if (*ret_count)
		qsort(values->data, *ret_count, sizeof(struct value), compare_values);
	return error;
}

static int text_of(const struct store_view *view, uint32_t value, enum sample_label label,
		   struct arena *memory, const char **ret_text)
{
	char digits[16];
	size_t size;
	const char *text = digits;

	*ret_text = NULL;
	if (value == PROFILE_NONE)
		return 0;
	if (sample_label_is_number(label))
		size = (size_t)snprintf(digits, sizeof(digits), "%u", value);
	else
		text = profile_string(view->words, value, &size);
	*ret_text = arena_string(memory, text, size);
	return *ret_text ? 0 : -ENOMEM;
}

static int make_values(const struct store_view *view, const struct value *values, size_t count,
		       enum sample_label label, struct arena *memory,
		       struct view_values *ret_values)
{
	struct view_value *made = arena_alloc(memory, (count + 1) * sizeof(*made));
	uint64_t total_ns = 0;
	int error = made ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !error; i++) {
		made[i].cpu_ns = values[i].cpu_ns;
		total_ns += values[i].cpu_ns;
		error = text_of(view, values[i].id, label, memory, &made[i].text);
	}
	if (!error)
		*ret_values = (struct view_values){ made, count, total_ns };
	return error;
}

int store_view_values(struct store_view *view, const struct view_question *question,
		      enum sample_label label, struct arena *memory, struct view_values *ret_values)
{
	_cleanup_(by_set_release) struct by_set sets = { 0 };
	_cleanup_(buffer_release) struct buffer values = { 0 };
	size_t count = 0;
	int error = view_load(view, question->part);

	if (!error)
		error = find_sets(view, question, depth_for(question, label), &sets);
	if (!error)
		error = find_values(view, &sets, label, &values, &count);
	if (!error)
		error = make_values(view, (const struct value *)values.data, count, label, memory,
				    ret_values);
	return view_end(view, error);
}

/* --- by time --- */

/* Equal steps from a moment on. */
struct steps {
	uint64_t start_ns, step_ns;
	uint32_t points;
};

/* Adds an amount to the points by the part of it that falls to each. */
static void spread(const struct steps *steps, struct window_span span, double amount, double *to)
{
	const double length = (double)(span.end_ns - span.start_ns);
	uint64_t end = steps->start_ns + steps->step_ns * steps->points;
	uint64_t from = span.start_ns > steps->start_ns ? span.start_ns : steps->start_ns;

	if (span.end_ns < end)
		end = span.end_ns;
	while (from < end) {
		uint64_t point = (from - steps->start_ns) / steps->step_ns;
		uint64_t next = steps->start_ns + (point + 1) * steps->step_ns;

		if (next > end)
			next = end;
		to[point] += amount * (double)(next - from) / length;
		from = next;
	}
}

/* The point that a sample counts in; -1: none of them. */
static int64_t point_at(const struct steps *steps, uint64_t time_ns)
{
	uint64_t point;

	if (time_ns < steps->start_ns)
		return -1;
	point = (time_ns - steps->start_ns) / steps->step_ns;
	return point < steps->points ? (int64_t)point : -1;
}

/* Where the samples of a window count whose times are not known: one point, or spread over several. */
struct place {
	struct window_span span;
	int64_t point; /* -1: several, or none */
};

static struct place place_of(const struct steps *steps, struct window_span span)
{
	const bool is_long = span.end_ns > span.start_ns;
	int64_t first = point_at(steps, span.start_ns);

	return (struct place){ span,
			       is_long && first == point_at(steps, span.end_ns - 1) ? first : -1 };
}

/* A sample to its point. */
static void add_at(const struct steps *steps, const struct place *place, uint64_t time_ns,
		   double amount, double *to)
{
	int64_t point = time_ns == SAMPLE_NO_TIME ? place->point : point_at(steps, time_ns);

	if (point >= 0)
		to[point] += amount;
	else if (time_ns == SAMPLE_NO_TIME)
		spread(steps, place->span, amount, to);
}

static uint64_t time_of(const struct view_rows *rows, size_t row)
{
	return rows->times_ns ? rows->times_ns[row] : SAMPLE_NO_TIME;
}

struct drawing {
	struct steps steps;
	struct by_set *sets;
	struct window_span covered; /* last */
	double *covered_ns, *total, *others;
	double **lines; /* per label set the line that it is a part of */
};

static int cover(void *context, struct window_span span, uint64_t rate_hz)
{
	struct drawing *drawing = context;

	(void)rate_hz;
	if (span.end_ns > span.start_ns && !window_span_is(span, drawing->covered))
		spread(&drawing->steps, span, (double)(span.end_ns - span.start_ns),
		       drawing->covered_ns);
	drawing->covered = span;
	return 0;
}

static int draw(void *context, const struct view_rows *rows)
{
	struct drawing *drawing = context;
	const struct place place = place_of(&drawing->steps, rows->span);
	const double sample_ns = (double)view_sample_ns(rows->rate_hz);

	for (size_t i = 0; i < rows->count; i++) {
		const struct view_row *row = &rows->rows[i];
		double cpu_ns = (double)row->value * sample_ns;

		if (!view_choice_takes(&drawing->sets->choice, row->labels))
			continue;
		add_at(&drawing->steps, &place, time_of(rows, i), cpu_ns, drawing->total);
		add_at(&drawing->steps, &place, time_of(rows, i), cpu_ns,
		       drawing->lines[row->labels]);
	}
	return drawing->sets->choice.error;
}

static double *make_points(struct arena *memory, uint32_t points)
{
	double *made = arena_alloc(memory, (points + 1) * sizeof(*made));

	for (uint32_t i = 0; made && i < points; i++)
		made[i] = 0;
	return made;
}

/* The line of each label set: that of its value, if it is one of the largest. */
static int choose_lines(const struct store_view *view, enum sample_label label,
			const struct value *values, const struct view_series *series,
			struct drawing *drawing)
{
	struct u64_map index;
	int error = 0;

	u64_map_init(&index);
	for (size_t i = 0; i < series->line_count && !error; i++)
		error = u64_map_set(&index, values[i].id, (uint32_t)i);
	for (uint32_t i = 0; i < drawing->sets->count && !error; i++) {
		uint32_t at = u64_map_get(&index, value_of(view, i, label));

		drawing->lines[i] =
			at == U64_MAP_ABSENT ? drawing->others : series->lines[at].cores;
	}
	u64_map_release(&index);
	return error;
}

static int make_lines(const struct store_view *view, enum sample_label label,
		      const struct value *values, struct arena *memory, struct view_series *series)
{
	int error = 0;

	series->lines = arena_alloc(memory, (series->line_count + 1) * sizeof(*series->lines));
	series->total = make_points(memory, series->points);
	series->others = make_points(memory, series->points);
	if (!series->lines || !series->total || !series->others)
		return -ENOMEM;
	for (size_t i = 0; i < series->line_count && !error; i++) {
		series->lines[i].cores = make_points(memory, series->points);
		series->lines[i].cpu_ns = values[i].cpu_ns;
		error = series->lines[i].cores ? text_of(view, values[i].id, label, memory,
							 &series->lines[i].value)
					       : -ENOMEM;
	}
	return error;
}

/* What is without the label is in no line. */
static void leave_out_unlabelled(struct buffer *values, size_t *count)
{
	struct value *rows = (struct value *)values->data;

	for (size_t i = 0; i < *count; i++)
		if (rows[i].id == PROFILE_NONE) {
			memmove(&rows[i], &rows[i + 1], (*count - i - 1) * sizeof(*rows));
			--*count;
			return;
		}
}

static void settle_points(const struct drawing *drawing, double *points)
{
	for (uint32_t i = 0; i < drawing->steps.points; i++)
		points[i] = drawing->covered_ns[i] > 0 ? points[i] / drawing->covered_ns[i] : NAN;
}

static void settle_series(const struct drawing *drawing, struct view_series *series)
{
	settle_points(drawing, series->total);
	settle_points(drawing, series->others);
	for (size_t i = 0; i < series->line_count; i++)
		settle_points(drawing, series->lines[i].cores);
}

static struct steps steps_of(struct window_span part, uint32_t points)
{
	uint64_t end_ns = part.end_ns < INT64_MAX ? part.end_ns : INT64_MAX;
	uint64_t length = end_ns > part.start_ns ? end_ns - part.start_ns : 1;
	struct steps steps = { part.start_ns, 1, points ? points : 1 };

	steps.step_ns = length / steps.points + (length % steps.points != 0);
	return steps;
}

static int draw_lines(struct store_view *view, const struct view_question *question,
		      enum view_depth depth, enum sample_label label, const struct value *values,
		      struct drawing *drawing, struct view_series *series)
{
	const struct view_sink sink = { drawing, cover, draw };
	_cleanup_free_ double **lines = malloc(drawing->sets->count * sizeof(*lines));
	_cleanup_free_ double *covered_ns = calloc(drawing->steps.points, sizeof(*covered_ns));
	int error = lines && covered_ns ? 0 : -ENOMEM;

	drawing->lines = lines;
	drawing->covered_ns = covered_ns;
	drawing->total = series->total;
	drawing->others = series->others;
	if (!error)
		error = choose_lines(view, label, values, series, drawing);
	if (!error)
		error = view_read(view, question->part, depth, &sink);
	if (!error)
		settle_series(drawing, series);
	return error;
}

int store_view_series(struct store_view *view, const struct view_question *question,
		      enum sample_label label, size_t limit, uint32_t points, struct arena *memory,
		      struct view_series *ret_series)
{
	_cleanup_(by_set_release) struct by_set sets = { 0 };
	_cleanup_(buffer_release) struct buffer values = { 0 };
	struct drawing drawing = { .steps = steps_of(question->part, points), .sets = &sets };
	struct view_series series = { drawing.steps.start_ns, drawing.steps.step_ns,
				      drawing.steps.points };
	enum view_depth depth = depth_for(question, label);
	int error = view_load(view, question->part);

	if (!error)
		error = find_sets(view, question, depth, &sets);
	if (!error)
		error = find_values(view, &sets, label, &values, &series.line_count);
	if (error)
		return view_end(view, error);
	leave_out_unlabelled(&values, &series.line_count);
	if (series.line_count > limit)
		series.line_count = limit;
	error = make_lines(view, label, (const struct value *)values.data, memory, &series);
	if (drawing.steps.step_ns < SUMS_STEP_NS)
		depth = VIEW_WINDOWS;
	if (!error)
		error = draw_lines(view, question, depth, label, (const struct value *)values.data,
				   &drawing, &series);
	if (!error)
		*ret_series = series;
	return view_end(view, error);
}

/* --- heat --- */

struct heating {
	struct steps steps;
	struct view_choice choice;
	double *counts;
};

static int heat(void *context, const struct view_rows *rows)
{
	struct heating *heating = context;
	const struct place place = place_of(&heating->steps, rows->span);

	for (size_t i = 0; i < rows->count; i++)
		if (view_choice_takes(&heating->choice, rows->rows[i].labels))
			add_at(&heating->steps, &place, time_of(rows, i),
			       (double)rows->rows[i].value, heating->counts);
	return heating->choice.error;
}

int store_view_heat(struct store_view *view, const struct view_question *question, uint32_t columns,
		    uint32_t rows, struct arena *memory, uint32_t **ret_counts)
{
	struct heating heating = { .steps = steps_of(question->part, columns * rows) };
	const struct view_sink sink = { &heating, NULL, heat };
	enum view_depth depth =
		view_filter_is_fine(question->filter) || heating.steps.step_ns < SUMS_STEP_NS
			? VIEW_WINDOWS
			: VIEW_SERIES;
	uint32_t *counts;
	int error;

	if (!columns || !rows || rows > VIEW_CELLS_MAX / columns)
		return -EINVAL;
	counts = arena_alloc(memory, (heating.steps.points + 1) * sizeof(*counts));
	error = counts ? view_load(view, question->part) : -ENOMEM;
	if (!error)
		error = view_choice_init(&heating.choice, view, question->filter);
	heating.counts = make_points(memory, heating.steps.points);
	if (!heating.counts)
		error = -ENOMEM;
	if (!error)
		error = view_read(view, question->part, depth, &sink);
	view_choice_release(&heating.choice);
	view_end(view, error);
	if (error)
		return error;
	for (uint32_t i = 0; i < heating.steps.points; i++)
		counts[i] = heating.counts[i] < UINT32_MAX ? (uint32_t)(heating.counts[i] + 0.5)
							   : UINT32_MAX;
	*ret_counts = counts;
	return 0;
}
