/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_sum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- writing --- */

struct row {
	uint32_t labels, node;
	uint64_t value;
};

struct cell {
	uint32_t labels;
	uint64_t value;
};

struct summed_window {
	struct window_span span;
	uint64_t cells;
};

void sum_writer_init(struct sum_writer *sum)
{
	*sum = (struct sum_writer){ 0 };
	u64_map_init(&sum->index);
	u64_map_init(&sum->cell_index);
}

void sum_writer_release(struct sum_writer *sum)
{
	u64_map_release(&sum->index);
	u64_map_release(&sum->cell_index);
	buffer_release(&sum->rows);
	buffer_release(&sum->windows);
	buffer_release(&sum->cells);
}

void sum_writer_clear(struct sum_writer *sum)
{
	sum_writer_release(sum);
	sum_writer_init(sum);
}

uint32_t sum_writer_window_count(const struct sum_writer *sum)
{
	return (uint32_t)(sum->windows.size / sizeof(struct summed_window));
}

uint32_t sum_writer_row_count(const struct sum_writer *sum)
{
	return (uint32_t)(sum->rows.size / sizeof(struct row));
}

int sum_writer_begin_window(struct sum_writer *sum, struct window_span span, uint64_t rate_hz)
{
	const struct summed_window window = { span, 0 };

	if (!sum->windows.size || span.start_ns < sum->span.start_ns)
		sum->span.start_ns = span.start_ns;
	if (!sum->windows.size || span.end_ns > sum->span.end_ns)
		sum->span.end_ns = span.end_ns;
	sum->rate_hz = rate_hz;
	u64_map_release(&sum->cell_index);
	u64_map_init(&sum->cell_index);
	buffer_append(&sum->windows, &window, sizeof(window));
	return buffer_error(&sum->windows);
}

static int add_row(struct sum_writer *sum, struct row row)
{
	const uint64_t key = (uint64_t)row.labels << 32 | row.node;
	uint32_t at = u64_map_get(&sum->index, key);

	if (at != U64_MAP_ABSENT) {
		((struct row *)sum->rows.data)[at].value += row.value;
		return 0;
	}
	at = sum_writer_row_count(sum);
	buffer_append(&sum->rows, &row, sizeof(row));
	return buffer_error(&sum->rows) ? -ENOMEM : u64_map_set(&sum->index, key, at);
}

static int add_cell(struct sum_writer *sum, struct cell cell)
{
	struct summed_window *windows = (struct summed_window *)sum->windows.data;
	uint32_t at = u64_map_get(&sum->cell_index, cell.labels);

	if (at != U64_MAP_ABSENT) {
		((struct cell *)sum->cells.data)[at].value += cell.value;
		return 0;
	}
	windows[sum_writer_window_count(sum) - 1].cells++;
	at = (uint32_t)(sum->cells.size / sizeof(cell));
	buffer_append(&sum->cells, &cell, sizeof(cell));
	return buffer_error(&sum->cells) ? -ENOMEM : u64_map_set(&sum->cell_index, cell.labels, at);
}

int sum_writer_add(struct sum_writer *sum, uint32_t labels, uint32_t node, uint64_t value)
{
	int error = add_row(sum, (struct row){ labels, node, value });

	return error ? error : add_cell(sum, (struct cell){ labels, value });
}

int sum_writer_merge(struct sum_writer *sum, const struct sum_writer *from)
{
	const struct summed_window *windows = (const struct summed_window *)from->windows.data;
	const struct cell *cells = (const struct cell *)from->cells.data;
	const struct row *rows = (const struct row *)from->rows.data;
	int error = 0;

	for (uint32_t i = 0; i < sum_writer_window_count(from) && !error; i++) {
		error = sum_writer_begin_window(sum, windows[i].span, from->rate_hz);
		for (uint64_t n = 0; n < windows[i].cells && !error; n++)
			error = add_cell(sum, *cells++);
	}
	for (uint32_t i = 0; i < sum_writer_row_count(from) && !error; i++)
		error = add_row(sum, rows[i]);
	return error;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->node != b->node)
		return (a->node > b->node) - (a->node < b->node);
	return (a->labels > b->labels) - (a->labels < b->labels);
}

static void append_head(const struct sum_writer *sum, struct buffer *to)
{
	const struct summed_window *windows = (const struct summed_window *)sum->windows.data;
	struct column starts = { 0 }, lengths = { 0 }, cells = { 0 };
	uint32_t count = sum_writer_window_count(sum);

	number_append(to, sum->rate_hz);
	number_append(to, count);
	for (uint32_t i = 0; i < count; i++)
		column_append(&starts, to, windows[i].span.start_ns - sum->span.start_ns);
	for (uint32_t i = 0; i < count; i++)
		column_append(&lengths, to, windows[i].span.end_ns - windows[i].span.start_ns);
	for (uint32_t i = 0; i < count; i++)
		column_append(&cells, to, windows[i].cells);
}

/* Their order is not that of the index any more, which is given up. */
int sum_writer_append(struct sum_writer *sum, struct buffer *to)
{
	struct column labels = { 0 }, nodes = { 0 }, values = { 0 };
	struct row *rows = (struct row *)sum->rows.data;
	uint32_t count = sum_writer_row_count(sum);

	if (count)
		qsort(rows, count, sizeof(*rows), compare_rows);
	u64_map_release(&sum->index);
	u64_map_init(&sum->index);
	append_head(sum, to);
	number_append(to, count);
	for (uint32_t i = 0; i < count; i++)
		column_append(&labels, to, rows[i].labels);
	for (uint32_t i = 0; i < count; i++)
		column_append(&nodes, to, rows[i].node);
	for (uint32_t i = 0; i < count; i++)
		column_append(&values, to, rows[i].value);
	return buffer_error(to);
}

