/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * One step from a frame to its caller: computes the caller's registers by a rule. What it reads of user
 * memory comes through a window, for entering user memory is what costs.
 *
 * Compiled for both sides: the kernel side walks stacks with it, tests replay it.
 */
#ifndef HEARTH_BPF_UNWIND_STEP_H
#define HEARTH_BPF_UNWIND_STEP_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "bpf/arch.h"
#include "bpf/events.h"

#define STEP_INLINE static inline __attribute__((always_inline))
#ifdef __bpf__
#define STEP_GLOBAL \
	__attribute__((noinline)) /* the verifier checks it once, not on every path to it */
#else
#define STEP_GLOBAL static inline
#endif

/*
 * walk_loop() calls back until that says 1, at most `count` times. unwind_read_user() copies user memory; not 0: not
 * all of it can be read. In user space whoever walks supplies it.
 */
#ifdef __bpf__
#include <bpf/bpf_helpers.h>

#define walk_loop(count, callback, context) bpf_loop(count, callback, context, 0)

STEP_INLINE long unwind_read_user(void *to, __u32 size, __u64 address)
{
	return bpf_probe_read_user(to, size, (void *)address);
}
#else
#define walk_loop(count, callback, context)                                      \
	do {                                                                     \
		for (__u32 turn_ = 0, count_ = (count); turn_ < count_; turn_++) \
			if (callback(turn_, context))                            \
				break;                                           \
	} while (0)

long unwind_read_user(void *to, __u32 size, __u64 address);
#endif

/* The registers that unwinding follows. */
struct unwind_registers {
	__u64 pc, sp, fp;
	__u32 pc_is_return; /* pc is behind a call: the frame is known by the byte before */
	__u32 fp_is_known;
	__u32 is_leaf; /* `leaf` still holds: no step was made */
	/* The base of the frame whose sp was base_sp: of another one it is not known. In a leaf: see `leaf`. */
	__u64 base, base_sp;
};

/*
 * User memory is entered once for many frames: entering costs more than 4 KiB of copying, when they are in the
 * cache. The smaller size is for where nothing tells how much of the stack will be asked for.
 */
#define WINDOW_BYTES     512
#define WINDOW_MAX_BYTES 4096

struct stack_window {
	__u64 start, size; /* of user memory, in bytes */
	__u64 words[WINDOW_MAX_BYTES / sizeof(__u64)];
};

struct unwind_state {
	struct unwind_registers registers;
	struct unwind_rule rule;
	__u32 may_lack_caller; /* a step by frame pointer may have passed a frame over */
	__u32 unused;
	struct stack_window window;
	struct arch_registers leaf; /* all of the user registers, as the kernel saved them */
};

/* From the leaf on; its PC is a return address already where the task is in a system call. */
STEP_INLINE void unwind_begin(struct unwind_state *state, bool is_return)
{
	state->registers.pc = arch_pc(&state->leaf);
	state->registers.sp = arch_sp(&state->leaf);
	state->registers.fp = arch_fp(&state->leaf);
	state->registers.pc_is_return = is_return;
	state->registers.fp_is_known = 1;
	state->registers.is_leaf = 1;
	state->registers.base_sp = 0; /* no frame's */
}

#define PAGE_BYTES (1u << PAGE_SHIFT)

/*
 * Fills the window with `bytes` (WINDOW_MAX_BYTES at most) from `start` on, or with what can be read of them up to the
 * end of the page. 0: it holds a word or more.
 */
STEP_GLOBAL int fill_window(struct stack_window *window, __u64 start, __u64 bytes)
{
	__u32 left;

	if (!window || bytes > WINDOW_MAX_BYTES)
		return 1;
	window->start = start;
	window->size = bytes & ~7u;
	if (!unwind_read_user(window->words, bytes, start))
		return 0;
	/* The window crosses the end of the stack: what is left of this page. */
	left = PAGE_BYTES - ((__u32)start & (PAGE_BYTES - 1));
	window->size = 0;
	if (left >= bytes || left < sizeof(__u64))
		return 1;
	left &= WINDOW_MAX_BYTES - 1;
	if (unwind_read_user(window->words, left, start))
		return 1;
	window->size = left & ~7u;
	return 0;
}

