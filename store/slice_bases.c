/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_bases.h"

#include <errno.h>

#include "store/column.h"

int slice_bases_append(const uint32_t *bases, size_t count, struct buffer *to)
{
	struct column column = { 0 };

	number_append(to, count);
	for (size_t i = 0; i < count; i++)
		column_append(&column, to, bases[i]);
	return buffer_error(to);
}

int slice_bases_take(struct bytes body, struct buffer *bases)
{
	struct byte_reader reader, column_reader;
	struct column column = { 0 };
	uint64_t count;

	byte_reader_init(&reader, body);
	count = byte_reader_uleb128(&reader);
	if (column_find(&reader, count, &column_reader) || reader.offset != body.size)
		return -EBADMSG;
	buffer_clear(bases);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t base = column_read(&column, &column_reader);
		uint32_t kept = (uint32_t)base;

		if (base > UINT32_MAX)
			return -EBADMSG;
		buffer_append(bases, &kept, sizeof(kept));
	}
	return buffer_error(bases);
}
