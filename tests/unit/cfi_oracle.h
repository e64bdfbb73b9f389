/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second opinion on a row: libdw interprets the same CFI on its own (dwarf_cfi_addrframe), and both answers
 * are computed as numbers, with made-up registers and memory in which no two words are equal. So not
 * the forms of rules are compared but what they come to: the CFA, and where the caller's PC and frame pointer
 * are. x86-64.
 */
#ifndef HEARTH_TESTS_CFI_ORACLE_H
#define HEARTH_TESTS_CFI_ORACLE_H

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "bpf/events.h"

#define ORACLE_STACK 64 /* DWARF expressions' */

enum oracle_kind { ORACLE_SAME, ORACLE_UNDEFINED, ORACLE_VALUE, ORACLE_FAILED };

struct oracle_value {
	enum oracle_kind kind;
	uint64_t value;
};

struct oracle_answer {
	struct oracle_value cfa, pc, fp, base;
	bool is_signal;
};

static inline uint64_t oracle_register(unsigned int number, uint64_t pc)
{
	return number == 16 ? pc : hash_u64(0x1000 + number) >> 1 & ~7ull;
}

static inline uint64_t oracle_memory(uint64_t address)
{
	return hash_u64(address ^ 0x5a5a5a5a);
}

static inline bool oracle_binary(const Dwarf_Op *op, uint64_t *stack, size_t depth)
{
	uint64_t *left, right;

	if (depth < 2)
		return false;
	left = &stack[depth - 2];
	right = stack[depth - 1];
	switch (op->atom) {
	case DW_OP_plus:
		*left += right;
		return true;
	case DW_OP_mul:
		*left *= right;
		return true;
	case DW_OP_and:
		*left &= right;
		return true;
	case DW_OP_shl:
		*left <<= right & 63;
		return true;
	case DW_OP_ge:
		*left = (int64_t)*left >= (int64_t)right;
		return true;
	default:
		return false;
	}
}

/* An expression's value. Its end with DW_OP_stack_value or as a register is the caller's matter. */
static inline bool oracle_run(const Dwarf_Op *ops, size_t count, uint64_t cfa, uint64_t pc,
			      uint64_t *ret_value)
{
	uint64_t stack[ORACLE_STACK] = { 0 };
	size_t depth = 0;

	for (size_t i = 0; i < count && depth < ORACLE_STACK; i++) {
		const Dwarf_Op *op = &ops[i];

		if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31)
			stack[depth++] = op->atom - DW_OP_lit0;
		else if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
			stack[depth++] = oracle_register(op->atom - DW_OP_breg0, pc) + op->number;
		else if (op->atom == DW_OP_bregx)
			stack[depth++] = oracle_register(op->number, pc) + op->number2;
		else if (op->atom == DW_OP_call_frame_cfa)
			stack[depth++] = cfa;
		else if (op->atom == DW_OP_plus_uconst && depth)
			stack[depth - 1] += op->number;
		else if (op->atom == DW_OP_deref && depth)
			stack[depth - 1] = oracle_memory(stack[depth - 1]);
		else if (oracle_binary(op, stack, depth))
			depth--;
		else
			return false;
	}
	if (depth)
		*ret_value = stack[depth - 1];
	return depth > 0;
}

static inline struct oracle_value oracle_column(Dwarf_Frame *frame, int number, uint64_t cfa,
						uint64_t pc)
{
	struct oracle_value value = { .kind = ORACLE_FAILED };
	Dwarf_Op memory[3], *ops;
	bool is_value;
	size_t count;

	if (dwarf_frame_register(frame, number, memory, &ops, &count))
		return value;
	if (!count)
		return (struct oracle_value){ ops ? ORACLE_UNDEFINED : ORACLE_SAME, 0 };
	if (count == 1 && ops[0].atom == DW_OP_regx)
		return (struct oracle_value){ ORACLE_VALUE, oracle_register(ops[0].number, pc) };
	is_value = ops[count - 1].atom == DW_OP_stack_value;
	if (!oracle_run(ops, count - is_value, cfa, pc, &value.value))
		return value;
	value.kind = ORACLE_VALUE;
	if (!is_value)
		value.value = oracle_memory(value.value);
	return value;
}

/* False: libdw has no CFI there. */
static inline bool oracle_ask_libdw(Dwarf_CFI *cfi, uint64_t address, struct oracle_answer *ret)
{
	Dwarf_Frame *frame;
	Dwarf_Op *ops;
	size_t count;

	if (dwarf_cfi_addrframe(cfi, address, &frame))
		return false;
	*ret = (struct oracle_answer){ .cfa.kind = ORACLE_FAILED };
	dwarf_frame_info(frame, NULL, NULL, &ret->is_signal);
	if (!dwarf_frame_cfa(frame, &ops, &count) &&
	    oracle_run(ops, count, 0, address, &ret->cfa.value))
		ret->cfa.kind = ORACLE_VALUE;
	ret->pc = oracle_column(frame, 16, ret->cfa.value, address);
	ret->fp = oracle_column(frame, 6, ret->cfa.value, address);
	ret->base = oracle_column(frame, 3, ret->cfa.value, address);
	free(frame);
	return true;
}

