/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code at a file's entry point that nothing calls, because the kernel jumps to it: the first instructions of a
 * program, and those of glibc's dynamic linker, which load the program, run its constructors and jump to it. Both are
 * written in assembly, mostly without CFI, and have no name in a stripped file. And where a stack of glibc's
 * makecontext() begins: in __start_context, as if that had called the context's function. x86-64.
 */
#ifndef HEARTH_UNWIND_ENTRY_CODE_H
#define HEARTH_UNWIND_ENTRY_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "elf/elf_file.h"

struct entry_code {
	uint64_t start, end; /* file offsets */
};

/* False: the entry point means nothing (a library's), or what stands there is not known. */
bool entry_code_find(const struct elf_file *file, struct entry_code *ret_code);

/* __start_context is so large, and begins at a multiple of that. Its name is in no table of a stripped file. */
#define ENTRY_CODE_CONTEXT_MIN   24
#define ENTRY_CODE_CONTEXT_MAX   32
#define ENTRY_CODE_CONTEXT_ALIGN 16

/* Is this the beginning of __start_context? ENTRY_CODE_CONTEXT_MIN bytes of it are needed. */
bool entry_code_is_context_start(struct bytes code);

/*
 * The same of what lies in the file right behind `offset`: the return address that makecontext() writes is the
 * beginning itself, so whoever takes it for a call's looks at the byte before, where no function is.
 */
bool entry_code_is_before_context_start(const struct elf_file *file, uint64_t offset);

#endif
