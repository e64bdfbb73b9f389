/* SPDX-License-Identifier: Apache-2.0 */
/* `hearth top` on a terminal: shows pictures (live_keeper.h) and takes keys, in a thread of its own. */
#ifndef HEARTH_PROFILER_TOP_SESSION_H
#define HEARTH_PROFILER_TOP_SESSION_H

#include <stdint.h>

#include "terminal/picture.h"

struct held_messages;
struct live_keeper;
struct top_session;

struct top_session_options {
	struct live_keeper *keeper;
	struct held_messages *messages; /* the thread's as long as it runs */
	const char *target;             /* what is recorded, in words */
	uint64_t interval_ns;
	enum view_span span; /* at first */
	int input, output;   /* the terminal */
	int end_fd; /* eventfd that is written when the user has enough, or the terminal is gone */
};

/*
 * All of it lives longer. From the thread that alone gets signals until then: SIGWINCH and SIGTSTP are blocked in it from now on, for the session gets them. 0 or -errno: the terminal cannot be used, and is as it was.
 */
int top_session_start(const struct top_session_options *options, struct top_session **ret_session);

/* Ends it: the terminal is as it was. NULL is fine. */
void top_session_stop(struct top_session *session);

#endif
