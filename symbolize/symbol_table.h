/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of an ELF file's symbol tables (.symtab, .dynsym), one after the other, in the order of
 * the file. The tables are read in pieces: nothing of their size is ever held in memory, and of the
 * strings only those that are asked for are read.
 *
 * A function is a symbol of type STT_FUNC or STT_GNU_IFUNC in an executable section, or one without a
 * type there (`_start` and its like, written in assembly; local ones only on processors whose tools do
 * not litter code with mapping symbols like $x and $d, or at the file's entry). Symbols of data, of
 * sections and undefined ones are passed over, and so is what claims to lie outside its section; a size
 * that leads beyond the section is cut at its end.
 */
#ifndef HEARTH_SYMBOLIZE_SYMBOL_TABLE_H
#define HEARTH_SYMBOLIZE_SYMBOL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"
#include "symbolize/function_source.h"

/* Symbols beyond these in one table are not looked at. (Chromium, with everything, has 2 million.) */
#define SYMBOL_TABLE_MAX_SYMBOLS (32u << 20)

/* A longer name is no name. C++ with many templates reaches some 20 KiB. */
#define SYMBOL_TABLE_MAX_NAME (64u << 10)

struct symbol_table;

/* Reads `section` of `file`, which lives longer: 0; -EINVAL: not a symbol table; -ENOMEM. */
int symbol_table_new(const struct elf_file *file, const struct elf_section *section,
		     struct symbol_table **ret_table);
void symbol_table_free(struct symbol_table *table);

/* The next function: 1; 0 at the end; or a read error. */
int symbol_table_next(struct symbol_table *table, struct function_symbol *ret_symbol);

struct buffer;

/*
 * Replaces the content of `to` by a symbol's name, without the version that a linker appends to it
 * (foo@@V, foo@V). 0; -ENOENT: it has none, or one that is not terminated in time; -ENOMEM; or a read
 * error.
 */
int symbol_table_name(const struct symbol_table *table, uint32_t name, struct buffer *to);

/* The table as a source, which is the table's end too. */
struct function_source symbol_table_source(struct symbol_table *table);

#endif