/* The word at an address, if the window holds it. */
STEP_INLINE bool peek_window(const struct stack_window *window, __u64 address, __u64 *ret_value)
{
	__u64 at = address - window->start;

	if ((at & 7) || window->size < sizeof(__u64) || at > window->size - sizeof(__u64))
		return false;
	*ret_value = window->words[(at >> 3) & (WINDOW_MAX_BYTES / sizeof(__u64) - 1)];
	return true;
}

/*
 * Reads a word of the stack. `lowest` is the lowest address that this step will read: where the window
 * is to start if the word lies outside it. False: it cannot be read.
 */
STEP_INLINE bool read_stack(struct stack_window *window, __u64 address, __u64 lowest,
			    __u64 *ret_value)
{
	if (peek_window(window, address, ret_value))
		return true;
	if (address & 7) /* never in code that a compiler made; and the window is of words */
		return !unwind_read_user(ret_value, sizeof(*ret_value), address);
	if (address - lowest >= WINDOW_BYTES)
		lowest = address;
	/* That may fail where the word itself can be read. */
	fill_window(window, lowest & ~7ull, WINDOW_BYTES);
	return peek_window(window, address, ret_value) ||
	       !unwind_read_user(ret_value, sizeof(*ret_value), address);
}

/* What a step gave: go on, the end with a proven root, or a reason (enum tick_reason). */
#define STEP_GO   (REASON_COUNT + 1)
#define STEP_ROOT (REASON_COUNT + 2)

/* The frame of Go's asmcgocall, on the goroutine's stack: what UNWIND_CFA_GO_STACK says. */
STEP_INLINE int find_go_cfa(struct unwind_state *state, __u64 *ret_cfa)
{
	__u64 note = state->registers.sp + (__s64)state->rule.extra_offset;
	__u64 sp, goroutine, top;

	if (!read_stack(&state->window, note, note, &sp) ||
	    !read_stack(&state->window, note + 8, note, &goroutine))
		return REASON_STACK_UNREADABLE;
	if (goroutine) {
		if (unwind_read_user(&top, sizeof(top), goroutine + 8))
			return REASON_STACK_UNREADABLE;
		sp = top - sp;
	}
	*ret_cfa = sp + (__s64)state->rule.cfa_offset;
	return STEP_GO;
}

STEP_INLINE bool find_register(const struct unwind_state *state, __u32 number, __u64 *ret_value)
{
	const struct unwind_registers *registers = &state->registers;

	if (registers->is_leaf)
		return arch_dwarf_register(&state->leaf, number, ret_value);
	*ret_value = registers->base;
	return number == ARCH_BASE_REGISTER && registers->base_sp == registers->sp;
}

/* The caller's base, if it can be told: it is that of the frame at `cfa`. */
STEP_INLINE bool find_base(struct unwind_state *state, __u64 cfa, __u64 lowest)
{
	struct unwind_registers *registers = &state->registers;
	const struct unwind_rule *rule = &state->rule;
	__u64 value;

	if (rule->ra == UNWIND_RA_BASE_SAVED) {
		if (!read_stack(&state->window, cfa + (__s64)rule->extra_offset, lowest, &value))
			return false;
	} else if (rule->ra != UNWIND_RA_BASE_SAME ||
		   !find_register(state, ARCH_BASE_REGISTER, &value)) {
		return true;
	}
	registers->base = value;
	registers->base_sp = cfa;
	return true;
}

STEP_INLINE int find_cfa(struct unwind_state *state, __u64 *ret_cfa)
{
	const struct unwind_registers *registers = &state->registers;
	const struct unwind_rule *rule = &state->rule;
	__u64 value;

	switch (rule->cfa) {
	case UNWIND_CFA_SP:
		*ret_cfa = registers->sp + (__s64)rule->cfa_offset;
		return STEP_GO;
	case UNWIND_CFA_FP:
	case UNWIND_CFA_FP_SWITCH:
		*ret_cfa = registers->fp + (__s64)rule->cfa_offset;
		return registers->fp_is_known ? STEP_GO : REASON_BAD_STACK;
	case UNWIND_CFA_REGISTER:
		if (!find_register(state, rule->detail, &value))
			return REASON_BAD_STACK;
		*ret_cfa = value + (__s64)rule->cfa_offset;
		return STEP_GO;
	case UNWIND_CFA_SP_DEREF:
	case UNWIND_CFA_FP_DEREF:
		if (rule->cfa == UNWIND_CFA_FP_DEREF && !registers->fp_is_known)
			return REASON_BAD_STACK;
		value = (rule->cfa == UNWIND_CFA_SP_DEREF ? registers->sp : registers->fp) +
			(__s64)rule->cfa_offset;
		if (!read_stack(&state->window, value, value, &value))
			return REASON_STACK_UNREADABLE;
		*ret_cfa = value + (__s64)rule->extra_offset;
		return STEP_GO;
	case UNWIND_CFA_PLT:
		*ret_cfa = registers->sp + 8 + ((registers->pc & 15) >= rule->detail) * 8;
		return STEP_GO;
	case UNWIND_CFA_GO_STACK:
		return find_go_cfa(state, ret_cfa);
	}
	return REASON_NOT_EXPRESSIBLE;
}

