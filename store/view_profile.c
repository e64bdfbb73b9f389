/* SPDX-License-Identifier: Apache-2.0 */
/* The samples of a span as a profile (store_view.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/fates.h"
#include "model/frame_copy.h"
#include "model/label_filter.h"
#include "model/node_copy.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "store/store_view.h"
#include "store/view_private.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* What is counted, in nanoseconds of CPU time until it is known that all of it is of one rate. */
struct tally {
	struct store_view *view;
	struct window_span part;
	struct view_choice choice;
	struct profile *into;
	uint64_t *counts; /* per node of the view; NULL: samples are kept */
	uint64_t *ticks;  /* the same, of samples; NULL: they are not asked for */
	uint64_t total_ns;
	bool keeps_times;
	uint32_t *nodes, *labels; /* of the view those of `into`, PROFILE_NONE: not yet */
	struct frame_copy copy;
	struct buffer path;
	uint32_t damaged; /* the view's node of what is lost */
	bool has_rate, differs;
	uint64_t rate_hz, start_ns, duration_ns;
	struct window_span noted; /* last */
};

/* --- counting --- */

static int note_window(void *context, struct window_span span, uint64_t rate_hz)
{
	struct tally *tally = context;

	tally->differs |= tally->has_rate && tally->rate_hz != rate_hz;
	tally->has_rate = true;
	tally->rate_hz = rate_hz;
	if (window_span_is(span, tally->noted))
		return 0;
	tally->noted = span;
	span = window_span_common(span, tally->part);
	if (!tally->start_ns || span.start_ns < tally->start_ns)
		tally->start_ns = span.start_ns;
	if (span.end_ns > span.start_ns)
		tally->duration_ns += span.end_ns - span.start_ns;
	return 0;
}

/* The node of `into` for one of the view, with those above it. */
static int find_node(struct tally *tally, uint32_t node, uint32_t *ret_node)
{
	const struct profile *words = tally->view->words;
	const uint32_t *path;
	int error = 0;

	buffer_clear(&tally->path);
	for (; tally->nodes[node] == PROFILE_NONE; node = profile_node(words, node)->parent)
		buffer_append(&tally->path, &node, sizeof(node));
	if (buffer_error(&tally->path))
		return -ENOMEM;
	path = (const uint32_t *)tally->path.data;
	*ret_node = tally->nodes[node];
	for (size_t i = tally->path.size / sizeof(*path); i-- && !error;) {
		uint32_t frame;

		error = frame_copy_add(&tally->copy, profile_node(words, path[i])->frame, &frame);
		if (!error)
			error = profile_add_child(tally->into, *ret_node, frame, ret_node);
		if (!error)
			tally->nodes[path[i]] = *ret_node;
	}
	return error;
}

static int find_labels(struct tally *tally, uint32_t labels, uint32_t *ret_labels)
{
	const struct profile *words = tally->view->words;
	struct label_set set;

	*ret_labels = tally->labels[labels];
	if (*ret_labels != PROFILE_NONE)
		return 0;
	set = *samples_labels(profile_samples(words), labels);
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++)
		if (!sample_label_is_number(label) &&
		    profile_copy_string(tally->into, words, &set.values[label]))
			return -ENOMEM;
	if (profile_add_labels(tally->into, &set, ret_labels))
		return -ENOMEM;
	tally->labels[labels] = *ret_labels;
	return 0;
}

static int keep(struct tally *tally, const struct view_rows *rows, size_t row, uint32_t node,
		uint64_t value)
{
	struct sample kept = { .time_ns = SAMPLE_NO_TIME };
	int error = find_node(tally, node, &kept.node);

	if (tally->keeps_times && rows->times_ns)
		kept.time_ns = rows->times_ns[row];
	if (!error)
		error = find_labels(tally, rows->rows[row].labels, &kept.labels);
	return error ? error : profile_add_sample(tally->into, &kept, &value);
}

static int count(void *context, const struct view_rows *rows)
{
	const uint64_t sample_ns = view_sample_ns(rows->rate_hz);
	struct tally *tally = context;
	int error = 0;

	for (size_t i = 0; i < rows->count && !error; i++) {
		const struct view_row *row = &rows->rows[i];
		uint32_t node = row->node == PROFILE_NONE ? tally->damaged : row->node;
		uint64_t value;

		if (!view_choice_takes(&tally->choice, row->labels))
			continue;
		if (__builtin_mul_overflow(row->value, sample_ns, &value) ||
		    __builtin_add_overflow(tally->total_ns, value, &tally->total_ns) ||
		    tally->total_ns > INT64_MAX)
			return -EOVERFLOW;
		if (tally->ticks)
			tally->ticks[node] += row->value;
		if (tally->counts)
			tally->counts[node] += value;
		else
			error = keep(tally, rows, i, node, value);
	}
	return error ? error : tally->choice.error;
}

