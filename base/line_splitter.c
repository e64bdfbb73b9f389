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

int line_splitter_feed(struct line_splitter *splitter, const char *bytes, size_t size)
{
	const char *end = bytes + size;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t length = (size_t)((newline ? newline : end) - bytes);
		int error;

		if (length > LINE_SPLITTER_MAX_BYTES - splitter->rest.size)
			return -E2BIG;
		if (!newline || splitter->rest.size)
			buffer_append(&splitter->rest, bytes, length);
		if (!newline || buffer_error(&splitter->rest))
			return buffer_error(&splitter->rest);
		error = splitter->rest.size ? splitter->each(splitter->rest.data,
							     splitter->rest.size, splitter->context)
					    : splitter->each(bytes, length, splitter->context);
		if (error)
			return error;
		buffer_clear(&splitter->rest);
		bytes = newline + 1;
	}
	return 0;
}

int line_splitter_finish(struct line_splitter *splitter)
{
	return splitter->rest.size
		       ? splitter->each(splitter->rest.data, splitter->rest.size, splitter->context)
		       : 0;
}
