/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of the table that call frame information stands for (DWARF 5, 6.4.1 "Structure of Call Frame
 * Information"): how the CFA is computed, and where the caller's registers are. Of the columns only four
 * are kept: rows are for walking a stack, not for giving a caller all its registers back.
 */
#ifndef HEARTH_UNWIND_CFI_STATE_H
#define HEARTH_UNWIND_CFI_STATE_H

#include <stdint.h>

enum cfi_cfa_kind {
	CFI_CFA_UNSET,
	CFI_CFA_OFFSET,       /* `base` + offset */
	CFI_CFA_DEREF,        /* *(`base` + offset) + extra */
	CFI_CFA_PLT,          /* `base` + offset + ((pc & 15) >= extra) * 8 */
	CFI_CFA_INEXPRESSIBLE /* an expression of another form */
};

struct cfi_cfa {
	enum cfi_cfa_kind kind;
	uint32_t base; /* DWARF register number */
	int64_t offset;
	int64_t extra;
};

enum cfi_register_kind {
	CFI_REGISTER_UNSET,
	CFI_REGISTER_UNDEFINED,
	CFI_REGISTER_SAME,
	CFI_REGISTER_AT_CFA,      /* *(CFA + offset) */
	CFI_REGISTER_IS_CFA,      /* CFA + offset */
	CFI_REGISTER_IN_REGISTER, /* `base` */
	CFI_REGISTER_AT_REGISTER, /* *(`base` + offset), by an expression */
	CFI_REGISTER_INEXPRESSIBLE
};

struct cfi_register {
	enum cfi_register_kind kind;
	uint32_t base; /* DWARF register number */
	int64_t offset;
};

enum cfi_column {
	CFI_STACK_COLUMN,
	CFI_FRAME_COLUMN,
	CFI_ADDRESS_COLUMN,
	CFI_BASE_COLUMN,
	CFI_COLUMN_COUNT
};

struct cfi_state {
	struct cfi_cfa cfa;
	struct cfi_register columns[CFI_COLUMN_COUNT];
};

#endif
