/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_reason.h"

static const struct {
	const char *name, *meaning;
} reasons[] = {
	[CFI_EXPRESSIBLE] = { "none", "the rule is expressed" },
#define CFI_REASON(constant, name, meaning) [constant] = { name, meaning },
#include "unwind/reasons.def"
#undef CFI_REASON
};

const char *cfi_reason_name(unsigned int reason)
{
	return reason < CFI_REASON_COUNT ? reasons[reason].name : "unknown";
}

const char *cfi_reason_meaning(unsigned int reason)
{
	return reason < CFI_REASON_COUNT ? reasons[reason].meaning : "unknown";
}
