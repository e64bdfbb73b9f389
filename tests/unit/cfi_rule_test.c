/* SPDX-License-Identifier: Apache-2.0 */
/* cfi_rule.c, cfi_expression.c, code_stub.c: the kinds of frames that bite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/cfi_builder.h"
#include "unwind/cfi_machine.h"

#define LOC(bytes) (DW_CFA_advance_loc + (bytes))

#define R9  9
#define R11 11
#define RAX 0
#define RDI 5

/* Three functions, of which the middle one, 0x100 bytes at 0x200, has these instructions at once. */
static void make_between(struct cfi_file *file, const uint8_t *instructions, size_t size)
{
	struct cfi_builder cfi;

	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_begin_fde(&cfi, 0x200, 0x100);
	buffer_append(&cfi.bytes, instructions, size);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x300, 0x100);
	cfi_file_make(file, &cfi);
	assert_sp(file, 0x1ff, 8);
	assert_sp(file, 0x300, 8);
}

#define MAKE(file, ...)                                      \
	make_between(file, (const uint8_t[]){ __VA_ARGS__ }, \
		     sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void expect(const uint8_t *instructions, size_t size, struct unwind_rule rule)
{
	struct cfi_file file;

	make_between(&file, instructions, size);
	assert_rule(&file, 0x200, rule);
	assert_rule(&file, 0x2ff, rule);
	cfi_file_release(&file);
}

#define EXPECT(rule, ...)                                                                  \
	expect((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), \
	       (struct unwind_rule)rule)

#define RULE(...)           \
	{                   \
		__VA_ARGS__ \
	}

#define PLT(threshold)                                                                          \
	DW_CFA_def_cfa_expression, 11, DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit15, DW_OP_and, \
		DW_OP_lit0 + (threshold), DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus

static void plt_expression_of_gnu_linkers(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_CFA_PLT, .detail = 11), PLT(11));
}

static void plt_expression_with_another_threshold(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_CFA_PLT, .detail = 6), PLT(6));
}

/* One that only looks like it: another mask. */
static void plt_expression_that_is_none(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_NOT_EXPRESSIBLE, .detail = CFI_REASON_EXPRESSION),
	       DW_CFA_def_cfa_expression, 11, DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit7,
	       DW_OP_and, DW_OP_lit11, DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus);
}

/* As GCC writes it for main() and for code that aligns its stack for AVX. */
static void realigned_stack_dereferences_the_cfa(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_CFA_FP_DEREF, .fp = UNWIND_FP_AT_FP, .cfa_offset = -8),
	       DW_CFA_def_cfa_expression, 3, DW_OP_breg6, 0x78, DW_OP_deref, DW_CFA_expression, RBP,
	       2, DW_OP_breg6, 0);
}

/* As OpenSSL's assembly writes it: CFA = *(rsp + 0x98) + 8. */
static void dereferenced_cfa_from_the_stack_pointer(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_CFA_SP_DEREF, .cfa_offset = 0x98, .extra_offset = 8),
	       DW_CFA_def_cfa_expression, 6, DW_OP_breg7, 0x98, 0x01, DW_OP_deref,
	       DW_OP_plus_uconst, 8);
}

static void an_expression_of_no_known_form(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_NOT_EXPRESSIBLE, .detail = CFI_REASON_EXPRESSION),
	       DW_CFA_def_cfa_expression, 7, DW_OP_breg7, 8, DW_OP_breg9, 0, DW_OP_lit8, DW_OP_mul,
	       DW_OP_plus);
}

/* _start, clone and clone3 of glibc say so; it proves the root. */
static void undefined_return_address_is_a_root(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_ROOT), DW_CFA_undefined, RIP);
	/* Whatever else is said. */
	EXPECT(RULE(.cfa = UNWIND_ROOT), DW_CFA_undefined, RIP, DW_CFA_def_cfa_expression, 1,
	       DW_OP_lit8);
}

/* A return address of which nothing is said is no root. */
static void unsaid_return_address_is_no_root(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_begin_cie_version(&cfi, 1, "zR");
	CFI(&cfi, 1, cfi.encoding, DW_CFA_def_cfa, RSP, 8);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_begin_fde(&cfi, 0x200, 0x100);
	CFI(&cfi, DW_CFA_same_value, RIP);
	cfi_end(&cfi);
	cfi_file_make(&file, &cfi);
	assert_reason(&file, 0x100, CFI_REASON_RETURN_ADDRESS);
	assert_reason(&file, 0x200, CFI_REASON_RETURN_ADDRESS);
	cfi_file_release(&file);
}

