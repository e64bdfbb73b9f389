/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of windows, so that who asks for much reads little: of a run of windows, some minutes, and once a slice is sealed of all its windows. Both are made of the windows, which stay, and take part in nothing
 * but speed. All windows of a sum have one rate, which is known, and one value. CPU and thread are not told apart: where these are asked for, the windows are read.
 *
 * A sum of a run (CHUNK_SUM, CHUNK_SERIES) stands behind its windows: those behind the sum before it. That of a slice (CHUNK_SLICE_SUM, CHUNK_SLICE_SERIES) is of all its windows. The chunk's span is that of
 * its windows. The bodies:
 *
 *   sum      rate in Hz; windows; rows: count, then three columns: label set, node, value. By node, then label set
 *   series   rate in Hz; windows; rows: count, then two columns: label set, value; by window
 *   windows  count; three columns: start since the chunk's, and length (ns), rows in a series
 */
#ifndef HEARTH_STORE_SLICE_SUM_H
#define HEARTH_STORE_SLICE_SUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/u64_map.h"
#include "store/column.h"
#include "store/slice_window.h"

struct profile;

/* --- writing --- */

/* What windows add up to; zeroed and initialised at first. Its numbers are those of the slice's dictionary. */
struct sum_writer {
	uint64_t rate_hz; /* of all its windows */
	struct window_span span;
	struct u64_map index; /* row by label set and node */
	struct buffer rows;
	struct buffer windows;
	struct u64_map cell_index; /* of the last window: by label set */
	struct buffer cells;
};

void sum_writer_init(struct sum_writer *sum);
void sum_writer_release(struct sum_writer *sum);
void sum_writer_clear(struct sum_writer *sum);

uint32_t sum_writer_window_count(const struct sum_writer *sum);
uint32_t sum_writer_row_count(const struct sum_writer *sum);

/* A window follows, and then its samples: 0 or -ENOMEM. */
int sum_writer_begin_window(struct sum_writer *sum, struct window_span span, uint64_t rate_hz);
int sum_writer_add(struct sum_writer *sum, uint32_t labels, uint32_t node, uint64_t value);

/* Adds what another one of the same rate has: 0 or -ENOMEM. */
int sum_writer_merge(struct sum_writer *sum, const struct sum_writer *from);

/* The bodies of both chunks, which sorts the rows: 0 or -ENOMEM. */
int sum_writer_append(struct sum_writer *sum, struct buffer *to);
int sum_writer_append_series(const struct sum_writer *sum, struct buffer *to);

/* --- reading --- */

struct sum_reader {
	uint64_t rate_hz, rows;
	struct window_span span;
	uint64_t windows, window_rows; /* that are left, and of the window that was read last */
	struct window_span window;
	struct byte_reader window_readers[3], readers[3];
	struct column window_columns[3], columns[3];
};

struct sum_row {
	uint64_t labels, node; /* numbers of the slice; `node` of a sum alone */
	uint64_t value;
};

/* The body of a chunk of that span, a series or not: 0 or -EBADMSG. */
int sum_reader_init(struct sum_reader *reader, struct window_span span, struct bytes body,
		    bool is_series);

/* The next window, in `reader->window`. False: there is none. */
bool sum_reader_next_window(struct sum_reader *reader);

/* The next row; of a series, the next one of the window that was read last. False: there is none. */
bool sum_reader_next_row(struct sum_reader *reader, struct sum_row *ret_row);
bool sum_reader_next_cell(struct sum_reader *reader, struct sum_row *ret_row);

/* All rows of one that was not read yet, of each field every `step`th place from where it points to; `node` is left alone of a series. 0 or -EBADMSG: a number does not fit 32 bits. */
int sum_reader_copy(const struct sum_reader *reader, bool is_series, size_t step, uint32_t *labels,
		    uint32_t *node, uint32_t *value);

#endif
