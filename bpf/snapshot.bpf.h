/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A snapshot of a user stack: registers, the top of the stack, and the executable mappings. It is taken where
 * the walk met a file without rows yet, and of each tick when user space is to check the walk.
 *
 * It goes through a ring of its own, so that it never takes room from ticks. Where that ring is full the tick
 * is sent without it; and a file that gets no rows at all (it cannot be opened, or found no room) brings only so
 * many of them.
 */
#ifndef HEARTH_BPF_SNAPSHOT_BPF_H
#define HEARTH_BPF_SNAPSHOT_BPF_H

#include "bpf/module.bpf.h"

/* User space gives it its size before loading: a page where snapshots are never taken. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} snapshots SEC(".maps");

#define SNAPSHOT_MAPPING_BYTES (SNAPSHOT_MAX_MAPPINGS * sizeof(struct snapshot_mapping))
#define SNAPSHOT_CONTENT_BYTES \
	(SNAPSHOT_MAPPING_BYTES + SNAPSHOT_STACK_BYTES + SNAPSHOT_OTHER_BYTES)
#define SNAPSHOT_HALF    (SNAPSHOT_MAX_MAPPINGS / 2)
#define SNAPSHOT_PAGES   (SNAPSHOT_STACK_BYTES >> PAGE_SHIFT)
#define SNAPSHOT_MAX_FPS 128 /* that are followed */

/*
 * Where the walk over all mappings stands, a slot of a leaf at a time. In map memory: of values on the stack
 * Linux 6.1 believes that a loop's callback leaves them as they are.
 */
struct mapping_walk {
	__u64 address;   /* where it goes on */
	__u64 leaf_last; /* of the leaf that is copied; 0: none is */
	__u32 slot;      /* of it */
	__u32 found;     /* executable mappings */
	__u32 pages;     /* of the stack, up to the last one that was there */
	__u64 fp;        /* of a frame; in the end of one on another stack, 0: there is none */
	struct maple_node leaf;
};

struct snapshot_scratch {
	struct mapping_walk walk;
	/* The executable mappings: the first half of them, and of the others the last, in a ring. */
	__u64 vmas[SNAPSHOT_MAX_MAPPINGS];
	struct mapping mapping;
	struct snapshot_event event;
	char content[SNAPSHOT_CONTENT_BYTES];
};

/* By CPU; one is larger than what per-CPU memory gives out in one piece. Sized by user space before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct snapshot_scratch);
} snapshot_scratches SEC(".maps");

/* How many a module without rows has brought, by a hash of its id; those that share an entry share the limit. */
#define SNAPSHOT_COUNTS       4096
#define SNAPSHOTS_OF_A_MODULE 2048

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SNAPSHOT_COUNTS);
	__type(key, __u32);
	__type(value, __u32);
} snapshot_counts SEC(".maps");

#define MAPLE_LEAF_SLOTS   (MAPLE_RANGE_PIVOTS + 1)
#define SNAPSHOT_MAX_SLOTS 8192 /* of the VMA tree: mappings and gaps */

/* Copies the leaf of the VMA tree that covers `address`; the last address that it covers, 0: there is none. */
__noinline __u64 find_leaf(__u64 root, __u64 address, struct maple_node *node)
{
	__u64 entry = root, last = ~0ull;
	int level;

	if (!node || (entry & 3) != 2)
		return 0;
	for (level = 0; level < MAPLE_MAX_LEVELS; level++) {
		__u32 type = (entry >> 3) & 15, slot;
		__u32 pivots = type == MAPLE_ARANGE_64 ? MAPLE_ARANGE_PIVOTS : MAPLE_RANGE_PIVOTS;

		if (bpf_probe_read_kernel(node, sizeof(*node), (void *)(entry & ~MAPLE_NODE_MASK)))
			return 0;
		if (type <= MAPLE_LEAF_64)
			return last;
		slot = maple_slot(node, pivots, address);
		if (slot < pivots && node->word[(1 + slot) & 31])
			last = node->word[(1 + slot) & 31];
		entry = node->word[(1 + pivots + slot) & 31];
		if (!entry)
			return 0;
	}
	return 0;
}

