/* SPDX-License-Identifier: GPL-2.0-only */
/* Who was interrupted: a process by (PID, start time, exec counter) and the comm that it has now. */
#ifndef HEARTH_BPF_PROCESS_BPF_H
#define HEARTH_BPF_PROCESS_BPF_H

#include "bpf/session.bpf.h"

#define MAX_PID_LEVELS 32 /* the kernel's MAX_PID_NS_LEVEL */

static __always_inline bool read_upid(struct pid *pid, __u32 level, struct upid *ret_upid)
{
	void *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	return !bpf_probe_read_kernel(ret_upid, sizeof(*ret_upid),
				      numbers + level * bpf_core_type_size(struct upid));
}

/* The process's PID in its innermost namespace: the one that it sees itself. */
static __always_inline __u32 own_tgid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	struct upid upid;

	if (!pid || !read_upid(pid, BPF_CORE_READ(pid, level) & (MAX_PID_LEVELS - 1), &upid))
		return 0;
	return upid.nr;
}

/* A task's PID in the namespace that hearth runs in, 0 where it is not visible. */
static __always_inline __u32 caller_pid(struct task_struct *task, __u32 initial_pid)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 top, level;

	if (!config.caller_pid_namespace)
		return initial_pid;
	if (!pid)
		return 0;
	top = BPF_CORE_READ(pid, level);
	for (level = 0; level < MAX_PID_LEVELS; level++) {
		struct pid_namespace *namespace;
		struct upid upid;

		if (level > top || !read_upid(pid, level, &upid))
			break;
		namespace = upid.ns;
		if (BPF_CORE_READ(namespace, ns.inum) == config.caller_pid_namespace)
			return upid.nr;
	}
	return 0;
}

static __always_inline __u32 caller_tgid(struct task_struct *task)
{
	return caller_pid(BPF_CORE_READ(task, group_leader), BPF_CORE_READ(task, tgid));
}

static __always_inline void hash_comm(struct content_hash *hash, const char *comm)
{
	__u64 words[EVENT_COMM_SIZE / sizeof(__u64)];

	__builtin_memcpy(words, comm, sizeof(words));
	hash_mix(hash, words[0]);
	hash_mix(hash, words[1]);
}

static __always_inline __u64 process_id(const struct process_event *event)
{
	struct content_hash hash = hash_start();

	hash_mix(&hash, event->tgid);
	hash_mix(&hash, event->start_time_ns);
	hash_mix(&hash, event->exec_count);
	hash_comm(&hash, event->comm);
	return hash_id(&hash);
}

/* Reads what the id is made of; the rest only when it is sent. */
static __always_inline void read_process(struct task_struct *task, struct process_event *event)
{
	struct task_struct *leader = task->group_leader;

	event->type = EVENT_PROCESS;
	event->tgid = task->tgid;
	event->start_time_ns = leader->start_boottime;
	event->exec_count = task->self_exec_id;
	bpf_probe_read_kernel(event->comm, sizeof(event->comm),
			      (void *)leader + bpf_core_field_offset(struct task_struct, comm));
	event->id = process_id(event);
}

/* scratch->process was read. False: the ring has no room. */
static __always_inline bool tell_process(struct task_struct *task, struct scratch *scratch)
{
	struct process_event *event = &scratch->process;
	__u64 *slot = told_slot(&told_objects, TOLD_OBJECTS, event->id);
	__u64 tag = told_tag(event->id, 0, scratch->window);

	if (!slot || *slot == tag)
		return true;
	event->cgroup = bpf_get_current_cgroup_id();
	event->caller_tgid = caller_tgid(task);
	event->own_tgid = own_tgid(task);
	event->uid = (__u32)bpf_get_current_uid_gid();
	event->is_kernel = (BPF_CORE_READ(task, flags) & PF_KTHREAD) != 0;
	if (send_event(event, sizeof(*event), false))
		return false;
	*slot = tag;
	return true;
}

#endif
