/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's table of functions, .gopclntab, which its runtime needs and strip(1) therefore leaves: for each function
 * where it is, its name, and how far the stack pointer is from where the function was entered, at each
 * instruction. The format is that of Go's debug/gosym/pclntab.go and runtime/symtab.go, in its four versions:
 * since Go 1.2, 1.16, 1.18 and 1.20 (in use to this day).
 *
 * Nothing of it is held in memory, if not asked for. Not thread-safe.
 */
#ifndef HEARTH_ELF_GO_TABLE_H
#define HEARTH_ELF_GO_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "elf/file_window.h"
#include "elf/go_module.h"

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
	uint64_t address;    /* of the table */

	/* Parts of the table. */
	struct file_window functab, functions, names, units, files, pcs;
	uint64_t pcs_size; /* 0: not known */
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

/*
 * For whoever asks for the stack pointer tables of all functions, which share them, so that they come in no order:
 * holds them in memory, some 80 bytes a function.
 */
void go_table_hold_pcs(struct go_table *table);

/* Whether a function's flags mean anything: they came with Go 1.17. */
bool go_table_has_flags(const struct go_table *table);

/* Only address and size of a function, by its number: 0, -EBADMSG, or the error of a read. */
int go_table_range(struct go_table *table, uint32_t number, struct go_function *ret_function);

/* All of it: the same. */
int go_table_function(struct go_table *table, uint32_t number, struct go_function *ret_function);

struct buffer;

/* What the Go runtime says of the program: the same errors, or -ENOENT: it is not found. */
int go_table_module(struct go_table *table, struct go_module *ret_module);

/*
 * Replaces the content of `name` by the whole name of a function, as the table has it: the same, or -ENOENT: it has
 * none, or one that is not terminated in time; or -ENOMEM. A middle dot becomes a dot, as in .symtab.
 */
int go_table_name(struct go_table *table, uint32_t number, struct buffer *name);

/* The same in two steps: where the name is, and the name. */
int go_table_name_offset(struct go_table *table, uint32_t number, uint32_t *ret_offset);
int go_table_name_at(struct go_table *table, uint32_t offset, struct buffer *name);

/* --- lines and inlined calls, as Go has them from 1.18 on --- */

#define GO_FUNCTION_NO_TREE UINT32_MAX

/* Of one function. */
struct go_function_lines {
	uint32_t files, lines, calls; /* tables by address, for go_runs_init(); 0: none */
	uint32_t unit;                /* its files are counted in */
	uint32_t tree; /* of inlined calls, counted from gofunc; GO_FUNCTION_NO_TREE: none */
};

/* How an inlined call is described: inlinedCall of runtime/symtabinl.go (symtab.go before Go 1.21). */
struct go_call_layout {
	uint8_t bytes, name_at, parent_at;
	uint8_t line_at; /* a line that is never 0 */
};

bool go_table_has_lines(const struct go_table *table);
struct go_call_layout go_table_call_layout(const struct go_table *table);

/* Where the lines of a function are: 0, -EBADMSG, or the error of a read. Only where go_table_has_lines(). */
int go_table_lines(struct go_table *table, uint32_t number, struct go_function_lines *ret_lines);

/* A file by its number in a unit: the errors of go_table_name(). */
int go_table_file(struct go_table *table, uint32_t unit, uint32_t number, struct buffer *name);

/* A table by address: runs of bytes of the function that have one value. */
struct go_runs {
	uint64_t at;   /* where the next run is told */
	int64_t value; /* of this run */
	uint64_t end;  /* of this run, from the function's start; 0: there was none yet */
};

void go_runs_init(struct go_runs *runs, uint32_t offset);

/* The next run: 0; -ENOENT: there is none; -EBADMSG; or the error of a read. */
int go_runs_next(struct go_runs *runs, struct go_table *table);

#endif
