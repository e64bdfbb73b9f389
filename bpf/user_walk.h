/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The walk of a user stack from its leaf to a proven root: mapping, rule, step, and again. Each frame is
 * turned into module and offset; when the walk has ended they are hashed from the root on, so that what the
 * memo knows of a stack's upper part goes into the hash at once.
 *
 * Compiled for both sides. What it asks of its surroundings are the three walk_... functions below and
 * unwind_read_user(): walk_host.bpf.h has them for the kernel side, in user space whoever walks supplies them.
 */
#ifndef HEARTH_BPF_USER_WALK_H
#define HEARTH_BPF_USER_WALK_H

#include "bpf/walk_state.h"

#ifdef __bpf__
#include "bpf/walk_host.bpf.h"
#else

/* Reads the mapping of an address and keeps it in the memo: its index there, or one of the two above. */
__u32 walk_read_mapping(struct walk_context *context, __u64 address);
/* Are the mappings (a bit for each) of the memo as they were? Those that are become valid, the others no longer stand. */
bool walk_check_mappings(struct walk_context *context, __u32 mappings);
/* The rule at an offset of a module, to walk->state.rule. False: the module's rows are not there. */
bool walk_find_rule(struct walk_context *context, __u64 module, __u64 offset);

#endif

STEP_INLINE const struct mapping *find_mapping(struct walk_context *context, __u64 address)
{
	struct user_walk *walk = context->walk;
	struct walk_memo *memo = context->memo;
	__u32 index = walk->mapping & (MEMO_MAPPINGS - 1);
	const struct mapping *last = &memo->mappings[index];

	if (address >= last->start && address < last->end && memo_mapping_is_valid(memo, index))
		return last;
	index = memo_find_mapping(memo, address);
	if (index < MEMO_MAPPINGS && !memo_mapping_is_valid(memo, index) &&
	    !walk_check_mappings(context, 1u << index))
		index = MEMO_MAPPINGS;
	if (index >= MEMO_MAPPINGS)
		index = walk_read_mapping(context, address);
	if (index == WALK_RING_FULL)
		walk->ring_full = 1;
	if (index >= MEMO_MAPPINGS)
		return NULL;
	walk->mapping = index;
	return &memo->mappings[index & (MEMO_MAPPINGS - 1)];
}

/*
 * Is the frame at hand, after `depth` others, one that the memo knows, and are all above it as they were? Then
 * the walk is at its end. A stack that would be too deep is walked: it ends where any walk of it ends.
 */
STEP_INLINE bool meet_memo(struct walk_context *context, __u32 depth)
{
	struct user_walk *walk = context->walk;
	struct walk_memo *memo = context->memo;
	const struct unwind_registers *registers = &walk->state.registers;
	__u32 cursor = walk->cursor, wanted;

	if (!walk->has_cursor) {
		walk->has_cursor = 1;
		cursor = memo_search(memo, registers->sp);
	}
	/* A frame passes two of the memo's at most; where the memo has more, it is met further up. */
	if (cursor &&
	    memo->base - memo->frames[(cursor - 1) & (MEMO_FRAMES - 1)].sp * 8ull < registers->sp)
		cursor--;
	if (cursor &&
	    memo->base - memo->frames[(cursor - 1) & (MEMO_FRAMES - 1)].sp * 8ull < registers->sp)
		cursor--;
	walk->cursor = cursor;
	if (!cursor || memo->forgot || depth + cursor > EVENT_MAX_FRAMES ||
	    !memo_frame_is(memo, cursor - 1, registers))
		return false;
	wanted = memo->frames[(cursor - 1) & (MEMO_FRAMES - 1)].mappings & ~memo->valid;
	if (wanted && !walk_check_mappings(context, wanted)) {
		walk->cursor = 0;
		return false;
	}
	walk->cursor = memo_check_callers(memo, &walk->state.window, cursor - 1);
	if (walk->cursor)
		return false; /* that one has another caller now */
	walk->below = cursor;
	return true;
}

STEP_INLINE void take_frame(struct user_walk *walk, __u32 number, __u64 module, __u64 offset)
{
	struct stack_frame *frame = &walk->frames[number & (EVENT_MAX_FRAMES - 1)];

	frame->module = module;
	frame->offset = offset;
	walk->depth = number + 1;
}

