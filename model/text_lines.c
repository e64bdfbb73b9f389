/* SPDX-License-Identifier: Apache-2.0 */
#include "model/text_lines.h"

#include <stdlib.h>

#include "model/profile_reader.h"

static int count_line(const char *bytes, size_t size, void *context)
{
	struct text_lines *lines = context;

	lines->report->lines++;
	return lines->ops->line(lines, bytes, size);
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
	line_splitter_init(&lines->splitter, count_line, lines);
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
