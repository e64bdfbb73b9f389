/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What readers of text have in common: a state that is fed pieces and is given lines. Such a state begins with a struct text_lines; the
 * rows' functions feed, finish and free are then those of this file. Private to model/.
 */
#ifndef HEARTH_MODEL_TEXT_LINES_H
#define HEARTH_MODEL_TEXT_LINES_H

#include <stddef.h>

#include "base/line_splitter.h"

struct profile;
struct read_report;
struct text_lines;

struct text_lines_ops {
	size_t state_size;
	/* A line without its newline, counted already; an empty one for those directly behind it, too: 0, or an error that ends the reading. */
	int (*line)(struct text_lines *lines, const char *bytes, size_t size);
	int (*end)(struct text_lines *lines);      /* behind the last one; may be NULL */
	void (*release)(struct text_lines *lines); /* what the state has besides */
};

struct text_lines {
	const struct text_lines_ops *ops;
	struct profile *profile;
	struct read_report *report;
	struct line_splitter splitter;
};

/* A state of `ops->state_size`, cleared behind its head. NULL: out of memory. */
void *text_lines_begin(const struct text_lines_ops *ops, struct profile *profile,
		       struct read_report *report);

/* As struct profile_format has them. */
int text_lines_feed(void *state, const char *bytes, size_t size);
int text_lines_finish(void *state);
void text_lines_free(void *state);

#endif
