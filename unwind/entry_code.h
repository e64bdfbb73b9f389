/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code at a file's entry point that nothing calls, because the kernel jumps to it: the first instructions of a
 * program, and those of glibc's dynamic linker, which load the program, run its constructors and jump to it. Both are
 * written in assembly, mostly without CFI, and have no name in a stripped file. x86-64.
 */
#ifndef HEARTH_UNWIND_ENTRY_CODE_H
#define HEARTH_UNWIND_ENTRY_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"

struct entry_code {
	uint64_t start, end; /* file offsets */
};

/* False: the entry point means nothing (a library's), or what stands there is not known. */
bool entry_code_find(const struct elf_file *file, struct entry_code *ret_code);

#endif
