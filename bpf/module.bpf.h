/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells user space of a file that was met for the first time, with its path by a walk of the
 * dentries (bpf_d_path does not load in perf_event programs).
 */
#ifndef HEARTH_BPF_MODULE_BPF_H
#define HEARTH_BPF_MODULE_BPF_H

#include "bpf/mapping.bpf.h"
#include "bpf/process.bpf.h"

#define MAX_PATH_STEPS 256 /* names and mounts between a file and the root */
#define NAME_ROOM      256 /* NAME_MAX and the terminator */

struct path_walk {
	struct dentry *dentry;
	struct mount *mount;
	struct scratch *scratch; /* path and module.path_size, which grows */
};

/*
 * One step towards the root: over the edge of a mount, or a name. (BPF_CORE_READ relocates its whole
 * argument, so what is ours is copied to a local variable first.)
 */
static long path_step(__u32 i, struct path_walk *walk)
{
	struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct mount *mount = walk->mount;
	struct scratch *scratch = walk->scratch;
	__u32 size = scratch->module.path_size;
	long length;

	if (dentry == parent || dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *up = BPF_CORE_READ(mount, mnt_parent);

		if (!up || up == mount)
			return 1;
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = up;
		return 0;
	}
	if (size >= EVENT_MAX_PATH)
		return 1;
	barrier_var(
		size); /* keeps the mask below: Linux 6.1 forgets the bound when size is spilled */
	length = bpf_probe_read_kernel_str(&scratch->path[size & (EVENT_MAX_PATH - 1)], NAME_ROOM,
					   BPF_CORE_READ(dentry, d_name.name));
	if (length <= 0)
		return 1;
	scratch->module.path_size = size + length;
	walk->dentry = parent;
	return 0;
}

static __always_inline void read_path(struct file *file, struct scratch *scratch)
{
	void *vfsmount = BPF_CORE_READ(file, f_path.mnt);
	struct path_walk walk = {
		.dentry = BPF_CORE_READ(file, f_path.dentry),
		.mount = vfsmount - bpf_core_field_offset(struct mount, mnt),
		.scratch = scratch,
	};

	scratch->module.path_size = 0;
	bpf_loop(MAX_PATH_STEPS, path_step, &walk, 0);
}

/* scratch->module.key holds the key already. False: the ring has no room. */
static __always_inline bool send_module(struct task_struct *task, struct scratch *scratch,
					const struct mapping *mapping, struct file *file,
					__u32 type)
{
	struct module_event *event = &scratch->module;
	__u32 size;

	event->type = type;
	event->id = mapping->module;
	event->caller_tgid = caller_tgid(task);
	event->mapping_start = mapping->start;
	event->mapping_end = mapping->end;
	event->super_magic = BPF_CORE_READ(file, f_inode, i_sb, s_magic);
	event->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	event->uid = (__u32)bpf_get_current_uid_gid();
	event->unused = 0;
	read_path(file, scratch);
	size = event->path_size;
	if (size > EVENT_MAX_PATH)
		size = EVENT_MAX_PATH;
	return !send_event(event, sizeof(*event) + size, true);
}

static __always_inline bool tell_module(struct task_struct *task, struct scratch *scratch,
					const struct mapping *mapping, struct file *file)
{
	__u64 *slot = told_slot(&told_objects, TOLD_OBJECTS, mapping->module);
	__u64 tag = told_tag(mapping->module, 0, scratch->window);

	if (!slot || *slot == tag)
		return true;
	if (!send_module(task, scratch, mapping, file, EVENT_MODULE))
		return false;
	*slot = tag;
	return true;
}

/*
 * The same for a file that is only mapped so far. Its mark in the table is another one: when code of it is met it is told
 * again, as a module.
 */
static __always_inline bool tell_mapped_module(struct task_struct *task, struct scratch *scratch,
					       const struct mapping *mapping, struct file *file)
{
	__u64 *slot = told_slot(&told_objects, TOLD_OBJECTS, mapping->module);
	__u64 tag = told_tag(mapping->module, 0, scratch->window);

	if (!slot || *slot == tag || *slot == ~tag)
		return true;
	if (!send_module(task, scratch, mapping, file, EVENT_MAPPED_MODULE))
		return false;
	*slot = ~tag;
	return true;
}

#endif
