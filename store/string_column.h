/* SPDX-License-Identifier: Apache-2.0 */
/* The strings of a chunk that has its own: their count, the size of each (column), then their bytes. */
#ifndef HEARTH_STORE_STRING_COLUMN_H
#define HEARTH_STORE_STRING_COLUMN_H

#include "base/buffer.h"
#include "base/byte_reader.h"

struct string_pool;

void string_column_append(const struct string_pool *strings, struct buffer *to);
/* From a number on. */
void string_column_append_from(const struct string_pool *strings, uint32_t first,
			       struct buffer *to);

/* The strings, as struct bytes in place, by their numbers: 0, -ENOMEM or -EBADMSG. */
int string_column_find(struct byte_reader *reader, struct buffer *ret_strings);

#endif
