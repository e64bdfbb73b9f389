/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one Go function. Its stack pointer table gives the CFA at each instruction:
 *
 *     CFA = sp + delta + 8, the return address right below it
 *
 * The caller's frame pointer lies right below that, from the instruction on that put it there; which one that is
 * is seen in the function's first bytes, in the two forms that Go's assembler has written:
 *
 *     push %rbp                since Go 1.21
 *     mov %rsp, %rbp
 *
 *     sub $N, %rsp             before, and where the runtime is called from C
 *     mov %rbp, N-8(%rsp)
 *     lea N-8(%rsp), %rbp
 *
 * What writes the stack pointer (go_roles.def) goes over to another stack. If it has a frame, its frame pointer
 * stays what it was, and so leads back to the stack that it came from (UNWIND_CFA_FP_SWITCH); if not, there is
 * no rule, except for systemstack, as it was before Go 1.21: see below. The call of C is another matter: C may call Go again, which then may need a larger stack, to which the
 * frames are moved, and the frame pointers that C saved point to where they were. But asmcgocall leaves a note
 * on the stack that C gets (UNWIND_CFA_GO_STACK):
 *
 *     note[1]   the goroutine, or 0: no stack was left
 *     note[0]   how far below the upper end of its stack sp was; without one, what sp was
 *
 * Where a stack is too small, morestack goes over to the thread's own and leaves no frame pointer. But the goroutine
 * has saved its sp and pc (UNWIND_GO_SAVED), and systemstack's code tells how a thread's goroutine is found. Before systemstack
 * had a frame it saved its own sp so, with a pc that only marks it.
 *
 * The upper end is the second word of a goroutine, `stack.hi` of runtime/runtime2.go, in every version.
 * Not thread-safe; nothing is allocated.
 */
#ifndef HEARTH_UNWIND_GO_ROWS_H
#define HEARTH_UNWIND_GO_ROWS_H

#include "bpf/events.h"
#include "elf/go_table.h"
#include "unwind/go_code.h"

/* From GO_SCHEDULER on: functions that go to another stack. */
enum go_role {
	GO_ORDINARY,
	GO_ROOT,
	GO_SIGNAL,
	GO_SCHEDULER,
	GO_GROWTH,
	GO_SWITCH,
	GO_SYSTEM,
	GO_CGO
};

struct go_rows {
	struct go_table *table;
	struct file_window *text;
	uint64_t file_offset; /* of the function */
	enum go_role role;
	int error;        /* go_rows_next() */
	uint64_t address; /* of the function */
	uint64_t pcs;     /* where the next pair of its stack pointer table stands */
	uint64_t pc;      /* of the next row */
	uint64_t end;     /* of the function */
	uint64_t run_end; /* up to where the delta holds */
	int64_t delta;
	int32_t *running_at; /* go_code_find_running(); 0: not seen in the functions so far */
	uint32_t run_count;  /* so far */
	bool has_table, is_first, is_damaged;
	bool seeks_frame; /* nothing was on the stack so far */
	bool tells_saved; /* the code tells where it is on the thread's stack, and the goroutine's sp is saved */
	struct go_code code;
};

struct go_row {
	uint64_t start, end; /* addresses */
	struct unwind_rule rule;
	uint64_t
		key; /* rows of one key have one rule, and no key has its highest bit set; 0: none */
};

/*
 * Begins a function; `text`, which outlives the rows, reads the file, where the function lies at `file_offset`;
 * `running_at` is one for all functions of a file, 0 at first. 0, -ENOMEM, or the error of a read.
 */
int go_rows_begin(struct go_rows *rows, struct go_table *table, const struct go_function *function,
		  struct file_window *text, uint64_t file_offset, int32_t *running_at);

/* The next row, never an empty one. False: there are no more, or `error` is that of a read. */
bool go_rows_next(struct go_rows *rows, struct go_row *ret_row);

#endif
