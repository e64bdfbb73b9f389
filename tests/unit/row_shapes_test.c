/* SPDX-License-Identifier: Apache-2.0 */
/* code_shapes.c, code_stub.c, entry_code.c: code without CFI whose shape is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/cfi_builder.h"

#define PLT  0x400 /* where the linkage table lies in the text */
#define ROOT ((struct unwind_rule){ .cfa = UNWIND_ROOT })

static void make(struct cfi_file *file, const char *section, const char *code, size_t size,
		 struct cfi_builder *cfi)
{
	uint8_t text[0x1000] = { 0 };
	Elf64_Shdr *header;

	memcpy(text + PLT, code, size);
	cfi_file_init(file, text, sizeof(text));
	if (section) {
		header = elf_builder_section(&file->elf, section, SHT_PROGBITS, NULL, size);
		header->sh_offset = file->text_offset + PLT;
		header->sh_addr = TEXT_ADDRESS + PLT;
	}
	if (cfi)
		cfi_file_section(file, ".eh_frame", cfi);
}

#define MAKE(file, section, code) make(file, section, code, sizeof(code) - 1, NULL)

static void assert_plt(const struct cfi_file *file, uint64_t offset, uint8_t threshold)
{
	assert_rule(file, offset,
		    (struct unwind_rule){ .cfa = UNWIND_CFA_PLT, .detail = threshold });
}

#define FIRST "\xff\x35\1\2\3\4\xff\x25\1\2\3\4\x0f\x1f\x40\0"

static void linkage_tables_of_every_linker(void **state)
{
	static const struct {
		const char *code;
		uint8_t threshold;
	} tables[] = {
		/* GNU ld, gold, lld: jmp *slot; push $index; jmp first */
		{ FIRST "\xff\x25\1\2\3\4\x68\0\0\0\0\xe9\1\2\3\4", 11 },
		/* with indirect branch tracking: endbr64; push $index; bnd jmp first */
		{ FIRST "\xf3\x0f\x1e\xfa\x68\0\0\0\0\xf2\xe9\1\2\3\4\x90", 9 },
		{ FIRST "\xf3\x0f\x1e\xfa\x68\0\0\0\0\xe9\1\2\3\4\x66\x90", 9 },
		/* with bounds checking: push $index; bnd jmp first */
		{ FIRST "\x68\0\0\0\0\xf2\xe9\1\2\3\4\x0f\x1f\x44\0\0", 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		struct cfi_file file;

		make(&file, ".plt", tables[i].code, 32, NULL);
		assert_int_equal(cfi_file_compile(&file, -1), 0);
		assert_no_cfi(&file, PLT - 1);
		assert_sp(&file, PLT, 16);
		assert_sp(&file, PLT + 5, 16);
		assert_sp(&file, PLT + 6, 24);
		assert_sp(&file, PLT + 15, 24);
		assert_plt(&file, PLT + 16, tables[i].threshold);
		assert_plt(&file, PLT + 31, tables[i].threshold);
		assert_no_cfi(&file, PLT + 32);
		cfi_file_release(&file);
	}
}

static void linkage_table_of_mold(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, ".plt",
	     "\xf3\x0f\x1e\xfa\x41\x53\xff\x35\1\2\3\4\xff\x25\1\2\3\4\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc"
	     "\xcc\xcc\xcc\xcc\xcc\xcc\xf3\x0f\x1e\xfa\x41\xbb\0\0\0\0\xff\x25\1\2\3\4");
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_sp(&file, PLT, 8);
	assert_sp(&file, PLT + 6, 16);
	assert_sp(&file, PLT + 12, 24);
	assert_sp(&file, PLT + 32, 8);
	assert_sp(&file, PLT + 47, 8);
	assert_no_cfi(&file, PLT + 48);
	cfi_file_release(&file);
}

static void linkage_tables_that_only_jump(void **state)
{
	static const char *const sections[] = { ".plt.sec", ".plt.got", ".iplt" };

	(void)state;
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		struct cfi_file file;

		MAKE(&file, sections[i], "\xff\x25\1\2\3\4\x66\x90\xff\x25\1\2\3\4\x66\x90");
		assert_int_equal(cfi_file_compile(&file, -1), 0);
		assert_sp(&file, PLT, 8);
		assert_sp(&file, PLT + 15, 8);
		assert_no_cfi(&file, PLT + 16);
		cfi_file_release(&file);
	}
}

static void linkage_table_of_no_known_form(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, ".plt", "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90");
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_no_cfi(&file, PLT);
	cfi_file_release(&file);
}

