/* SPDX-License-Identifier: Apache-2.0 */
/* cfi_program.c: what each call frame instruction does, and what happens where one makes no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/hash.h"
#include "tests/unit/cfi_builder.h"
#include "unwind/cfi_program.h"

#define LOC(bytes) (DW_CFA_advance_loc + (bytes))

/* One FDE of 0x1000 bytes at 0x100 with these instructions. */
static void make_program(struct cfi_file *file, const uint8_t *instructions, size_t size)
{
	struct cfi_builder cfi;

	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_begin_fde(&cfi, 0x100, 0x1000);
	buffer_append(&cfi.bytes, instructions, size);
	cfi_end(&cfi);
	cfi_file_make(file, &cfi);
}

#define MAKE(file, ...)                                      \
	make_program(file, (const uint8_t[]){ __VA_ARGS__ }, \
		     sizeof((const uint8_t[]){ __VA_ARGS__ }))

static struct unwind_rule sp_rule(int32_t cfa_offset, int32_t fp_offset)
{
	return (struct unwind_rule){ .cfa = UNWIND_CFA_SP,
				     .cfa_offset = cfa_offset,
				     .fp = fp_offset ? UNWIND_FP_OFFSET : UNWIND_FP_SAME,
				     .fp_offset = fp_offset };
}

static void a_prologue_and_an_epilogue(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, LOC(1), DW_CFA_def_cfa_offset, 16, DW_CFA_offset + RBP, 2, LOC(3),
	     DW_CFA_def_cfa_register, RBP, DW_CFA_advance_loc1, 0x40, DW_CFA_def_cfa, RSP, 8,
	     DW_CFA_restore + RBP);
	assert_no_cfi(&file, 0xff);
	assert_sp(&file, 0x100, 8);
	assert_rule(&file, 0x101, sp_rule(16, -16));
	assert_rule(&file, 0x103, sp_rule(16, -16));
	assert_rule(&file, 0x104,
		    (struct unwind_rule){ .cfa = UNWIND_CFA_FP,
					  .cfa_offset = 16,
					  .fp = UNWIND_FP_OFFSET,
					  .fp_offset = -16 });
	assert_sp(&file, 0x144, 8);
	assert_sp(&file, 0x10ff, 8);
	assert_no_cfi(&file, 0x1100);
	assert_int_equal(file.table.header->row_count, 5); /* the last one: no CFI */
	cfi_file_release(&file);
}

static void advances_of_every_width(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, LOC(0x3f), DW_CFA_def_cfa_offset, 16, DW_CFA_advance_loc1, 0xff,
	     DW_CFA_def_cfa_offset, 24, DW_CFA_advance_loc2, 0x00, 0x01, DW_CFA_def_cfa_offset, 32,
	     DW_CFA_advance_loc4, 0x00, 0x01, 0, 0, DW_CFA_def_cfa_offset, 40,
	     DW_CFA_MIPS_advance_loc8, 0x00, 0x01, 0, 0, 0, 0, 0, 0, DW_CFA_def_cfa_offset, 48);
	assert_sp(&file, 0x13e, 8);
	assert_sp(&file, 0x13f, 16);
	assert_sp(&file, 0x23e, 24);
	assert_sp(&file, 0x33e, 32);
	assert_sp(&file, 0x43e, 40);
	assert_sp(&file, 0x53e, 48);
	cfi_file_release(&file);
}

/* An advance beyond the end ends the FDE: what follows belongs to nobody. */
static void an_advance_beyond_the_end(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, DW_CFA_MIPS_advance_loc8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	     DW_CFA_def_cfa_offset, 16);
	assert_sp(&file, 0x10ff, 8);
	assert_no_cfi(&file, 0x1100);
	cfi_file_release(&file);
}

static void set_loc(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_begin_fde(&cfi, 0x100, 0x1000);
	cfi_u8(&cfi, DW_CFA_set_loc);
	cfi_u32(&cfi, TEXT_ADDRESS + 0x180 - (EH_FRAME_ADDRESS + cfi.bytes.size));
	CFI(&cfi, DW_CFA_def_cfa_offset, 16);
	cfi_u8(&cfi, DW_CFA_set_loc);
	cfi_u32(&cfi, TEXT_ADDRESS + 0x140 - (EH_FRAME_ADDRESS + cfi.bytes.size));
	CFI(&cfi, DW_CFA_def_cfa_offset, 24);
	cfi_end(&cfi);
	cfi_file_make(&file, &cfi);
	assert_sp(&file, 0x17f, 8);
	assert_reason(&file, 0x180, CFI_REASON_MALFORMED); /* it went back */
	cfi_file_release(&file);
}

