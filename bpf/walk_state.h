/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What a walk of a user stack works on (user_walk.h). Compiled for both sides. */
#ifndef HEARTH_BPF_WALK_STATE_H
#define HEARTH_BPF_WALK_STATE_H

#include "bpf/walk_memo.h"

/* What a frame leaves behind for the memo. */
struct walked_frame {
	__u64 pc, sp, fp;
	__u16 fp_slot; /* words below the CFA where the caller's fp is kept; 0: fp is handed on as it is */
	__u8 flags;
	__u8 mapping;
	__u32 unused;
};

#define WALKED_PLAIN     1 /* the step to its caller was the usual one */
#define WALKED_CFA_BY_FP 2
#define WALKED_FP_LOST   4 /* its caller's fp is not known */
#define WALKED_CALLER    8 /* pc is behind a call; a leaf in a system call is none */

/* A walk; too large for the stack of a BPF program. */
struct user_walk {
	struct unwind_state state;
	__u32 depth;  /* frames that were walked */
	__u32 below;  /* frames of the memo that complete the stack, 0: none */
	__u32 cursor; /* frames of the memo that may still be met */
	__u32 has_cursor;
	__u32 mapping; /* that held the last frame */
	__u32 reason;  /* why the walk ended early, REASON_NONE if it did not */
	__u32 root_is_proven;
	__u32 ring_full;
	__u32 stores;   /* the memo takes the next frame */
	__u32 needs_fp; /* of the frame that the memo took last */
	__u32 mappings; /* a bit for each that the frames from the root on lie in */
	__u32 leaf_is_return;
	__u32 unused;
	struct content_hash hash;
	struct walked_frame
		walked[MEMO_FRAMES]; /* of the last frames: by their number modulo MEMO_FRAMES */
	struct stack_event event;
	struct stack_frame frames[EVENT_MAX_FRAMES + 1];
};

/* What the walk_… functions work with: the includer's own. */
struct scratch;

struct walk_context {
	struct user_walk *walk;
	struct walk_memo *memo; /* NULL for a kernel stack, which has none */
	struct scratch *scratch;
	__u64 task, mm;
};

#define WALK_NO_MAPPING MEMO_MAPPINGS       /* nothing is mapped there */
#define WALK_RING_FULL  (MEMO_MAPPINGS + 1) /* its module could not be told */

#endif