static void cfi_of_a_linkage_table_wins(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, PLT, 20);
	make(&file, ".plt", FIRST "\xff\x25\1\2\3\4\x68\0\0\0\0\xe9\1\2\3\4", 32, &cfi);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_sp(&file, PLT, 8);
	assert_sp(&file, PLT + 19, 8);
	assert_plt(&file, PLT + 20, 11);
	cfi_file_release(&file);
}

static void shape_goes_on_behind_cfi_in_its_middle(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, PLT + 20, 2);
	make(&file, ".plt", FIRST "\xff\x25\1\2\3\4\x68\0\0\0\0\xe9\1\2\3\4", 32, &cfi);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_plt(&file, PLT + 19, 11);
	assert_sp(&file, PLT + 20, 8);
	assert_sp(&file, PLT + 21, 8);
	assert_plt(&file, PLT + 22, 11);
	assert_plt(&file, PLT + 31, 11);
	assert_no_cfi(&file, PLT + 32);
	cfi_file_release(&file);
}

/* --- _init and _fini --- */

#define GMON "\x48\x8b\x05\1\2\3\4\x48\x85\xc0\x74\x02\xff\xd0"

static void init_with_and_without_calls(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, ".fini", "\x48\x83\xec\x08\x48\x83\xc4\x08\xc3");
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_sp(&file, PLT, 8);
	assert_sp(&file, PLT + 3, 8);
	assert_sp(&file, PLT + 4, 16);
	assert_sp(&file, PLT + 7, 16);
	assert_sp(&file, PLT + 8, 8);
	assert_no_cfi(&file, PLT + 9);
	cfi_file_release(&file);
	MAKE(&file, ".init",
	     "\xf3\x0f\x1e\xfa\x48\x83\xec\x08" GMON "\xe8\1\2\3\4\x48\x83\xc4\x08\xc3");
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_sp(&file, PLT + 7, 8);
	assert_sp(&file, PLT + 8, 16);
	assert_sp(&file, PLT + 30, 16);
	assert_sp(&file, PLT + 31, 8);
	cfi_file_release(&file);
}

/* Something else stands between beginning and end, or behind it. */
static void init_of_no_known_form(void **state)
{
	static const char *const codes[] = {
		"\x48\x83\xec\x08\x50\x48\x83\xc4\x08\xc3",
		"\x48\x83\xec\x08\x48\x83\xc4\x08\xc3\x90",
		"\x48\x83\xec\x08\xe8\1\2\3\4\xe9\1\2\3\4",
		"\x48\x83\xec\x18\x48\x83\xc4\x18\xc3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		struct cfi_file file;

		make(&file, ".init", codes[i], strlen(codes[i]), NULL);
		assert_int_equal(cfi_file_compile(&file, -1), 0);
		assert_no_cfi(&file, PLT);
		assert_no_cfi(&file, PLT + 5);
		cfi_file_release(&file);
	}
}

/* --- gcc's crtbeginS.o --- */

#define LEA_RDI   "\x48\x8d\x3d\1\2\3\4"
#define TEST_JUMP "\x48\x8b\x05\1\2\3\4\x48\x85\xc0\x74\x08\xff\xe0"
#define DEREGISTER                                                   \
	LEA_RDI "\x48\x8d\x05\1\2\3\4\x48\x39\xf8\x74\x15" TEST_JUMP \
		"\x0f\x1f\x80\0\0\0\0\xc3\x0f\x1f\x80\0\0\0\0"
#define REGISTER                                                               \
	LEA_RDI "\x48\x8d\x35\1\2\3\4\x48\x29\xfe\x48\x89\xf0\x48\xc1\xee\x3f" \
		"\x48\xc1\xf8\x03\x48\x01\xc6\x48\xd1\xfe\x74\x14" TEST_JUMP   \
		"\x66\x0f\x1f\x44\0\0\xc3\x0f\x1f\x80\0\0\0\0"
#define DTORS                                                                      \
	"\x80\x3d\1\2\3\4\0\x75\x2b\x55\x48\x83\x3d\1\2\3\4\0\x48\x89\xe5\x74\x0c" \
	"\x48\x8b\x3d\1\2\3\4\xe8\1\2\3\4\xe8\1\2\3\4\xc6\x05\1\2\3\4\1\x5d\xc3"
#define ENDBR           "\xf3\x0f\x1e\xfa"
#define ALIGN_7         "\x0f\x1f\x80\0\0\0\0"
#define DTORS_END       "\x0f\x1f\0\xc3" ALIGN_7
#define TO_CLONES       "\xe9\x77\xff\xff\xff" /* behind endbr64 */
#define TO_CLONES_PLAIN "\xe9\x7b\xff\xff\xff"

