/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said on standard error while a terminal is drawn on: it would stand in the middle of the drawing, so that it is held, and said when that is over. Whatever writes there is meant: this process's log, libraries, children.
 * Of more than HELD_MESSAGES_BYTES the first ones are left out.
 */
#ifndef HEARTH_PROFILER_HELD_MESSAGES_H
#define HEARTH_PROFILER_HELD_MESSAGES_H

#include <stddef.h>

#include "base/buffer.h"

#define HELD_MESSAGES_BYTES 65536

struct held_messages {
	int fd;    /* to be polled, -1: standard error is no terminal, and nothing is held */
	int saved; /* standard error as it was */
	struct buffer text;
};

/* 0 or -errno. */
int held_messages_open(struct held_messages *held);
/* Says them all; standard error is as it was. Again is no harm. */
void held_messages_close(struct held_messages *held);

/* Reads what was said: the last line of it. NULL: there is none. */
const char *held_messages_take(struct held_messages *held, char *line, size_t size);

#endif
