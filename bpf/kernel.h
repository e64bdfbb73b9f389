/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types and fields that hearth reads, named as the kernel names them. Offsets are
 * those of the running kernel: libbpf relocates each access by the kernel's BTF (CO-RE), so order and
 * gaps here mean nothing. A field that some kernels name otherwise has a "flavour" of its struct
 * (NAME___WHEN), chosen at load time by bpf_core_field_exists.
 */
#ifndef HEARTH_BPF_KERNEL_H
#define HEARTH_BPF_KERNEL_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct inode {
	unsigned long i_ino;
	__u32 i_generation;
	__s64 i_size;
	struct super_block *i_sb;
	__s64 i_ctime_sec; /* 6.11 and newer */
	__u32 i_ctime_nsec;
};

struct inode___before_6_11 {
	struct timespec64 __i_ctime;
};

struct inode___before_6_6 {
	struct timespec64 i_ctime;
};

struct qstr {
	__u32 len;
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
};

struct mm_struct;

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct mm_struct *vm_mm;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
};

struct maple_tree {
	void *ma_root;
};

typedef struct {
	void *vdso;
} mm_context_t;

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;

struct mm_struct {
	struct maple_tree mm_mt;
	mm_context_t context;
	unsigned long end_code;
	seqcount_t mm_lock_seq; /* 6.13 and newer; 6.12 got it on its way */
};

struct mm_struct___before_6_13 {
	int mm_lock_seq; /* 6.4 and newer */
};

struct kernfs_node {
	__u64 id;
	const char *name;
};

struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[1];
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct task_struct;

struct rq {
	struct task_struct *idle;
};

struct cfs_rq {
	struct rq *rq;
};

struct sched_entity {
	__u64 sum_exec_runtime;
	__u64 prev_sum_exec_runtime; /* when the task was last put on its CPU */
	struct cfs_rq *cfs_rq;
};

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	__u64 start_boottime;
	__u64 self_exec_id;
	struct pid *thread_pid;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct sched_entity se;
	unsigned long nivcsw;
	char comm[16];
};

#pragma clang attribute pop

enum cgroup_subsys_id {
	cpuset_cgrp_id,
	cpu_cgrp_id,
	cpuacct_cgrp_id,
	io_cgrp_id,
	memory_cgrp_id,
	devices_cgrp_id,
	freezer_cgrp_id,
	net_cls_cgrp_id,
	perf_event_cgrp_id,
	net_prio_cgrp_id,
	hugetlb_cgrp_id,
	pids_cgrp_id,
};

/* include/linux/sched.h, include/linux/mm.h, include/linux/proc_ns.h */
#define PF_EXITING     0x00000004
#define PF_IO_WORKER   0x00000010
#define PF_USER_WORKER 0x00004000 /* 6.4 and newer, unused before */
#define PF_KTHREAD     0x00200000
#define VM_EXEC        0x00000004
#define VM_GROWSDOWN   0x00000100

#endif
