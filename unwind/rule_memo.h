/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers of the rules that most rows have: those of functions that save what the ABI says where it says. What
 * tells them from each other fits one word, so that neither a rule is made of such a row nor looked up among the
 * others. Keys have the highest bit set; those of go_rows.h, which lie beside them, do not. In the header: each row is looked up here.
 */
#ifndef HEARTH_UNWIND_RULE_MEMO_H
#define HEARTH_UNWIND_RULE_MEMO_H

#include "unwind/cfi_machine.h"
#include "unwind/cfi_program.h"

#define RULE_MEMO_BITS     6
#define RULE_MEMO_CFA_BITS 29

/* Zeros: an empty one. A rule takes the place of another one. */
struct rule_memo {
	struct rule_memo_entry {
		uint64_t key;
		uint32_t number;
	} entries[1u << RULE_MEMO_BITS];
};

/* Rows of one key have one rule, if it does not say how the caller's base is found. 0: not such a row. */
static inline uint64_t rule_memo_key(const struct cfi_row *row, const struct cfi_cie *cie,
				     const struct cfi_machine *machine)
{
	const struct cfi_cfa *cfa = &row->state->cfa;
	const struct cfi_register *stack = &row->state->columns[CFI_STACK_COLUMN];
	const struct cfi_register *frame = &row->state->columns[CFI_FRAME_COLUMN];
	const struct cfi_register *address = &row->state->columns[CFI_ADDRESS_COLUMN];
	uint64_t is_by_sp = cfa->base == machine->stack_pointer;
	uint64_t is_saved = frame->kind == CFI_REGISTER_AT_CFA;

	if (row->reason != CFI_EXPRESSIBLE || cie->is_signal_frame || cfa->kind != CFI_CFA_OFFSET ||
	    (!is_by_sp && cfa->base != machine->frame_pointer) ||
	    (uint64_t)cfa->offset >> RULE_MEMO_CFA_BITS || stack->kind != CFI_REGISTER_UNSET ||
	    address->kind != CFI_REGISTER_AT_CFA ||
	    address->offset != machine->return_address_slot ||
	    (!is_saved && frame->kind != CFI_REGISTER_UNSET) ||
	    frame->offset != (int32_t)frame->offset)
		return 0;
	return 1ull << 63 | (uint64_t)cfa->offset << 34 | is_by_sp << 33 | is_saved << 32 |
	       (uint32_t)frame->offset;
}

/* The only place of a key, which holds it or another one. */
static inline struct rule_memo_entry *rule_memo_at(struct rule_memo *memo, uint64_t key)
{
	return &memo->entries[key * 0x9e3779b97f4a7c15u >> (64 - RULE_MEMO_BITS)];
}

#endif