/* Where in `vmas` the mapping is that was found as number `i`, if it still is. */
static __always_inline __u64 vma_slot(__u64 i)
{
	return i < SNAPSHOT_MAX_MAPPINGS ? i : SNAPSHOT_HALF | (i & (SNAPSHOT_HALF - 1));
}

static __always_inline void note_mapping(struct snapshot_scratch *snapshot, __u64 vma_address)
{
	struct vm_area_struct *vma = (void *)vma_address;
	__u64 at;

	if (!(BPF_CORE_READ(vma, vm_flags) & VM_EXEC))
		return;
	at = vma_slot(snapshot->walk.found++);
	barrier_var(at);
	snapshot->vmas[at & (SNAPSHOT_MAX_MAPPINGS - 1)] = vma_address;
}

/* Takes number `at` of the mappings that are sent. A global function: the verifier checks it once. */
__noinline int take_mapping(struct scratch *scratch, struct snapshot_scratch *snapshot, __u64 task,
			    __u64 mm, __u64 at)
{
	struct vm_area_struct *vma;
	struct snapshot_mapping *to;
	struct mapping *mapping;
	struct file *file = NULL;
	__u64 found = at;

	if (!scratch || !snapshot || at >= SNAPSHOT_MAX_MAPPINGS)
		return 0;
	if (at >= SNAPSHOT_HALF && snapshot->walk.found > SNAPSHOT_MAX_MAPPINGS)
		found += snapshot->walk.found - SNAPSHOT_MAX_MAPPINGS;
	found = vma_slot(found);
	barrier_var(found);
	vma = (void *)snapshot->vmas[found & (SNAPSHOT_MAX_MAPPINGS - 1)];
	mapping = &snapshot->mapping;
	copy_first_bytes(&scratch->maple_node, vma);
	read_mapped_file((void *)task, (void *)mm, vma, &scratch->maple_node, mapping,
			 &scratch->module.key, &file);
	/* Where the ring has no room the file is unknown, and the stack ends there. */
	if (file)
		tell_mapped_module((void *)task, scratch, mapping, file);
	barrier_var(at);
	to = (void *)&snapshot->content[(at & (SNAPSHOT_MAX_MAPPINGS - 1)) * sizeof(*to)];
	to->start = mapping->start;
	to->end = mapping->end;
	to->module = mapping->module;
	to->offset = mapping->offset;
	return 0;
}

struct snapshot_loop {
	__u64 task, mm, root;
	struct scratch *scratch;
	struct snapshot_scratch *snapshot;
	__u64 stack_start;
};

static long next_slot(__u32 i, struct snapshot_loop *loop)
{
	struct mapping_walk *walk = &loop->snapshot->walk;
	__u64 entry, last;
	__u32 slot;

	if (!walk->leaf_last) {
		walk->leaf_last = find_leaf(loop->root, walk->address, &walk->leaf);
		walk->slot = 0;
		if (!walk->leaf_last) {
			loop->snapshot->event.lacks_mappings = 1; /* the tree changes */
			return 1;
		}
	}
	slot = walk->slot & (MAPLE_LEAF_SLOTS - 1);
	last = slot < MAPLE_RANGE_PIVOTS ? walk->leaf.word[(1 + slot) & 31] : 0;
	entry = walk->leaf.word[(1 + MAPLE_RANGE_PIVOTS + slot) & 31];
	if (!last || last > walk->leaf_last) /* a zero pivot ends the node */
		last = walk->leaf_last;
	if (entry)
		note_mapping(loop->snapshot, entry);
	walk->slot = slot + 1;
	walk->address = last + 1;
	if (last == ~0ull)
		return 1;
	if (last == walk->leaf_last)
		walk->leaf_last = 0;
	return 0;
}

static long next_mapping(__u32 i, struct snapshot_loop *loop)
{
	take_mapping(loop->scratch, loop->snapshot, loop->task, loop->mm, i);
	return 0;
}

