/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions, inlined calls and lines of a batch of addresses, from Go's own table (elf/go_table.h), as the Go
 * runtime finds them for its tracebacks. strip(1) leaves them, so that a stripped program gives what its DWARF gave, but for
 * type arguments, which are not spelled out ("main.f[...]"). From Go 1.18 on.
 *
 * Each function that holds an asked address has its tables read once. Where they do not go on to the next function, or
 * where what is inlined cannot be read, nothing is guessed.
 */
#ifndef HEARTH_SYMBOLIZE_GO_LOOKUP_H
#define HEARTH_SYMBOLIZE_GO_LOOKUP_H

#include "symbolize/dwarf_lookup.h"

struct go_lookup;

/* Calls within each other; the compiler's own limits keep them far below. */
#define GO_LOOKUP_MAX_DEPTH 512

/*
 * Looks `addresses` (virtual ones of `elf`, ascending) up; both are used only here. 0; -ENOENT: the file has no such
 * table, or one of before Go 1.18; -EINVAL: not ascending; -E2BIG: too many; -ENOMEM; or the error of a read.
 */
int go_lookup_new(const struct elf_file *elf, const uint64_t *addresses, size_t count,
		  struct go_lookup **ret_lookup);
void go_lookup_free(struct go_lookup *lookup);

struct source_location go_lookup_get(const struct go_lookup *lookup, size_t index);

/* Does the address lie between functions, in what fills the room up? Then no symbol is of it either. */
bool go_lookup_is_between(const struct go_lookup *lookup, size_t index);

#endif
