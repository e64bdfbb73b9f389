/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that comes in pieces, line by line. A line in one piece is not copied. Of empty lines that follow one another the first one is given for
 * all, so that they cost next to nothing.
 */
#ifndef HEARTH_BASE_LINE_SPLITTER_H
#define HEARTH_BASE_LINE_SPLITTER_H

#include <stddef.h>

#include "base/buffer.h"

/* A line without its newline, until the function returns, and how many it stands for. An error ends the splitting. */
typedef int (*line_fn)(const char *line, size_t size, size_t lines, void *context);

/* A longer line is none, and what has none may have no end either. */
#define LINE_SPLITTER_MAX_BYTES (64u << 20)

struct line_splitter {
	struct buffer rest; /* the line that is not complete yet */
	line_fn each;
	void *context;
};

void line_splitter_init(struct line_splitter *splitter, line_fn each, void *context);
void line_splitter_release(struct line_splitter *splitter);

/* 0, -ENOMEM, -E2BIG: a line is too long; or what the function returned. */
int line_splitter_feed(struct line_splitter *splitter, const char *bytes, size_t size);

/* The last line, where no newline ends it. */
int line_splitter_finish(struct line_splitter *splitter);

#endif
