/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A snapshot of a user stack: registers, the top of the stack, and the executable mappings, of many the outer ones. It
 * is taken where the walk met a file without rows yet, and of each tick when user space is to check the walk.
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
#define SNAPSHOT_HALF        (SNAPSHOT_MAX_MAPPINGS / 2)
#define SNAPSHOT_PAGES       (SNAPSHOT_STACK_BYTES >> PAGE_SHIFT)
#define SNAPSHOT_OTHER_PAGES (SNAPSHOT_OTHER_MAX_BYTES >> PAGE_SHIFT)
#define SNAPSHOT_MAX_FPS     128 /* that are followed */

/*
 * Where the walk over the mappings stands, a slot of a leaf at a time: from the lowest address up, then from the highest
 * down, until it meets the first way's end. In map memory: of values on the stack Linux 6.1 believes that a loop's
 * callback leaves them as they are.
 */
struct mapping_walk {
	__u64 address;               /* where it goes on */
	__u64 end;                   /* of the way up */
	__u64 leaf_first, leaf_last; /* what the leaf that is copied covers; last 0: none is */
	__u32 slot;                  /* of it */
	__u32 lower, upper; /* executable mappings that were found on the way up and down */
	__u32 pages;        /* of the stack, up to the last one that was there */
	__u64 fp;           /* of a frame; in the end of one on another stack, 0: there is none */
	struct maple_node leaf;
};

