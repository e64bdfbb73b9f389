/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that is known of addresses of one ELF file, for people: demangled functions, the calls that
 * were inlined, files and lines.
 *
 * From the DWARF of the file, or of its debug file (debug_file.h) where it has none itself, with the files that this leads to
 * (supplement.h, split_file.h); of what that does not know, from Go's own table (go_lookup.h). Where these know no function, or
 * one only by a name that is none of the linker's (a C++ function without its namespace), the symbol tables are asked, for the
 * outermost frame: they name what was compiled, not what was inlined.
 *
 * Files are mapped: for a process that may end by SIGBUS when one of them is cut short. Not thread-safe.
 */
#ifndef HEARTH_SYMBOLIZE_SOURCE_NAMES_H
#define HEARTH_SYMBOLIZE_SOURCE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "symbolize/demangle.h"
#include "symbolize/dwarf_lookup.h"

struct elf_file;

struct source_question {
	int fd;                /* the ELF file, open for reading */
	struct elf_file *file; /* the same, if it is mapped already, and lives longer; or NULL */
	const char *
		path; /* absolute, for files beside it; NULL: split DWARF is not looked for in this process */
	const char *const *debug_folders; /* NULL at the end */
	struct elf_file *debug_file; /* known, and lives longer; NULL: looked for by these two */
	struct elf_file *supplement; /* of whichever has the DWARF; the same */
	split_file_search_fn search_split; /* NULL: by the path, in this process */
	void *split_context;               /* of it */
	enum demangle_mode demangle;
	bool without_symbols;      /* whoever asks has them already */
	bool without_lines;        /* only what is called, not where */
	const uint64_t *addresses; /* virtual ones of the file, in any order */
	size_t count;
};

struct source_names;

/*
 * Answers a question: 0, or why there is no answer at all: -ENOEXEC, -EOPNOTSUPP, -EFBIG of elf_file_open_mapped(); -E2BIG;
 * -ENOMEM; a read error. DWARF that cannot be used is none of these: source_names_error() tells.
 */
int source_names_new(const struct source_question *question, struct source_names **ret_names);
void source_names_free(struct source_names *names);

/* Why DWARF gave nothing: -ENOENT: there is none; else an error of dwarf_file_init(). 0: it was read. */
int source_names_error(const struct source_names *names);

/* What is known of question->addresses[index]; functions are demangled as it said. Lives as long as `names`. */
struct source_location source_names_get(const struct source_names *names, size_t index);

#endif
