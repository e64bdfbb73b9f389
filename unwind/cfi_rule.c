/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_rule.h"

struct unwind_rule cfi_rule_not_expressible(enum cfi_reason reason)
{
	return (struct unwind_rule){ .cfa = UNWIND_NOT_EXPRESSIBLE, .detail = reason };
}

static bool fits(int64_t offset)
{
	return offset >= INT32_MIN && offset <= INT32_MAX;
}

static bool is_at(const struct cfi_register *column, uint32_t base, int64_t offset)
{
	return column->kind == CFI_REGISTER_AT_REGISTER && column->base == base &&
	       column->offset == offset;
}

/*
 * The C libraries describe the kernel's signal frame by an expression for each register, all relative to the
 * stack pointer. The rules tell more than the augmentation: they are looked at.
 */
static bool is_signal_frame(const struct cfi_state *state, const struct cfi_machine *machine)
{
	const struct cfi_cfa *cfa = &state->cfa;

	return cfa->kind == CFI_CFA_DEREF && cfa->base == machine->stack_pointer &&
	       cfa->offset == machine->signal_stack_pointer && !cfa->extra &&
	       is_at(&state->columns[CFI_ADDRESS_COLUMN], machine->stack_pointer,
		     machine->signal_return_address) &&
	       is_at(&state->columns[CFI_FRAME_COLUMN], machine->stack_pointer,
		     machine->signal_frame_pointer);
}

/* By default the caller's stack pointer is the CFA: psABI for AMD64, 3.7 (and every compiler). */
static bool stack_pointer_is_cfa(const struct cfi_register *column)
{
	return column->kind == CFI_REGISTER_UNSET ||
	       (column->kind == CFI_REGISTER_IS_CFA && !column->offset);
}

static enum cfi_reason set_sum(const struct cfi_cfa *cfa, const struct cfi_machine *machine,
			       struct unwind_rule *rule)
{
	if (cfa->base == machine->stack_pointer) {
		rule->cfa = UNWIND_CFA_SP;
	} else if (cfa->base == machine->frame_pointer) {
		rule->cfa = UNWIND_CFA_FP;
	} else if (cfa->base < machine->general_registers) {
		rule->cfa = UNWIND_CFA_REGISTER;
		rule->detail = cfa->base;
	} else {
		return CFI_REASON_CFA_REGISTER;
	}
	return CFI_EXPRESSIBLE;
}

static enum cfi_reason set_deref(const struct cfi_cfa *cfa, const struct cfi_machine *machine,
				 struct unwind_rule *rule)
{
	if (cfa->base == machine->stack_pointer)
		rule->cfa = UNWIND_CFA_SP_DEREF;
	else if (cfa->base == machine->frame_pointer)
		rule->cfa = UNWIND_CFA_FP_DEREF;
	else
		return CFI_REASON_CFA_REGISTER;
	if (!fits(cfa->extra))
		return CFI_REASON_OFFSET_RANGE;
	rule->extra_offset = cfa->extra;
	return CFI_EXPRESSIBLE;
}

static enum cfi_reason set_plt(const struct cfi_cfa *cfa, const struct cfi_machine *machine,
			       struct unwind_rule *rule)
{
	if (cfa->base != machine->stack_pointer || cfa->offset != 8)
		return CFI_REASON_EXPRESSION;
	rule->cfa = UNWIND_CFA_PLT;
	rule->detail = cfa->extra;
	return CFI_EXPRESSIBLE;
}

static enum cfi_reason set_cfa(const struct cfi_cfa *cfa, const struct cfi_machine *machine,
			       struct unwind_rule *rule)
{
	if (!fits(cfa->offset))
		return CFI_REASON_OFFSET_RANGE;
	if (cfa->kind != CFI_CFA_PLT)
		rule->cfa_offset = cfa->offset;
	switch (cfa->kind) {
	case CFI_CFA_OFFSET:
		return set_sum(cfa, machine, rule);
	case CFI_CFA_DEREF:
		return set_deref(cfa, machine, rule);
	case CFI_CFA_PLT:
		return set_plt(cfa, machine, rule);
	case CFI_CFA_UNSET:
		return CFI_REASON_CFA_UNDEFINED;
	default:
		return CFI_REASON_EXPRESSION;
	}
}

/* A register at a distance from another one is at a distance from a CFA that counts from the same one. */
static bool from_cfa(const struct cfi_register *column, const struct cfi_cfa *cfa,
		     int64_t *ret_offset)
{
	if (column->kind == CFI_REGISTER_AT_CFA) {
		*ret_offset = column->offset;
		return true;
	}
	return column->kind == CFI_REGISTER_AT_REGISTER && cfa->kind == CFI_CFA_OFFSET &&
	       cfa->base == column->base &&
	       !__builtin_sub_overflow(column->offset, cfa->offset, ret_offset);
}

