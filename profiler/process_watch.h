/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes begin and end, as events (store/event_kinds.def), with no program in the kernel: /proc is looked at once a window, and only what is new there is read. A process that came and went
 * between two looks is known where it had a tick. So the time of a start is exact to a millisecond, or to the kernel's clock tick, and that of an end is when it was noticed.
 *
 * Threads of the kernel and hearth's own children are passed over. Of more than PROCESS_WATCH_MAX_EVENTS starts, or ends, between two looks the others are one event, which tells how many of which
 * name there were; so that a storm of processes costs what a calm costs. One thread at a time.
 */
#ifndef HEARTH_PROFILER_PROCESS_WATCH_H
#define HEARTH_PROFILER_PROCESS_WATCH_H

#include <stdint.h>

struct event_list;
struct process_event;
struct process_watch;

#define PROCESS_WATCH_MAX_EVENTS    48
#define PROCESS_WATCH_MAX_PROCESSES 65536

/* `proc`: "/proc", or what has its form; it lives longer. Of more processes than `max` those of the lowest PIDs are watched, for a folder of /proc tells them in that order. NULL: out of memory. */
struct process_watch *process_watch_new(const char *proc, uint32_t max);
void process_watch_free(struct process_watch *watch);

/* Looks at all processes: 0, -ENOMEM, or the error of opening or reading the folder, and the next look tells what this one did not. What the first look finds was there before. */
int process_watch_look(struct process_watch *watch);

/* A process that had a tick before the last look; `ahead_ns`: what the wall clock is ahead of the clock of its start. 0 or -ENOMEM. */
int process_watch_meet(struct process_watch *watch, const struct process_event *process,
		       uint64_t ahead_ns);

/* Adds the events since it was called last: 0 or -ENOMEM, and the rest of them is lost. */
int process_watch_tell(struct process_watch *watch, struct event_list *events);

#endif