/* --- the profile --- */

static int name_cpu_time(struct profile *profile)
{
	struct value_type type;
	int error = profile_intern(profile, "cpu", 3, &type.name);

	if (!error)
		error = profile_intern(profile, "nanoseconds", 11, &type.unit);
	return error ? error : profile_extend_values(profile, &type, 1);
}

/* Nodes with a count, and those above them. */
static bool *find_counted(const struct tally *tally)
{
	const struct stack_node *nodes = profile_nodes(tally->view->words);
	uint32_t node_count = profile_node_count(tally->view->words);
	bool *wanted = calloc(node_count, sizeof(*wanted));

	for (uint32_t i = node_count; wanted && i-- > 1;) {
		wanted[i] |= tally->counts[i] != 0;
		wanted[nodes[i].parent] |= wanted[i];
	}
	return wanted;
}

static int add_counts(struct tally *tally, uint64_t unit)
{
	_cleanup_free_ bool *wanted = find_counted(tally);
	uint32_t node_count = profile_node_count(tally->view->words);
	int error = wanted ? node_copy(&tally->copy, wanted, tally->nodes) : -ENOMEM;

	for (uint32_t i = 0; i < node_count && !error; i++)
		if (tally->counts[i])
			error = profile_add_ticks(tally->into, tally->nodes[i],
						  tally->counts[i] / unit);
	return error;
}

static void divide(void *context, const struct sample *sample, uint64_t *values)
{
	(void)sample;
	values[0] /= *(const uint64_t *)context;
}

/* Samples again where all are of one rate. */
static int settle_values(struct tally *tally)
{
	uint64_t unit = tally->differs ? 1 : view_sample_ns(tally->rate_hz);
	int error = 0;

	if (tally->counts)
		error = add_counts(tally, unit);
	else if (unit > 1)
		error = profile_change_values(tally->into, divide, &unit);
	return error || !tally->differs ? error : name_cpu_time(tally->into);
}

static int settle_origin(struct tally *tally)
{
	struct profile_origin *origin = profile_origin(tally->into);
	bool is_first = true;
	int error = 0;

	for (size_t i = 0; i < tally->view->count && !error; i++) {
		const struct view_slice *slice = &tally->view->slices[i];

		if (!view_reads(slice, tally->part))
			continue;
		error = is_first ? origin_copy(slice->head, tally->into)
				 : origin_merge(tally->into, slice->head);
		is_first = false;
	}
	origin->time_unix_ns = tally->start_ns;
	origin->duration_ns = tally->duration_ns;
	origin->rate_hz = tally->differs ? 0 : tally->rate_hz;
	return error;
}

static int init(struct tally *tally, enum view_keeps keeps)
{
	struct profile *words = tally->view->words;
	uint32_t frame, sets;
	int error = profile_add_named(words, "[damaged]", NULL, FRAME_UNKNOWN, &frame);

	if (!error)
		error = profile_add_child(words, PROFILE_ROOT, frame, &tally->damaged);
	if (!error)
		error = frame_copy_init(&tally->copy, words, tally->into, FRAME_LINES_KEPT, false);
	if (!error && keeps != VIEW_KEEPS_NONE)
		error = profile_keep_samples(tally->into);
	if (error)
		return error;
	sets = profile_samples(words) ? samples_labels_count(profile_samples(words)) : 1;
	tally->nodes = malloc(profile_node_count(words) * sizeof(*tally->nodes));
	tally->labels = malloc(sets * sizeof(*tally->labels));
	if (keeps == VIEW_KEEPS_NONE)
		tally->counts = calloc(profile_node_count(words), sizeof(*tally->counts));
	if (!tally->nodes || !tally->labels || (keeps == VIEW_KEEPS_NONE && !tally->counts))
		return -ENOMEM;
	memset(tally->nodes, 0xff, profile_node_count(words) * sizeof(*tally->nodes));
	memset(tally->labels, 0xff, sets * sizeof(*tally->labels)); /* every one PROFILE_NONE */
	tally->nodes[PROFILE_ROOT] = PROFILE_ROOT;
	return 0;
}