static void offsets_of_every_kind(void **state)
{
	static const struct {
		uint8_t instructions[4];
		size_t size;
		int32_t fp_offset;
	} cases[] = {
		{ { DW_CFA_offset + RBP, 3 }, 2, -24 },
		{ { DW_CFA_offset_extended, RBP, 3 }, 3, -24 },
		{ { DW_CFA_offset_extended_sf, RBP, 0x7d }, 3, 24 },
		{ { DW_CFA_GNU_negative_offset_extended, RBP, 3 }, 3, 24 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cfi_file file;

		make_program(&file, cases[i].instructions, cases[i].size);
		assert_rule(&file, 0x100, sp_rule(8, cases[i].fp_offset));
		cfi_file_release(&file);
	}
}

static void cfa_definitions_of_every_kind(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, DW_CFA_def_cfa_sf, RBP, 0x7e, LOC(1), DW_CFA_def_cfa_offset_sf, 0x7d, LOC(1),
	     DW_CFA_def_cfa_expression, 2, DW_OP_breg7, 0x20, LOC(1), DW_CFA_def_cfa_expression, 3,
	     DW_OP_bregx, RBP, 0x30);
	assert_rule(&file, 0x100, (struct unwind_rule){ .cfa = UNWIND_CFA_FP, .cfa_offset = 16 });
	assert_rule(&file, 0x101, (struct unwind_rule){ .cfa = UNWIND_CFA_FP, .cfa_offset = 24 });
	assert_sp(&file, 0x102, 32);
	assert_rule(&file, 0x103, (struct unwind_rule){ .cfa = UNWIND_CFA_FP, .cfa_offset = 48 });
	cfi_file_release(&file);
}

static void remembered_states(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, DW_CFA_def_cfa_offset, 16, DW_CFA_offset + RBP, 2, DW_CFA_remember_state,
	     LOC(1), DW_CFA_def_cfa_offset, 24, DW_CFA_remember_state, LOC(1),
	     DW_CFA_def_cfa_offset, 8, DW_CFA_restore + RBP, LOC(1), DW_CFA_restore_state, LOC(1),
	     DW_CFA_restore_state);
	assert_rule(&file, 0x100, sp_rule(16, -16));
	assert_rule(&file, 0x101, sp_rule(24, -16));
	assert_rule(&file, 0x102, sp_rule(8, 0));
	assert_rule(&file, 0x103, sp_rule(24, -16));
	assert_rule(&file, 0x104, sp_rule(16, -16));
	cfi_file_release(&file);
}

static void too_many_remembered_states(void **state)
{
	uint8_t instructions[2 + CFI_PROGRAM_MAX_REMEMBERED + 1];
	struct cfi_file file;

	(void)state;
	memset(instructions, DW_CFA_remember_state, sizeof(instructions));
	instructions[CFI_PROGRAM_MAX_REMEMBERED] = LOC(1);
	make_program(&file, instructions, sizeof(instructions));
	assert_sp(&file, 0x100, 8);
	assert_reason(&file, 0x101, CFI_REASON_TOO_DEEP);
	assert_reason(&file, 0x10ff, CFI_REASON_TOO_DEEP);
	cfi_file_release(&file);
}

static void restoring_what_was_not_remembered(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, LOC(1), DW_CFA_restore_state, LOC(1), DW_CFA_def_cfa, RSP, 16);
	assert_sp(&file, 0x100, 8);
	assert_reason(&file, 0x101, CFI_REASON_MALFORMED);
	assert_reason(&file, 0x110, CFI_REASON_MALFORMED);
	assert_no_cfi(&file, 0x1100);
	cfi_file_release(&file);
}

static void args_size_and_other_registers_change_nothing(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, LOC(1), DW_CFA_GNU_args_size, 0x80, 0x01, LOC(1), DW_CFA_offset + 3, 2, LOC(1),
	     DW_CFA_expression, 12, 2, DW_OP_breg6, 0, LOC(1), DW_CFA_undefined, 33, LOC(1),
	     DW_CFA_same_value, RBP);
	assert_sp(&file, 0x100, 8);
	assert_sp(&file, 0x106, 8);
	assert_int_equal(file.table.header->row_count, 2);
	cfi_file_release(&file);
}