int sum_writer_append_series(const struct sum_writer *sum, struct buffer *to)
{
	const struct cell *cells = (const struct cell *)sum->cells.data;
	size_t count = sum->cells.size / sizeof(*cells);
	struct column labels = { 0 }, values = { 0 };

	append_head(sum, to);
	number_append(to, count);
	for (size_t i = 0; i < count; i++)
		column_append(&labels, to, cells[i].labels);
	for (size_t i = 0; i < count; i++)
		column_append(&values, to, cells[i].value);
	return buffer_error(to);
}

/* --- reading --- */

enum window_field { WINDOW_START, WINDOW_LENGTH, WINDOW_ROWS, WINDOW_FIELDS };
enum row_field { ROW_LABELS, ROW_VALUE, ROW_NODE, ROW_FIELDS };

static int find_windows(struct sum_reader *sum, struct byte_reader *reader)
{
	int error = 0;

	sum->rate_hz = byte_reader_uleb128(reader);
	sum->windows = byte_reader_uleb128(reader);
	if (!sum->rate_hz)
		return -EBADMSG;
	for (size_t i = 0; i < WINDOW_FIELDS && !error; i++)
		error = column_find(reader, sum->windows, &sum->window_readers[i]);
	return error;
}

static int find_rows(struct sum_reader *sum, struct byte_reader *reader, bool is_series)
{
	int error;

	sum->rows = byte_reader_uleb128(reader);
	error = column_find(reader, sum->rows, &sum->readers[ROW_LABELS]);
	if (!error && !is_series)
		error = column_find(reader, sum->rows, &sum->readers[ROW_NODE]);
	return error ? error : column_find(reader, sum->rows, &sum->readers[ROW_VALUE]);
}

/* Its windows lie in the chunk's span, and a series has rows for all of them. */
static int check_windows(struct sum_reader sum, bool is_series)
{
	uint64_t rows = sum.rows;

	while (sum.windows) {
		if (!sum_reader_next_window(&sum) || (is_series && sum.window_rows > rows))
			return -EBADMSG;
		rows -= is_series ? sum.window_rows : 0;
	}
	return is_series && rows ? -EBADMSG : 0;
}

int sum_reader_init(struct sum_reader *sum, struct window_span span, struct bytes body,
		    bool is_series)
{
	struct byte_reader reader;
	int error;

	*sum = (struct sum_reader){ .span = span };
	byte_reader_init(&reader, body);
	error = find_windows(sum, &reader);
	if (!error)
		error = find_rows(sum, &reader, is_series);
	if (!error && (reader.failed || reader.offset != body.size))
		error = -EBADMSG;
	return error ? error : check_windows(*sum, is_series);
}

static uint64_t next_of_window(struct sum_reader *sum, enum window_field field)
{
	return column_read(&sum->window_columns[field], &sum->window_readers[field]);
}

bool sum_reader_next_window(struct sum_reader *sum)
{
	uint64_t start, length;

	if (!sum->windows)
		return false;
	start = next_of_window(sum, WINDOW_START);
	length = next_of_window(sum, WINDOW_LENGTH);
	sum->window_rows = next_of_window(sum, WINDOW_ROWS);
	if (sum->span.end_ns < sum->span.start_ns ||
	    start > sum->span.end_ns - sum->span.start_ns ||
	    length > sum->span.end_ns - sum->span.start_ns - start)
		return false;
	sum->windows--;
	sum->window.start_ns = sum->span.start_ns + start;
	sum->window.end_ns = sum->window.start_ns + length;
	return true;
}

static uint64_t next(struct sum_reader *sum, enum row_field field)
{
	return column_read(&sum->columns[field], &sum->readers[field]);
}

bool sum_reader_next_row(struct sum_reader *sum, struct sum_row *ret_row)
{
	if (!sum->rows)
		return false;
	sum->rows--;
	*ret_row = (struct sum_row){
		.labels = next(sum, ROW_LABELS),
		.node = next(sum, ROW_NODE),
		.value = next(sum, ROW_VALUE),
	};
	return true;
}

bool sum_reader_next_cell(struct sum_reader *sum, struct sum_row *ret_row)
{
	if (!sum->window_rows)
		return false;
	sum->window_rows--;
	*ret_row = (struct sum_row){
		.labels = next(sum, ROW_LABELS),
		.value = next(sum, ROW_VALUE),
	};
	return true;
}

int sum_reader_copy(const struct sum_reader *sum, bool is_series, size_t step, uint32_t *labels,
		    uint32_t *node, uint32_t *value)
{
	struct byte_reader readers[ROW_FIELDS];
	int error;

	memcpy(readers, sum->readers, sizeof(readers));
	error = column_read_all(&readers[ROW_LABELS], sum->rows, labels, step);
	if (!error && !is_series)
		error = column_read_all(&readers[ROW_NODE], sum->rows, node, step);
	return error ? error : column_read_all(&readers[ROW_VALUE], sum->rows, value, step);
}
