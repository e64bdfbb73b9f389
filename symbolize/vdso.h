/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vdso: the ELF image that the kernel puts into every process (vdso(7)). Ours has the same content
 * as that of every other process of the same kind (64-bit, for our own kind).
 */
#ifndef HEARTH_SYMBOLIZE_VDSO_H
#define HEARTH_SYMBOLIZE_VDSO_H

struct elf_file;

/* A copy of our own vdso: 0, -ENOENT: there is none, or another error of elf_file_open_image(). */
int vdso_open(struct elf_file **ret_file);

#endif
