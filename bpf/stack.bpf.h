/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking the two halves of a stack: the kernel's own unwinder for the kernel half; for the user half the
 * walk by the rows that were compiled from each file's call frame information (user_walk.h). A stack that user space has not been told of is sent before the tick.
 */
#ifndef HEARTH_BPF_STACK_BPF_H
#define HEARTH_BPF_STACK_BPF_H

#include "bpf/user_walk.h"

/* The leaf was interrupted; the others are return addresses, as far as the kernel tells. */
static long kernel_frame(__u32 i, struct walk_context *context)
{
	take_frame(context->walk, i, MODULE_KERNEL,
		   context->scratch->addresses[i & KERNEL_MAX_FRAMES] - (i != 0));
	return 0;
}

static __always_inline void truncate_tick(struct tick_event *tick, __u32 reason)
{
	tick->fate = TICK_TRUNCATED;
	tick->reason = reason;
}

/* Sends the stack whose hash is in `slot`'s way. False: the ring has no room. */
static __always_inline bool send_stack(struct walk_context *context)
{
	struct user_walk *walk = context->walk;
	__u32 depth;

	if (context->memo)
		bpf_loop(walk->below, copy_frame, context, 0);
	depth = walk->depth;
	if (depth > EVENT_MAX_FRAMES)
		return false;
	barrier_var(
		depth); /* spilled from here on: Linux 6.1 forgets the bound of a copy from before */
	walk->event.type = EVENT_STACK;
	walk->event.depth = depth;
	return !send_event(&walk->event, sizeof(walk->event) + depth * sizeof(struct stack_frame),
			   false);
}

/* Sends the walked stack if it is new. False: the ring has no room. */
static __always_inline bool tell_stack(struct walk_context *context, __u64 *ret_id,
				       __u32 *ret_check)
{
	struct user_walk *walk = context->walk;
	struct stack_event *event = &walk->event;
	__u64 *slot, tag;

	if (!walk->depth && !walk->below)
		return true;
	event->id = hash_id(&walk->hash);
	event->check = hash_check(&walk->hash);
	slot = told_slot(&told_stacks, TOLD_STACKS, event->id);
	tag = told_tag(event->id, event->check, context->scratch->window);
	if (slot && *slot != tag) {
		if (!send_stack(context))
			return false;
		*slot = tag;
	}
	*ret_id = event->id;
	*ret_check = event->check;
	return true;
}

/* The kernel clears what it was given and did not need, and nearly all stacks are smaller than that. */
#define KERNEL_USUAL_FRAMES 24

/* Fills scratch->addresses; gives the number of frames, 0 when the kernel gave none. */
static __always_inline __u32 read_addresses(struct bpf_perf_event_data *ctx,
					    struct scratch *scratch)
{
	long size = bpf_get_stack(ctx, scratch->addresses, KERNEL_USUAL_FRAMES * sizeof(__u64), 0);

	if (size == KERNEL_USUAL_FRAMES * sizeof(__u64))
		size = bpf_get_stack(ctx, scratch->addresses, KERNEL_MAX_FRAMES * sizeof(__u64), 0);
	return size > 0 ? (__u32)size / sizeof(__u64) : 0;
}

/* False: the ring has no room. */
static __always_inline bool take_kernel_stack(struct bpf_perf_event_data *ctx,
					      struct walk_context *context)
{
	struct scratch *scratch = context->scratch;
	struct user_walk *walk = context->walk;
	__u32 count = read_addresses(ctx, scratch);

	walk->depth = 0;
	walk->below = 0;
	walk->hash = hash_start();
	bpf_loop(count, kernel_frame, context, 0);
	walk->stores = 0;
	bpf_loop(walk->depth, hash_frame, context, 0);
	if (!count)
		truncate_tick(&scratch->tick, REASON_NO_KERNEL_STACK);
	else if (count >= config.max_frames)
		truncate_tick(&scratch->tick, REASON_MAX_DEPTH);
	return tell_stack(context, &scratch->tick.kernel_stack, &scratch->tick.kernel_check);
}

/* Kernel threads, also those that share a process's memory (io_uring, vhost): they never were in user mode. */
#define NO_USER_HALF (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER)

/*
 * Why a tick has no user half, REASON_NONE if it may have one. Inside execve the memory is replaced some time
 * before the registers are: meanwhile those are the old program's, of whose stack nothing is left. Among the last
 * that is set of the new memory is where its code ends; between that and the new PC the other registers are
 * cleared, and the walk finds no leaf.
 */
