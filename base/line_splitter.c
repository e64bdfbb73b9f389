/* SPDX-License-Identifier: Apache-2.0 */
#include "base/line_splitter.h"

#include <errno.h>
#include <string.h>

void line_splitter_init(struct line_splitter *splitter, line_fn each, void *context)
{
	*splitter = (struct line_splitter){ .each = each, .context = context };
}

void line_splitter_release(struct line_splitter *splitter)
{
	buffer_release(&splitter->rest);
}

/* How many empty lines follow one another from here on. */
static size_t count_empty(const char *bytes, size_t size)
{
	static const char many[] = { '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n' };
	size_t count = 0;

	while (size - count >= sizeof(many) && !memcmp(bytes + count, many, sizeof(many)))
		count += sizeof(many);
	while (count < size && bytes[count] == '\n')
		count++;
	return count;
}

int line_splitter_feed(struct line_splitter *splitter, const char *bytes, size_t size)
{
	const char *end = bytes + size;

	while (bytes < end) {
		size_t empty = splitter->rest.size ? 0 : count_empty(bytes, (size_t)(end - bytes));
		const char *newline;
		size_t length;
		int error;

		if (empty) {
			error = splitter->each(bytes, 0, empty, splitter->context);
			if (error)
				return error;
			bytes += empty;
			continue;
		}
		newline = memchr(bytes, '\n', (size_t)(end - bytes));
		length = (size_t)((newline ? newline : end) - bytes);
		if (length > LINE_SPLITTER_MAX_BYTES - splitter->rest.size)
			return -E2BIG;
		if (!newline || splitter->rest.size)
			buffer_append(&splitter->rest, bytes, length);
		if (!newline || buffer_error(&splitter->rest))
			return buffer_error(&splitter->rest);
		error = splitter->rest.size
				? splitter->each(splitter->rest.data, splitter->rest.size, 1,
						 splitter->context)
				: splitter->each(bytes, length, 1, splitter->context);
		if (error)
			return error;
		buffer_clear(&splitter->rest);
		bytes = newline + 1;
	}
	return 0;
}

int line_splitter_finish(struct line_splitter *splitter)
{
	return splitter->rest.size ? splitter->each(splitter->rest.data, splitter->rest.size, 1,
						    splitter->context)
				   : 0;
}
