/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said on standard error while a terminal is drawn on: it would stand in the middle of the drawing, so that it is held, and said when that is over. Whatever writes there is meant: this process's log, libraries, children.
 * A thread of its own reads it all the time: nobody who writes ever waits for who draws. Of more than HELD_MESSAGES_BYTES the first ones are left out.
 */
#ifndef HEARTH_PROFILER_HELD_MESSAGES_H
#define HEARTH_PROFILER_HELD_MESSAGES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define HELD_MESSAGES_BYTES 65536

struct held_messages {
	int fd; /* eventfd: there is something to take; -1: standard error is no terminal, and nothing is held */
	int saved; /* standard error as it was */
	int pipe;  /* what it is meanwhile: the end that is read */
	int ended; /* eventfd: the thread is to end */
	pthread_t thread;
	pthread_mutex_t lock; /* of the two below */
	struct buffer text;
	bool has_more; /* than was taken */
};

/* 0 or -errno: nothing is held. It stays where it is until it is closed. */
int held_messages_open(struct held_messages *held);
/* Says them all; standard error is as it was. Again is no harm. */
void held_messages_close(struct held_messages *held);

/* The last line of what was said since. NULL: there is none. From one thread. */
const char *held_messages_take(struct held_messages *held, char *line, size_t size);

#endif
