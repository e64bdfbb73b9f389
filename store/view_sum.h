/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sums (slice_sum.h) of a view's slices, decoded, by the ids of the view: those that were asked for last, as many as VIEW_SUMS_MAX_BYTES hold. A question that takes more of them than that keeps those
 * that it met first, so that the next one of the same kind finds these.
 */
#ifndef HEARTH_STORE_VIEW_SUM_H
#define HEARTH_STORE_VIEW_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "store/slice_window.h"

struct dictionary_reader;

/* Of a day of 16 CPUs that are never idle, the sums without labels take some 20 MB, its series 6. A front has two views, and a limit of its own (profiler/front_child.c). */
#define VIEW_SUMS_MAX_BYTES ((size_t)32 << 20)

struct view_sum_row {
	uint32_t labels, node; /* PROFILE_NONE: it is of a series */
	uint32_t value;
};

struct view_sum_window {
	struct window_span span;
	uint64_t rows; /* of a series, that are of this one */
};

struct view_sum {
	uint64_t slice, chunk; /* its number, and the ID */
	bool lacks_labels;
	struct window_span span;
	uint64_t rate_hz;
	struct view_sum_window *windows;
	struct view_sum_row *rows;
	size_t window_count, row_count;
	uint64_t question; /* the last one that took it */
};

/* From the body of a chunk: 0, -ENOMEM, or -EBADMSG: it is none, refers to what is not there, or has numbers that do not fit. */
int view_sum_decode(struct window_span span, struct bytes body, bool is_series,
		    const struct dictionary_reader *dictionary, struct view_sum **ret_sum);
void view_sum_free(struct view_sum *sum);

/* Rows of one stack become one, of which no label is known. */
void view_sum_drop_labels(struct view_sum *sum);

struct view_sums {
	struct view_sum **sums; /* in no order */
	size_t count, bytes;
	uint64_t question;
};

void view_sums_release(struct view_sums *sums);

/* Another question begins: what the one before took may go from now on. */
void view_sums_next_question(struct view_sums *sums);

/* NULL: it is not there. Valid until another one is kept. */
const struct view_sum *view_sums_find(struct view_sums *sums, uint64_t slice, uint64_t chunk,
				      bool lacks_labels);

/* Takes it over if there is room, or room can be made; else it is freed. */
void view_sums_keep(struct view_sums *sums, struct view_sum *sum);

/* Of a slice whose ids mean something else now, or that is gone. */
void view_sums_forget(struct view_sums *sums, uint64_t slice);

#endif
