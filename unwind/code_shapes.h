/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that many files have without CFI, but whose shape is known: linkers' procedure linkage tables (lld, gold and
 * mold write no CFI for them, nor does GNU ld on request), glibc's _init and _fini, gcc's crtbeginS.o, and the code at the entry point
 * (entry_code.h). Found by section and by bytes; what is not recognised has no shape. Only what no CFI covers is taken from here.
 */
#ifndef HEARTH_UNWIND_CODE_SHAPES_H
#define HEARTH_UNWIND_CODE_SHAPES_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/events.h"
#include "elf/elf_file.h"
#include "unwind/cfi_machine.h"

#define CODE_SHAPES_MAX 24

struct code_shape {
	uint64_t start, end; /* file offsets */
	struct unwind_rule rule;
};

struct code_shapes {
	struct code_shape shapes[CODE_SHAPES_MAX]; /* in order, without overlaps */
	size_t count;
	size_t passed; /* that end before what was asked for last */
};

/* Shapes that cannot be read are left out. */
void code_shapes_find(struct code_shapes *shapes, const struct elf_file *file,
		      const struct cfi_machine *machine);

/* The first shape that ends behind an offset, or NULL. Offsets never go down. */
const struct code_shape *code_shapes_next(struct code_shapes *shapes, uint64_t offset);

#endif