/* The text at PLT is these functions; .fini_array names the third. */
static void make_crtbegin(struct cfi_file *file, const char *code, size_t size)
{
	uint64_t dtors = TEXT_ADDRESS + PLT + 0x70;
	uint8_t text[0x1000] = { 0 };

	memcpy(text + PLT, code, size);
	cfi_file_init(file, text, sizeof(text));
	elf_builder_section(&file->elf, ".fini_array", SHT_FINI_ARRAY, &dtors, sizeof(dtors));
	assert_int_equal(cfi_file_compile(file, -1), 0);
}

#define MAKE_CRTBEGIN(file, code) make_crtbegin(file, code, sizeof(code) - 1)

static void functions_of_crtbegin(void **state)
{
	const struct unwind_rule pushed = {
		.cfa = UNWIND_CFA_SP, .cfa_offset = 16, .fp = UNWIND_FP_OFFSET, .fp_offset = -16
	};
	struct cfi_file file;

	(void)state;
	_Static_assert(sizeof(DEREGISTER) - 1 == 0x30 && sizeof(REGISTER) - 1 == 0x40, "as gcc's");
	MAKE_CRTBEGIN(&file, DEREGISTER REGISTER ENDBR DTORS DTORS_END ENDBR TO_CLONES);
	assert_no_cfi(&file, PLT - 1);
	assert_sp(&file, PLT, 8);
	assert_sp(&file, PLT + 0x6f, 8);
	assert_sp(&file, PLT + 0x70 + 13, 8);
	assert_rule(&file, PLT + 0x70 + 14, pushed);
	assert_rule(&file, PLT + 0x70 + 51, pushed);
	assert_sp(&file, PLT + 0x70 + 52, 8);
	assert_sp(&file, PLT + 0x70 + 0x48, 8);
	assert_no_cfi(&file, PLT + 0x70 + 0x49);
	cfi_file_release(&file);
	MAKE_CRTBEGIN(&file, DEREGISTER REGISTER DTORS ALIGN_7 "\xc3" ALIGN_7 TO_CLONES_PLAIN);
	assert_sp(&file, PLT + 0x70 + 9, 8);
	assert_rule(&file, PLT + 0x70 + 10, pushed);
	assert_sp(&file, PLT + 0x70 + 0x44, 8);
	assert_no_cfi(&file, PLT + 0x70 + 0x45);
	cfi_file_release(&file);
}

/* A linker may put another function there, or gcc leave frame_dummy out. */
static void function_behind_crtbegins_is_looked_at(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE_CRTBEGIN(&file,
		      DEREGISTER REGISTER ENDBR DTORS DTORS_END "\x53\x48\x83\xec\x10\xe8\1\2\3\4");
	assert_sp(&file, PLT + 0x70 + 0x3f, 8);
	assert_no_cfi(&file, PLT + 0x70 + 0x40);
	assert_no_cfi(&file, PLT + 0x70 + 0x48);
	cfi_file_release(&file);
	MAKE_CRTBEGIN(&file, DEREGISTER REGISTER ENDBR DTORS DTORS_END ENDBR "\xe9\1\2\3\4");
	assert_no_cfi(&file, PLT + 0x70 + 0x40);
	cfi_file_release(&file);
}

static void functions_that_are_not_all_crtbegins(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE_CRTBEGIN(&file, REGISTER DEREGISTER DTORS);
	assert_no_cfi(&file, PLT);
	assert_no_cfi(&file, PLT + 0x70 + 10);
	cfi_file_release(&file);
}

/* --- the entry point --- */

/* musl's crt1.o */
#define ENTRY "\x48\x31\xed\x48\x89\xe7\x48\x8d\x35\xe8\0\0\0\x48\x83\xe4\xf0\xe8\3\0\0\0\x0f\x1f\0"

static void an_entry_point_without_cfi_is_a_root(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, NULL, ENTRY);
	file.elf.header.e_entry = TEXT_ADDRESS + PLT;
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_no_cfi(&file, PLT - 1);
	assert_rule(&file, PLT, ROOT);
	assert_rule(&file, PLT + 21, ROOT); /* the last byte of its call */
	assert_no_cfi(&file, PLT + 22);
	cfi_file_release(&file);
}

