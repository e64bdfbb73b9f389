/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The classic frame-pointer profiler, as bcc's `profile` and its like do it: the kernel walks both stacks into
 * a stack map, and a hash map counts by process, name and both stacks. Beside it the walk of the user stack alone.
 */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <bpf/bpf_helpers.h>

#include "tests/bench/fp_peer.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 target_tgid;

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, FP_PEER_MAX_FRAMES * sizeof(__u64));
	__uint(max_entries, 16384);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct fp_peer_key);
	__type(value, __u64);
} counts SEC(".maps");

struct fp_peer_frames {
	__u64 address[FP_PEER_MAX_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fp_peer_frames);
} frames SEC(".maps");

/* Ticks by frames of the user stack, where only that is walked. */
__u64 depths[FP_PEER_MAX_FRAMES + 1];

static __always_inline void count(const struct fp_peer_key *key)
{
	const __u64 one = 1;
	__u64 *ticks = bpf_map_lookup_elem(&counts, key);

	if (ticks)
		__sync_fetch_and_add(ticks, 1);
	else
		bpf_map_update_elem(&counts, key, &one, BPF_NOEXIST);
}

SEC("perf_event")
int count_stacks(struct bpf_perf_event_data *ctx)
{
	struct fp_peer_key key = { .tgid = bpf_get_current_pid_tgid() >> 32 };

	if (key.tgid != target_tgid)
		return 0;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	key.user_stack = (__s32)bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	key.kernel_stack = (__s32)bpf_get_stackid(ctx, &stacks, 0);
	count(&key);
	return 0;
}

SEC("perf_event")
int walk_only(struct bpf_perf_event_data *ctx)
{
	__u32 zero = 0;
	struct fp_peer_frames *buffer = bpf_map_lookup_elem(&frames, &zero);
	__u64 depth;
	long size;

	if (!buffer || bpf_get_current_pid_tgid() >> 32 != target_tgid)
		return 0;
	size = bpf_get_stack(ctx, buffer, sizeof(*buffer), BPF_F_USER_STACK);
	depth = size < 0 ? 0 : (__u64)size >> 3;
	if (depth <= FP_PEER_MAX_FRAMES)
		depths[depth]++;
	return 0;
}
