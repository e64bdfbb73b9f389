/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwinds the snapshot of a stack with libunwind: registers, the top of the stack, and the executable
 * mappings of the process. Nothing of the process itself is needed any more; no ptrace.
 *
 * It shares no rule with the rows that the kernel side walks by (only the reading of sections and where a file's entry is), so that each
 * is a check of the other. CFI comes from .eh_frame; code without it is left by its frame pointer, as the kernel side
 * does. x86-64.
 *
 * A root is proven where call frame information was found for the last frame and says that its return address is
 * undefined, or where there is none and the frame stands in code that nothing calls (entry_code.h). libunwind's own word for "no more frames" also means that it knows no further, so it is no proof.
 *
 * The bytes of files and stacks may be anything: reads are checked, a step and a stack end after so many
 * of them, and a stack must ascend. One thread at a time.
 */
#ifndef HEARTH_UNWIND_SNAPSHOT_UNWINDER_H
#define HEARTH_UNWIND_SNAPSHOT_UNWINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "bpf/events.h"
#include "elf/elf_file.h"

/* Files that are remembered; with one more all are forgotten. */
#define SNAPSHOT_UNWINDER_MAX_FILES 256

struct snapshot {
	uint64_t registers[SNAPSHOT_REGISTERS];
	bool leaf_is_return; /* the PC is a return address: the task is in a system call */
	uint64_t stack_start;
	struct bytes stack;
	uint64_t
		other_start; /* of another one, of which frame pointers tell, and libunwind nothing */
	struct bytes other;
	const struct snapshot_mapping *mappings; /* in ascending order */
	size_t mapping_count;
	bool lacks_mappings; /* there are more: an address in none of these may be code */
};

struct unwound_stack {
	uint32_t depth;
	enum tick_reason reason; /* why it ended; REASON_NONE: the root is proven */
	uint64_t lacks_file;     /* REASON_ROWS_MISSING: the module that could not be opened */
	bool lacks_stack;        /* REASON_STACK_UNREADABLE: it goes on above the snapshot */
	/* As TICK_MAY_LACK_CALLER says; the bytes of the code, which may tell the kernel side, are not looked at. */
	bool may_lack_caller;
	/* Code in a file that was interrupted was left by its frame pointer: rows may know better. */
	bool may_lack_frames;
	struct stack_frame frames[EVENT_MAX_FRAMES]; /* leaf first */
};

/*
 * Opens the file of a module (also MODULE_VDSO), which then belongs to the unwinder. Another answer than 0: it
 * cannot be had; it is asked for again next time.
 */
typedef int (*snapshot_open_fn)(void *context, uint64_t module, struct elf_file **ret_file);

struct snapshot_unwinder;

struct snapshot_unwinder *snapshot_unwinder_new(snapshot_open_fn open,
						void *context); /* NULL: out of memory */
void snapshot_unwinder_free(struct snapshot_unwinder *unwinder);

/*
 * Unwinds as far as it goes. Reasons: those of a walk in the kernel; REASON_ROWS_MISSING: a file cannot be
 * opened; REASON_SNAPSHOT_FULL: an address lies in no mapping, but the snapshot has not all of them.
 */
void snapshot_unwinder_unwind(struct snapshot_unwinder *unwinder, const struct snapshot *snapshot,
			      struct unwound_stack *ret_stack);
#endif
