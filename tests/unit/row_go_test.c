/* SPDX-License-Identifier: Apache-2.0 */
/* go_table.c, go_module.c, go_code.c, go_rows.c: what Go's own tables say about stacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/go_builder.h"

#define WRITES_SP 2

/* push %rbp; mov %rsp, %rbp; sub $24, %rsp */
#define FRAME "\x55\x48\x89\xe5\x48\x83\xec\x18"
#define FRAME_DELTAS                                         \
	(const int[])                                        \
	{                                                    \
		0, 1, 8, 8, 32, 0x80, 8, 0x90, 0, 0xa0, 0, 0 \
	}

#define SP(offset) ((struct unwind_rule){ .cfa = UNWIND_CFA_SP, .cfa_offset = (offset) })
#define FRAMED(kind, offset)                             \
	((struct unwind_rule){ .cfa = UNWIND_CFA_##kind, \
			       .cfa_offset = (offset),   \
			       .fp = UNWIND_FP_OFFSET,   \
			       .fp_offset = -16 })
#define ROOT ((struct unwind_rule){ .cfa = UNWIND_ROOT })

static const struct go_made one_frame[] = {
	{ "main.main", 0, GO_CODE(FRAME), FRAME_DELTAS },
};

static void compile(struct cfi_file *file, enum go_version version, const struct go_made *functions,
		    size_t count)
{
	struct go_builder go = { .version = version };

	go_file(file, &go, ".gopclntab", functions, count);
	assert_int_equal(cfi_file_compile(file, -1), 0);
}

static void assert_one_frame(const struct cfi_file *file)
{
	assert_sp(file, 0, 8);
	assert_rule(file, 1, FRAMED(SP, 16));
	assert_rule(file, 7, FRAMED(SP, 16));
	assert_rule(file, 8, FRAMED(SP, 40));
	assert_rule(file, 0x80, FRAMED(SP, 16));
	assert_sp(file, 0x90, 8);
	assert_sp(file, 0xff, 8); /* between functions */
	assert_no_cfi(file, 0x100);
}

static void go_tables_of_every_version(void **state)
{
	(void)state;
	for (enum go_version version = 0; version < GO_VERSIONS; version++) {
		struct cfi_file file;

		compile(&file, version, one_frame, 1);
		assert_one_frame(&file);
		assert_int_equal(file.table.header->sources, ROW_TABLE_GO_TABLE);
		cfi_file_release(&file);
	}
}

static void go_table_within_another_section(void **state)
{
	struct go_builder go = { .version = GO_1_18 };
	struct cfi_file file;

	(void)state;
	go_file(&file, &go, ".data.rel.ro", one_frame, 1);
	elf_builder_section(&file.elf, ".go.buildinfo", SHT_PROGBITS, "x", 1);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_one_frame(&file);
	cfi_file_release(&file);
}

/* Wherever that is, and behind what only begins like one: what is searched comes in pieces of 16 KiB. */
static void go_table_deep_within_another_section(void **state)
{
	static const size_t places[] = { 8, 16320, 16328, 16376, 16384, 16392, 40000 };

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct go_builder go = { .version = GO_1_18, .before = places[i] };
		struct cfi_file file;

		go_file(&file, &go, ".data.rel.ro", one_frame, 1);
		elf_builder_section(&file.elf, ".go.buildinfo", SHT_PROGBITS, "x", 1);
		assert_int_equal(cfi_file_compile(&file, -1), 0);
		assert_one_frame(&file);
		cfi_file_release(&file);
	}
}

/* Without the marker of a Go program nobody looks through other sections. */
static void another_section_of_a_program_that_is_not_go(void **state)
{
	struct go_builder go = { .version = GO_1_20 };
	struct cfi_file file;

	(void)state;
	go_file(&file, &go, ".data.rel.ro", one_frame, 1);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_no_cfi(&file, 1);
	cfi_file_release(&file);
}

/* From Go 1.26 on the header does not tell where the text is. */
static void text_start_from_the_runtimes_module(void **state)
{
	(void)state;
	for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
		struct go_builder go = { .version = GO_1_20, .hides_text_start = true };
		uint64_t words[2 + 23] = { GO_TABLE_ADDRESS, 1, GO_TABLE_ADDRESS };
		struct cfi_file file;

		words[2 + 20] = TEXT_ADDRESS;
		words[2 + 21] = TEXT_ADDRESS + GO_FUNCTION + is_wrong;
		words[2 + 22] = TEXT_ADDRESS;
		go_file(&file, &go, ".gopclntab", one_frame, 1);
		elf_builder_section(&file.elf, ".go.module", SHT_PROGBITS, words, sizeof(words));
		assert_int_equal(cfi_file_compile(&file, -1), 0);
		if (is_wrong)
			assert_no_cfi(&file, 1);
		else
			assert_one_frame(&file);
		cfi_file_release(&file);
	}
}