/* Notes what the memo needs of a frame; its rule is at hand, the step not yet made. */
STEP_INLINE struct walked_frame *note_frame(struct user_walk *walk, __u32 number)
{
	const struct unwind_registers *registers = &walk->state.registers;
	struct walked_frame *walked = &walk->walked[number & (MEMO_FRAMES - 1)];

	walked->pc = registers->pc;
	walked->sp = registers->sp;
	walked->fp = registers->fp;
	walked->mapping = walk->mapping;
	walked->fp_slot = 0;
	walked->flags = was_interrupted(registers) ? 0 : WALKED_CALLER;
	return walked;
}

/*
 * Was the step the usual one, which the memo can check: the return address right below the CFA, and fp kept at a
 * fixed place or not at all?
 */
STEP_INLINE void note_step(struct user_walk *walk, struct walked_frame *walked)
{
	const struct unwind_rule *rule = &walk->state.rule;

	if (rule->cfa == UNWIND_NO_CFI) { /* the step by frame pointer: CFA = fp + 16 */
		walked->flags |= WALKED_PLAIN | WALKED_CFA_BY_FP;
		walked->fp_slot = 2;
		return;
	}
	if (rule->ra != UNWIND_RA_ABOVE ||
	    (rule->cfa != UNWIND_CFA_SP && rule->cfa != UNWIND_CFA_FP))
		return;
	if (rule->cfa == UNWIND_CFA_FP)
		walked->flags |= WALKED_CFA_BY_FP;
	if (rule->fp == UNWIND_FP_OFFSET) {
		if ((rule->fp_offset & 7) || rule->fp_offset >= 0 || rule->fp_offset < -0x8000)
			return;
		walked->fp_slot = (__u32)-rule->fp_offset / 8;
	} else if (rule->fp != UNWIND_FP_SAME) {
		walked->flags |= WALKED_FP_LOST;
	}
	walked->flags |= WALKED_PLAIN;
}

/* Rows by file, not by process; code without a file has none. */
STEP_INLINE bool has_rows(__u64 module)
{
	return !(module & MODULE_ANONYMOUS);
}

/*
 * One user frame, and the step to its caller. A caller is known by the last byte of its call: the return address
 * may lie behind the end of its function, and of its mapping. What a signal interrupted may be the first instruction
 * of its function, and of its mapping. So is what its handler returns to, which nothing was called from: its rules begin a byte before.
 */
static long walk_frame(__u32 i, struct walk_context *context)
{
	struct user_walk *walk = context->walk;
	struct unwind_state *state = &walk->state;
	__u64 is_return = state->registers.pc_is_return != 0;
	__u64 address = state->registers.pc - is_return, offset;
	const struct mapping *mapping;
	struct walked_frame *walked;
	int result;

	if (!was_interrupted(&state->registers) && meet_memo(context, i))
		return 1;
	mapping = find_mapping(context, address);
	if (!mapping || !mapping->executable) {
		walk->reason = i ? REASON_BAD_CALLER : REASON_BAD_LEAF;
		return 1;
	}
	offset = address - mapping->start + mapping->offset;
	take_frame(walk, i, mapping->module, offset);
	walked = note_frame(walk, i);
	if (!has_rows(mapping->module)) {
		state->rule.cfa = UNWIND_NO_CFI;
		find_rule_by_code(state);
	} else if (!walk_find_rule(context, mapping->module, offset)) {
		walk->reason = REASON_ROWS_MISSING;
		return 1;
	}
	note_step(walk, walked);
	if (step_in_window(state))
		return 0;
	result = unwind_step(state);
	if (is_return && !state->registers.pc_is_return)
		walk->frames[i & (EVENT_MAX_FRAMES - 1)].offset = offset + 1;
	if (result == STEP_GO)
		return 0;
	if (result == STEP_ROOT)
		walk->root_is_proven = 1;
	else
		walk->reason = result;
	return 1;
}

/*
 * Hands a frame to the memo, which holds its caller already (or none: then it is the root). False: it is not one
 * that the memo can hold.
 */
