/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store for who asks it again and again, while somebody writes into it or not: what stacks and labels are is read once and kept in memory, and where a span covers runs of windows whose sums the
 * store has (slice_sum.h), their samples are not read.
 *
 * All answers are of the slices whose samples count samples; those that count something else (as imported ones may) are passed over. Where a part is damaged, the answer is of the rest, which
 * store_view_tell_damage() tells. Times are nanoseconds since 1970 of the wall clock; CPU time is the samples by the rate at which each was taken, so that totals are true whenever the rate changed. Results lie in the arena that is handed in.
 *
 * Errors of all functions: -ENOMEM, or that of opening the folder. Not thread-safe; several views of one store do not mind each other. What is decoded may have been made by anybody: the caller has nothing to
 * lose.
 */
#ifndef HEARTH_STORE_STORE_VIEW_H
#define HEARTH_STORE_STORE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/samples.h"
#include "store/slice_events.h"
#include "store/slice_window.h"
#include "store/store_reader.h"

struct arena;
struct fates;
struct label_filter;
struct profile;
struct store_view;

int store_view_new(const char *folder, struct store_view **ret_view);
void store_view_free(struct store_view *view);

/*
 * After each question `damaged` is called for each slice of which the view has met damage so far, again and again: of the report the chunks that cannot be read, or are not there, count as damaged, and
 * the others are not known. An error is told of sealed ones alone, and not where it is only in use, or is gone.
 */
void store_view_tell_damage(struct store_view *view, store_damage_fn damaged, void *context);

/* What is asked for: samples of a span, its start included and its end not; of those without times its share of their window (slice_window.h). */
struct view_question {
	struct window_span part;
	const struct label_filter *filter; /* NULL: all */
};

/* What of samples a profile is to keep beside stacks and counts. */
enum view_keeps { VIEW_KEEPS_NONE, VIEW_KEEPS_LABELS, VIEW_KEEPS_TIMES };

/* A new profile, the caller's. It counts samples, or nanoseconds of CPU time if rates differ. */
int store_view_profile(struct store_view *view, const struct view_question *question,
		       enum view_keeps keeps, struct profile **ret_profile);

/* What became of ticks by their markers (model/fates.h), counted both ways: rows of both tell of the same reasons, in the same order. */
struct view_fates {
	struct fates *ticks, *cpu_ns;
	struct profile *words; /* of whose strings the reasons are */
};

void view_fates_release(struct view_fates *fates);

/* To be released where it is 0. */
int store_view_fates(struct store_view *view, const struct view_question *question,
		     struct view_fates *ret_fates);

struct view_value {
	const char *text; /* NULL: of samples without the label */
	uint64_t cpu_ns;
};

/* Of all values of a label, the largest first; without the label, too. */
struct view_values {
	struct view_value *values;
	size_t count;
	uint64_t total_ns;
};

int store_view_values(struct store_view *view, const struct view_question *question,
		      enum sample_label label, struct arena *memory,
		      struct view_values *ret_values);

/* CPUs' worth of CPU time over spans of equal length: NAN where nothing was recorded. */
struct view_line {
	const char *value;
	double *cores;
	uint64_t cpu_ns;
};

struct view_series {
	uint64_t start_ns, step_ns;
	uint32_t points;
	double *total, *others;  /* others: all that is in no line */
	struct view_line *lines; /* the largest first */
	size_t line_count;
};

/* Of a part that ends: so many points, and the largest values of a label. */
int store_view_series(struct store_view *view, const struct view_question *question,
		      enum sample_label label, size_t limit, uint32_t points, struct arena *memory,
		      struct view_series *ret_series);

#define VIEW_CELLS_MAX (1u << 22)

/*
 * Samples by column of time and row within it: columns * rows counts, those of a column side by side, of a part that ends. Samples whose times are not known are spread over their window. Also
 * -EINVAL: there are no columns or rows, or more than VIEW_CELLS_MAX of both together.
 */
int store_view_heat(struct store_view *view, const struct view_question *question, uint32_t columns,
		    uint32_t rows, struct arena *memory, uint32_t **ret_counts);

#define VIEW_TEXT_BYTES 256 /* of an event's text, with its end: longer ones are cut */

/* Which events: the last `limit` of a part that are of a kind, and of a process. */
struct view_events_question {
	struct window_span part;
	size_t limit;
	const char *kind; /* how its name begins, with ! ahead how it does not; NULL: any */
	const char *comm; /* only those of processes that are called so; NULL: all */
};

/* By time. The texts are terminated. What the arena takes follows the limit, however many there are. */
int store_view_events(struct store_view *view, const struct view_events_question *question,
		      struct arena *memory, struct store_event **ret_events, size_t *ret_count);

#endif