static void an_unknown_instruction(void **state)
{
	static const uint8_t unknown[] = { 0x17, 0x1c, 0x2d, 0x30, 0x3f };

	(void)state;
	for (size_t i = 0; i < sizeof(unknown); i++) {
		struct cfi_file file;

		MAKE(&file, LOC(1), unknown[i], LOC(1), DW_CFA_def_cfa, RSP, 16);
		assert_sp(&file, 0x100, 8);
		assert_reason(&file, 0x101, CFI_REASON_UNKNOWN_INSTRUCTION);
		assert_reason(&file, 0x102, CFI_REASON_UNKNOWN_INSTRUCTION);
		cfi_file_release(&file);
	}
}

/* The section's last entry, without padding. */
static void an_end_within_an_instruction(void **state)
{
	static const uint8_t broken[][7] = {
		{ LOC(1), DW_CFA_nop, DW_CFA_nop, DW_CFA_nop, DW_CFA_nop, DW_CFA_advance_loc2, 1 },
		{ LOC(1), DW_CFA_nop, DW_CFA_nop, DW_CFA_nop, DW_CFA_nop, DW_CFA_def_cfa, RSP },
		{ LOC(1), DW_CFA_nop, DW_CFA_nop, DW_CFA_nop, DW_CFA_def_cfa_offset, 0x80, 0x80 },
		{ LOC(1), DW_CFA_nop, DW_CFA_nop, DW_CFA_nop, DW_CFA_def_cfa_expression, 9, 0x77 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct cfi_file file;

		make_program(&file, broken[i], sizeof(broken[i]));
		assert_sp(&file, 0x100, 8);
		assert_reason(&file, 0x101, CFI_REASON_MALFORMED);
		cfi_file_release(&file);
	}
}

static void changing_the_register_of_an_expression(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, DW_CFA_def_cfa_expression, 3, DW_OP_breg6, 0x78, DW_OP_deref, LOC(1),
	     DW_CFA_def_cfa_offset, 8);
	assert_int_equal(rule_at(&file, 0x100)->cfa, UNWIND_CFA_FP_DEREF);
	assert_reason(&file, 0x101, CFI_REASON_MALFORMED);
	cfi_file_release(&file);
}

static void a_cie_without_a_cfa(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_begin_cie_version(&cfi, 1, "zR");
	CFI(&cfi, 1, cfi.encoding, DW_CFA_offset + RIP, 1);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_file_make(&file, &cfi);
	assert_reason(&file, 0x100, CFI_REASON_CFA_UNDEFINED);
	cfi_file_release(&file);
}

/* Code alignment 4 and data alignment -4: factors count. */
static void alignment_factors(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_begin_cie_version(&cfi, 1, "zR");
	cfi.bytes.data[cfi.bytes.size - 3] = 4;
	cfi.bytes.data[cfi.bytes.size - 2] = 0x7c;
	CFI(&cfi, 1, cfi.encoding, DW_CFA_def_cfa, RSP, 8, DW_CFA_offset + RIP, 2);
	cfi_end(&cfi);
	cfi_begin_fde(&cfi, 0x100, 0x100);
	CFI(&cfi, LOC(2), DW_CFA_def_cfa_offset, 16, DW_CFA_offset + RBP, 4);
	cfi_end(&cfi);
	cfi_file_make(&file, &cfi);
	assert_sp(&file, 0x107, 8);
	assert_rule(&file, 0x108, sp_rule(16, -16));
	cfi_file_release(&file);
}

/* --- more instructions than the code can need --- */

/* A function of `size` bytes at 0x100: two rows, and between them `nothing`, that often. */
static void make_long(struct cfi_file *file, uint64_t size, uint8_t nothing, size_t count)
{
	struct cfi_builder cfi;

	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_begin_fde(&cfi, 0x100, size);
	CFI(&cfi, LOC(1), DW_CFA_def_cfa_offset, 16);
	for (size_t i = 0; i < count; i++)
		cfi_u8(&cfi, nothing);
	CFI(&cfi, LOC(1), DW_CFA_def_cfa_offset, 24);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x100 + size, 0x10);
	cfi_file_make(file, &cfi);
}

