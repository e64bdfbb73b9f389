/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's table of functions, .gopclntab, which its runtime needs and strip(1) therefore leaves: for each function
 * where it is, its name, and how far the stack pointer is from where the function was entered, at each
 * instruction. The format is that of Go's debug/gosym/pclntab.go and runtime/symtab.go, in its four versions:
 * since Go 1.2, 1.16, 1.18 and 1.20 (in use to this day).
 *
 * Nothing of it is held in memory. Not thread-safe.
 */
#ifndef HEARTH_ELF_GO_TABLE_H
#define HEARTH_ELF_GO_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "elf/file_window.h"

#define GO_TABLE_MAX_FUNCTIONS (1u << 24)
#define GO_FUNCTION_NAME_MAX   64 /* names that mean something here are shorter */
#define GO_FUNCTION_NO_PCSP    0
#define GO_TABLE_MAX_NAME      (64u << 10) /* a longer name is no name */

/* FuncFlag* of Go's internal/abi/symtab.go */
#define GO_FUNCTION_WRITES_SP 2

struct go_table {
	const struct go_layout *layout;
	uint32_t function_count;
	uint32_t quantum;    /* bytes that an instruction has at least */
	uint64_t text_start; /* what functions count their addresses from */

	/* Parts of the table. */
	struct file_window functab, functions, names, pcs;
};

struct go_function {
	uint64_t address, size;
	uint32_t pcsp; /* where its stack pointer table begins, in `pcs`; or GO_FUNCTION_NO_PCSP */
	uint8_t flags;
	char name[GO_FUNCTION_NAME_MAX]; /* cut, and without ".abi0" */
};

/* 0; -ENOENT: the file has none that can be read; -ENOMEM; or the error of a read. */
int go_table_init(struct go_table *table, const struct elf_file *file);
void go_table_release(struct go_table *table);

/* Whether a function's flags mean anything: they came with Go 1.17. */
bool go_table_has_flags(const struct go_table *table);

/* Only address and size of a function, by its number: 0, -EBADMSG, or the error of a read. */
int go_table_range(struct go_table *table, uint32_t number, struct go_function *ret_function);

/* All of it: the same. */
int go_table_function(struct go_table *table, uint32_t number, struct go_function *ret_function);

struct buffer;

/*
 * Replaces the content of `name` by the whole name of a function, as the table has it: the same, or -ENOENT: it has
 * none, or one that is not terminated in time; or -ENOMEM.
 */
int go_table_name(struct go_table *table, uint32_t number, struct buffer *name);

#endif