static void vfork_keeps_the_return_address_in_a_register(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_CFA_SP, .ra = UNWIND_RA_REGISTER, .detail = RDI),
	       DW_CFA_def_cfa_offset, 0, DW_CFA_register, RIP, RDI);
}

static void return_address_elsewhere_in_the_frame(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_CFA_SP, .ra = UNWIND_RA_OFFSET, .cfa_offset = 8,
		    .extra_offset = -24),
	       DW_CFA_offset + RIP, 3);
	/* By an expression, but at a distance from the CFA all the same: *(rsp + 16), CFA = rsp + 8. */
	EXPECT(RULE(.cfa = UNWIND_CFA_SP, .ra = UNWIND_RA_OFFSET, .cfa_offset = 8,
		    .extra_offset = 8),
	       DW_CFA_expression, RIP, 2, DW_OP_breg7, 16);
}

/* Only libcrypto, libc and ld.so do that, and in leaf functions only. */
static void cfa_from_another_register_at_the_leaf(void **state)
{
	static const uint8_t registers[] = { RAX, R9, R11, 15 };

	(void)state;
	for (size_t i = 0; i < sizeof(registers); i++)
		EXPECT(RULE(.cfa = UNWIND_CFA_REGISTER, .detail = registers[i], .cfa_offset = 8),
		       DW_CFA_def_cfa_register, registers[i]);
}

/* _dl_runtime_resolve of the dynamic linker: then all of its module tells where the base is. */
static void cfa_from_the_base_in_a_frame_that_calls(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	for (int has_base = 0; has_base < 2; has_base++) {
		uint8_t same = has_base ? UNWIND_RA_BASE_SAME : UNWIND_RA_ABOVE;

		cfi_builder_init(&cfi, false);
		cfi_cie(&cfi);
		cfi_begin_fde(&cfi, 0x100, 0x100);
		if (has_base)
			CFI(&cfi, DW_CFA_offset + RBX, 7, DW_CFA_def_cfa, RBX, 56);
		cfi_end(&cfi);
		cfi_begin_fde(&cfi, 0x200, 0x100);
		CFI(&cfi, DW_CFA_advance_loc + 1, DW_CFA_def_cfa_offset, 16, DW_CFA_offset + RBX,
		    2);
		CFI(&cfi, DW_CFA_advance_loc + 1, DW_CFA_restore + RBX);
		CFI(&cfi, DW_CFA_advance_loc + 1, DW_CFA_undefined, RBX);
		CFI(&cfi, DW_CFA_advance_loc + 1, DW_CFA_offset + RBX, 2);
		CFI(&cfi, DW_CFA_def_cfa_expression, 3, 0x77, 0x78, DW_OP_deref);
		cfi_end(&cfi);
		cfi_file_make(&file, &cfi);
		if (has_base)
			assert_rule(&file, 0x100,
				    (struct unwind_rule){ .cfa = UNWIND_CFA_REGISTER,
							  .detail = RBX,
							  .cfa_offset = 56 });
		assert_rule(
			&file, 0x200,
			(struct unwind_rule){ .cfa = UNWIND_CFA_SP, .ra = same, .cfa_offset = 8 });
		assert_rule(&file, 0x201,
			    (struct unwind_rule){ .cfa = UNWIND_CFA_SP,
						  .ra = has_base ? UNWIND_RA_BASE_SAVED
								 : UNWIND_RA_ABOVE,
						  .cfa_offset = 16,
						  .extra_offset = has_base ? -16 : 0 });
		assert_rule(
			&file, 0x202,
			(struct unwind_rule){ .cfa = UNWIND_CFA_SP, .ra = same, .cfa_offset = 16 });
		assert_sp(&file, 0x203, 16); /* the caller's base cannot be told */
		assert_rule(&file, 0x204,
			    (struct unwind_rule){ .cfa = UNWIND_CFA_SP_DEREF, .cfa_offset = -8 });
		cfi_file_release(&file);
	}
}