static __always_inline void take_mappings(struct snapshot_loop *loop)
{
	struct snapshot_scratch *snapshot = loop->snapshot;
	struct snapshot_event *event = &snapshot->event;
	__u32 found;

	snapshot->walk.address = 0;
	snapshot->walk.leaf_last = 0;
	snapshot->walk.found = 0;
	event->lacks_mappings = 0;
	if (bpf_loop(SNAPSHOT_MAX_SLOTS, next_slot, loop, 0) == SNAPSHOT_MAX_SLOTS)
		event->lacks_mappings = 1;
	found = snapshot->walk.found;
	if (found > SNAPSHOT_MAX_MAPPINGS) {
		event->lacks_mappings = 1;
		found = SNAPSHOT_MAX_MAPPINGS;
	}
	event->mapping_count = found;
	bpf_loop(found, next_mapping, loop, 0);
}

/* A page that is not there becomes zeros: a large array on the stack may never have been touched. */
static long copy_page(__u32 i, struct snapshot_loop *loop)
{
	struct snapshot_scratch *snapshot = loop->snapshot;
	__u64 to = snapshot->event.mapping_count * sizeof(struct snapshot_mapping) +
		   ((__u64)i << PAGE_SHIFT);

	barrier_var(to);
	if (to > SNAPSHOT_MAPPING_BYTES + SNAPSHOT_STACK_BYTES - (1u << PAGE_SHIFT))
		return 1;
	if (!bpf_probe_read_user(&snapshot->content[to], 1u << PAGE_SHIFT,
				 (void *)(loop->stack_start + ((__u64)i << PAGE_SHIFT))))
		snapshot->walk.pages = i + 1;
	return 0;
}

/* Whole pages from the stack pointer's up, as far as they belong to its mapping. */
static __always_inline void take_stack(struct snapshot_loop *loop, __u64 sp)
{
	struct snapshot_scratch *snapshot = loop->snapshot;
	struct vm_area_struct *vma = (void *)find_vma(loop->root, sp, &snapshot->walk.leaf);
	__u64 pages = 0;

	loop->stack_start = sp & ~((1ull << PAGE_SHIFT) - 1);
	snapshot->walk.pages = 0;
	if (vma && sp >= (__u64)BPF_CORE_READ(vma, vm_start))
		pages = (BPF_CORE_READ(vma, vm_end) - loop->stack_start) >> PAGE_SHIFT;
	bpf_loop(pages < SNAPSHOT_PAGES ? pages : SNAPSHOT_PAGES, copy_page, loop, 0);
	snapshot->event.stack_start = loop->stack_start;
	snapshot->event.stack_bytes = snapshot->walk.pages << PAGE_SHIFT;
}

/* From a frame on this stack to its caller's, as frame pointers have it; 1 where that is no longer on this stack. */
static long follow_fp(__u32 i, struct snapshot_loop *loop)
{
	struct mapping_walk *walk = &loop->snapshot->walk;
	__u64 fp = walk->fp, end = loop->stack_start + loop->snapshot->event.stack_bytes;

	if (fp < loop->stack_start || fp >= end)
		return 1;
	if (bpf_probe_read_user(&walk->fp, sizeof(walk->fp), (void *)fp) ||
	    (walk->fp <= fp && walk->fp >= loop->stack_start))
		walk->fp = 0;
	return !walk->fp;
}

/* Does code return to where a frame pointer says? What is none may be anything. */
static __always_inline bool is_frame(const struct snapshot_loop *loop, __u64 fp)
{
	struct vm_area_struct *vma;
	__u64 pc = 0;

	if (!fp || (fp & 7) || bpf_probe_read_user(&pc, sizeof(pc), (void *)(fp + 8)))
		return false;
	vma = (void *)find_vma(loop->root, pc, &loop->snapshot->walk.leaf);
	return vma && pc >= (__u64)BPF_CORE_READ(vma, vm_start) &&
	       (BPF_CORE_READ(vma, vm_flags) & VM_EXEC);
}

