/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc tells of each process when it is met, where an output asks for it: its control group, and its program. Read at once, for it may be gone soon,
 * and its group with it. Of the hierarchies that a process is in, the one with the longest path tells the most: of version 1 some
 * are not used. It is read of one process of each group that the kernel side tells. Of a process that is gone already the group is known that the kernel side told ahead of it. Where the group is a container's, its engine's files are read as well (container_files.h), and what the kubelet's folders are called.
 *
 * In the thread that records. Whoever names ticks in another one gets a copy (process_facts.h).
 *
 * A recording without end forgets what it has not met for a while; a process that is met again is told again. All the
 * same there are ceilings: further processes and containers are not known.
 */
#ifndef HEARTH_PROFILER_CONTROL_GROUPS_H
#define HEARTH_PROFILER_CONTROL_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profiler/tick_counts.h"

struct aggregator;
struct group_event;
struct process_event;
struct process_facts;

/* A process costs some 60 bytes, and the text of paths that no other one has. */
#define CONTROL_GROUPS_MAX_PROCESSES (1u << 18)
/* One some 250. */
#define CONTROL_GROUPS_MAX_CONTAINERS 32768

struct control_groups;

/* How far the kernel's CLOCK_BOOTTIME is ahead of ours, in a time namespace; and what is wanted: cgroup, exe. NULL: out of memory. */
struct control_groups *control_groups_new(uint64_t boottime_ahead_ns, struct tick_labels wanted);
void control_groups_free(struct control_groups *groups);

/* A group that processes are in which are noted next. One that is malformed, or was cut, is not taken. */
void control_groups_tell(struct control_groups *groups, const struct group_event *group,
			 size_t size);

/*
 * To be told while the process lives; again is no harm, and when the kernel side tells another group, or after ten minutes, it is read again, for it may have moved. Without memory, or when it is gone, it is not known.
 */
void control_groups_note(struct control_groups *groups, const struct process_event *process);

/* The group's path from its hierarchy's root; NULL: not known. Until the next call that notes or forgets. */
const char *control_groups_of(const struct control_groups *groups,
			      const struct process_event *process);

/*
 * Reads the files of up to so many containers again, of those first that were read the longest time ago: what they are called may have changed, or have
 * been written only now.
 */
void control_groups_refresh(struct control_groups *groups, size_t containers);

/* What is known of an aggregator's processes. Files of a container come with the first copy only that has it, until they change. 0 or -ENOMEM. */
int control_groups_copy(struct control_groups *groups, const struct aggregator *aggregator,
			struct process_facts **ret_facts);

/* Forgets processes that were last noted before this time (CLOCK_BOOTTIME, of ours), and containers that none is in. 0, or -ENOMEM and nothing is forgotten. */
int control_groups_forget(struct control_groups *groups, uint64_t before_ns);

size_t control_groups_count(const struct control_groups *groups);

/* The path with the most bytes in the text of /proc/PID/cgroup; false: there is none. */
bool control_group_longest(const char *text, size_t size, const char **ret_path, size_t *ret_size);

#endif
