/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that end a recording: SIGINT, SIGTERM and SIGHUP, but for those that whoever started hearth
 * had it ignore (nohup). The first one ends the recording with what it has, the second one hearth at once.
 */
#ifndef HEARTH_PROFILER_INTERRUPTS_H
#define HEARTH_PROFILER_INTERRUPTS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* A descriptor that is readable when a signal came, or -errno. */
int interrupts_open(void);

/* The signal that came, 0: none. `ret_was_sent`: by a process to hearth alone, not by the terminal. */
int interrupts_take(bool *ret_was_sent);

/*
 * The recording is over and being written. If a signal ended it, the next one ends hearth at once,
 * with a line; else the first one still lets it finish.
 */
void interrupts_while_writing(bool was_interrupted);

/*
 * Within interrupts_while_writing(): between true and false something is waited for that may be done without. The first signal in between
 * ends that alone, whatever came before (interrupts_end_fetching()), the second one hearth at once.
 */
void interrupts_while_fetching(bool begins);
bool interrupts_end_fetching(void);

/* As poll(2), while which such a thing is waited for, by any thread: 0: that is over; -ECANCELED: a signal ended it, now or before. */
int interrupts_wait(struct pollfd *polled, size_t count, int timeout_ms);

/* The result is written: from now on a signal ends hearth as it ends any program. */
void interrupts_restore(void);

/* In a child, before its exec: signals as hearth found them. */
void interrupts_restore_in_child(void);

#endif
