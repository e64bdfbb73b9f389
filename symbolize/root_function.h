/* SPDX-License-Identifier: Apache-2.0 */
/* Which functions are roots: those that a program or a thread starts in (roots.def). */
#ifndef HEARTH_SYMBOLIZE_ROOT_FUNCTION_H
#define HEARTH_SYMBOLIZE_ROOT_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

struct elf_file;

/* What about a file decides which of its functions are roots. */
struct root_file {
	uint64_t entry;
	bool is_program;
	bool is_libc;
	bool is_loader;
};

void root_file_init(struct root_file *root_file, const struct elf_file *file);

/* Is the function with this raw name that starts at this address a root? */
bool root_function_is(const struct root_file *root_file, const char *name, uint64_t start);

#endif
