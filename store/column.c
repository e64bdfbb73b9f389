/* SPDX-License-Identifier: Apache-2.0 */
#include "store/column.h"

#include <errno.h>
#include <string.h>

#define WORD_BYTES sizeof(uint64_t)
#define GOES_ON \
	((uint64_t)0x8080808080808080) /* the bit of each byte that says that the number does */

/* How many bytes so many numbers take, each of which ends with a byte without that bit. -EBADMSG: there are not that many. */
static int pass_over(struct bytes bytes, uint64_t rows, size_t *ret_size)
{
	size_t at = 0;

	while (rows >= WORD_BYTES && bytes.size - at >= WORD_BYTES) {
		uint64_t word;

		memcpy(&word, bytes.data + at, WORD_BYTES);
		rows -= (uint64_t)__builtin_popcountll(~word & GOES_ON);
		at += WORD_BYTES;
	}
	for (; rows && at < bytes.size; at++)
		rows -= bytes.data[at] < 0x80;
	*ret_size = at;
	return rows ? -EBADMSG : 0;
}

int column_find(struct byte_reader *reader, uint64_t rows, struct byte_reader *ret_column)
{
	const size_t left = reader->failed ? 0 : reader->bytes.size - reader->offset;
	size_t size;
	int error = reader->failed || rows > left ? -EBADMSG : 0;

	if (!error && rows)
		error = pass_over((struct bytes){ reader->bytes.data + reader->offset, left }, rows,
				  &size);
	if (error)
		return error;
	*ret_column = *reader;
	reader->offset += rows ? size : 0;
	return 0;
}

int column_read_all(struct byte_reader *reader, uint64_t rows, uint32_t *to, size_t step)
{
	struct byte_reader own = *reader; /* which the compiler keeps in registers */
	struct column column = { 0 };
	uint64_t larger = 0;

	for (uint64_t i = 0; i < rows; i++) {
		uint64_t number = column_read(&column, &own);

		larger |= number;
		to[i * step] = (uint32_t)number;
	}
	if (own.failed || larger > UINT32_MAX)
		return -EBADMSG;
	*reader = own;
	return 0;
}
