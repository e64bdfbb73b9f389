/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inlined calls of a Go program: for each function that calls were inlined into there is a list of them
 * (FUNCDATA_InlTree), each with the name of what was called and a place in the code whose line is that of the call; and where
 * that place was inlined itself, the next one follows from there (runtime/symtabinl.go).
 *
 * Lists are counted from gofunc, one of many words of the runtime's description of the program, and which one
 * differs between versions of Go with the same table. So each is tried in turn, and the one is taken with which
 * the first lists read as lists: each name begins where a name begins, each place lies in its function, no line is 0.
 * Not thread-safe.
 */
#ifndef HEARTH_ELF_GO_CALLS_H
#define HEARTH_ELF_GO_CALLS_H

#include "elf/go_table.h"

struct go_calls {
	struct go_table *table;
	struct file_window
		lists; /* from gofunc on; size 0: there are none, or they are not found */
};

struct go_call {
	uint32_t name;  /* of what was called, for go_table_name_at() */
	uint32_t place; /* from the function's start: its line is that of the call */
};

/* `table`, which has lines, lives longer: 0 (without lists as well), -ENOMEM, or the error of a read. */
int go_calls_init(struct go_calls *calls, struct go_table *table);
void go_calls_release(struct go_calls *calls);

/*
 * Call `index` of the list at `tree`, of a function of so many bytes. 0; -EBADMSG: it is not a call; or the error
 * of a read.
 */
int go_calls_get(struct go_calls *calls, uint32_t tree, uint32_t index, uint64_t function_size,
		 struct go_call *ret_call);

#endif
