/* SPDX-License-Identifier: Apache-2.0 */
/* Why code has CFI and yet no rule: the rows of reasons.def. */
#ifndef HEARTH_UNWIND_CFI_REASON_H
#define HEARTH_UNWIND_CFI_REASON_H

enum cfi_reason {
	CFI_EXPRESSIBLE, /* no reason */
#define CFI_REASON(constant, name, meaning) constant,
#include "unwind/reasons.def"
#undef CFI_REASON
	CFI_REASON_COUNT
};

/* The name and what it means; "none" for CFI_EXPRESSIBLE, "unknown" for what is no reason. */
const char *cfi_reason_name(unsigned int reason);
const char *cfi_reason_meaning(unsigned int reason);

#endif