static size_t instructions_of(uint64_t size)
{
	return CFI_PROGRAM_ANY_INSTRUCTIONS + size * CFI_PROGRAM_INSTRUCTIONS_PER_BYTE;
}

static void as_many_instructions_as_the_code_may_need(void **state)
{
	struct cfi_file file;

	(void)state;
	/* The four that mean something, and what pads the entry. */
	make_long(&file, 0x20, DW_CFA_advance_loc, instructions_of(0x20) - 4 - 7);
	assert_sp(&file, 0x101, 16);
	assert_sp(&file, 0x11f, 24);
	assert_sp(&file, 0x120, 8);
	cfi_file_release(&file);
}

/* Neither the row before nor the one behind says anything of what was not reached. */
static void more_instructions_than_the_code_can_need(void **state)
{
	static const uint8_t nothing[] = { DW_CFA_advance_loc, DW_CFA_nop };

	(void)state;
	for (size_t i = 0; i < sizeof(nothing); i++) {
		struct cfi_file file;

		make_long(&file, 0x20, nothing[i], instructions_of(0x20));
		assert_sp(&file, 0x100, 8);
		assert_reason(&file, 0x101, CFI_REASON_TOO_MANY_INSTRUCTIONS);
		assert_reason(&file, 0x11f, CFI_REASON_TOO_MANY_INSTRUCTIONS);
		assert_sp(&file, 0x120, 8);
		cfi_file_release(&file);
	}
}

/* A range that goes on to the end of the text counts no further than to where the next function begins. */
static void instructions_for_code_that_is_not_its_own(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_begin_fde(&cfi, 0x100, TEXT_BYTES - 0x100);
	for (size_t i = 0; i < instructions_of(0x10); i++)
		cfi_u8(&cfi, DW_CFA_advance_loc);
	CFI(&cfi, DW_CFA_def_cfa_offset, 16);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x110, 0x10);
	cfi_file_make(&file, &cfi);
	assert_reason(&file, 0x100, CFI_REASON_TOO_MANY_INSTRUCTIONS);
	assert_sp(&file, 0x110, 8);
	cfi_file_release(&file);
}

/* How many instructions are run: those that are left over are not looked at. */
static void an_fde_of_4_mib_of_instructions(void **state)
{
	const size_t size = 4u << 20;
	const struct cfi_machine *machine = cfi_machine_find(EM_X86_64);
	const struct cfi_section section = { .kind = CFI_DEBUG_FRAME };
	const struct cfi_cie cie = { .code_alignment = 1 };
	uint8_t *instructions = malloc(size);
	struct cfi_program program;
	struct cfi_row row;

	(void)state;
	assert_non_null(instructions);
	memset(instructions, DW_CFA_advance_loc, size);
	cfi_program_begin(&program, &section, machine, &cie,
			  &(struct cfi_fde){ .address = 0x1000,
					     .size = 1,
					     .instructions = { instructions, size } });
	assert_true(cfi_program_next(&program, &row));
	assert_int_equal(row.start, 0x1000);
	assert_int_equal(row.end, 0x1001);
	assert_int_equal(row.reason, CFI_REASON_TOO_MANY_INSTRUCTIONS);
	assert_int_equal(program.reader.offset, instructions_of(1));
	assert_false(cfi_program_next(&program, &row));
	free(instructions);
}

/* Rows as one loop and as the other gives them. */
static void assert_same_rows(struct cfi_program *usual, struct cfi_program *any)
{
	bool has_row = true;

	while (has_row) {
		struct cfi_row row = { 0 }, other = { 0 };

		has_row = cfi_program_next(any, &other);
		assert_int_equal(cfi_program_next(usual, &row), has_row);
		assert_int_equal(row.start, other.start);
		assert_int_equal(row.end, other.end);
		assert_int_equal(row.reason, other.reason);
		assert_int_equal(usual->reader.offset, any->reader.offset);
		if (has_row && row.reason == CFI_EXPRESSIBLE)
			assert_memory_equal(row.state, other.state, sizeof(*row.state));
	}
}