static void cfa_from_a_vector_register_is_not_expressible(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_NOT_EXPRESSIBLE, .detail = CFI_REASON_CFA_REGISTER),
	       DW_CFA_def_cfa_register, 17);
	EXPECT(RULE(.cfa = UNWIND_NOT_EXPRESSIBLE, .detail = CFI_REASON_CFA_REGISTER),
	       DW_CFA_def_cfa_register, 0x80, 0x80, 0x04); /* 65536 is not 0 */
}

/* longjmp: the caller's stack pointer comes from the buffer. */
static void another_stack_pointer_is_not_expressible(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_NOT_EXPRESSIBLE, .detail = CFI_REASON_STACK_POINTER),
	       DW_CFA_register, RSP, 8);
	EXPECT(RULE(.cfa = UNWIND_CFA_SP, .cfa_offset = 8), DW_CFA_val_offset, RSP, 0);
}

static void frame_pointer_that_nobody_can_tell(void **state)
{
	(void)state;
	EXPECT(RULE(.cfa = UNWIND_CFA_SP, .fp = UNWIND_FP_UNKNOWN, .cfa_offset = 8),
	       DW_CFA_undefined, RBP);
	EXPECT(RULE(.cfa = UNWIND_CFA_SP, .fp = UNWIND_FP_UNKNOWN, .cfa_offset = 8),
	       DW_CFA_register, RBP, R9);
	EXPECT(RULE(.cfa = UNWIND_CFA_SP, .fp = UNWIND_FP_UNKNOWN, .cfa_offset = 8),
	       DW_CFA_val_expression, RBP, 2, DW_OP_breg7, 8);
}

/* 2^31 and more must not become something else. */
static void offsets_beyond_32_bits_are_not_cut(void **state)
{
	const struct unwind_rule too_far = { .cfa = UNWIND_NOT_EXPRESSIBLE,
					     .detail = CFI_REASON_OFFSET_RANGE };

	(void)state;
	EXPECT(RULE(.cfa = UNWIND_CFA_SP, .cfa_offset = 0x7fffffff), DW_CFA_def_cfa_offset, 0xff,
	       0xff, 0xff, 0xff, 0x07);
	expect((const uint8_t[]){ DW_CFA_def_cfa_offset, 0x80, 0x80, 0x80, 0x80, 0x08 }, 6,
	       too_far);
	expect((const uint8_t[]){ DW_CFA_def_cfa_offset, 0x88, 0x80, 0x80, 0x80, 0x10 }, 6,
	       too_far);
	expect((const uint8_t[]){ DW_CFA_def_cfa_sf, RSP, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
				  0x80, 0x80, 0x7f },
	       12, too_far);
	expect((const uint8_t[]){ DW_CFA_offset + RIP, 0x81, 0x80, 0x80, 0x80, 0x02 }, 6, too_far);
	EXPECT(RULE(.cfa = UNWIND_CFA_SP, .fp = UNWIND_FP_UNKNOWN, .cfa_offset = 8),
	       DW_CFA_offset + RBP, 0x81, 0x80, 0x80, 0x80, 0x02);
}

/* A rule that cannot be said ends where the function ends, and nobody else's takes its place. */
static void not_expressible_is_never_a_neighbours_rule(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, LOC(0x10), DW_CFA_def_cfa_offset, 16, LOC(0x10), DW_CFA_remember_state,
	     DW_CFA_def_cfa_expression, 1, DW_OP_lit8, LOC(0x10), DW_CFA_restore_state);
	assert_sp(&file, 0x21f, 16);
	assert_reason(&file, 0x220, CFI_REASON_EXPRESSION);
	assert_reason(&file, 0x22f, CFI_REASON_EXPRESSION);
	assert_sp(&file, 0x230, 16);
	assert_int_equal(file.table.header->reasons[CFI_REASON_EXPRESSION], 1);
	cfi_file_release(&file);
}

/* --- signal frames --- */

static void cfi_sp_expression(struct cfi_builder *cfi, uint8_t number, int offset)
{
	CFI(cfi, DW_CFA_expression, number, 3, DW_OP_breg7, 0x80 | (offset & 0x7f), offset >> 7);
}