static inline uint64_t oracle_cfa_of(const struct unwind_rule *rule, uint64_t pc)
{
	uint64_t sp = oracle_register(7, pc), fp = oracle_register(6, pc);

	switch (rule->cfa) {
	case UNWIND_CFA_SP:
		return sp + rule->cfa_offset;
	case UNWIND_CFA_FP:
		return fp + rule->cfa_offset;
	case UNWIND_CFA_REGISTER:
		return oracle_register(rule->detail, pc) + rule->cfa_offset;
	case UNWIND_CFA_SP_DEREF:
		return oracle_memory(sp + rule->cfa_offset) + rule->extra_offset;
	case UNWIND_CFA_FP_DEREF:
		return oracle_memory(fp + rule->cfa_offset) + rule->extra_offset;
	case UNWIND_CFA_PLT:
		return sp + 8 + ((pc & 15) >= rule->detail) * 8;
	default: /* UNWIND_SIGNAL_FRAME: registers from 40 bytes above sp on, rsp is the 16th */
		return oracle_memory(sp + 40 + 15 * 8);
	}
}

static inline uint64_t oracle_pc_of(const struct unwind_rule *rule, uint64_t cfa, uint64_t pc)
{
	if (rule->cfa == UNWIND_SIGNAL_FRAME)
		return oracle_memory(oracle_register(7, pc) + 40 + 16 * 8);
	if (rule->ra == UNWIND_RA_REGISTER)
		return oracle_register(rule->detail, pc);
	return oracle_memory(cfa + (rule->ra == UNWIND_RA_OFFSET ? rule->extra_offset : -8));
}

static inline struct oracle_value oracle_fp_of(const struct unwind_rule *rule, uint64_t cfa,
					       uint64_t pc)
{
	uint64_t fp = oracle_register(6, pc);

	if (rule->cfa == UNWIND_SIGNAL_FRAME)
		return (struct oracle_value){ ORACLE_VALUE,
					      oracle_memory(oracle_register(7, pc) + 40 + 10 * 8) };
	switch (rule->fp) {
	case UNWIND_FP_OFFSET:
		return (struct oracle_value){ ORACLE_VALUE, oracle_memory(cfa + rule->fp_offset) };
	case UNWIND_FP_AT_FP:
		return (struct oracle_value){ ORACLE_VALUE, oracle_memory(fp + rule->fp_offset) };
	case UNWIND_FP_SAME:
		return (struct oracle_value){ ORACLE_SAME, 0 };
	default:
		return (struct oracle_value){ ORACLE_UNDEFINED, 0 };
	}
}

/*
 * What a rule says of the base; most say nothing. Where CFI says nothing of it, libdw takes it for undefined, against
 * the ABI (psABI for AMD64, 3.2.1).
 */
static inline bool oracle_agrees_on_base(const struct unwind_rule *rule,
					 const struct oracle_answer *libdw, uint64_t cfa)
{
	if (rule->ra == UNWIND_RA_BASE_SAME)
		return libdw->base.kind == ORACLE_SAME || libdw->base.kind == ORACLE_UNDEFINED;
	if (rule->ra == UNWIND_RA_BASE_SAVED)
		return libdw->base.kind == ORACLE_VALUE &&
		       libdw->base.value == oracle_memory(cfa + rule->extra_offset);
	return true;
}

/* Does a rule that says something come to what libdw says? */
static inline bool oracle_agrees(const struct unwind_rule *rule, const struct oracle_answer *libdw,
				 uint64_t address)
{
	uint64_t cfa;
	struct oracle_value fp;

	if (rule->cfa == UNWIND_ROOT)
		return libdw->pc.kind == ORACLE_UNDEFINED;
	cfa = oracle_cfa_of(rule, address);
	fp = oracle_fp_of(rule, cfa, address);
	if (libdw->cfa.kind != ORACLE_VALUE || libdw->cfa.value != cfa ||
	    libdw->pc.kind != ORACLE_VALUE || libdw->pc.value != oracle_pc_of(rule, cfa, address))
		return false;
	if (!oracle_agrees_on_base(rule, libdw, cfa))
		return false;
	/* A register that a caller would have to know is unknown to us; libdw says which it is. */
	if (rule->fp == UNWIND_FP_UNKNOWN)
		return libdw->fp.kind == ORACLE_UNDEFINED || libdw->fp.kind == ORACLE_VALUE;
	return libdw->fp.kind == fp.kind && libdw->fp.value == fp.value;
}

#endif
