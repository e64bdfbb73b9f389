/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which control group each process was when it was first met, where an output asks for it: read from /proc at once, for it may be gone soon,
 * and its group with it. Of the hierarchies that a process is in, the one with the longest path tells the most: of version 1 some
 * are not used.
 */
#ifndef HEARTH_PROFILER_CONTROL_GROUPS_H
#define HEARTH_PROFILER_CONTROL_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process_event;

#define CONTAINER_ID_DIGITS 64
#define CONTAINER_ID_SHOWN  12 /* as container engines show it, and take it */

struct control_groups;

/* How far the kernel's CLOCK_BOOTTIME is ahead of ours, in a time namespace. NULL: out of memory. */
struct control_groups *control_groups_new(uint64_t boottime_ahead_ns);
void control_groups_free(struct control_groups *groups);

/* To be told while the process lives; again is no harm. Without memory, or when it is gone, it is not known. */
void control_groups_note(struct control_groups *groups, const struct process_event *process);

/* The group's path from its hierarchy's root; NULL: not known. */
const char *control_groups_of(const struct control_groups *groups,
			      const struct process_event *process);

/* The path with the most bytes in the text of /proc/PID/cgroup; false: there is none. */
bool control_group_longest(const char *text, size_t size, const char **ret_path, size_t *ret_size);

/* The last 64 hexadecimal digits in a row in a path, which are a container's ID; NULL: there are none. */
const char *control_group_container(const char *path);

#endif
