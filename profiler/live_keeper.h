/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes pictures (terminal/picture.h) of the windows of a recording, in a thread of its own, so that neither the recording nor the terminal waits for names: first the window as it is, with what is known from those before, and then, once its
 * places were asked for, with their names.
 */
#ifndef HEARTH_PROFILER_LIVE_KEEPER_H
#define HEARTH_PROFILER_LIVE_KEEPER_H

#include <stdbool.h>

#include "terminal/picture.h"

struct live_keeper;
struct process_id;
struct recorded_window;
struct recording;

/* More windows do not wait: they are lost, which pictures say. */
#define LIVE_KEEPER_MAX_WAITING 4

/* With `wants_all`: of more the last one takes the place of the one before. */
#define LIVE_KEEPER_MAX_PICTURES 4

struct live_keeper_options {
	const char *command; /* what is recorded, in words */
	const char *event;
	enum view_span span; /* that is asked for at first */
	bool wants_all;      /* pictures, not just the newest one: so many wait to be taken */
};

/* Strings live longer. 0 or -errno. */
int live_keeper_new(const struct live_keeper_options *options, struct live_keeper **ret_keeper);
void live_keeper_free(struct live_keeper *keeper); /* NULL is fine */

/* No window comes any more: a picture is made of those that wait, or they are forgotten. Before the keeper is freed; pictures can still be taken. */
void live_keeper_end(struct live_keeper *keeper, bool takes_rest);

/* Takes a window, with what the recording knows of it and costs now. In the recording's thread. */
void live_keeper_put(struct live_keeper *keeper, struct recording *recording,
		     const struct recorded_window *window);

/* --- by whoever shows them, in one other thread --- */

/* Readable when there is a picture; reading it is live_keeper_take()'s. */
int live_keeper_fd(const struct live_keeper *keeper);
/* The newest one that was not taken yet, or, of those that wait, the oldest; held by the caller then. NULL: there is none. */
struct picture *live_keeper_take(struct live_keeper *keeper);

/* Another span from now on; a picture of it is made at once. */
void live_keeper_set_span(struct live_keeper *keeper, enum view_span span);
/* All windows until now are forgotten. */
void live_keeper_reset(struct live_keeper *keeper);
/* Writes a picture, which is held meanwhile, to a file: live_write.h. One that is still waited for is not written then. */
void live_keeper_write(struct live_keeper *keeper, struct picture *picture,
		       const struct process_id *chosen, const char *path);

#endif
