/* SPDX-License-Identifier: Apache-2.0 */
/* Names for offsets in one ELF file, from its own symbol tables and its debug file's. */
#ifndef HEARTH_SYMBOLIZE_FILE_NAMES_H
#define HEARTH_SYMBOLIZE_FILE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer;
struct elf_file;

/* Is a debug file worth looking for? */
bool file_names_lack_symbols(const struct elf_file *file);

struct file_question {
	const char *path;                 /* where the file was found, or NULL */
	const char *const *debug_folders; /* NULL at the end */
	struct elf_file *debug_file;      /* its own, for certain; NULL: looked for by these two */
	bool are_addresses; /* `offsets` are virtual addresses, as the file numbers them */
	const uint64_t *offsets;
	size_t count;
};

/*
 * Fills the names and the build-id of `answer`, which has room for as many. .symtab is taken where the
 * file has one, else that of its debug file, else that of its MiniDebugInfo; .dynsym besides; and where neither names a function, the sources of
 * sources.def. 0, or an error of symbol_search_source().
 */
int file_names_answer(struct elf_file *file, const struct file_question *question,
		      struct answer *answer);

#endif