/*
 * The caller's fp. Where the rule does not tell, or it cannot be read, it is not known from here on: that matters
 * only if a rule further up needs it.
 */
STEP_INLINE void find_fp(struct unwind_state *state, __u64 cfa, __u64 lowest)
{
	struct unwind_registers *registers = &state->registers;
	const struct unwind_rule *rule = &state->rule;
	__u64 value = 0;

	switch (rule->fp) {
	case UNWIND_FP_OFFSET:
		registers->fp_is_known =
			read_stack(&state->window, cfa + (__s64)rule->fp_offset, lowest, &value);
		break;
	case UNWIND_FP_AT_FP:
		if (!registers->fp_is_known)
			return;
		value = registers->fp + (__s64)rule->fp_offset;
		registers->fp_is_known = read_stack(&state->window, value, value, &value);
		break;
	case UNWIND_FP_UNKNOWN:
		registers->fp_is_known = 0;
		return;
	default:
		return;
	}
	registers->fp = value;
}

STEP_INLINE int find_pc(struct unwind_state *state, __u64 cfa, __u64 lowest, __u64 *ret_pc)
{
	const struct unwind_rule *rule = &state->rule;
	__u64 at = cfa - 8;

	if (rule->ra == UNWIND_RA_REGISTER)
		return state->registers.is_leaf &&
				       arch_dwarf_register(&state->leaf, rule->detail, ret_pc)
			       ? STEP_GO
			       : REASON_BAD_STACK;
	if (rule->ra == UNWIND_RA_OFFSET)
		at = cfa + (__s64)rule->extra_offset;
	return read_stack(&state->window, at, lowest, ret_pc) ? STEP_GO : REASON_STACK_UNREADABLE;
}

STEP_INLINE int step_by_cfi(struct unwind_state *state)
{
	struct unwind_registers *registers = &state->registers;
	__u64 cfa = 0, pc = 0, lowest, saved_fp;
	int result = find_cfa(state, &cfa);

	if (result != STEP_GO)
		return result;
	/* A stack ascends: each frame lies above the one it called, a leaf may have none of its own. */
	if (state->rule.cfa < UNWIND_CFA_FP_SWITCH &&
	    (cfa < registers->sp || (cfa == registers->sp && !registers->is_leaf)))
		return REASON_BAD_STACK;
	lowest = cfa - 8;
	if (state->rule.fp == UNWIND_FP_OFFSET) {
		saved_fp = cfa + (__s64)state->rule.fp_offset;
		if (saved_fp < lowest)
			lowest = saved_fp;
	}
	result = find_pc(state, cfa, lowest, &pc);
	if (result != STEP_GO)
		return result;
	if (!find_base(state, cfa, lowest))
		return REASON_STACK_UNREADABLE;
	find_fp(state, cfa, lowest);
	registers->pc = pc;
	registers->sp = cfa;
	registers->pc_is_return = 1;
	return STEP_GO;
}

/* Did the frame make no call? What a tick, a signal or a system call found there may not have made its frame yet. */
STEP_INLINE bool was_interrupted(const struct unwind_registers *registers)
{
	return registers->is_leaf || !registers->pc_is_return;
}

STEP_INLINE enum arch_frame_stage find_frame_stage(__u64 pc)
{
	__u64 code = 0, before = 0;

	if (unwind_read_user(&code, ARCH_CODE_BYTES, pc))
		return ARCH_FRAME_UNKNOWN;
	if (arch_may_make_frame(code) &&
	    unwind_read_user(&before, ARCH_CODE_BYTES, pc - ARCH_CODE_BYTES))
		before = 0; /* the PC is at the beginning of what is mapped */
	return arch_frame_stage(code, before);
}

