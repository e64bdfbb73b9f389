/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes call frame instructions (DWARF 5, 6.4.2) and gives the rows that they make, one after the other.
 *
 * Every instruction of DWARF 5, of GNU (args_size, negative_offset_extended) and of MIPS (advance_loc8) is known.
 * Where something cannot be followed (an unknown instruction, an end in the middle of one, a rule that
 * changes what is not there, too many remembered states, more instructions than the range can need) the rest of
 * the range is one row with a reason, never the row before it. Not thread-safe; nothing is allocated.
 */
#ifndef HEARTH_UNWIND_CFI_PROGRAM_H
#define HEARTH_UNWIND_CFI_PROGRAM_H

#include "unwind/cfi_entry.h"
#include "unwind/cfi_expression.h"

#define CFI_PROGRAM_MAX_REMEMBERED 16 /* GCC nests 2 deep */

/*
 * Instructions that are executed of a CIE, and of an FDE with so many more for each byte of its range: what is run
 * thus depends on the code that there is, whatever a section repeats or a compressed one unfolds to. (In 3.2 million
 * FDEs of 2155 files there were at most as many as bytes and 14 more.)
 */
#define CFI_PROGRAM_ANY_INSTRUCTIONS      256
#define CFI_PROGRAM_INSTRUCTIONS_PER_BYTE 4

struct cfi_program {
	const struct cfi_section *section;
	const struct cfi_machine *machine;
	const struct cfi_cie *cie;
	struct byte_reader reader;
	uint64_t instructions_offset; /* in the section: what encoded addresses count from */
	uint64_t row_start, location, end;
	uint64_t instructions_left;
	enum cfi_reason reason; /* why the rest cannot be followed */
	bool is_usual;          /* usual instructions need no checks */
	struct cfi_state state;
	struct cfi_state remembered[CFI_PROGRAM_MAX_REMEMBERED];
	unsigned int remembered_count;
};

/* For addresses from `start` up to but not including `end`. */
struct cfi_row {
	uint64_t start, end;
	enum cfi_reason reason; /* other than CFI_EXPRESSIBLE: the state says nothing */
	const struct cfi_state *state;
};

/* Runs a CIE's instructions, which set its `initial`, or its reason. */
void cfi_program_run_initial(const struct cfi_section *section, const struct cfi_machine *machine,
			     struct cfi_cie *cie, struct bytes instructions);

/* Begins an FDE. What is handed over must live until the last row. */
void cfi_program_begin(struct cfi_program *program, const struct cfi_section *section,
		       const struct cfi_machine *machine, const struct cfi_cie *cie,
		       const struct cfi_fde *fde);

/* The next row, never an empty one; its state is valid until the next call. False: there are no more. */
bool cfi_program_next(struct cfi_program *program, struct cfi_row *ret_row);

#endif