/* `detail` and `extra_offset` serve the CFA of some rules: these take the return address from above. */
static bool has_room(const struct unwind_rule *rule)
{
	return rule->cfa == UNWIND_CFA_SP || rule->cfa == UNWIND_CFA_FP;
}

static enum cfi_reason set_return_address(const struct cfi_register *column,
					  const struct cfi_cfa *cfa,
					  const struct cfi_machine *machine,
					  struct unwind_rule *rule)
{
	int64_t offset;

	if (column->kind == CFI_REGISTER_IN_REGISTER) {
		if (!has_room(rule) || column->base >= machine->general_registers)
			return CFI_REASON_RETURN_ADDRESS;
		rule->ra = UNWIND_RA_REGISTER;
		rule->detail = column->base;
		return CFI_EXPRESSIBLE;
	}
	if (!from_cfa(column, cfa, &offset))
		return CFI_REASON_RETURN_ADDRESS;
	if (offset == machine->return_address_slot)
		return CFI_EXPRESSIBLE; /* UNWIND_RA_ABOVE */
	if (!fits(offset))
		return CFI_REASON_OFFSET_RANGE;
	if (rule->cfa != UNWIND_CFA_REGISTER && !has_room(rule))
		return CFI_REASON_RETURN_ADDRESS;
	rule->ra = UNWIND_RA_OFFSET;
	rule->extra_offset = offset;
	return CFI_EXPRESSIBLE;
}

static void set_frame_pointer(const struct cfi_register *column, const struct cfi_cfa *cfa,
			      const struct cfi_machine *machine, struct unwind_rule *rule)
{
	int64_t offset;

	/* Callee-saved where nothing is said: psABI for AMD64, 3.2.1. */
	if (column->kind == CFI_REGISTER_UNSET || column->kind == CFI_REGISTER_SAME)
		return; /* UNWIND_FP_SAME */
	if (from_cfa(column, cfa, &offset)) {
		rule->fp = UNWIND_FP_OFFSET;
	} else if (column->kind == CFI_REGISTER_AT_REGISTER &&
		   column->base == machine->frame_pointer) {
		rule->fp = UNWIND_FP_AT_FP;
		offset = column->offset;
	} else {
		rule->fp = UNWIND_FP_UNKNOWN;
		offset = 0;
	}
	if (!fits(offset)) {
		rule->fp = UNWIND_FP_UNKNOWN;
		offset = 0;
	}
	rule->fp_offset = offset;
}

/* Callee-saved, like the frame pointer. */
static void set_base(const struct cfi_register *column, const struct cfi_cfa *cfa,
		     struct unwind_rule *rule)
{
	int64_t offset;

	if (!has_room(rule) || rule->ra != UNWIND_RA_ABOVE)
		return;
	if (column->kind == CFI_REGISTER_UNSET || column->kind == CFI_REGISTER_SAME) {
		rule->ra = UNWIND_RA_BASE_SAME;
	} else if (from_cfa(column, cfa, &offset) && fits(offset)) {
		rule->ra = UNWIND_RA_BASE_SAVED;
		rule->extra_offset = offset;
	}
}

static enum cfi_reason set_rule(const struct cfi_state *state, const struct cfi_machine *machine,
				struct unwind_rule *rule)
{
	enum cfi_reason reason;

	if (!stack_pointer_is_cfa(&state->columns[CFI_STACK_COLUMN]))
		return CFI_REASON_STACK_POINTER;
	reason = set_cfa(&state->cfa, machine, rule);
	if (reason == CFI_EXPRESSIBLE)
		reason = set_return_address(&state->columns[CFI_ADDRESS_COLUMN], &state->cfa,
					    machine, rule);
	set_frame_pointer(&state->columns[CFI_FRAME_COLUMN], &state->cfa, machine, rule);
	return reason;
}

struct unwind_rule cfi_rule_of(const struct cfi_row *row, const struct cfi_cie *cie,
			       const struct cfi_machine *machine, bool with_base)
{
	const struct cfi_state *state = row->state;
	struct unwind_rule rule = { 0 };
	enum cfi_reason reason = row->reason;

	if (reason != CFI_EXPRESSIBLE)
		return cfi_rule_not_expressible(reason);
	if (state->columns[CFI_ADDRESS_COLUMN].kind == CFI_REGISTER_UNDEFINED)
		return (struct unwind_rule){ .cfa = UNWIND_ROOT };
	if (is_signal_frame(state, machine))
		return (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME };
	reason = cie->is_signal_frame ? CFI_REASON_SIGNAL_LAYOUT : set_rule(state, machine, &rule);
	if (with_base)
		set_base(&state->columns[CFI_BASE_COLUMN], &state->cfa, &rule);
	return reason == CFI_EXPRESSIBLE ? rule : cfi_rule_not_expressible(reason);
}
