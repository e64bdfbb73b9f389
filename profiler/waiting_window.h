/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window of a recording that goes on, with all that is needed of it to make a profile of its ticks in another thread: what the recording knows of their code and
 * processes when it ends.
 */
#ifndef HEARTH_PROFILER_WAITING_WINDOW_H
#define HEARTH_PROFILER_WAITING_WINDOW_H

struct profile;
struct recorded_window;
struct recording;
struct tick_fates;
struct waiting_window;
struct window_code;
struct window_namer;

/* In the recording's thread. The aggregator is the window's from now on. NULL: out of memory, and it stays the caller's. */
struct waiting_window *waiting_window_new(struct recording *recording,
					  const struct recorded_window *recorded);
void waiting_window_free(struct waiting_window *window);

const struct recorded_window *waiting_window_recorded(const struct waiting_window *window);
struct window_code *waiting_window_code(const struct waiting_window *window);

/* What a profile says of where it comes from (profile_origin). */
struct window_source {
	const char *command, *event, *machine;
};

/* Its ticks as samples of an empty profile, whose places in files have no names; fates as of namer_build(). In any thread, one at a time. 0 or -ENOMEM. */
int waiting_window_build(struct waiting_window *window, struct window_namer *namer,
			 const struct window_source *source, struct profile *profile,
			 struct tick_fates *fates);

#endif
