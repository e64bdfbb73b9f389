/* SPDX-License-Identifier: GPL-2.0-only */
/* What is to be sampled, decided at the tick. PIDs are those of the namespace that hearth runs in. */
#ifndef HEARTH_BPF_TARGET_BPF_H
#define HEARTH_BPF_TARGET_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/process.bpf.h"
#include "bpf/target_start.h"

#define MAX_TARGETS 16384

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct target_process);
} target_processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct target_thread);
} target_threads SEC(".maps");

/* Children that could not become targets: the map was full. */
__u64 children_not_followed;

static __always_inline bool started_then(struct task_struct *task, struct target_start *start)
{
	return target_start_meets(start, task->start_boottime);
}

/*
 * In a nested PID namespace: a target that the user named becomes one under its initial PID, if a tick that came in between,
 * or another CPU, has not just done so.
 */
static __always_inline struct target_process *adopt_target(struct task_struct *task, __u32 tgid)
{
	__u32 key = caller_tgid(task) | TARGET_CALLER_PID;
	struct target_process *wanted = bpf_map_lookup_elem(&target_processes, &key);
	struct target_process target;

	if (!wanted)
		return bpf_map_lookup_elem(&target_processes, &tgid);
	target = *wanted;
	if (!started_then(task->group_leader, &target.start)) {
		/* Another process has the number now: the one that was meant has ended. */
		bpf_map_delete_elem(&target_processes, &key);
		return NULL;
	}
	/* Where there is no room, the next tick tries again. */
	if (!bpf_map_update_elem(&target_processes, &tgid, &target, BPF_NOEXIST))
		bpf_map_delete_elem(&target_processes, &key);
	return bpf_map_lookup_elem(&target_processes, &tgid);
}

static __always_inline struct target_process *find_target(struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct target_process *target = bpf_map_lookup_elem(&target_processes, &tgid);

	if (!target && config.caller_pid_namespace)
		target = adopt_target(task, tgid);
	if (!target || !started_then(task->group_leader, &target->start))
		return NULL;
	return target;
}

static __always_inline bool is_target_process(struct task_struct *task)
{
	struct target_process *target = find_target(task);

	return target && !target->waits_for_exec;
}

static __always_inline bool is_target_thread(struct task_struct *task)
{
	__u32 tid = caller_pid(task, BPF_CORE_READ(task, pid));
	struct target_thread *target = bpf_map_lookup_elem(&target_threads, &tid);

	return target && started_then(task, &target->start);
}

