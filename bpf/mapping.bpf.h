/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an address to the mapping that holds it, in the task's own VMA tree: always true, nothing to
 * keep up to date, and there from a process's first instruction.
 *
 * The tree is a maple tree (lib/maple_tree.c, 6.1 and newer). A node is 256 bytes, aligned to that,
 * and is copied whole, one read a level: a parent pointer, then pivots, then slots. The pointer to a
 * node carries its type in bits 3 to 6; the root pointer carries binary 10 in its lowest bits. Nodes are
 * freed by RCU, under which a BPF program runs, so a walk that races with a writer sees the tree
 * before or after the change. The fields of a VMA that is being split at that very moment may be
 * torn; the address is checked against the bounds that were read.
 */
#ifndef HEARTH_BPF_MAPPING_BPF_H
#define HEARTH_BPF_MAPPING_BPF_H

#include "bpf/session.bpf.h"

enum maple_type { MAPLE_DENSE, MAPLE_LEAF_64, MAPLE_RANGE_64, MAPLE_ARANGE_64 };

#define MAPLE_NODE_MASK     255ull
#define MAPLE_RANGE_PIVOTS  15
#define MAPLE_ARANGE_PIVOTS 9
#define MAPLE_MAX_LEVELS    8 /* 10^8 mappings; the kernel's limit is 65,530 by default */

/*
 * Which slot of the copied node covers `address`: the first whose pivot is not below it. Like
 * find_vma() a global function, which the verifier checks once and not along every path to it.
 */
__noinline __u32 maple_slot(const struct maple_node *node, __u32 pivots, __u64 address)
{
	__u32 i;

	if (!node)
		return 0;
	for (i = 0; i < MAPLE_RANGE_PIVOTS; i++) {
		__u64 pivot, at = 1 + i;

		/* Keeps the mask: clang 22 compares i with the lesser of both ends, which Linux 6.1 cannot follow. */
		barrier_var(at);
		pivot = node->word[at & 31];
		if (i >= pivots || (pivot == 0 && i > 0) || address <= pivot)
			break; /* a zero pivot ends the node */
	}
	return i;
}

/* The VMA at `address` as a kernel pointer; 0: none. */
__noinline __u64 find_vma(__u64 root, __u64 address, struct maple_node *node)
{
	__u64 entry = root;
	int level;

	if (!node || (entry & 3) != 2)
		return 0; /* empty, or one entry stored in the root itself */
	for (level = 0; level < MAPLE_MAX_LEVELS; level++) {
		__u32 type = (entry >> 3) & 15;
		__u32 pivots = type == MAPLE_ARANGE_64 ? MAPLE_ARANGE_PIVOTS : MAPLE_RANGE_PIVOTS;

		if (bpf_probe_read_kernel(node, sizeof(*node), (void *)(entry & ~MAPLE_NODE_MASK)))
			return 0;
		entry = node->word[(1 + pivots + maple_slot(node, pivots, address)) & 31];
		if (type <= MAPLE_LEAF_64 || !entry)
			return entry;
	}
	return 0;
}

/*
 * Of a VMA and of an inode the first bytes are copied at once, to where the node was: they hold nearly all that is asked
 * for, and each call of a helper costs. What a kernel has further on is read by itself.
 */
#define COPIED_BYTES 192

#define COPIED(copy, from, field)                                                     \
	(bpf_core_field_offset((from)->field) + sizeof((from)->field) <= COPIED_BYTES \
		 ? *(typeof((from)->field) *)((void *)(copy) +                        \
					      bpf_core_field_offset((from)->field))   \
		 : BPF_CORE_READ(from, field))

static __always_inline bool copy_first_bytes(struct maple_node *copy, const void *from)
{
	_Static_assert(sizeof(*copy) >= COPIED_BYTES, "a node has room for the copy");
	return !bpf_probe_read_kernel(copy, COPIED_BYTES, from);
}

/* The time of an inode's last change, whose place differs; bit 31 of the nanoseconds is a flag of stat(). */
static __always_inline void read_change_time_parts(struct inode *inode, __u64 *ret_s, __u32 *ret_ns)
{
	struct inode___before_6_11 *before_6_11 = (void *)inode;
	struct inode___before_6_6 *before_6_6 = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		*ret_s = BPF_CORE_READ(inode, i_ctime_sec);
		*ret_ns = BPF_CORE_READ(inode, i_ctime_nsec);
	} else if (bpf_core_field_exists(before_6_11->__i_ctime)) {
		*ret_s = BPF_CORE_READ(before_6_11, __i_ctime.tv_sec);
		*ret_ns = BPF_CORE_READ(before_6_11, __i_ctime.tv_nsec);
	} else {
		*ret_s = BPF_CORE_READ(before_6_6, i_ctime.tv_sec);
		*ret_ns = BPF_CORE_READ(before_6_6, i_ctime.tv_nsec);
	}
	*ret_ns &= 0x7fffffff;
}

static __always_inline __u64 change_time_of(__u64 seconds, __u32 nanoseconds)
{
	return seconds * 1000000000u + nanoseconds;
}

static __always_inline __u64 read_change_time(struct inode *inode)
{
	__u64 seconds;
	__u32 nanoseconds;

	read_change_time_parts(inode, &seconds, &nanoseconds);
	return change_time_of(seconds, nanoseconds);
}

static __always_inline void read_module_key(struct inode *inode, struct maple_node *copy,
					    struct module_key *key)
{
	struct super_block *super;

