/* SPDX-License-Identifier: Apache-2.0 */
#include "store/column.h"

#include <errno.h>

int column_find(struct byte_reader *reader, uint64_t rows, struct byte_reader *ret_column)
{
	if (reader->failed || rows > reader->bytes.size - reader->offset)
		return -EBADMSG;
	*ret_column = *reader;
	for (uint64_t i = 0; i < rows; i++)
		byte_reader_uleb128(reader);
	return reader->failed ? -EBADMSG : 0;
}