STEP_INLINE bool is_behind_call(__u64 pc)
{
	__u64 before = 0;

	return !unwind_read_user(&before, ARCH_CODE_BYTES, pc - ARCH_CODE_BYTES) &&
	       arch_ends_with_call(before);
}

/*
 * Code without CFI that has no frame of its own, as its bytes tell: the caller's is at sp. REASON_NONE, and nothing was
 * done: no call led here, for a ret may also jump to what was pushed ahead of it.
 */
STEP_INLINE int step_by_code(struct unwind_state *state, enum arch_frame_stage stage)
{
	struct unwind_registers *registers = &state->registers;
	__u64 sp = registers->sp, fp = registers->fp, pc = 0, at = sp;

	if (stage == ARCH_FRAME_FP_AT_SP) {
		if (!read_stack(&state->window, sp, sp, &fp))
			return REASON_STACK_UNREADABLE;
		at += 8;
	}
	if (!read_stack(&state->window, at, sp, &pc))
		return REASON_STACK_UNREADABLE;
	if (!pc)
		return REASON_NO_ROOT;
	if (!is_behind_call(pc))
		return REASON_NONE;
	registers->pc = pc;
	registers->sp = at + 8;
	registers->fp = fp;
	registers->fp_is_known |= stage == ARCH_FRAME_FP_AT_SP;
	registers->pc_is_return = 1;
	return STEP_GO;
}

/*
 * A runtime's code that a call comes back to, and that then gives its frame back and returns: its bytes are its rule, whatever is in
 * fp. So are the trampolines of CPython 3.12 and 3.13 (-X perf), which keep none.
 */
STEP_INLINE void find_rule_by_code(struct unwind_state *state)
{
	__u64 code = 0;
	__u32 bytes;

	if (was_interrupted(&state->registers) ||
	    unwind_read_user(&code, ARCH_CODE_BYTES, state->registers.pc))
		return;
	bytes = arch_frame_given_back(code);
	if (bytes)
		state->rule = (struct unwind_rule){
			.cfa = UNWIND_CFA_SP,
			.ra = UNWIND_RA_ABOVE,
			.fp = UNWIND_FP_SAME,
			.cfa_offset = (__s32)bytes + 8,
		};
}

/* Code without CFI: by its frame pointer, if it keeps one. Where the chain ends no root is proven. */
STEP_INLINE int step_by_fp(struct unwind_state *state)
{
	struct unwind_registers *registers = &state->registers;
	__u64 fp = registers->fp, caller_fp = 0, pc = 0;

	if (!registers->fp_is_known || fp < registers->sp || !fp)
		return REASON_NO_ROOT;
	if (!read_stack(&state->window, fp, fp, &caller_fp) ||
	    !read_stack(&state->window, fp + 8, fp, &pc) || !pc)
		return REASON_NO_ROOT;
	registers->pc = pc;
	registers->sp = fp + 16;
	registers->fp = caller_fp;
	registers->pc_is_return = 1;
	return STEP_GO;
}

/*
 * Code without CFI. What called has its frame; what was interrupted may have none, or not yet: then the frame
 * pointer is its caller's, who is passed over. Where the code does not tell, the walk is marked.
 */
STEP_INLINE int step_without_cfi(struct unwind_state *state)
{
	bool interrupted = was_interrupted(&state->registers);
	enum arch_frame_stage stage = ARCH_FRAME_UNKNOWN;
	int result = REASON_NONE;

	if (interrupted)
		stage = find_frame_stage(state->registers.pc);
	if (stage != ARCH_FRAME_UNKNOWN)
		result = step_by_code(state, stage);
	if (result != REASON_NONE)
		return result;
	result = step_by_fp(state);
	if (interrupted && result == STEP_GO)
		state->may_lack_caller = 1;
	return result;
}

/* The kernel put the interrupted registers on the stack; the handler may run on a stack of its own. */
STEP_INLINE int step_over_signal(struct unwind_state *state)
{
	struct unwind_registers *registers = &state->registers;
	struct stack_window *window = &state->window;
	__u64 base = registers->sp, pc, sp, fp;

	if (!read_stack(window, base + ARCH_SIGNAL_FP, base + ARCH_SIGNAL_FP, &fp) ||
	    !read_stack(window, base + ARCH_SIGNAL_SP, base + ARCH_SIGNAL_FP, &sp) ||
	    !read_stack(window, base + ARCH_SIGNAL_PC, base + ARCH_SIGNAL_FP, &pc))
		return REASON_STACK_UNREADABLE;
	registers->pc = pc;
	registers->sp = sp;
	registers->fp = fp;
	registers->fp_is_known = 1;
	registers->pc_is_return = 0; /* it was interrupted there, not called from there */
	return STEP_GO;
}

