/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * How a caller is found: one rule of an unwind row. Rows say "from this offset on, use that rule";
 * rules are few and shared. Included by both sides, through events.h.
 *
 * Everything is computed from three registers, pc, sp and fp (DWARF's return address, rsp and rbp on
 * x86-64), of which CFI tells how the caller's are found; a leaf's other registers only where a rule
 * names them. A fourth, the base (rbx), is followed only within modules that find a CFA by it: the dynamic linker's
 * _dl_runtime_resolve. There rules say how the caller's is found, by enum unwind_ra; a frame whose rule does
 * not say it has a caller whose base is not known. Offsets are whole: what does not fit is UNWIND_NOT_EXPRESSIBLE, never cut.
 */
#ifndef HEARTH_BPF_UNWIND_RULE_H
#define HEARTH_BPF_UNWIND_RULE_H

#include <linux/types.h>

/* The canonical frame address. */
enum unwind_cfa {
	UNWIND_NO_CFI,          /* no row covers this: step by frame pointer, marked as such */
	UNWIND_NOT_EXPRESSIBLE, /* CFI is there, but no rule here can say it: `detail` is the reason */
	UNWIND_ROOT,            /* the return address is undefined: a proven root */
	UNWIND_CFA_SP,          /* sp + cfa_offset */
	UNWIND_CFA_FP,          /* fp + cfa_offset */
	/* register `detail` (DWARF number) + cfa_offset: in a leaf, or the base where it is known */
	UNWIND_CFA_REGISTER,
	UNWIND_CFA_SP_DEREF,  /* *(sp + cfa_offset) + extra_offset */
	UNWIND_CFA_FP_DEREF,  /* *(fp + cfa_offset) + extra_offset */
	UNWIND_CFA_PLT,       /* sp + 8 + ((pc & 15) >= detail) * 8: linkers' PLT entries */
	UNWIND_SIGNAL_FRAME,  /* the registers lie in a sigcontext on the stack */
	UNWIND_CFA_FP_SWITCH, /* fp + cfa_offset, on another stack: it may lie below sp */
	/*
	 * Go's call of C, which runs on another stack. note = sp + extra_offset tells the frame's sp; a
	 * goroutine's stack may have been moved since: (note[1] ? *(note[1] + 8) - note[0] : note[0]) + cfa_offset
	 */
	UNWIND_CFA_GO_STACK,
	/*
	 * Go's runtime at work for a goroutine, on the thread's own stack: the caller's pc and sp are where the goroutine saved
	 * them; with an extra_offset that saved sp is a frame's, the CFA is so far above it, and the return address right below
	 * that. In the leaf register `detail` tells of a goroutine of the thread; which one it runs stands cfa_offset into what it
	 * has of the thread.
	 */
	UNWIND_GO_SAVED,
	UNWIND_CFA_COUNT,
};

/* The caller's pc. */
enum unwind_ra {
	UNWIND_RA_ABOVE,     /* right below the CFA: *(CFA - 8) */
	UNWIND_RA_OFFSET,    /* *(CFA + extra_offset) */
	UNWIND_RA_REGISTER,  /* in register `detail`: vfork, in a leaf only */
	UNWIND_RA_BASE_SAME, /* as UNWIND_RA_ABOVE, and the caller's base is this frame's */
	UNWIND_RA_BASE_SAVED, /* as UNWIND_RA_ABOVE, and the caller's base is *(CFA + extra_offset) */
	UNWIND_RA_COUNT,
};

/* The caller's fp. */
enum unwind_fp {
	UNWIND_FP_SAME,
	UNWIND_FP_OFFSET, /* *(CFA + fp_offset) */
	UNWIND_FP_AT_FP, /* *(fp + fp_offset): realigned stacks, whose CFA is not at a fixed distance */
	UNWIND_FP_UNKNOWN, /* CFI does not tell (undefined, another register): no later rule may use it */
	UNWIND_FP_COUNT,
};

/*
 * Why CFI cannot be expressed: rows of unwind/reasons.def. Fields that a rule does not use are 0, so that
 * equal rules are equal bytes. UNWIND_SIGNAL_FRAME, UNWIND_ROOT and UNWIND_NO_CFI use none.
 */

struct unwind_rule {
	__u8 cfa; /* enum unwind_cfa */
	__u8 ra;  /* enum unwind_ra */
	__u8 fp;  /* enum unwind_fp */
	__u8 detail;
	__s32 cfa_offset;
	__s32 extra_offset;
	__s32 fp_offset;
};

_Static_assert(sizeof(struct unwind_rule) == 16, "unwind_rule is part of the contract");

#endif
