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

#define MAX_GROUP_LEVELS 64
#define GROUP_NAME_ROOM  256          /* NAME_MAX and the terminator */
#define MEMORY_GROUP_ID  (1ull << 63) /* ids are each hierarchy's own */

struct group_walk {
	struct cgroup *cgroup;
	struct scratch *scratch; /* group_path and group.path_size, which grows */
};

/* From below the root down to the group itself, which is its own last ancestor. */
static long group_step(__u32 i, struct group_walk *walk)
{
	struct scratch *scratch = walk->scratch;
	struct cgroup *ancestor = NULL;
	const char *name;
	__u32 size;
	long length;

	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (void *)walk->cgroup +
				      bpf_core_field_offset(struct cgroup, ancestors) +
				      (i + 1) * sizeof(ancestor));
	name = BPF_CORE_READ(ancestor, kn, name);
	size = scratch->group.path_size;
	if (size >= GROUP_MAX_PATH)
		return 1;
	barrier_var(size); /* keeps the mask, without which Linux 6.1 knows no bound */
	size &= GROUP_MAX_PATH - 1;
	scratch->group_path[size] = '/';
	length = bpf_probe_read_kernel_str(&scratch->group_path[size + 1], GROUP_NAME_ROOM, name);
	if (length <= 1)
		return 1;
	scratch->group.path_size = size + length;
	return 0;
}

static __always_inline struct cgroup *memory_group(struct css_set *set)
{
	struct cgroup_subsys_state *state = NULL;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return NULL;
	bpf_probe_read_kernel(
		&state, sizeof(state),
		(void *)set + bpf_core_field_offset(struct css_set, subsys) +
			(__u32)bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id) *
				sizeof(state));
	return BPF_CORE_READ(state, cgroup);
}

/* The deeper one of both hierarchies, which tells more. Its id, 0: it is a root. */
static __always_inline __u64 find_group(struct task_struct *task, struct cgroup **ret_cgroup)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup *unified = BPF_CORE_READ(set, dfl_cgrp), *memory = memory_group(set);
	int level = BPF_CORE_READ(unified, level);

	if (memory && BPF_CORE_READ(memory, level) > level) {
		*ret_cgroup = memory;
		return BPF_CORE_READ(memory, kn, id) | MEMORY_GROUP_ID;
	}
	*ret_cgroup = unified;
	return level > 0 ? BPF_CORE_READ(unified, kn, id) : 0;
}

/* False: the ring has no room. */
static __always_inline bool send_group(struct scratch *scratch, struct cgroup *cgroup)
{
	struct group_walk walk = { .cgroup = cgroup, .scratch = scratch };
	__u32 levels = (__u32)BPF_CORE_READ(cgroup, level), size;

	scratch->group.type = EVENT_GROUP;
	scratch->group.path_size = 0;
	bpf_loop(levels < MAX_GROUP_LEVELS ? levels : MAX_GROUP_LEVELS, group_step, &walk, 0);
	size = scratch->group.path_size;
	if (size > GROUP_MAX_PATH)
		size = GROUP_MAX_PATH;
	return !send_event(&scratch->group, sizeof(scratch->group) + size, false);
}

/* The group of the process that is told next. False: the ring has no room. */
static __always_inline bool tell_group(struct task_struct *task, struct scratch *scratch)
{
	struct content_hash hash = hash_start();
	struct cgroup *cgroup;
	__u64 *slot, id, tag;

	scratch->process.cgroup = 0;
	if (!config.tells_groups)
		return true;
	id = find_group(task, &cgroup);
	if (!id)
		return true;
	hash_mix(&hash, id);
	tag = told_tag(hash_id(&hash), 0, scratch->window);
	slot = told_slot(&told_objects, TOLD_OBJECTS, hash_id(&hash));
	scratch->process.cgroup = id;
	scratch->group.id = id;
	if (!slot || *slot == tag)
		return true;
	if (!send_group(scratch, cgroup))
		return false;
	*slot = tag;
	return true;
}

/* scratch->process was read. False: the ring has no room. */
static __always_inline bool tell_process(struct task_struct *task, struct scratch *scratch)
{
	struct process_event *event = &scratch->process;
	__u64 *slot = told_slot(&told_objects, TOLD_OBJECTS, event->id);
	__u64 tag = told_tag(event->id, 0, scratch->window);

	if (!slot || *slot == tag)
		return true;
	if (!tell_group(task, scratch))
		return false;
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