/* Instructions that are executed by themselves do what they do among all others, wherever an FDE ends. */
static void usual_instructions(void **state)
{
	static const uint8_t pool[] = {
		LOC(1),
		LOC(0),
		DW_CFA_advance_loc1,
		DW_CFA_advance_loc2,
		DW_CFA_advance_loc4,
		DW_CFA_def_cfa,
		DW_CFA_def_cfa_register,
		DW_CFA_def_cfa_offset,
		DW_CFA_def_cfa_expression,
		DW_CFA_offset + RBP,
		DW_CFA_offset + 12,
		DW_CFA_offset + 63,
		DW_CFA_restore + RBP,
		DW_CFA_remember_state,
		DW_CFA_restore_state,
		DW_CFA_nop,
		RSP,
		0x7f,
		0x80,
		0xff,
	};
	const struct cfi_machine *machine = cfi_machine_find(EM_X86_64);
	const struct cfi_section section = { .kind = CFI_DEBUG_FRAME };
	const struct cfi_cie cie = { .code_alignment = 1,
				     .data_alignment = -8,
				     .initial.cfa = { CFI_CFA_OFFSET, RSP, 8, 0 } };
	uint8_t instructions[64];

	(void)state;
	for (uint64_t i = 0; i < 50000; i++) {
		const struct cfi_fde fde = {
			.address = 0x1000,
			.size = 1 + hash_u64(i) % 1000,
			.instructions = { instructions, hash_u64(~i) % sizeof(instructions) },
		};
		struct cfi_program usual, any;

		for (size_t at = 0; at < sizeof(instructions); at++)
			instructions[at] = pool[hash_u64(i * 64 + at) % sizeof(pool)];
		cfi_program_begin(&usual, &section, machine, &cie, &fde);
		assert_int_equal(usual.is_usual, fde.instructions.size != 0);
		any = usual;
		any.is_usual = false;
		assert_same_rows(&usual, &any);
	}
}

/* A short operand that is too large by the alignments is still noticed. */
static void usual_instructions_by_unusual_alignments(void **state)
{
	static const uint8_t instructions[] = { DW_CFA_offset + RBP, 2 };
	const struct cfi_machine *machine = cfi_machine_find(EM_X86_64);
	const struct cfi_section section = { .kind = CFI_DEBUG_FRAME };
	const struct cfi_cie cie = { .code_alignment = 1, .data_alignment = INT64_MAX };
	struct cfi_program program;
	struct cfi_row row;

	(void)state;
	cfi_program_begin(&program, &section, machine, &cie,
			  &(struct cfi_fde){ .address = 0x1000,
					     .size = 1,
					     .instructions = { instructions, 2 } });
	assert_true(cfi_program_next(&program, &row));
	assert_int_equal(row.reason, CFI_REASON_OFFSET_RANGE);
}

static void a_cie_with_too_many_instructions(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_begin_cie_version(&cfi, 1, "zR");
	CFI(&cfi, 1, cfi.encoding, DW_CFA_def_cfa, RSP, 8, DW_CFA_offset + RIP, 1);
	for (size_t i = 0; i < CFI_PROGRAM_ANY_INSTRUCTIONS; i++)
		cfi_u8(&cfi, DW_CFA_nop);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_file_make(&file, &cfi);
	assert_reason(&file, 0x100, CFI_REASON_TOO_MANY_INSTRUCTIONS);
	cfi_file_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prologue_and_an_epilogue),
		cmocka_unit_test(advances_of_every_width),
		cmocka_unit_test(an_advance_beyond_the_end),
		cmocka_unit_test(set_loc),
		cmocka_unit_test(offsets_of_every_kind),
		cmocka_unit_test(cfa_definitions_of_every_kind),
		cmocka_unit_test(remembered_states),
		cmocka_unit_test(too_many_remembered_states),
		cmocka_unit_test(restoring_what_was_not_remembered),
		cmocka_unit_test(args_size_and_other_registers_change_nothing),
		cmocka_unit_test(an_unknown_instruction),
		cmocka_unit_test(an_end_within_an_instruction),
		cmocka_unit_test(changing_the_register_of_an_expression),
		cmocka_unit_test(a_cie_without_a_cfa),
		cmocka_unit_test(alignment_factors),
		cmocka_unit_test(as_many_instructions_as_the_code_may_need),
		cmocka_unit_test(more_instructions_than_the_code_can_need),
		cmocka_unit_test(instructions_for_code_that_is_not_its_own),
		cmocka_unit_test(an_fde_of_4_mib_of_instructions),
		cmocka_unit_test(usual_instructions),
		cmocka_unit_test(usual_instructions_by_unusual_alignments),
		cmocka_unit_test(a_cie_with_too_many_instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
