/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Go runtime's description of a module, `moduledata` of runtime/symtab.go: found by its first word, the
 * address of the table of functions.
 */
#ifndef HEARTH_ELF_GO_MODULE_H
#define HEARTH_ELF_GO_MODULE_H

#include <stdint.h>

#include "elf/elf_file.h"

/*
 * The address that functions are counted from. `first` and `end` are where the first one starts and the last
 * one ends, so counted, and show that what was found is a module: it says them, too. 0, -ENOENT, -ENOMEM.
 */
int go_module_text_start(const struct elf_file *file, uint64_t table_address, uint64_t first,
			 uint64_t end, uint64_t *ret_text_start);

#endif