static void an_entry_point_with_cfi_is_what_that_says(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, PLT, 0x40);
	make(&file, NULL, ENTRY, sizeof(ENTRY) - 1, &cfi);
	file.elf.header.e_entry = TEXT_ADDRESS + PLT;
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_sp(&file, PLT, 8);
	cfi_file_release(&file);
}

/* Linkers have given libraries the start of their text. A program is one that names its interpreter. */
static void the_entry_point_of_a_library_is_no_root(void **state)
{
	(void)state;
	for (int is_program = 0; is_program < 2; is_program++) {
		struct cfi_file file;

		MAKE(&file, NULL, "\xf3\x0f\x1e\xfa\xe8\0\0\0\0\xc3");
		file.elf.header.e_entry = TEXT_ADDRESS + PLT;
		if (is_program)
			elf_builder_segment(&file.elf, (Elf64_Phdr){ .p_type = PT_INTERP });
		assert_int_equal(cfi_file_compile(&file, -1), 0);
		if (is_program)
			assert_rule(&file, PLT + 8, ROOT);
		else
			assert_no_cfi(&file, PLT + 8);
		cfi_file_release(&file);
	}
}

/* glibc 2.36's dynamic linker: two calls, and a jump to the program; then another function. */
#define LOADER                                                                                   \
	"\x48\x89\xe7\xe8\xf8\x0b\0\0\x49\x89\xc4\x48\x8b\x14\x24\x48\x89\xd6\x49\x89\xe5"       \
	"\x48\x83\xe4\xf0\x48\x8b\x3d\x90\x84\x01\0\x49\x8d\x4c\xd5\x10\x49\x8d\x55\x08\x31\xed" \
	"\xe8\xf0\x9e\xfe\xff\x48\x8d\x15\x29\x9b\xfe\xff\x4c\x89\xec\x41\xff\xe4\x0f\x1f\0\x53"

static void the_dynamic_linkers_entry_is_a_root_up_to_its_jump(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, NULL, LOADER);
	file.elf.header.e_entry = TEXT_ADDRESS + PLT;
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_no_cfi(&file, PLT - 1);
	assert_rule(&file, PLT, ROOT);
	assert_rule(&file, PLT + 7, ROOT);  /* the last byte of its first call */
	assert_rule(&file, PLT + 47, ROOT); /* of its second */
	assert_rule(&file, PLT + 60, ROOT);
	assert_no_cfi(&file, PLT + 61);
	cfi_file_release(&file);
}

/* The same bytes elsewhere are no entry; without the jump they are not the linker's. */
static void what_only_begins_like_the_dynamic_linker_is_no_root(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, NULL, LOADER);
	file.elf.header.e_entry = TEXT_ADDRESS + PLT + 8;
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_no_cfi(&file, PLT + 7);
	assert_no_cfi(&file, PLT + 8);
	cfi_file_release(&file);
	make(&file, NULL, LOADER, 58, NULL);
	file.elf.header.e_entry = TEXT_ADDRESS + PLT;
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_no_cfi(&file, PLT);
	cfi_file_release(&file);
}

/* --- threads --- */

static void musls_thread_start_is_a_root(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE(&file, NULL,
	     "\x85\xc0\x75\x0f\x31\xed\x5f\x41\xff\xd1\x89\xc7\x31\xc0\xb0\x3c\x0f\x05\xf4\xc3");
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_no_cfi(&file, PLT + 3);
	assert_rule(&file, PLT + 4, ROOT);
	assert_rule(&file, PLT + 9, ROOT); /* the last byte of its call */
	assert_rule(&file, PLT + 17, ROOT);
	assert_no_cfi(&file, PLT + 18);
	assert_true(file.table.header->sources & ROW_TABLE_STUBS);
	cfi_file_release(&file);
}

/* musl with debug information: CFI as of any function, which would have it return to nowhere. */
static void musls_thread_start_is_a_root_whatever_its_cfi(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, PLT, 20);
	make(&file, NULL,
	     "\x85\xc0\x75\x0f\x31\xed\x5f\x41\xff\xd1\x89\xc7\x31\xc0\xb0\x3c\x0f\x05\xf4\xc3", 20,
	     &cfi);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_sp(&file, PLT + 3, 8);
	assert_rule(&file, PLT + 4, ROOT);
	assert_rule(&file, PLT + 17, ROOT);
	assert_sp(&file, PLT + 18, 8);
	assert_sp(&file, PLT + 19, 8);
	assert_no_cfi(&file, PLT + 20);
	cfi_file_release(&file);
}

/* --- contexts --- */