/*
 * Of Go's runtime/runtime2.go: the first word of an `m` is its thread's own goroutine g0, the first two of a `g` are
 * its stack's bounds, and further on it has its m, and the sp and pc that it saved.
 */
#define GO_G_THREAD 48
#define GO_G_SAVED  56

struct go_words {
	__u64 first, second;
};

/* The thread's goroutines are known by g0's stack, which is the one at hand; else the register was not one of them. */
STEP_GLOBAL int step_to_goroutine(struct unwind_state *state)
{
	struct go_words stack = { 0 }, saved = { 0 };
	__u64 goroutine = 0, thread = 0, own = 0;

	if (!state || !arch_dwarf_register(&state->leaf, state->rule.detail, &goroutine) ||
	    unwind_read_user(&thread, sizeof(thread), goroutine + GO_G_THREAD) ||
	    unwind_read_user(&own, sizeof(own), thread) ||
	    unwind_read_user(&stack, sizeof(stack), own))
		return REASON_NOT_EXPRESSIBLE;
	if (state->registers.sp < stack.first || state->registers.sp > stack.second ||
	    unwind_read_user(&goroutine, sizeof(goroutine),
			     thread + (__s64)state->rule.cfa_offset) ||
	    unwind_read_user(&saved, sizeof(saved), goroutine + GO_G_SAVED) || !saved.first)
		return REASON_NOT_EXPRESSIBLE;
	saved.first += (__s64)state->rule.extra_offset;
	if (state->rule.extra_offset &&
	    unwind_read_user(&saved.second, sizeof(saved.second), saved.first - 8))
		return REASON_STACK_UNREADABLE;
	state->registers.sp = saved.first;
	state->registers.pc = saved.second;
	state->registers.fp_is_known = 0;
	state->registers.pc_is_return = 1;
	return STEP_GO;
}

/*
 * The step that nearly all are: the CFA by sp or fp, the return address right below it, and all that is
 * read inside the window. False: it is another kind, and nothing was done.
 */
STEP_INLINE bool step_in_window(struct unwind_state *state)
{
	struct unwind_registers *registers = &state->registers;
	const struct unwind_rule *rule = &state->rule;
	__u64 cfa, pc, fp;

	if (rule->cfa == UNWIND_CFA_SP)
		cfa = registers->sp;
	else if (rule->cfa == UNWIND_CFA_FP && registers->fp_is_known)
		cfa = registers->fp;
	else
		return false;
	cfa += (__s64)rule->cfa_offset;
	if (rule->ra != UNWIND_RA_ABOVE || rule->fp > UNWIND_FP_OFFSET || cfa <= registers->sp ||
	    !peek_window(&state->window, cfa - 8, &pc))
		return false;
	if (rule->fp == UNWIND_FP_OFFSET) {
		if (!peek_window(&state->window, cfa + (__s64)rule->fp_offset, &fp))
			return false;
		registers->fp = fp;
		registers->fp_is_known = 1;
	}
	registers->pc = pc;
	registers->sp = cfa;
	registers->pc_is_return = 1;
	registers->is_leaf = 0;
	return true;
}

/*
 * From the registers of a frame to those of its caller, by state->rule. STEP_GO, STEP_ROOT or the reason
 * why the walk ends here.
 */
STEP_GLOBAL int unwind_step(struct unwind_state *state)
{
	int result;

	if (!state)
		return REASON_BAD_STACK;
	switch (state->rule.cfa) {
	case UNWIND_ROOT:
		return STEP_ROOT;
	case UNWIND_NO_CFI:
		result = step_without_cfi(state);
		break;
	case UNWIND_SIGNAL_FRAME:
		result = step_over_signal(state);
		break;
	case UNWIND_GO_SAVED:
		result = step_to_goroutine(state);
		break;
	default:
		result = step_by_cfi(state);
	}
	state->registers.is_leaf = 0;
	return result;
}

#endif
