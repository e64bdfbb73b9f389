/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF expressions in call frame information (DWARF 5, 2.5), of which compilers and assemblers write only a
 * few forms. Nothing is ever computed: an expression has a known form, or it has none.
 *
 *     breg B N                                       B + N
 *     breg B N, deref                                *(B + N)
 *     breg B N, deref, plus_uconst M                 *(B + N) + M
 *     breg B N, breg PC 0, lit15, and, lit T, ge,
 *         lit3, shl, plus                            B + N + ((pc & 15) >= T) * 8      (a linker's PLT)
 */
#ifndef HEARTH_UNWIND_CFI_EXPRESSION_H
#define HEARTH_UNWIND_CFI_EXPRESSION_H

#include <stdint.h>

#include "base/byte_reader.h"

enum cfi_expression_form {
	CFI_FORM_UNKNOWN,
	CFI_FORM_SUM,   /* base + offset */
	CFI_FORM_DEREF, /* *(base + offset) + extra */
	CFI_FORM_PLT,   /* extra: the T above */
};

struct cfi_expression {
	enum cfi_expression_form form;
	uint32_t base; /* DWARF register number */
	int64_t offset;
	int64_t extra;
};

struct cfi_expression cfi_expression_parse(struct bytes bytes, uint32_t pc_register);

#endif
