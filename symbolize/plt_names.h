/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for a file's procedure linkage tables (sections .plt, .plt.sec, .plt.got and their like): an entry that
 * jumps to where a slot of the GOT says bears the name of the symbol that a relocation puts there, as
 * "malloc@plt". The entry's own instructions say which slot it is, not its place in the table, so that the linker's
 * way of ordering does not matter, and an entry whose slot no relocation fills with a symbol (the table's first; an IFUNC
 * of the file's own) has no name. x86-64.
 */
#ifndef HEARTH_SYMBOLIZE_PLT_NAMES_H
#define HEARTH_SYMBOLIZE_PLT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"
#include "symbolize/function_source.h"

/* So many relocations of a file, and bytes of its tables, are looked at. (Chromium has 500,000 relocations, few with a symbol.) */
#define PLT_NAMES_MAX_RELOCATIONS (8u << 20)
#define PLT_NAMES_MAX_SLOTS       (1u << 20)
#define PLT_NAMES_MAX_BYTES       (16u << 20)

/* Behind the symbol's name; demangle.h leaves it as it is. */
#define PLT_NAMES_SUFFIX "@plt"

/* Does any of these, which are ascending, lie in such a table? Else nothing of it need be read. */
bool plt_names_concern(const struct elf_file *file, const uint64_t *addresses, size_t count);

/* `file` lives longer: 0; -ENOENT: it has no such table that can be read; -ENOMEM; or a read error. */
int plt_names_open(struct elf_file *file, struct function_source *ret_source);

#endif
