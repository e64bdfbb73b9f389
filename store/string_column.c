/* SPDX-License-Identifier: Apache-2.0 */
#include "store/string_column.h"

#include <errno.h>

#include "base/string_pool.h"
#include "store/column.h"

void string_column_append(const struct string_pool *strings, struct buffer *to)
{
	string_column_append_from(strings, 0, to);
}

void string_column_append_from(const struct string_pool *strings, uint32_t first, struct buffer *to)
{
	struct column sizes = { 0 };
	size_t size;

	number_append(to, strings->count - first);
	for (uint32_t i = first; i < strings->count; i++) {
		string_pool_get(strings, i, &size);
		column_append(&sizes, to, size);
	}
	for (uint32_t i = first; i < strings->count; i++) {
		const char *text = string_pool_get(strings, i, &size);

		buffer_append(to, text, size);
	}
}

int string_column_find(struct byte_reader *reader, struct buffer *ret_strings)
{
	uint64_t count = byte_reader_uleb128(reader);
	struct byte_reader sizes;
	struct column column = { 0 };
	int error = column_find(reader, count, &sizes);

	for (uint64_t i = 0; i < count && !error; i++) {
		struct bytes text = byte_reader_take(reader, column_read(&column, &sizes));

		buffer_append(ret_strings, &text, sizeof(text));
		error = reader->failed ? -EBADMSG : buffer_error(ret_strings);
	}
	return error;
}
