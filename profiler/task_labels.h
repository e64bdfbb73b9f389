/* SPDX-License-Identifier: Apache-2.0 */
/* What the samples of a recording say besides their stacks (model/sample_labels.def), of one process, thread and CPU after the other. */
#ifndef HEARTH_PROFILER_TASK_LABELS_H
#define HEARTH_PROFILER_TASK_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/u64_map.h"
#include "profiler/tick_counts.h"

struct process_event;
struct process_facts;
struct profile;

struct task_labels {
	struct profile *profile;
	const struct process_facts *facts; /* NULL: they are not known */
	struct tick_labels wanted;
	struct u64_map users; /* UID -> string of the profile */
	uint32_t host,
		kernel; /* strings of the profile, PROFILE_NONE: not wanted, or not looked up yet */
};

/* The profile stays the caller's, and keeps its samples; so do the facts, which may be NULL. Users and the machine are looked up only if they are wanted. */
void task_labels_init(struct task_labels *labels, struct profile *profile,
		      const struct process_facts *facts, struct tick_labels wanted);
void task_labels_release(struct task_labels *labels);

/*
 * The label set of what is known: `process` may be NULL, or of no PID (then it is known by its comm alone); a number may be PROFILE_NONE. A user without a name
 * is his UID. 0 or -ENOMEM.
 */
int task_labels_add(struct task_labels *labels, const struct process_event *process, uint32_t tid,
		    uint32_t cpu, uint32_t *ret_labels);

#endif
