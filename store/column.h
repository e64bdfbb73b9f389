/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns of numbers as they stand in a chunk: each number as its difference to the one before, zigzag-coded (so that small ones of either sign are small) as
 * LEB128. What does not change takes a byte a row before it is compressed, and next to none after.
 */
#ifndef HEARTH_STORE_COLUMN_H
#define HEARTH_STORE_COLUMN_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/protobuf.h"

/* The number before; zeroed at first. One for each column. */
struct column {
	uint64_t last;
};

static inline void number_append(struct buffer *to, uint64_t number)
{
	uint8_t bytes[PROTOBUF_VARINT_MAX_BYTES];

	buffer_append(to, bytes, (size_t)(protobuf_put(bytes, number) - bytes));
}

static inline void column_append(struct column *column, struct buffer *to, uint64_t number)
{
	uint64_t difference = number - column->last;

	column->last = number;
	number_append(to, difference << 1 ^ (uint64_t)((int64_t)difference >> 63));
}

/* What a read past the end gives is as byte_reader.h says. */
static inline uint64_t column_read(struct column *column, struct byte_reader *reader)
{
	uint64_t coded = byte_reader_uleb128(reader);

	column->last += coded >> 1 ^ -(coded & 1);
	return column->last;
}

/* Where a column of so many rows begins; the reader moves on behind it. Each takes a byte at least. 0 or -EBADMSG. What the numbers are is not looked at: they may be too long to be any. */
int column_find(struct byte_reader *reader, uint64_t rows, struct byte_reader *ret_column);

/* Reads a column of numbers that fit 32 bits, into every `step`th place from `to` on: 0 or -EBADMSG: it is none, or one is larger. */
int column_read_all(struct byte_reader *reader, uint64_t rows, uint32_t *to, size_t step);

#endif