STEP_INLINE bool store_frame(struct walk_context *context, const struct walked_frame *walked)
{
	struct user_walk *walk = context->walk;
	struct walk_memo *memo = context->memo;
	__u32 number = memo->depth & (MEMO_FRAMES - 1);
	struct memo_frame *frame = &memo->frames[number];
	const struct memo_frame *caller = &memo->frames[(number - 1) & (MEMO_FRAMES - 1)];
	__u64 below, fp_below = (memo->base - walked->fp) / 8, needs_fp = 0;
	__u16 fp_slot = 0;

	if (memo->depth >= MEMO_FRAMES - 1 || !(walked->flags & WALKED_CALLER) || (walked->sp & 7))
		return false;
	if (!memo->depth) {
		memo->base = walked->sp;
		below = 0;
	} else {
		below = (memo->base - walked->sp) / 8;
		if (!(walked->flags & WALKED_PLAIN) || walked->sp > memo->base || below >> 32 ||
		    below <= caller->sp)
			return false;
		if (walk->needs_fp)
			fp_slot = walked->fp_slot;
		if (walk->needs_fp && (walked->flags & WALKED_FP_LOST))
			return false;
		needs_fp = (walked->flags & WALKED_CFA_BY_FP) || (walk->needs_fp && !fp_slot);
		if (needs_fp && ((walked->fp & 7) || walked->fp > memo->base || fp_below >> 32))
			return false;
	}
	frame->pc = walked->pc;
	frame->sp = (__u32)below;
	frame->fp = needs_fp ? (__u32)fp_below : 0;
	frame->fp_slot = fp_slot;
	frame->flags = needs_fp ? MEMO_NEEDS_FP : 0;
	frame->mapping = walked->mapping;
	walk->needs_fp = (__u32)needs_fp;
	walk->mappings |= 1u << (walked->mapping & 31);
	frame->hash = walk->hash;
	frame->mappings = walk->mappings;
	memo->depth = number + 1;
	return true;
}

/* Hashes the frames from the root on, and lets the memo have them. */
static long hash_frame(__u32 i, struct walk_context *context)
{
	struct user_walk *walk = context->walk;
	__u32 number = walk->depth - 1 - i;
	const struct stack_frame *frame = &walk->frames[number & (EVENT_MAX_FRAMES - 1)];

	hash_mix(&walk->hash, frame->module);
	hash_mix(&walk->hash, frame->offset);
	if (context->memo && walk->stores &&
	    (i >= MEMO_FRAMES || !store_frame(context, &walk->walked[number & (MEMO_FRAMES - 1)])))
		walk->stores = 0;
	return 0;
}

/* So few frames are walked again sooner than stored. */
#define MEMO_MIN_FRAMES 3

/* The walk has ended: hash, and the memo for the next one. Needs walk->hash at its start. */
STEP_INLINE void finish_walk(struct walk_context *context)
{
	struct user_walk *walk = context->walk;
	struct walk_memo *memo = context->memo;
	__u32 last = (walk->below - 1) & (MEMO_FRAMES - 1);

	if (walk->below) {
		walk->root_is_proven = 1;
		walk->hash = memo->frames[last].hash;
		walk->mappings = memo->frames[last].mappings;
		walk->needs_fp = memo->frames[last].flags & MEMO_NEEDS_FP;
	}
	walk->stores = walk->root_is_proven && walk->depth > MEMO_MIN_FRAMES && !memo->forgot;
	if (walk->stores)
		memo->depth = walk->below;
	walk_loop(walk->depth, hash_frame, context);
}

/* Appends the memo's part of the stack, all callers, to the frames that were walked: for a stack that is new. */
static inline long copy_frame(__u32 i, struct walk_context *context)
{
	struct user_walk *walk = context->walk;
	const struct walk_memo *memo = context->memo;
	const struct memo_frame *frame = &memo->frames[(walk->below - 1 - i) & (MEMO_FRAMES - 1)];
	const struct mapping *mapping = &memo->mappings[frame->mapping & (MEMO_MAPPINGS - 1)];
	__u32 number = walk->depth;

	if (number >= EVENT_MAX_FRAMES)
		return 1;
	take_frame(walk, number, mapping->module, frame->pc - 1 - mapping->start + mapping->offset);
	return 0;
}

/* Walks from walk->state, whose registers and leaf are set. walk->hash must be at its start. */
STEP_INLINE void walk_user_stack(struct walk_context *context)
{
	struct user_walk *walk = context->walk;

	walk->state.window.size = 0;
	walk->state.may_lack_caller = 0;
	walk->leaf_is_return = walk->state.registers.pc_is_return;
	walk->depth = 0;
	walk->below = 0;
	walk->has_cursor = 0;
	walk->cursor = 0;
	walk->mapping = 0;
	walk->reason = REASON_NONE;
	walk->root_is_proven = 0;
	walk->ring_full = 0;
	walk->needs_fp = 0;
	walk->mappings = 0;
	walk_loop(EVENT_MAX_FRAMES, walk_frame, context);
	if (walk->reason == REASON_NONE && !walk->root_is_proven && !walk->below)
		walk->reason = REASON_MAX_DEPTH;
	finish_walk(context);
}

#endif
