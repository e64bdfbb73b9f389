/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the snapshot of a stack as the kernel side walks the stack itself: with the same code (bpf/user_walk.h), by the
 * same rows, of all that it meets.
 *
 * Memory is the snapshot's part of the stack; code that may tell how it is to be left is read from its file. One thread
 * at a time, and no two walks at once.
 */
#ifndef HEARTH_PROFILER_SNAPSHOT_WALKER_H
#define HEARTH_PROFILER_SNAPSHOT_WALKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind/snapshot_unwinder.h"

/* What a walk asks for. */
struct snapshot_walker_host {
	/* The rule that holds at an offset of a module. False: its rows are not there. */
	bool (*find_rule)(void *context, uint64_t module, uint64_t offset,
			  struct unwind_rule *ret_rule);
	/* Bytes of a module's file. False: they cannot be had. */
	bool (*read_file)(void *context, uint64_t module, uint64_t offset, void *to, size_t size);
	void *context;
};

struct snapshot_walker;

struct snapshot_walker *
snapshot_walker_new(const struct snapshot_walker_host *host); /* NULL: out of memory */
void snapshot_walker_free(struct snapshot_walker *walker);

/*
 * Walks as far as it goes. The reasons are the kernel side's, but for REASON_ROWS_MISSING (of `lacks_file`),
 * REASON_STACK_UNREADABLE (memory that the snapshot does not have) and REASON_SNAPSHOT_FULL (a mapping that it may
 * not have): by these the walk is not what the kernel side's would be.
 */
void snapshot_walker_walk(struct snapshot_walker *walker, const struct snapshot *snapshot,
			  struct unwound_stack *ret_stack);

#endif