static void release(struct tally *tally)
{
	view_choice_release(&tally->choice);
	frame_copy_release(&tally->copy);
	buffer_release(&tally->path);
	free(tally->counts);
	free(tally->ticks);
	free(tally->nodes);
	free(tally->labels);
}

/* Of what is to be counted by its stack: CPU and thread are in the windows alone; other labels are asked of sums, if any are. */
static enum view_depth depth_for(const struct view_question *question)
{
	if (view_filter_is_fine(question->filter))
		return VIEW_WINDOWS;
	return question->filter && question->filter->count ? VIEW_ROWS : VIEW_TOTALS;
}

static int fill(struct tally *tally, const struct view_question *question, enum view_keeps keeps)
{
	const struct view_sink sink = { tally, note_window, count };
	const enum view_depth depth = keeps == VIEW_KEEPS_NONE ? depth_for(question) : VIEW_WINDOWS;
	int error = view_load(tally->view, question->part);

	if (!error)
		error = init(tally, keeps);
	if (!error)
		error = view_choice_init(&tally->choice, tally->view, question->filter);
	if (!error)
		error = view_read(tally->view, question->part, depth, &sink);
	if (!error)
		error = settle_values(tally);
	return error ? error : settle_origin(tally);
}

int store_view_profile(struct store_view *view, const struct view_question *question,
		       enum view_keeps keeps, struct profile **ret_profile)
{
	_cleanup_(cleanup_profile) struct profile *into = profile_new();
	_cleanup_(release) struct tally tally = {
		.view = view,
		.part = question->part,
		.into = into,
		.keeps_times = keeps == VIEW_KEEPS_TIMES,
	};
	int error = into ? fill(&tally, question, keeps) : -ENOMEM;

	if (!error)
		*ret_profile = take_ptr(into);
	return view_end(view, error);
}

/* --- fates --- */

void view_fates_release(struct view_fates *fates)
{
	free(fates->ticks);
	free(fates->cpu_ns);
	profile_free(fates->words);
	*fates = (struct view_fates){ 0 };
}

/* CPU time of each node. */
static int count_both(struct tally *tally, const struct view_question *question)
{
	const struct view_sink sink = { tally, note_window, count };
	int error = view_load(tally->view, question->part);

	if (!error)
		error = init(tally, VIEW_KEEPS_NONE);
	if (error)
		return error;
	tally->ticks = calloc(profile_node_count(tally->view->words), sizeof(*tally->ticks));
	if (!tally->ticks)
		return -ENOMEM;
	error = view_choice_init(&tally->choice, tally->view, question->filter);
	if (!error)
		error = view_read(tally->view, question->part, depth_for(question), &sink);
	return error ? error : add_counts(tally, 1);
}

static void take_ticks(void *context, const struct sample *sample, uint64_t *values)
{
	values[0] = ((const uint64_t *)context)[sample->node];
}

/* Nodes count samples instead. */
static int swap_in_ticks(struct tally *tally)
{
	_cleanup_free_ uint64_t *ticks = calloc(profile_node_count(tally->into), sizeof(*ticks));
	const uint32_t node_count = profile_node_count(tally->view->words);

	if (!ticks)
		return -ENOMEM;
	for (uint32_t i = 0; i < node_count; i++)
		if (tally->ticks[i])
			ticks[tally->nodes[i]] = tally->ticks[i];
	return profile_change_values(tally->into, take_ticks, ticks);
}

int store_view_fates(struct store_view *view, const struct view_question *question,
		     struct view_fates *ret_fates)
{
	struct view_fates fates = {
		.ticks = malloc(sizeof(*fates.ticks)),
		.cpu_ns = malloc(sizeof(*fates.cpu_ns)),
		.words = profile_new(),
	};
	_cleanup_(release) struct tally tally = {
		.view = view,
		.part = question->part,
		.into = fates.words,
	};
	int error = fates.ticks && fates.cpu_ns && fates.words ? 0 : -ENOMEM;

	if (!error)
		error = count_both(&tally, question);
	if (!error)
		error = profile_fates(fates.words, fates.cpu_ns);
	if (!error)
		error = swap_in_ticks(&tally);
	if (!error)
		error = profile_fates(fates.words, fates.ticks);
	if (error)
		view_fates_release(&fates);
	else
		*ret_fates = fates;
	return view_end(view, error);
}
