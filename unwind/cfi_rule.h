/* SPDX-License-Identifier: Apache-2.0 */
/* From a row of CFI to the rule that the walker applies (bpf/unwind_rule.h), or why there is none. */
#ifndef HEARTH_UNWIND_CFI_RULE_H
#define HEARTH_UNWIND_CFI_RULE_H

#include "bpf/events.h"
#include "unwind/cfi_machine.h"
#include "unwind/cfi_program.h"

/*
 * A rule for a row of an FDE of `cie`. One that cannot be said is UNWIND_NOT_EXPRESSIBLE with an enum
 * cfi_reason as its detail. A caller's frame pointer that cannot be said is UNWIND_FP_UNKNOWN: the caller is
 * found all the same. `with_base`: rules say how the caller's base is found, where there is room for it.
 */
struct unwind_rule cfi_rule_of(const struct cfi_row *row, const struct cfi_cie *cie,
			       const struct cfi_machine *machine, bool with_base);

struct unwind_rule cfi_rule_not_expressible(enum cfi_reason reason);

#endif
