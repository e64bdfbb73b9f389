/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What is remembered of a thread's last stack, so that the next walk is short. Stacks seldom change near
 * the root: once a walk meets a frame of the memo (the same stack pointer and PC), the frames above it need no
 * mappings and no rows, only a look whether each return address still stands where it stood.
 *
 * A memo never says more than is true now. That a frame has this caller follows from: the frame's PC (hence
 * its rule), its sp (and fp, where a rule up there needs it), the return address on the stack, and the mapping of
 * the PC being the file it was. The first three are compared at each use. Mappings stand as long as the mm and
 * its lock's sequence are the same, else they are read again; that their files are what they were, which no sequence
 * tells, is looked at once in each walk.
 *
 * It holds the frames next to the root, up to the first that was stepped from in an unusual way (over a signal,
 * by a dereferenced CFA, onto another stack): those, and what they called, are walked each time. The leaf is never among
 * them, in a system call neither: how it is stepped from may depend on the bytes of its code.
 *
 * Compiled for both sides: the kernel side walks with it, tests replay it.
 */
#ifndef HEARTH_BPF_WALK_MEMO_H
#define HEARTH_BPF_WALK_MEMO_H

#include "bpf/content_hash.h"
#include "bpf/unwind_step.h"

/* A mapping of the interrupted task, as far as a frame needs it. */
struct mapping {
	__u64 start, end; /* nothing if end is 0 */
	__u64 module;
	__u64 offset; /* of `start`, in the module */
	__u32 executable;
	__u32 unused;
	__u64 file;         /* whoever reads mappings knows it by this; 0: it has none */
	__u64 file_changed; /* when */
};

#define MEMO_MAPPINGS 16
#define MEMO_FRAMES   256

/*
 * A frame, and how to tell that its caller is still the same; then what is known of it and all its callers. Distances
 * are in words, below the memo's base. All of a frame lies together, for a tick finds it in no cache.
 */
struct memo_frame {
	__u64 pc; /* a return address */
	__u32 sp;
	__u32 fp; /* if MEMO_NEEDS_FP */
	__u16 fp_slot; /* words below its CFA where it keeps its caller's fp; 0: nobody up there needs it */
	__u8 flags;
	__u8 mapping;
	__u32 mappings; /* of it and its callers: a bit for each */
	struct content_hash hash;
};

#define MEMO_NEEDS_FP 1 /* a rule of this frame or further up finds its CFA by this frame's fp */

struct walk_memo {
	__u64 owner; /* the thread */
	__u32 busy;  /* a CPU works with it */
	__u32 depth; /* frames */
	__u64 base;  /* the root's sp */
	__u64 mm, sequence;
	__u32 mapping_count;
	__u32 standing; /* a bit for each mapping that was there at `sequence`; its file may have changed */
	__u32 valid; /* a bit for each that holds in this walk */
	__u32 forgot; /* mappings were given up during this walk: frames that it noted mean nothing */
	struct mapping mappings[MEMO_MAPPINGS];
	struct memo_frame frames[MEMO_FRAMES]; /* root first */
};

/* A sequence that no mm has: mappings must be looked at again. */
#define MEMO_NO_SEQUENCE ((__u64)-1)

/* Makes the memo a thread's, with what it may still believe. */
STEP_INLINE void memo_begin(struct walk_memo *memo, __u64 owner, __u64 mm, __u64 sequence)
{
	if (memo->owner != owner) {
		memo->owner = owner;
		memo->depth = 0;
		memo->mapping_count = 0;
		memo->standing = 0;
		memo->valid = 0;
	}
	memo->standing |= memo->valid;
	memo->valid = 0;
	if (memo->mm != mm || memo->sequence != sequence || sequence == MEMO_NO_SEQUENCE)
		memo->standing = 0;
	memo->mm = mm;
	memo->forgot = 0;
	memo->sequence = MEMO_NO_SEQUENCE; /* until the walk has ended */
}

STEP_INLINE bool memo_mapping_is_valid(const struct walk_memo *memo, __u32 index)
{
	return memo->valid >> (index & 31) & 1;
}

/* The mapping that holds an address and is valid, or may be; MEMO_MAPPINGS if there is none. */
STEP_GLOBAL __u32 memo_find_mapping(const struct walk_memo *memo, __u64 address)
{
	__u32 i, known;

	if (!memo)
		return MEMO_MAPPINGS;
	known = memo->valid | memo->standing;
	for (i = 0; i < MEMO_MAPPINGS; i++) {
		const struct mapping *mapping = &memo->mappings[i];

		if ((known >> i & 1) && address >= mapping->start && address < mapping->end)
			break;
	}
	return i;
}

/* One branch: in a loop of the caller's the verifier follows each combination of several (clang 22's order of them). */
STEP_INLINE bool mapping_equals(const struct mapping *a, const struct mapping *b)
{
	return !((a->start ^ b->start) | (a->end ^ b->end) | (a->module ^ b->module) |
		 (a->offset ^ b->offset) | (a->executable ^ b->executable));
}