static void eh_frame_wins_over_the_go_table(void **state)
{
	struct go_builder go = { .version = GO_1_20 };
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0x10, 0x10);
	go_file(&file, &go, ".gopclntab", one_frame, 1);
	cfi_file_section(&file, ".eh_frame", &cfi);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_int_equal(file.table.header->sources, ROW_TABLE_EH_FRAME | ROW_TABLE_GO_TABLE);
	assert_sp(&file, 0x10, 8);
	assert_rule(&file, 8, FRAMED(SP, 40));
	cfi_file_release(&file);
}

/* Go's .debug_frame knows neither frame pointers nor roots. */
static void the_go_table_wins_over_debug_frame(void **state)
{
	struct go_builder go = { .version = GO_1_20 };
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, true);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0, 0x200);
	go_file(&file, &go, ".gopclntab", one_frame, 1);
	cfi_file_section(&file, ".debug_frame", &cfi);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_rule(&file, 8, FRAMED(SP, 40));
	assert_sp(&file, 0x100, 8);
	cfi_file_release(&file);
}

static void frames_of_every_form(void **state)
{
	const struct go_made functions[] = {
		/* sub $0x20, %rsp; mov %rbp, 0x18(%rsp); lea 0x18(%rsp), %rbp */
		{ "old", 0, GO_CODE("\x90\x48\x83\xec\x20\x48\x89\x6c\x24\x18\x48\x8d\x6c\x24\x18"),
		  (const int[]){ 0, 5, 32, 0x80, 0, 0 } },
		/* sub $0x200, %rsp; mov %rbp, 0x1f8(%rsp) */
		{ "wide", 0, GO_CODE("\x90\x48\x81\xec\0\x02\0\0\x48\x89\xac\x24\xf8\x01\0\0"),
		  (const int[]){ 0, 8, 512, 0x80, 0, 0 } },
		/* sub $8, %rsp; mov %rbp, (%rsp) */
		{ "none of its own", 0, GO_CODE("\x90\x48\x83\xec\x08\x48\x89\x2c\x24\x90\x90\x90"),
		  (const int[]){ 0, 5, 8, 0x80, 0, 0 } },
		/* sub $0x20, %rsp; mov %rbp, 0x10(%rsp): somewhere else */
		{ "elsewhere", 0, GO_CODE("\x90\x48\x83\xec\x20\x48\x89\x6c\x24\x10\x90\x90\x90"),
		  (const int[]){ 0, 5, 32, 0x80, 0, 0 } },
		/* push %rbp; xor %ebp, %ebp */
		{ "no frame", 0, GO_CODE("\x55\x31\xed\x90\x90\x90\x90\x90\x90"),
		  (const int[]){ 0, 1, 8, 0x80, 0, 0 } },
	};
	struct cfi_file file;

	(void)state;
	compile(&file, GO_1_18, functions, 5);
	assert_rule(&file, 5, SP(40)); /* the slot is there, nothing is in it yet */
	assert_rule(&file, 10, FRAMED(SP, 40));
	assert_rule(&file, 0x100 + 8, SP(520));
	assert_rule(&file, 0x100 + 16, FRAMED(SP, 520));
	assert_rule(&file, 0x200 + 5, SP(16));
	assert_rule(&file, 0x200 + 9, FRAMED(SP, 16));
	assert_rule(&file, 0x300 + 0x20, SP(40));
	assert_rule(&file, 0x400 + 0x20, SP(16));
	cfi_file_release(&file);
}

static void assembler_without_a_stack_pointer_table(void **state)
{
	const struct go_made functions[] = { { "main.asm", 0, GO_CODE("\x90"), NULL } };
	struct cfi_file file;

	(void)state;
	compile(&file, GO_1_20, functions, 1);
	assert_no_cfi(&file, 0);
	assert_no_cfi(&file, 0xff);
	cfi_file_release(&file);
}

