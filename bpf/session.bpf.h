/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps and the scratch memory that the parts of the kernel side share. */
#ifndef HEARTH_BPF_SESSION_BPF_H
#define HEARTH_BPF_SESSION_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#include "bpf/events.h"
#include "bpf/kernel.h"
#include "bpf/walk_state.h"

const volatile struct sample_config config;

/* Sized by user space before loading: the ring by rate and CPUs, cpu_states by the possible CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpu_states SEC(".maps");

/* A node of the VMA tree, copied: see mapping.bpf.h. */
struct maple_node {
	__u64 word[32];
};

/* The rows of the module that were found last in this tick. */
struct found_rows {
	__u64 module; /* 0: none */
	struct unwind_module found;
};

/* One tick's working memory; too large for the 512 bytes of stack. What each tick touches stands first. */
struct scratch {
	struct tick_event tick;
	struct process_event process;
	__u64 idle_task; /* this CPU's, once it was found */
	__u64 window;    /* of cpu_state, as the tick found it */
	struct found_rows rows;
	struct mapping mapping; /* read last */
	struct maple_node maple_node;
	__u64 addresses[KERNEL_MAX_FRAMES + 1];
	struct module_event module;
	char path[EVENT_MAX_PATH + 256]; /* room for one name more than fits */
	struct group_event group;
	char group_path[GROUP_MAX_PATH + 1 + 256]; /* the same, and a slash */
};

/* `identify` runs in a system call that a tick may interrupt: each has its own. */
enum scratch_user { SCRATCH_TICK, SCRATCH_IDENTIFY, SCRATCH_USERS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_USERS);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* The user stack of a tick, one for each CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct user_walk);
} user_walks SEC(".maps");

/*
 * The threads' last stacks, by a hash of the thread; after those, one for each CPU, for when the thread's
 * place is taken at that very moment. Sized by user space before loading.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk_memo);
} walk_memos SEC(".maps");

/*
 * What user space was told already: a tag of its id, direct-mapped, so that it never fills and never
 * blocks. An entry that another one pushed out is sent again when it is met again. Two ids of one tag would
 * leave the second untold: its ticks are lost(stack_missing), never shown with the first one's stack.
 */
#define TOLD_STACKS  65536
#define TOLD_OBJECTS 4000 /* processes and modules; see COMPACT_ARRAY_BYTES */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TOLD_STACKS);
	__type(key, __u32);
	__type(value, __u64);
} told_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TOLD_OBJECTS);
	__type(key, __u32);
	__type(value, __u64);
} told_objects SEC(".maps");

/* The slot of an id in one of the two maps above: holds its tag once it was told. */
static __always_inline __u64 *told_slot(void *map, __u32 size, __u64 id)
{
	__u32 slot = (id >> 16 & 0xffffffff) * size >> 32;

	return bpf_map_lookup_elem(map, &slot);
}

/* Another one in each window, for which all is told anew. */
static __always_inline __u64 told_tag(__u64 id, __u32 check, __u64 window)
{
	return id ^ (__u64)check << 32 ^ window * 0x9e3779b97f4a7c15ull;
}

static __always_inline struct content_hash hash_start(void)
{
	return content_hash_start(config.hash_seed);
}

/*
 * User space drains the ring a few times a second of its own accord. It is woken only for what
 * cannot wait (a module whose process may end; the first tick) and when a quarter of the ring is filled.
 */
static __always_inline long send_event(const void *event, __u64 size, bool urgent)
{
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (urgent || bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) * 4 >
			      bpf_ringbuf_query(&events, BPF_RB_RING_SIZE))
		flags = BPF_RB_FORCE_WAKEUP;
	return bpf_ringbuf_output(&events, (void *)event, size, flags);
}

#endif