/*
 * Keeps a mapping that was just read: its index. The one that the memo knew before keeps its index, and
 * with it the frames that refer to it. When there is no room, all is forgotten but this one.
 */
STEP_GLOBAL __u32 memo_keep_mapping(struct walk_memo *memo, const struct mapping *mapping)
{
	__u32 i, count;

	if (!memo || !mapping)
		return MEMO_MAPPINGS;
	count = memo->mapping_count;
	for (i = 0; i < MEMO_MAPPINGS; i++)
		if (i >= count || mapping_equals(&memo->mappings[i], mapping))
			break;
	if (i == MEMO_MAPPINGS) {
		memo->depth = 0;
		memo->standing = 0;
		memo->valid = 0;
		memo->forgot = 1;
		i = 0;
		count = 0;
	}
	if (i >= count)
		memo->mapping_count = i + 1;
	i &= MEMO_MAPPINGS - 1;
	memo->mappings[i] = *mapping;
	memo->valid |= 1u << i;
	return i;
}

/* How many frames of the memo, from the root on, have their sp at or above this one. */
STEP_GLOBAL __u32 memo_search(const struct walk_memo *memo, __u64 sp)
{
	__u64 words, frame = 0, step;

	if (!memo || !memo->depth || sp > memo->base || ((memo->base - sp) & 7))
		return 0;
	words = (memo->base - sp) / 8;
	/* frames[] ascends in words below the base; without branches, which the verifier would all follow. */
	for (step = MEMO_FRAMES / 2; step; step >>= 1) {
		__u64 last = frame + step - 1, takes = unwind_is_below(last, memo->depth);

		/* Past the last frame, the first one is read instead: it is in the cache. */
		last &= 0ull - takes;
		/* Keeps the mask below, which the compiler knows to change nothing, but Linux 6.1 does not. */
		__asm__("" : "+r"(last));
		takes &= unwind_is_below(memo->frames[last & (MEMO_FRAMES - 1)].sp, words + 1);
		frame += step & (0ull - takes);
	}
	return (__u32)frame;
}

/* Is this the frame `number` of the memo? */
STEP_INLINE bool memo_frame_is(const struct walk_memo *memo, __u32 number,
			       const struct unwind_registers *registers)
{
	const struct memo_frame *frame = &memo->frames[number & (MEMO_FRAMES - 1)];

	return frame->pc == registers->pc && memo->base - frame->sp * 8ull == registers->sp &&
	       (!(frame->flags & MEMO_NEEDS_FP) ||
		(registers->fp_is_known && memo->base - frame->fp * 8ull == registers->fp));
}

/* Reads a word of the stack through the window, which is to hold what lies between it and the root. */
STEP_INLINE bool memo_peek(const struct walk_memo *memo, struct stack_window *window, __u64 address,
			   __u64 *ret_value)
{
	__u64 bytes = memo->base - address;

	if (peek_window(window, address, ret_value))
		return true;
	if (bytes > WINDOW_MAX_BYTES)
		bytes = WINDOW_MAX_BYTES;
	return !fill_window(window, address, bytes) && peek_window(window, address, ret_value);
}

/* Does the frame `number` (not the root) still have the caller that the memo knows? */
STEP_INLINE bool memo_caller_holds(const struct walk_memo *memo, struct stack_window *window,
				   __u32 number)
{
	const struct memo_frame *frame = &memo->frames[number & (MEMO_FRAMES - 1)];
	const struct memo_frame *caller = &memo->frames[(number - 1) & (MEMO_FRAMES - 1)];
	__u64 cfa = memo->base - caller->sp * 8ull, value;

	if (frame->fp_slot && (!memo_peek(memo, window, cfa - frame->fp_slot * 8ull, &value) ||
			       value != memo->base - caller->fp * 8ull))
		return false;
	return memo_peek(memo, window, cfa - 8, &value) && value == caller->pc;
}

/* Callers that one turn of the loop compares: a turn costs as much as comparing. */
#define CHECKED_A_TURN 4

struct memo_check {
	const struct walk_memo *memo;
	struct stack_window *window;
	__u32 number; /* of the frame whose caller is next */
};

static long check_callers(__u32 i, struct memo_check *check)
{
	__u32 number = check->number, checked;

	(void)i;
	for (checked = 0; checked < CHECKED_A_TURN && number; checked++, number--)
		if (!memo_caller_holds(check->memo, check->window, number))
			break;
	check->number = number;
	return checked < CHECKED_A_TURN;
}

/* Compares the callers from frame `number` on up: 0 if all hold, else the first whose caller does not. */
STEP_GLOBAL __u32 memo_check_callers(const struct walk_memo *memo, struct stack_window *window,
				     __u32 number)
{
	struct memo_check check = { memo, window, number };

	if (!memo || !window)
		return number;
	walk_loop(number / CHECKED_A_TURN + 1, check_callers, &check);
	return check.number;
}

#endif