static void roots_of_go(void **state)
{
	static const int deltas[] = { 0, 1, 8, 0x80, 0, 0 };
	const struct go_made functions[] = {
		{ "runtime.goexit.abi0", 0, GO_CODE("\x90"), deltas },
		{ "runtime.mstart", 0, GO_CODE("\x90"), deltas },
		{ "runtime.rt0_go", WRITES_SP, GO_CODE("\x90"), deltas },
		{ "_rt0_amd64_linux", 0, GO_CODE("\x90"), deltas },
		{ "runtime.goexit1", 0, GO_CODE("\x90"), deltas },
		{ "runtime.sigreturn__sigaction.abi0", 0, GO_CODE("\x90"), deltas },
	};
	struct cfi_file file;

	(void)state;
	for (enum go_version version = 0; version < GO_VERSIONS; version++) {
		compile(&file, version, functions, 6);
		for (uint64_t i = 0; i < 4; i++) {
			assert_rule(&file, i * GO_FUNCTION, ROOT);
			assert_rule(&file, i * GO_FUNCTION + 0xff, ROOT);
		}
		assert_sp(&file, 4 * GO_FUNCTION, 8);
		assert_rule(&file, 5 * GO_FUNCTION - 1,
			    (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
		assert_rule(&file, 5 * GO_FUNCTION + 7,
			    (struct unwind_rule){ .cfa = UNWIND_SIGNAL_FRAME });
		cfi_file_release(&file);
	}
}

/* runtime.systemstack: its frame pointer stays that of the goroutine's stack. */
static void systemstack_is_crossed_by_its_frame_pointer(void **state)
{
	const struct go_made functions[] = {
		{ "runtime.systemstack", WRITES_SP, GO_CODE(FRAME), FRAME_DELTAS },
		{ "runtime.gogo", WRITES_SP, GO_CODE("\x90"), (const int[]){ 0, 0x80, 0, 0 } },
	};
	struct cfi_file file;

	(void)state;
	compile(&file, GO_1_20, functions, 2);
	assert_sp(&file, 0, 8);
	assert_rule(&file, 1, FRAMED(SP, 16));
	assert_rule(&file, 4, FRAMED(FP_SWITCH, 16));
	assert_rule(&file, 0x20, FRAMED(FP_SWITCH, 16));
	assert_rule(&file, 0x80, FRAMED(FP_SWITCH, 16)); /* the frame is still there */
	assert_sp(&file, 0x90, 8);
	assert_reason(&file, GO_FUNCTION, CFI_REASON_STACK_SWITCH);
	cfi_file_release(&file);
}

/* Before Go 1.17 no flag says it, and in the old form the frame pointer goes before the frame does. */
static void stack_switches_known_by_name(void **state)
{
	const struct go_made functions[] = {
		{ "runtime.nanotime1", 0,
		  GO_CODE("\x90\x48\x83\xec\x18\x48\x89\x6c\x24\x10\x48\x8d\x6c\x24\x10\x90"
			  "\x48\x8b\x6c\x24\x10\x48\x83\xc4\x18\xc3\x90"),
		  (const int[]){ 0, 5, 24, 0x19, 0, 0x1a, 24, 0x40, 0, 0 } },
		{ "runtime.systemstack", 0, GO_CODE("\x90"), (const int[]){ 0, 0x80, 0, 0 } },
	};
	struct cfi_file file;

	(void)state;
	compile(&file, GO_1_2, functions, 2);
	assert_rule(&file, 5, SP(32));
	assert_rule(&file, 10, FRAMED(SP, 32));
	assert_rule(&file, 15, FRAMED(FP_SWITCH, 16));
	assert_rule(&file, 0x10, FRAMED(FP_SWITCH, 16));
	assert_rule(&file, 0x15, FRAMED(SP, 32)); /* %rbp is the caller's again */
	assert_sp(&file, 0x19, 8);
	assert_rule(&file, 0x1a, FRAMED(FP_SWITCH, 16));
	assert_reason(&file, GO_FUNCTION, CFI_REASON_STACK_SWITCH);
	cfi_file_release(&file);
}

static void the_scheduler_has_no_caller(void **state)
{
	const struct go_made functions[] = {
		/* mov 0x38(%r14), %rsp */
		{ "runtime.mcall", WRITES_SP, GO_CODE(FRAME "\x90\x90\x49\x8b\x66\x38\x41\xff\xd4"),
		  (const int[]){ 0, 1, 8, 0x80, 0, 0 } },
		{ "runtime.mcall", WRITES_SP, GO_CODE("\x90\x41\xff\xd4"),
		  (const int[]){ 0, 0x80, 0, 0 } },
	};
	struct cfi_file file;

	(void)state;
	compile(&file, GO_1_20, functions, 2);
	assert_rule(&file, 10, FRAMED(FP_SWITCH, 16));
	assert_rule(&file, 14, ROOT);
	assert_rule(&file, 0x80, ROOT);
	assert_reason(&file, GO_FUNCTION, CFI_REASON_STACK_SWITCH);
	cfi_file_release(&file);
}

/* morestack, of Go 1.26, with systemstack before it, whose code tells where a thread's goroutine is found, or without. */
static void the_growth_of_a_stack_leads_to_what_the_goroutine_saved(void **state)
{
	static const int deltas[] = { 0, 0x80, 0, 0 };
	static const char growth[] = "\x48\x8b\x5f\x30\x48\x89\x47\x40\x48\x89\x47\x38"
				     "\x48\x8b\x1b\x48\x8b\x63\x38\x90";
	const struct go_made functions[] = {
		{ "runtime.systemstack", WRITES_SP,
		  GO_CODE(FRAME "\x48\x3b\x43\x48\x74\x65\x48\x3b\x83\xb8\0\0\0\x75\x5d"),
		  FRAME_DELTAS },
		{ "runtime.morestack", WRITES_SP, growth, sizeof(growth) - 1, deltas },
		/* The thread's own stack is left another way. */
		{ "runtime.morestack", WRITES_SP, growth, 15, deltas },
		{ "runtime.goschedImpl", 0, GO_CODE(FRAME), FRAME_DELTAS },
	};
	const struct unwind_rule saved = { .cfa = UNWIND_GO_SAVED,
					   .detail = 14,
					   .cfa_offset = 0xb8 };
	struct cfi_file file;

	(void)state;
	compile(&file, GO_1_20, functions, 4);
	assert_rule(&file, 4, FRAMED(FP_SWITCH, 16));
	assert_sp(&file, GO_FUNCTION, 8);
	assert_sp(&file, GO_FUNCTION + 18, 8);
	assert_rule(&file, GO_FUNCTION + 19, saved);
	assert_rule(&file, GO_FUNCTION + 0xff, saved);
	assert_reason(&file, 2 * GO_FUNCTION, CFI_REASON_STACK_SWITCH);
	assert_rule(&file, 3 * GO_FUNCTION + 0x20, ROOT);
	cfi_file_release(&file);
	compile(&file, GO_1_20, functions + 1, 1);
	assert_reason(&file, 0, CFI_REASON_STACK_SWITCH);
	assert_reason(&file, 19, CFI_REASON_STACK_SWITCH);
	cfi_file_release(&file);
}

/* Go 1.19: systemstack has no frame, and both have their goroutine in other registers. */
static void the_older_runtime_leads_to_what_the_goroutine_saved(void **state)
{
	static const int deltas[] = { 0, 0x80, 0, 0 };
	static const char system[] = "\x48\x8b\x58\x30\x48\x3b\x83\xc0\0\0\0\x75\x52"
				     "\x48\x8b\x5a\x38\x48\x89\xdc\x90\xff\xd7\x48\x8b\x60\x38\xc3";
	static const char growth[] = "\x48\x8b\x5b\x30\x48\x89\x46\x40\x48\x89\x46\x38"
				     "\x48\x8b\x1b\x48\x8b\x63\x38\x90";
	const struct go_made functions[] = {
		{ "runtime.systemstack", WRITES_SP, system, sizeof(system) - 1, deltas },
		{ "runtime.morestack", WRITES_SP, growth, sizeof(growth) - 1, deltas },
		/* It does not come back to the goroutine's stack as is known. */
		{ "runtime.systemstack", WRITES_SP, system, 23, deltas },
	};
	struct unwind_rule saved = { .cfa = UNWIND_GO_SAVED, .detail = 14, .cfa_offset = 0xc0 };
	struct cfi_file file;

	(void)state;
	compile(&file, GO_1_18, functions, 3);
	assert_sp(&file, GO_FUNCTION, 8);
	assert_rule(&file, GO_FUNCTION + 19, saved);
	saved.extra_offset = 8;
	assert_sp(&file, 0, 8);
	assert_sp(&file, 19, 8);
	assert_rule(&file, 20, saved);
	assert_rule(&file, 26, saved);
	assert_sp(&file, 27, 8);
	assert_reason(&file, 2 * GO_FUNCTION, CFI_REASON_STACK_SWITCH);
	cfi_file_release(&file);
}

/* In asmcgocall, of both paths: with a goroutine's stack and without. */
static void the_call_of_c_leaves_a_note(void **state)
{
	static const char code[] = FRAME "\x48\x29\xd7\x48\x89\x3c\x24\xe8\0\0\0\0\x48\x89\xf4"
					 "\x90\x48\xc7\x44\x24\x30\0\0\0\0\x48\x89\x54\x24\x28"
					 "\xff\xd0\x48\x89\xf4";
	const struct go_made functions[] = {
		{ "runtime.asmcgocall", WRITES_SP, code, sizeof(code) - 1,
		  (const int[]){ 0, 1, 8, 0x80, 0, 0 } },
		{ "runtime.asmcgocall", WRITES_SP, code + 8, sizeof(code) - 9,
		  (const int[]){ 0, 0x80, 0, 0 } },
	};
	struct unwind_rule framed = FRAMED(GO_STACK, 16);
	struct cfi_file file;

	(void)state;
	compile(&file, GO_1_20, functions, 2);
	assert_rule(&file, 14, FRAMED(FP_SWITCH, 16));
	assert_rule(&file, 15, framed);
	assert_rule(&file, 19, framed);
	assert_rule(&file, 20, FRAMED(FP_SWITCH, 16));
	framed.extra_offset = 0x28;
	assert_rule(&file, 38, framed);
	assert_rule(&file, GO_FUNCTION + 7,
		    (struct unwind_rule){ .cfa = UNWIND_CFA_GO_STACK, .cfa_offset = 8 });
	assert_reason(&file, GO_FUNCTION + 20, CFI_REASON_STACK_SWITCH);
	cfi_file_release(&file);
}

static void a_damaged_stack_pointer_table_is_not_a_neighbours_rule(void **state)
{
	const struct go_made functions[] = {
		{ "main.below", 0, GO_CODE("\x90"),
		  (const int[]){ 0, 1, -8, 0x20, 0, 0x80, 0, 0 } },
		{ "main.main", 0, GO_CODE(FRAME), FRAME_DELTAS },
	};
	struct cfi_file file;

	(void)state;
	compile(&file, GO_1_20, functions, 2);
	assert_sp(&file, 0, 8);
	assert_reason(&file, 1, CFI_REASON_MALFORMED);
	assert_reason(&file, 0xff, CFI_REASON_MALFORMED);
	assert_sp(&file, GO_FUNCTION, 8);
	cfi_file_release(&file);
}

/* Whatever a table says, what comes out is a sound one. Sanitizers see the rest. */
static void every_byte_of_a_table_damaged(void **state)
{
	const struct go_made functions[] = {
		{ "main.main", 0, GO_CODE(FRAME), FRAME_DELTAS },
		{ "runtime.systemstack", WRITES_SP, GO_CODE(FRAME), FRAME_DELTAS },
	};
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	size_t tables = 0;

	(void)state;
	for (enum go_version version = 0; version < GO_VERSIONS; version++) {
		for (size_t at = 0, size = 1; at < size * sizeof(values); at++) {
			struct go_builder go = { .version = version };
			struct cfi_file file;
			Elf64_Shdr *header;

			go_file(&file, &go, ".gopclntab", functions, 2);
			header = &file.elf.sections[file.elf.section_count - 1];
			size = header->sh_size;
			file.elf.content.data[header->sh_offset - sizeof(Elf64_Ehdr) +
					      at / sizeof(values)] = values[at % sizeof(values)];
			assert_int_equal(cfi_file_compile(&file, -1), 0);
			cfi_file_release(&file);
			tables++;
		}
	}
	assert_true(tables > 4 * 5 * 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(go_tables_of_every_version),
		cmocka_unit_test(go_table_within_another_section),
		cmocka_unit_test(go_table_deep_within_another_section),
		cmocka_unit_test(another_section_of_a_program_that_is_not_go),
		cmocka_unit_test(text_start_from_the_runtimes_module),
		cmocka_unit_test(eh_frame_wins_over_the_go_table),
		cmocka_unit_test(the_go_table_wins_over_debug_frame),
		cmocka_unit_test(frames_of_every_form),
		cmocka_unit_test(assembler_without_a_stack_pointer_table),
		cmocka_unit_test(roots_of_go),
		cmocka_unit_test(systemstack_is_crossed_by_its_frame_pointer),
		cmocka_unit_test(stack_switches_known_by_name),
		cmocka_unit_test(the_scheduler_has_no_caller),
		cmocka_unit_test(the_growth_of_a_stack_leads_to_what_the_goroutine_saved),
		cmocka_unit_test(the_older_runtime_leads_to_what_the_goroutine_saved),
		cmocka_unit_test(the_call_of_c_leaves_a_note),
		cmocka_unit_test(a_damaged_stack_pointer_table_is_not_a_neighbours_rule),
		cmocka_unit_test(every_byte_of_a_table_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
