/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a window's chunk (slice_window.h) from rows whose stacks and labels have numbers of the slice already: what is rolled up (roll_up.h) is written so, smaller than what is recorded.
 */
#ifndef HEARTH_STORE_WINDOW_ROWS_H
#define HEARTH_STORE_WINDOW_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "store/slice_window.h"

#define WINDOW_ROWS_CUTS 16

struct window_row {
	uint32_t labels, node;
	uint64_t time_ns; /* SAMPLE_NO_TIME: not known */
	uint64_t value;
};

struct window_rows {
	struct window_span span;
	uint64_t rate_hz, unit_ns;
	struct window_row *rows; /* they are sorted here */
	size_t count;
	/*
	 * Per label set the first number of those that go together with it (of one CPU), and the node from which those of its samples are counted (slice_bases.h). NULL: there is no bases' chunk,
	 * rows are as many samples as their values, and have no times.
	 */
	const uint32_t *groups, *bases;
	/* Where columns of the body end, which are compressed each for itself (chunk_body.h). */
	size_t cuts[WINDOW_ROWS_CUTS];
	size_t cut_count;
};

/* 0 or -ENOMEM. */
int window_rows_append(struct window_rows *window, struct buffer *to);

#endif