/* glibc's __start_context */
#define CONTEXT_START                                                                  \
	"\x48\x89\xdc\x48\x8b\x3c\x24\x48\x85\xff\x74\x08\xe8\x0f\xf6\xfe\xff\x48\x89" \
	"\xc7\xe8\xa7\xcc\xfe\xff\xf4"

/* `code` at PLT, with CFI as of any function; `gap` bytes before it another one ends. The CIE of a third one is given. */
static void make_context_start(struct cfi_file *file, const char *code, size_t size, uint64_t gap,
			       const char *signal_augmentation)
{
	struct cfi_builder cfi;

	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, PLT - 0x20, 0x20 - gap);
	cfi_fde(&cfi, PLT, size);
	cfi_fde(&cfi, PLT + 0x20, 0x20);
	cfi_begin_cie_version(&cfi, 1, signal_augmentation);
	CFI(&cfi, 1, cfi.encoding);
	cfi_initial(&cfi);
	cfi_end(&cfi);
	cfi_fde(&cfi, PLT + 0x40, 0x10);
	make(file, NULL, code, size, &cfi);
	assert_int_equal(cfi_file_compile(file, -1), 0);
}

#define MAKE_CONTEXT_START(file, code, gap, augmentation) \
	make_context_start(file, code, sizeof(code) - 1, gap, augmentation)

static void where_contexts_begin_is_a_root_with_the_byte_before(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE_CONTEXT_START(&file, CONTEXT_START, 2, "zRS");
	assert_sp(&file, PLT - 2, 8);
	assert_rule(&file, PLT - 1, ROOT);
	assert_rule(&file, PLT, ROOT);
	assert_rule(&file, PLT + 25, ROOT);
	assert_sp(&file, PLT + 0x20, 8);
	cfi_file_release(&file);
	MAKE_CONTEXT_START(&file, ENDBR CONTEXT_START, 2, "zRS");
	assert_rule(&file, PLT - 1, ROOT);
	assert_rule(&file, PLT + 29, ROOT);
	assert_sp(&file, PLT + 0x20, 8);
	cfi_file_release(&file);
}

/* Another function's last byte is its own. */
static void where_contexts_begin_takes_nothing_of_the_function_before(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE_CONTEXT_START(&file, CONTEXT_START, 0, "zRS");
	assert_sp(&file, PLT - 1, 8);
	assert_rule(&file, PLT, ROOT);
	cfi_file_release(&file);
}

/* Other code, and a file that glibc is not in. */
static void what_contexts_do_not_begin_in_is_what_its_cfi_says(void **state)
{
	struct cfi_file file;

	(void)state;
	MAKE_CONTEXT_START(&file, "\x90" CONTEXT_START, 2, "zRS");
	assert_sp(&file, PLT - 1, 8);
	assert_sp(&file, PLT, 8);
	cfi_file_release(&file);
	MAKE_CONTEXT_START(&file, CONTEXT_START, 2, "zR");
	assert_sp(&file, PLT - 1, 8);
	assert_sp(&file, PLT, 8);
	cfi_file_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linkage_tables_of_every_linker),
		cmocka_unit_test(linkage_table_of_mold),
		cmocka_unit_test(linkage_tables_that_only_jump),
		cmocka_unit_test(linkage_table_of_no_known_form),
		cmocka_unit_test(cfi_of_a_linkage_table_wins),
		cmocka_unit_test(shape_goes_on_behind_cfi_in_its_middle),
		cmocka_unit_test(init_with_and_without_calls),
		cmocka_unit_test(init_of_no_known_form),
		cmocka_unit_test(functions_of_crtbegin),
		cmocka_unit_test(function_behind_crtbegins_is_looked_at),
		cmocka_unit_test(functions_that_are_not_all_crtbegins),
		cmocka_unit_test(an_entry_point_without_cfi_is_a_root),
		cmocka_unit_test(an_entry_point_with_cfi_is_what_that_says),
		cmocka_unit_test(the_entry_point_of_a_library_is_no_root),
		cmocka_unit_test(the_dynamic_linkers_entry_is_a_root_up_to_its_jump),
		cmocka_unit_test(what_only_begins_like_the_dynamic_linker_is_no_root),
		cmocka_unit_test(musls_thread_start_is_a_root),
		cmocka_unit_test(musls_thread_start_is_a_root_whatever_its_cfi),
		cmocka_unit_test(where_contexts_begin_is_a_root_with_the_byte_before),
		cmocka_unit_test(where_contexts_begin_takes_nothing_of_the_function_before),
		cmocka_unit_test(what_contexts_do_not_begin_in_is_what_its_cfi_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