static long copy_other_page(__u32 i, struct snapshot_loop *loop)
{
	struct snapshot_event *event = &loop->snapshot->event;
	__u64 to = event->mapping_count * sizeof(struct snapshot_mapping) + event->stack_bytes +
		   ((__u64)i << PAGE_SHIFT);

	barrier_var(to);
	if (to > SNAPSHOT_CONTENT_BYTES - (1u << PAGE_SHIFT) ||
	    bpf_probe_read_user(&loop->snapshot->content[to], 1u << PAGE_SHIFT,
				(void *)(event->other_start + ((__u64)i << PAGE_SHIFT))))
		return 1;
	event->other_bytes = (i + 1) << PAGE_SHIFT;
	return 0;
}

/* The stack that frame pointers lead to, whole pages as far as they are there and find room. */
static __always_inline void take_other_stack(struct snapshot_loop *loop, __u64 fp)
{
	struct mapping_walk *walk = &loop->snapshot->walk;
	struct snapshot_event *event = &loop->snapshot->event;

	walk->fp = fp;
	if (bpf_loop(SNAPSHOT_MAX_FPS, follow_fp, loop, 0) == SNAPSHOT_MAX_FPS ||
	    !is_frame(loop, walk->fp))
		return;
	event->other_start = walk->fp & ~((1ull << PAGE_SHIFT) - 1);
	bpf_loop(SNAPSHOT_PAGES, copy_other_page, loop, 0);
}

/* Is a snapshot due? Where rows are missing: if the last frame's module has not brought too many. */
static __always_inline bool wants_snapshot(const struct walk_context *context)
{
	const struct tick_event *tick = &context->scratch->tick;
	__u32 depth = context->walk->depth, key, *count;

	if (config.verify)
		return tick->user_stack != 0;
	if (tick->reason != REASON_ROWS_MISSING || !depth)
		return false;
	key = context->walk->frames[(depth - 1) & (EVENT_MAX_FRAMES - 1)].module &
	      (SNAPSHOT_COUNTS - 1);
	count = bpf_map_lookup_elem(&snapshot_counts, &key);
	if (!count || *count >= SNAPSHOTS_OF_A_MODULE)
		return false;
	(*count)++;
	return true;
}

static __always_inline long send_snapshot(const struct snapshot_event *event)
{
	__u64 size = sizeof(*event) + event->mapping_count * sizeof(struct snapshot_mapping) +
		     event->stack_bytes + event->other_bytes;
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (bpf_ringbuf_query(&snapshots, BPF_RB_AVAIL_DATA) * 4 >
	    bpf_ringbuf_query(&snapshots, BPF_RB_RING_SIZE))
		flags = BPF_RB_FORCE_WAKEUP;
	barrier_var(size);
	if (size > sizeof(*event) + SNAPSHOT_CONTENT_BYTES)
		return -1;
	return bpf_ringbuf_output(&snapshots, (void *)event, size, flags);
}

/*
 * Sends the tick with a snapshot if one is due: true. False: the tick is to be sent by itself; where only room
 * was lacking it says so. The walk is at its end.
 */
static __always_inline bool take_snapshot(struct walk_context *context)
{
	const struct arch_registers *leaf = &context->walk->state.leaf;
	struct mm_struct *mm = (void *)context->mm;
	struct scratch *scratch = context->scratch;
	__u32 cpu = bpf_get_smp_processor_id();
	struct snapshot_loop loop = { .task = context->task,
				      .mm = context->mm,
				      .scratch = scratch };
	struct snapshot_event *event;

	if (!wants_snapshot(context))
		return false;
	loop.snapshot = bpf_map_lookup_elem(&snapshot_scratches, &cpu);
	if (!loop.snapshot)
		return false;
	loop.root = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);
	event = &loop.snapshot->event;
	event->type = EVENT_SNAPSHOT;
	event->leaf_is_return = context->walk->leaf_is_return;
	event->tick = scratch->tick;
	arch_dwarf_registers(leaf, event->registers);
	take_mappings(&loop);
	take_stack(&loop, arch_sp(leaf));
	event->other_bytes = 0;
	if (scratch->tick.reason == REASON_ROWS_MISSING)
		take_other_stack(&loop, arch_fp(leaf));
	if (!send_snapshot(event))
		return true;
	if (scratch->tick.reason == REASON_ROWS_MISSING)
		scratch->tick.reason = REASON_SNAPSHOT_FULL;
	return false;
}

#endif