/* As glibc describes __restore_rt, whose FDE begins one byte early. */
static void make_signal_frame(struct cfi_file *file, const char *augmentation, int rip_at)
{
	struct cfi_builder cfi;

	cfi_builder_init(&cfi, false);
	cfi_begin_cie_version(&cfi, 1, augmentation);
	CFI(&cfi, 1, cfi.encoding, DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0xa0, 1, DW_OP_deref);
	cfi_sp_expression(&cfi, 8, 40);
	cfi_sp_expression(&cfi, RBP, 120);
	cfi_sp_expression(&cfi, RSP, 160);
	cfi_sp_expression(&cfi, RIP, rip_at);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x1ff, 10);
	cfi_file_make(file, &cfi);
}

static void signal_frame_by_its_augmentation(void **state)
{
	struct cfi_file file;

	(void)state;
	make_signal_frame(&file, "zRS", 168);
	assert_no_cfi(&file, 0x1fe);
	assert_rule(&file, 0x1ff, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_rule(&file, 0x208, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_no_cfi(&file, 0x209);
	cfi_file_release(&file);
}

static void signal_frame_by_its_rules_alone(void **state)
{
	struct cfi_file file;

	(void)state;
	make_signal_frame(&file, "zR", 168);
	assert_rule(&file, 0x200, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	cfi_file_release(&file);
}

static void signal_frame_of_another_layout_is_not_expressible(void **state)
{
	struct cfi_file file;

	(void)state;
	make_signal_frame(&file, "zRS", 176);
	assert_reason(&file, 0x200, CFI_REASON_SIGNAL_LAYOUT);
	cfi_file_release(&file);
}

static const uint8_t restore_rt[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 };

/* A file whose text has the stub at `stub`, and functions as `cfi` says. */
static void make_stub(struct cfi_file *file, struct cfi_builder *cfi, size_t stub)
{
	uint8_t text[0x1000] = { 0 };

	memcpy(text + stub, restore_rt, sizeof(restore_rt));
	cfi_file_init(file, text, sizeof(text));
	cfi_file_section(file, ".eh_frame", cfi);
	assert_int_equal(cfi_file_compile(file, -1), 0);
}

/* musl: no CFI for it at all. A handler's return address is looked up one byte before it. */
static void signal_frame_by_the_stubs_bytes(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_fde(&cfi, 0x300, 0x100);
	make_stub(&file, &cfi, 0x240);
	assert_sp(&file, 0x1ff, 8);
	assert_no_cfi(&file, 0x200);
	assert_no_cfi(&file, 0x23e);
	assert_rule(&file, 0x23f, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_rule(&file, 0x248, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_no_cfi(&file, 0x249);
	assert_sp(&file, 0x300, 8);
	assert_true(file.table.header->sources & ROW_TABLE_STUBS);
	cfi_file_release(&file);
}

/* musl with debug information: the CFI of an ordinary function. */
static void signal_frame_with_the_cfi_of_a_function(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_fde(&cfi, 0x200, 9);
	cfi_fde(&cfi, 0x209, 0x100);
	make_stub(&file, &cfi, 0x200);
	assert_sp(&file, 0x1fe, 8);
	assert_rule(&file, 0x1ff, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_rule(&file, 0x208, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_sp(&file, 0x209, 8);
	cfi_file_release(&file);
}

/* Found by the fuzzer: two of them without a byte in between, or with one. */
static void signal_frames_side_by_side(void **state)
{
	(void)state;
	for (size_t between = 0; between < 2; between++) {
		uint8_t text[0x1000] = { 0 };
		struct cfi_file file;

		memcpy(text + 0x100, restore_rt, sizeof(restore_rt));
		memcpy(text + 0x109 + between, restore_rt, sizeof(restore_rt));
		cfi_file_init(&file, text, sizeof(text));
		assert_int_equal(cfi_file_compile(&file, -1), 0);
		assert_no_cfi(&file, 0xfe);
		assert_rule(&file, 0xff, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
		assert_rule(&file, 0x109 + between,
			    (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
		assert_no_cfi(&file, 0x112 + between);
		cfi_file_release(&file);
	}
}

/* Nothing but stubs: a search that began anew behind each would take minutes. */
static void a_text_of_signal_frames(void **state)
{
	struct cfi_file file;
	uint8_t *text = malloc(TEXT_BYTES);

	(void)state;
	for (size_t i = 0; i < TEXT_BYTES; i++)
		text[i] = (const uint8_t[]){ 0xb8, 15, 0, 0, 0, 0x0f, 0x05 }[i % 7];
	cfi_file_init(&file, text, TEXT_BYTES);
	free(text);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_rule(&file, 0x10, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	cfi_file_release(&file);
}

/* What code_stub.c finds all of them by. */
static void every_stub_ends_with_its_mark_and_has_no_other(void **state)
{
	const struct cfi_machine *machine = cfi_machine_find(EM_X86_64);
	const struct bytes *mark = &machine->stub_end;

	(void)state;
	for (size_t i = 0; i < CFI_MACHINE_MAX_STUBS && machine->stubs[i].code.size; i++) {
		const struct bytes *code = &machine->stubs[i].code;

		assert_ptr_equal(memmem(code->data, code->size, mark->data, mark->size),
				 code->data + code->size - mark->size);
	}
	assert_true(mark->size > 0);
}

/* Between two parts of the code, in one segment with them: a section of 64 KiB that says it is none. */
static void signal_frames_in_data_and_behind_it(void **state)
{
	const size_t data = 0x1000, data_end = 0x11000;
	const size_t stubs[] = { data - 9, data + 0x100, data_end - 9, data_end };
	uint8_t *text = calloc(1, TEXT_BYTES);
	struct cfi_file file;
	Elf64_Shdr *section;

	(void)state;
	for (size_t i = 0; i < sizeof(stubs) / sizeof(*stubs); i++)
		memcpy(text + stubs[i], restore_rt, sizeof(restore_rt));
	cfi_file_init(&file, text, TEXT_BYTES);
	free(text);
	section = elf_builder_section(&file.elf, ".rodata", SHT_PROGBITS, NULL, 0);
	section->sh_offset = file.text_offset + data;
	section->sh_size = data_end - data;
	section->sh_flags = SHF_ALLOC;
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_rule(&file, data - 9, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_no_cfi(&file, data + 0x100);
	assert_no_cfi(&file, data_end - 9);
	assert_rule(&file, data_end, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_no_cfi(&file, data_end + 9);
	cfi_file_release(&file);
}

/* In a gap that else would go with the function before it. */
static void signal_frame_in_a_small_gap(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_fde(&cfi, 0x20c, 0x100);
	make_stub(&file, &cfi, 0x202);
	assert_sp(&file, 0x200, 8);
	assert_rule(&file, 0x201, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_rule(&file, 0x20a, (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
	assert_no_cfi(&file, 0x20b);
	assert_sp(&file, 0x20c, 8);
	cfi_file_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plt_expression_of_gnu_linkers),
		cmocka_unit_test(plt_expression_with_another_threshold),
		cmocka_unit_test(plt_expression_that_is_none),
		cmocka_unit_test(realigned_stack_dereferences_the_cfa),
		cmocka_unit_test(dereferenced_cfa_from_the_stack_pointer),
		cmocka_unit_test(an_expression_of_no_known_form),
		cmocka_unit_test(undefined_return_address_is_a_root),
		cmocka_unit_test(unsaid_return_address_is_no_root),
		cmocka_unit_test(vfork_keeps_the_return_address_in_a_register),
		cmocka_unit_test(return_address_elsewhere_in_the_frame),
		cmocka_unit_test(cfa_from_another_register_at_the_leaf),
		cmocka_unit_test(cfa_from_the_base_in_a_frame_that_calls),
		cmocka_unit_test(cfa_from_a_vector_register_is_not_expressible),
		cmocka_unit_test(another_stack_pointer_is_not_expressible),
		cmocka_unit_test(frame_pointer_that_nobody_can_tell),
		cmocka_unit_test(offsets_beyond_32_bits_are_not_cut),
		cmocka_unit_test(not_expressible_is_never_a_neighbours_rule),
		cmocka_unit_test(signal_frame_by_its_augmentation),
		cmocka_unit_test(signal_frame_by_its_rules_alone),
		cmocka_unit_test(signal_frame_of_another_layout_is_not_expressible),
		cmocka_unit_test(signal_frame_by_the_stubs_bytes),
		cmocka_unit_test(signal_frame_with_the_cfi_of_a_function),
		cmocka_unit_test(signal_frames_side_by_side),
		cmocka_unit_test(a_text_of_signal_frames),
		cmocka_unit_test(every_stub_ends_with_its_mark_and_has_no_other),
		cmocka_unit_test(signal_frames_in_data_and_behind_it),
		cmocka_unit_test(signal_frame_in_a_small_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
