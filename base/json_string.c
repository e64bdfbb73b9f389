/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_string.h"

#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"

/* What is clean has no control characters. */
void json_append_bytes(struct buffer *to, const char *bytes, size_t size, size_t limit)
{
	_cleanup_(buffer_release) struct buffer clean = { 0 };

	utf8_append_clean(&clean, bytes, size, limit);
	to->failed |= clean.failed;
	buffer_append_char(to, '"');
	for (size_t i = 0; i < clean.size; i++) {
		if (clean.data[i] == '"' || clean.data[i] == '\\')
			buffer_append_char(to, '\\');
		buffer_append_char(to, clean.data[i]);
	}
	buffer_append_char(to, '"');
}

void json_append_string(struct buffer *to, const char *text, size_t limit)
{
	if (text)
		json_append_bytes(to, text, strlen(text), limit);
	else
		buffer_append_string(to, "null");
}
