/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's .eh_frame with a binary search table over its FDEs, in the form that libunwind searches: pairs of
 * (start of the function, FDE), both as 32-bit distances from one base. The table is the one of .eh_frame_hdr
 * or, where that is absent, of another form or not sorted, one that is made here from the section.
 *
 * The section's bytes are read as they are asked for; nothing is mapped. Not thread-safe.
 */
#ifndef HEARTH_UNWIND_FDE_INDEX_H
#define HEARTH_UNWIND_FDE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"
#include "unwind/cfi_section.h"

#define FDE_INDEX_MAX (4u << 20) /* FDEs; of a file with more none is found */

struct fde_index_entry {
	int32_t start, fde; /* addresses less the base */
};

struct fde_index {
	struct elf_file *file;
	struct cfi_section section;
	struct fde_index_entry *entries; /* ascending by start */
	size_t count;  /* 0: the file has no call frame information that is found here */
	uint64_t base; /* an address, as the file numbers them */
};

/*
 * Takes over an open file. 0 or -ENOMEM; a file without .eh_frame or with a damaged one has an index without
 * entries.
 */
int fde_index_init(struct fde_index *index, struct elf_file *file);
void fde_index_release(struct fde_index *index);

/*
 * Copies up to `size` bytes at an address of the section to `to`; 0 is a byte outside it. False: all of them
 * are, or cannot be read.
 */
bool fde_index_read(struct fde_index *index, uint64_t address, void *to, size_t size);

#endif
