/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions, inlined calls and lines of a batch of addresses, from the DWARF of one ELF file.
 *
 * The units that hold the addresses are found (dwarf_claims.h), and then only these are read: their entries once
 * (dwarf_scopes.h), their line program once (dwarf_line.h).
 *
 * Why not libdw: its look-ups walk lists for each address, and its readers of entries and of line programs
 * make an object of all that they meet. The walk alone takes 2 s in libjvm, which has 21 million entries.
 */
#ifndef HEARTH_SYMBOLIZE_DWARF_LOOKUP_H
#define HEARTH_SYMBOLIZE_DWARF_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolize/split_file.h"

struct elf_file;

/* More addresses in one batch are refused. */
#define DWARF_LOOKUP_MAX_ADDRESSES (16u << 20)

/* One function, or one that was inlined into the next frame's. */
struct source_frame {
	const char *function; /* as it is in the file, mangled or not; NULL: unknown */
	bool is_whole_name;   /* a name of the linker's, or of a language that has no others */
	const char *file;     /* where it is executed, or calls the frame before: NULL: unknown */
	uint64_t line;        /* 0: unknown */
};

struct source_location {
	const struct source_frame *
		frames; /* innermost first; with no function there may still be one, for the line */
	size_t count;   /* 0: nothing is known of the address */
	uint64_t discriminator; /* of the line; 0: none */
};

struct dwarf_lookup;

/* What is not asked for, and other files that the DWARF of one leads to; all of them live longer than the result. */
struct dwarf_options {
	bool without_lines; /* functions and inlined calls alone: nothing of the size of the line programs is inflated */
	struct elf_file *supplement; /* supplement.h; NULL: none */
	const char *path;            /* of the file itself, for split_file.h; NULL: not known */
	split_file_search_fn search_split; /* NULL: nobody, and so split DWARF is not read */
	void *search_context;
};

/*
 * Looks `addresses` (virtual ones of `elf`, ascending) up. `elf` lives longer than the result: names lie in it.
 * 0; -EINVAL: not ascending; -E2BIG: too many; or an error of dwarf_file_init(), which says why the whole file has
 * no answers. Entries that are malformed, or lie in a file that is not at hand or cannot be read, are unknown, and no error.
 */
int dwarf_lookup_new(struct elf_file *elf, const uint64_t *addresses, size_t count,
		     struct dwarf_lookup **ret_lookup);

/* The same with options. */
int dwarf_lookup_new_with(struct elf_file *elf, const struct dwarf_options *options,
			  const uint64_t *addresses, size_t count,
			  struct dwarf_lookup **ret_lookup);
void dwarf_lookup_free(struct dwarf_lookup *lookup);

struct source_location dwarf_lookup_get(const struct dwarf_lookup *lookup, size_t index);

#endif
