/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Go runtime's description of a module, `moduledata` of runtime/symtab.go: found by its first word, the
 * address of the table of functions.
 */
#ifndef HEARTH_ELF_GO_MODULE_H
#define HEARTH_ELF_GO_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

#define GO_MODULE_WORDS_BEHIND 32

struct go_module {
	uint64_t text_start; /* the address that functions are counted from */

	/*
	 * The words behind that one, as far as they were read. Among them is where the data of functions begins, gofunc:
	 * word 15 in Go 1.18 and 1.19, 17 up to 1.26, 20 in 1.27.
	 */
	uint64_t behind[GO_MODULE_WORDS_BEHIND];
	size_t behind_count;
};

/*
 * `first` and `end` are where the first function starts and the last one ends, counted from the text's start, and
 * show that what was found is a module: it says them, too. 0, -ENOENT, -ENOMEM.
 */
int go_module_find(const struct elf_file *file, uint64_t table_address, uint64_t first,
		   uint64_t end, struct go_module *ret_module);

#endif
