/* SPDX-License-Identifier: Apache-2.0 */
/* What the samples of a recording say besides their stacks (model/sample_labels.def), of one process, thread and CPU after the other. */
#ifndef HEARTH_PROFILER_TASK_LABELS_H
#define HEARTH_PROFILER_TASK_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/u64_map.h"

struct control_groups;
struct process_event;
struct profile;

struct task_labels {
	struct profile *profile;
	const struct control_groups *groups; /* NULL: they are not known */
	bool has_users;
	struct u64_map users; /* UID -> string of the profile */
};

/* The profile stays the caller's, and keeps its samples; so do the groups, which may be NULL. Users are looked up only if they are wanted. */
void task_labels_init(struct task_labels *labels, struct profile *profile,
		      const struct control_groups *groups, bool has_users);
void task_labels_release(struct task_labels *labels);

/*
 * The label set of what is known: `process` may be NULL, or of no PID (then it is known by its comm alone); a number may be PROFILE_NONE. A user without a name
 * is his UID. 0 or -ENOMEM.
 */
int task_labels_add(struct task_labels *labels, const struct process_event *process, uint32_t tid,
		    uint32_t cpu, uint32_t *ret_labels);

#endif