static __always_inline bool has_target_comm(struct task_struct *task)
{
	char comm[EVENT_COMM_SIZE];
	struct task_struct *leader = task->group_leader;
	int i;

	bpf_probe_read_kernel(comm, sizeof(comm),
			      (void *)leader + bpf_core_field_offset(struct task_struct, comm));
	for (i = 0; i < EVENT_COMM_SIZE; i++) {
		if (comm[i] != config.comm[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

#define MAX_CGROUP_LEVELS 64

/* Index of the configured controller among the kernel's subsystems, -1 if this kernel has it not. */
static __always_inline int cgroup_subsystem(void)
{
	switch (config.cgroup_controller) {
#define CGROUP_CONTROLLER(constant, option, enumerator)                                      \
	case constant:                                                                       \
		return bpf_core_enum_value_exists(enum cgroup_subsys_id, enumerator)         \
			       ? (int)bpf_core_enum_value(enum cgroup_subsys_id, enumerator) \
			       : -1;
#include "bpf/cgroup_controllers.def"
#undef CGROUP_CONTROLLER
	}
	return -1;
}

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *state = NULL;
	int subsystem;

	if (config.cgroup_controller == CGROUP_UNIFIED)
		return BPF_CORE_READ(set, dfl_cgrp);
	subsystem = cgroup_subsystem();
	if (subsystem < 0)
		return NULL;
	bpf_probe_read_kernel(&state, sizeof(state),
			      (void *)set + bpf_core_field_offset(struct css_set, subsys) +
				      (__u32)subsystem * sizeof(state));
	return BPF_CORE_READ(state, cgroup);
}

struct cgroup_walk {
	struct cgroup *cgroup;
	__u32 found; /* not bool: as ring_full in stack.bpf.h */
};

static long cgroup_step(__u32 level, struct cgroup_walk *walk)
{
	struct cgroup *ancestor = NULL;

	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (void *)walk->cgroup +
				      bpf_core_field_offset(struct cgroup, ancestors) +
				      level * sizeof(ancestor));
	walk->found = BPF_CORE_READ(ancestor, kn, id) == config.cgroup;
	return walk->found ? 1 : 0;
}

/* Is the task in the configured cgroup or below it? */
static __always_inline bool is_in_target_cgroup(struct task_struct *task)
{
	struct cgroup *cgroup = cgroup_of(task);
	struct cgroup_walk walk = { .cgroup = cgroup };
	__u32 levels;

	if (!cgroup)
		return false;
	levels = (__u32)BPF_CORE_READ(cgroup, level) + 1;
	bpf_loop(levels < MAX_CGROUP_LEVELS ? levels : MAX_CGROUP_LEVELS, cgroup_step, &walk, 0);
	return walk.found;
}

static __always_inline bool is_target(struct task_struct *task)
{
	if (config.by_process && !is_target_process(task))
		return false;
	if (config.by_thread && !is_target_thread(task))
		return false;
	if (config.by_comm && !has_target_comm(task))
		return false;
	if (config.by_user && (__u32)bpf_get_current_uid_gid() != config.uid)
		return false;
	return !config.by_cgroup || is_in_target_cgroup(task);
}

/* Charges the time since `entered` to this CPU. */
static __always_inline void count_follow(__u64 entered)
{
	__u32 number = bpf_get_smp_processor_id();
	struct cpu_state *cpu = bpf_map_lookup_elem(&cpu_states, &number);

	if (cpu)
		__sync_fetch_and_add(&cpu->follow_ns, bpf_ktime_get_ns() - entered);
}

/* A target's child is a target, unless the target was given with --no-inherit. */
static __always_inline void follow_fork(struct task_struct *parent, struct task_struct *child)
{
	struct target_process *target = find_target(parent);
	struct target_process inherited = { .inherits = 1 };
	__u32 tgid = BPF_CORE_READ(child, tgid);

	if (!target || !target->inherits || target->waits_for_exec ||
	    tgid == BPF_CORE_READ(parent, tgid))
		return;
	inherited.start.earliest_ns = BPF_CORE_READ(child, start_boottime);
	inherited.start.latest_ns = inherited.start.earliest_ns;
	if (bpf_map_update_elem(&target_processes, &tgid, &inherited, BPF_ANY))
		__sync_fetch_and_add(&children_not_followed, 1);
}

static __always_inline void follow_exec(struct task_struct *task)
{
	struct target_process *target = find_target(task);

	if (target)
		target->waits_for_exec = 0;
}

/* The last of a task: its PID is free for others. */
static __always_inline void follow_free(struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct target_process *target;

	if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return;
	target = bpf_map_lookup_elem(&target_processes, &tgid);
	/* An older one of this number is dead as well; a later one has just begun. */
	if (target && target->start.earliest_ns <= BPF_CORE_READ(task, start_boottime))
		bpf_map_delete_elem(&target_processes, &tgid);
}

/* Raw ones, not tp_btf: for those libbpf and the kernel each search all of the kernel's types for the tracepoint's. */
SEC("raw_tp/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u64 entered = bpf_ktime_get_ns();

	(void)parent;
	follow_fork(bpf_get_current_task_btf(), child);
	count_follow(entered);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int on_exec(void *context)
{
	__u64 entered = bpf_ktime_get_ns();

	(void)context;
	follow_exec(bpf_get_current_task_btf());
	count_follow(entered);
	return 0;
}

SEC("raw_tp/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	__u64 entered = bpf_ktime_get_ns();

	follow_free(task);
	count_follow(entered);
	return 0;
}

#endif