struct snapshot_scratch {
	struct mapping_walk walk;
	__u64 lower[SNAPSHOT_HALF]; /* VMAs of executable mappings, as they were found */
	__u64 upper[SNAPSHOT_HALF];
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
#define SNAPSHOT_MAX_SLOTS 400 /* of the VMA tree, mappings and gaps, either way: some 25 us */

/* Copies the leaf of the VMA tree that covers the address, and finds the slot there; 0: there is none. */
__noinline int find_leaf(__u64 root, struct mapping_walk *walk, struct maple_node *node)
{
	__u64 entry = root, first = 0, last = ~0ull;
	int level;

	if (!walk || !node || (entry & 3) != 2)
		return 0;
	for (level = 0; level < MAPLE_MAX_LEVELS; level++) {
		__u32 type = (entry >> 3) & 15, slot;
		__u32 pivots = type == MAPLE_ARANGE_64 ? MAPLE_ARANGE_PIVOTS : MAPLE_RANGE_PIVOTS;

		if (bpf_probe_read_kernel(node, sizeof(*node), (void *)(entry & ~MAPLE_NODE_MASK)))
			return 0;
		slot = maple_slot(node, pivots, walk->address);
		if (type <= MAPLE_LEAF_64) {
			walk->slot = slot;
			walk->leaf_first = first;
			walk->leaf_last = last;
			return 1;
		}
		if (slot)
			first = node->word[slot & 31] + 1;
		if (slot < pivots && node->word[(1 + slot) & 31])
			last = node->word[(1 + slot) & 31];
		entry = node->word[(1 + pivots + slot) & 31];
		if (!entry)
			return 0;
	}
	return 0;
}

static __always_inline bool is_executable(__u64 vma_address)
{
	struct vm_area_struct *vma = (void *)vma_address;

	return vma && (BPF_CORE_READ(vma, vm_flags) & VM_EXEC);
}

/* Number `at` of the mappings that are sent, in ascending order. */
static __always_inline __u64 noted_vma(const struct snapshot_scratch *snapshot, __u64 at)
{
	__u64 lower = snapshot->walk.lower, from_above;

	if (at < lower) {
		barrier_var(at);
		return snapshot->lower[at & (SNAPSHOT_HALF - 1)];
	}
	from_above = lower + snapshot->walk.upper - 1 - at;
	barrier_var(from_above);
	return snapshot->upper[from_above & (SNAPSHOT_HALF - 1)];
}

/* Takes number `at` of the mappings that are sent. A global function: the verifier checks it once. */
__noinline int take_mapping(struct scratch *scratch, struct snapshot_scratch *snapshot, __u64 task,
			    __u64 mm, __u64 at)
{
	struct vm_area_struct *vma;
	struct snapshot_mapping *to;
	struct mapping *mapping;
	struct file *file = NULL;

	if (!scratch || !snapshot || at >= SNAPSHOT_MAX_MAPPINGS)
		return 0;
	vma = (void *)noted_vma(snapshot, at);
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

/* The slot of the walk's address: its number in walk->leaf, or -1: the tree changes. */
static __always_inline __s64 enter_slot(const struct snapshot_loop *loop)
{
	struct mapping_walk *walk = &loop->snapshot->walk;

	if (!walk->leaf_last && !find_leaf(loop->root, walk, &walk->leaf))
		return -1;
	return walk->slot & (MAPLE_LEAF_SLOTS - 1);
}

/* The last address that a slot covers. */
static __always_inline __u64 slot_last(const struct mapping_walk *walk, __s64 slot)
{
	__u64 last = slot < MAPLE_RANGE_PIVOTS ? walk->leaf.word[(1 + slot) & 31] : 0;

	if (!last || last > walk->leaf_last) /* a zero pivot ends the node */
		last = walk->leaf_last;
	return last;
}

/* Its VMA, as a kernel pointer; 0: it is a gap. */
static __always_inline __u64 slot_entry(const struct mapping_walk *walk, __s64 slot)
{
	return walk->leaf.word[(1 + MAPLE_RANGE_PIVOTS + slot) & 31];
}

static long next_slot_up(__u32 i, struct snapshot_loop *loop)
{
	struct mapping_walk *walk = &loop->snapshot->walk;
	__s64 slot = enter_slot(loop);
	__u64 entry, last;

	if (slot < 0)
		return 1;
	last = slot_last(walk, slot);
	entry = slot_entry(walk, slot);
	if (is_executable(entry))
		loop->snapshot->lower[walk->lower++ & (SNAPSHOT_HALF - 1)] = entry;
	walk->slot = slot + 1;
	walk->address = last + 1; /* 0: that was all */
	if (last == walk->leaf_last)
		walk->leaf_last = 0;
	return !walk->address || walk->lower == SNAPSHOT_HALF;
}

static long next_slot_down(__u32 i, struct snapshot_loop *loop)
{
	struct mapping_walk *walk = &loop->snapshot->walk;
	__s64 slot = enter_slot(loop);
	__u64 entry, first;

	if (slot < 0)
		return 1;
	first = slot ? walk->leaf.word[slot & 31] + 1 : walk->leaf_first;
	entry = slot_entry(walk, slot);
	if (is_executable(entry))
		loop->snapshot->upper[walk->upper++ & (SNAPSHOT_HALF - 1)] = entry;
	walk->slot = slot - 1;
	walk->address = first - 1;
	if (first <= walk->end) {
		walk->end = 0;
		return 1;
	}
	if (!slot)
		walk->leaf_last = 0;
	return walk->upper == SNAPSHOT_HALF;
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
	struct mapping_walk *walk = &snapshot->walk;

	walk->address = 1; /* there nothing begins; 0 is the end */
	walk->leaf_last = 0;
	walk->lower = 0;
	walk->upper = 0;
	bpf_loop(SNAPSHOT_MAX_SLOTS, next_slot_up, loop, 0);
	walk->end = walk->address;
	if (walk->end) {
		walk->address = ~0ull;
		walk->leaf_last = 0;
		bpf_loop(SNAPSHOT_MAX_SLOTS, next_slot_down, loop, 0);
	}
	event->lacks_mappings = walk->end != 0;
	event->mapping_count = walk->lower + walk->upper;
	bpf_loop(event->mapping_count, next_mapping, loop, 0);
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

/*
 * The VMA that a stack pointer belongs to. The main thread's stack grows where it is touched: as long as that is not
 * done below a large frame, the pointer lies in the gap under it.
 */
static __always_inline struct vm_area_struct *find_stack(struct snapshot_loop *loop, __u64 sp)
{
	struct mapping_walk *walk = &loop->snapshot->walk;
	struct vm_area_struct *above;
	__s64 slot;
	__u64 entry;

	walk->address = sp;
	walk->leaf_last = 0;
	slot = enter_slot(loop);
	if (slot < 0)
		return NULL;
	entry = slot_entry(walk, slot);
	if (entry)
		return (void *)entry;
	above = (void *)find_vma(loop->root, slot_last(walk, slot) + 1, &walk->leaf);
	return above && (BPF_CORE_READ(above, vm_flags) & VM_GROWSDOWN) ? above : NULL;
}

/* Whole pages as far as they belong to the stack's mapping: from the stack pointer's up, or from the first that it has. */
static __always_inline void take_stack(struct snapshot_loop *loop, __u64 sp)
{
	struct snapshot_scratch *snapshot = loop->snapshot;
	struct vm_area_struct *vma = find_stack(loop, sp);
	__u64 pages = 0, start;

	loop->stack_start = sp & ~((1ull << PAGE_SHIFT) - 1);
	snapshot->walk.pages = 0;
	if (vma) {
		start = BPF_CORE_READ(vma, vm_start);
		if (loop->stack_start < start)
			loop->stack_start = start;
		pages = (BPF_CORE_READ(vma, vm_end) - loop->stack_start) >> PAGE_SHIFT;
	}
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
	bpf_loop(SNAPSHOT_OTHER_PAGES, copy_other_page, loop, 0);
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
