/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ELF file's dynamic section says (System V ABI, "Dynamic Section"), found by its PT_DYNAMIC
 * segment, so that it is there in files without section headers too.
 */
#ifndef HEARTH_ELF_ELF_DYNAMIC_H
#define HEARTH_ELF_ELF_DYNAMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

/* Longer dynamic sections are read up to here; real ones have some 30 entries. */
#define ELF_DYNAMIC_MAX_ENTRIES 1024

/* The value of the first entry with this tag (DT_*): 0, -ENOENT, or the error of the read. */
int elf_dynamic_value(const struct elf_file *file, int64_t tag, uint64_t *ret_value);

/* DT_SONAME, terminated: 0; -ENOENT: none; -ENAMETOOLONG: longer than `size`; or a read error. */
int elf_dynamic_soname(const struct elf_file *file, char *ret_name, size_t size);

/*
 * Is this a program, one whose e_entry the kernel or the dynamic linker jumps to? The e_entry of a plain
 * shared library means nothing: older linkers put the start of .text there.
 */
bool elf_dynamic_is_program(const struct elf_file *file);

/* Is it a program that brings its C library in itself? */
bool elf_dynamic_is_static_program(const struct elf_file *file);

#endif