static __always_inline __u32 user_half_absence(const struct task_struct *task, struct mm_struct *mm,
					       bool user_mode)
{
	if (task->flags & NO_USER_HALF)
		return REASON_KERNEL_THREAD;
	if (!mm)
		return task->flags & PF_EXITING ? REASON_EXITING : REASON_KERNEL_THREAD;
	return !user_mode && !BPF_CORE_READ(mm, end_code) ? REASON_EXEC : REASON_NONE;
}

/* The tick keeps the fate of its kernel half. */
static __always_inline void lack_user_half(struct tick_event *tick, __u32 absence)
{
	if (tick->fate == TICK_COMPLETE)
		tick->reason = absence;
}

/*
 * The walk has ended: what that makes of the tick. Where it came to the end of a chain, or to something
 * that is no caller, the last frame may still be a function that nothing calls: user space knows by its name.
 */
static __always_inline void judge_walk(struct tick_event *tick, const struct user_walk *walk)
{
	if (walk->state.may_lack_caller)
		tick->flags |= TICK_MAY_LACK_CALLER;
	if (walk->root_is_proven)
		return;
	if (walk->reason == REASON_NO_ROOT || walk->reason == REASON_BAD_CALLER)
		tick->flags |= TICK_ROOT_UNPROVEN;
	if (walk->reason != REASON_NO_ROOT)
		truncate_tick(tick, walk->reason);
}

/* A thread between two execs: the mm of a third image may be that of the first, with the same sequence. */
static __always_inline __u64 thread_key(struct task_struct *task)
{
	return (__u64)task->pid << 32 ^ task->start_boottime ^
	       (__u64)task->self_exec_id * 0x9e3779b97f4a7c15ull;
}

/* The thread's memo, or this CPU's spare one while another CPU has that; NULL only if maps are missing. */
static __always_inline struct walk_memo *claim_memo(__u64 thread)
{
	__u32 slot = (thread * 0x9e3779b97f4a7c15ull >> 32) & (config.memo_count - 1);
	struct walk_memo *memo = bpf_map_lookup_elem(&walk_memos, &slot);

	if (!memo || !__sync_lock_test_and_set(&memo->busy, 1))
		return memo;
	slot = config.memo_count + bpf_get_smp_processor_id();
	return bpf_map_lookup_elem(&walk_memos, &slot);
}

static __always_inline void walk_user_half(struct walk_context *context, struct task_struct *task,
					   struct mm_struct *mm)
{
	struct walk_memo *memo = context->memo;
	__u64 sequence = read_sequence(mm);

	/* Another owner in each window: modules of frames that are not walked would not be told. */
	memo_begin(memo, thread_key(task) ^ context->scratch->window * 0x9e3779b97f4a7c15ull,
		   context->mm, sequence);
	context->scratch->rows.module = 0;
	context->walk->hash = hash_start();
	walk_user_stack(context);
	if (read_sequence(mm) == sequence)
		memo->sequence = sequence;
}

/* False: the ring has no room. A task without a user half keeps the fate of its kernel half. */
static __always_inline bool take_user_stack(struct task_struct *task, struct walk_context *context,
					    bool user_mode)
{
	const void *saved = (void *)bpf_task_pt_regs(task);
	struct unwind_state *state = &context->walk->state;
	struct tick_event *tick = &context->scratch->tick;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u32 absence = user_half_absence(task, mm, user_mode);
	bool told;

	if (absence == REASON_NONE &&
	    (bpf_probe_read_kernel(&state->leaf, sizeof(state->leaf), saved) ||
	     !arch_has_user_half(&state->leaf)))
		absence = REASON_KERNEL_THREAD;
	if (absence != REASON_NONE) {
		lack_user_half(tick, absence);
		return true;
	}
	if (arch_is_32bit(&state->leaf)) {
		truncate_tick(tick, REASON_COMPAT_TASK);
		return true;
	}
	context->memo = claim_memo(thread_key(task));
	if (!context->memo)
		return false;
	/* As numbers, which may go through memory and into global functions. */
	context->task = bpf_get_current_task();
	context->mm = (__u64)mm;
	unwind_begin(state, !user_mode && arch_in_system_call(&state->leaf));
	walk_user_half(context, task, mm);
	told = !context->walk->ring_full;
	if (context->walk->reason == REASON_BAD_LEAF && !user_mode && arch_in_exec(&state->leaf)) {
		lack_user_half(tick, REASON_EXEC);
	} else if (told) {
		judge_walk(tick, context->walk);
		told = tell_stack(context, &tick->user_stack, &tick->user_check);
	}
	__sync_lock_test_and_set(&context->memo->busy, 0);
	return told;
}

#endif
