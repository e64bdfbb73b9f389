/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every FDE of a module in the order of the code, each with the code that is its own.
 *
 * Where ranges overlap, the outcome depends on the ranges only, and is that of a search table: the FDE
 * with the last start at or before an address has it, and its range ends where the next one begins, for
 * good. Of several with one start the first in the section has it. A section further down (.debug_frame
 * beside .eh_frame) only fills what those above leave free. Not thread-safe.
 */
#ifndef HEARTH_UNWIND_FDE_LIST_H
#define HEARTH_UNWIND_FDE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "unwind/cfi_source.h"
#include "unwind/text_map.h"

#define FDE_LIST_MAX         (4u << 20)
#define FDE_LIST_MAX_SOURCES 4

struct fde {
	uint64_t start; /* file offset */
	uint32_t size;
	uint32_t place; /* source and offset in its section */
};

struct fde_list {
	struct fde *fdes;
	size_t count, capacity;
	size_t refused; /* entries whose range could not be read, or that came after such a one */
	size_t overlapping; /* cut or left out */
};

void fde_list_init(struct fde_list *list);
void fde_list_release(struct fde_list *list);

/*
 * Adds the FDEs of one source, by its place among the sources (0: nothing is above it), in their order. 0; -EFBIG: more
 * than FDE_LIST_MAX; -ENOMEM; or the error of a read. Damaged entries are counted.
 */
int fde_list_collect(struct fde_list *list, struct cfi_source *source, uint32_t source_number,
		     struct text_map *text);

/*
 * Adds one range of code that another source than a section of CFI tells of; `offset` is what fde_offset()
 * shall give. The same errors.
 */
int fde_list_add(struct fde_list *list, uint64_t address, uint64_t size, uint32_t source_number,
		 uint32_t offset, struct text_map *text);

/* Sorts, and gives each FDE its part. 0 or -ENOMEM. */
int fde_list_resolve(struct fde_list *list);

uint32_t fde_source(const struct fde *fde);
uint64_t fde_offset(const struct fde *fde); /* in its section */

#endif
