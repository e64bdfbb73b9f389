/* SPDX-License-Identifier: Apache-2.0 */
#include "model/text_lines.h"

#include <stdlib.h>

#include "model/profile_reader.h"

/* To all readers a further empty line is nothing. */
static int count_lines(const char *bytes, size_t size, size_t count, void *context)
{
	struct text_lines *lines = context;
	int error;

	lines->report->lines++;
	error = lines->ops->line(lines, bytes, size);
	lines->report->lines += count - 1;
	return error;
}

void *text_lines_begin(const struct text_lines_ops *ops, struct profile *profile,
		       struct read_report *report)
{
	struct text_lines *lines = calloc(1, ops->state_size);

	if (!lines)
		return NULL;
	lines->ops = ops;
	lines->profile = profile;
	lines->report = report;
	line_splitter_init(&lines->splitter, count_lines, lines);
	return lines;
}

int text_lines_feed(void *state, const char *bytes, size_t size)
{
	return line_splitter_feed(&((struct text_lines *)state)->splitter, bytes, size);
}

int text_lines_finish(void *state)
{
	struct text_lines *lines = state;
	int error = line_splitter_finish(&lines->splitter);

	return error || !lines->ops->end ? error : lines->ops->end(lines);
}

void text_lines_free(void *state)
{
	struct text_lines *lines = state;

	line_splitter_release(&lines->splitter);
	lines->ops->release(lines);
	free(lines);
}