	copy_first_bytes(copy, inode);
	super = COPIED(copy, inode, i_sb);
	key->inode = COPIED(copy, inode, i_ino);
	key->size = COPIED(copy, inode, i_size);
	key->device = BPF_CORE_READ(super, s_dev);
	key->generation = BPF_CORE_READ(inode, i_generation);
	key->unused = 0;
	read_change_time_parts(inode, &key->change_time_s, &key->change_time_ns);
}

static __always_inline __u64 module_id(const struct module_key *key)
{
	struct content_hash hash = hash_start();
	__u64 id;

	hash_mix(&hash, key->inode);
	hash_mix(&hash, key->size);
	hash_mix(&hash, key->change_time_s);
	hash_mix(&hash, (__u64)key->change_time_ns << 32 | key->device);
	hash_mix(&hash, key->generation);
	id = hash_id(&hash) & ~MODULE_ANONYMOUS;
	return id > MODULE_RESERVED ? id : id + MODULE_RESERVED + 1;
}

/* Code without a file belongs to its process and mapping: else reused addresses would merge. */
static __always_inline __u64 anonymous_module_id(struct task_struct *task, __u64 start)
{
	struct content_hash hash = hash_start();

	hash_mix(&hash, BPF_CORE_READ(task, tgid));
	hash_mix(&hash, BPF_CORE_READ(task, group_leader, start_boottime));
	hash_mix(&hash, BPF_CORE_READ(task, self_exec_id));
	hash_mix(&hash, start);
	return hash_id(&hash) | MODULE_ANONYMOUS;
}

/*
 * Fills in the mapping of a VMA that was copied: its file, or NULL where it has none, and what that is known by. The copy
 * is overwritten.
 */
static __always_inline void read_mapped_file(struct task_struct *task, struct mm_struct *mm,
					     struct vm_area_struct *vma, struct maple_node *copy,
					     struct mapping *mapping, struct module_key *key,
					     struct file **ret_file)
{
	__u64 offset = (__u64)COPIED(copy, vma, vm_pgoff) << PAGE_SHIFT;
	struct inode *inode;

	*ret_file = COPIED(copy, vma, vm_file);
	mapping->start = COPIED(copy, vma, vm_start);
	mapping->end = COPIED(copy, vma, vm_end);
	mapping->executable = (COPIED(copy, vma, vm_flags) & VM_EXEC) != 0;
	mapping->unused = 0;
	mapping->file = 0;
	mapping->file_changed = 0;
	if (*ret_file) {
		inode = BPF_CORE_READ(*ret_file, f_inode);
		read_module_key(inode, copy, key);
		mapping->module = module_id(key);
		mapping->file = (__u64)inode;
		mapping->file_changed = change_time_of(key->change_time_s, key->change_time_ns);
		mapping->offset = offset;
	} else if (mapping->start == (__u64)BPF_CORE_READ(mm, context.vdso)) {
		mapping->module = MODULE_VDSO;
		mapping->offset = 0;
	} else {
		mapping->module = anonymous_module_id(task, mapping->start);
		mapping->offset = mapping->start;
	}
}

/*
 * Fills in the mapping of `address`: its file, or NULL where it has none. False: nothing is mapped.
 * For a file, `key` is what it is known by. `node` is room to copy to.
 */
static __always_inline bool read_mapping(struct task_struct *task, struct mm_struct *mm,
					 __u64 address, struct maple_node *node,
					 struct mapping *mapping, struct module_key *key,
					 struct file **ret_file)
{
	struct vm_area_struct *vma =
		(void *)find_vma((__u64)BPF_CORE_READ(mm, mm_mt.ma_root), address, node);

	if (!vma || !copy_first_bytes(node, vma) || address < COPIED(node, vma, vm_start) ||
	    address >= COPIED(node, vma, vm_end))
		return false;
	/* One that is unmapped at this very moment may be given to another process (6.15 and newer). */
	if (COPIED(node, vma, vm_mm) != mm)
		return false;
	read_mapped_file(task, mm, vma, node, mapping, key, ret_file);
	return true;
}

/* Which sequence this kernel has: a constant once the program is loaded. */
static __always_inline __u32 sequence_kind(void)
{
	struct mm_struct *mm = NULL;
	struct mm_struct___before_6_13 *before_6_13 = NULL;

	if (bpf_core_field_exists(mm->mm_lock_seq.sequence))
		return SEQUENCE_COUNT;
	return bpf_core_field_exists(before_6_13->mm_lock_seq) ? SEQUENCE_NUMBER : SEQUENCE_NONE;
}

/*
 * The mm's sequence, which changes with its mappings. MEMO_NO_SEQUENCE: they are being changed, or this kernel
 * has none.
 */
static __always_inline __u64 read_sequence(struct mm_struct *mm)
{
	struct mm_struct___before_6_13 *before_6_13 = (void *)mm;
	__u32 kind = sequence_kind(), sequence;

	if (kind == SEQUENCE_COUNT) {
		sequence = BPF_CORE_READ(mm, mm_lock_seq.sequence);
		return sequence & 1 ? MEMO_NO_SEQUENCE : sequence;
	}
	if (kind == SEQUENCE_NUMBER)
		return (__u32)BPF_CORE_READ(before_6_13, mm_lock_seq);
	return MEMO_NO_SEQUENCE;
}

#endif
