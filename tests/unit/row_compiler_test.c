/* SPDX-License-Identifier: Apache-2.0 */
/* row_compiler.c, cfi_section.c, fde_list.c, text_map.c: where CFI comes from and whose code it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "symbolize/vdso.h"
#include "tests/unit/cfi_builder.h"
#include "unwind/cfi_section.h"

#define GIB (1ull << 30)

/* --- .eh_frame --- */

static void eh_frame_without_its_hdr(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	one_function(&cfi, false);
	cfi_file_make(&file, &cfi);
	assert_one_function(&file);
	assert_int_equal(file.table.header->sources, ROW_TABLE_EH_FRAME);
	cfi_file_release(&file);
}

/* A hdr with its pointer to .eh_frame and a table of two entries, in the wrong order, with wrong addresses. */
static void add_hdr(struct cfi_file *file, uint8_t version, int32_t eh_frame)
{
	const uint64_t address = 0x600000;
	struct {
		uint8_t head[4];
		int32_t eh_frame;
		uint32_t count;
		int32_t table[4];
	} hdr = { { version, 0x1b, 0x03, 0x3b }, 0, 2, { 0x7000, 0x10, 0x100, 0x7fffffff } };
	Elf64_Shdr *section;

	hdr.eh_frame = eh_frame - (address + 4);
	section = elf_builder_section(&file->elf, ".eh_frame_hdr", SHT_PROGBITS, &hdr, sizeof(hdr));
	elf_builder_segment(&file->elf, (Elf64_Phdr){ .p_type = PT_GNU_EH_FRAME,
						      .p_flags = PF_R,
						      .p_offset = section->sh_offset,
						      .p_vaddr = address,
						      .p_filesz = sizeof(hdr),
						      .p_memsz = sizeof(hdr) });
}

static void eh_frame_hdr_unsorted_or_wrong(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct cfi_builder cfi;
		struct cfi_file file;

		one_function(&cfi, false);
		cfi_file_init(&file, NULL, 0);
		cfi_file_section(&file, ".eh_frame", &cfi);
		add_hdr(&file, i == 1 ? 77 : 1, i == 2 ? 0x12345678 : EH_FRAME_ADDRESS);
		assert_int_equal(cfi_file_compile(&file, -1), 0);
		assert_one_function(&file);
		cfi_file_release(&file);
	}
}

/* The file without section headers, as some packers leave it. */
static int compile_headless(struct cfi_file *file)
{
	struct buffer bytes = elf_builder_bytes(&file->elf);
	Elf64_Ehdr header;
	int err;

	memcpy(&header, bytes.data, sizeof(header));
	header.e_shoff = header.e_shnum = header.e_shstrndx = 0;
	memcpy(bytes.data, &header, sizeof(header));
	file->fd = elf_builder_fd_of(bytes.data, bytes.size);
	buffer_release(&bytes);
	elf_builder_release(&file->elf);
	err = row_compiler_compile(file->fd, -1, &file->bytes);
	return err ? err
		   : row_table_open((struct bytes){ (uint8_t *)file->bytes.data, file->bytes.size },
				    &file->table);
}

static void eh_frame_of_a_file_without_section_headers(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	one_function(&cfi, false);
	cfi_u32(&cfi, 0);
	cfi_fde(&cfi, 0x300, 0x100); /* behind the terminator: not ours */
	cfi_file_init(&file, NULL, 0);
	cfi_file_section(&file, ".eh_frame", &cfi);
	add_hdr(&file, 1, EH_FRAME_ADDRESS);
	assert_int_equal(compile_headless(&file), 0);
	assert_one_function(&file);
	assert_no_cfi(&file, 0x300);
	cfi_file_release(&file);
}

static void hdr_that_leads_nowhere(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct cfi_builder cfi;
		struct cfi_file file;

		one_function(&cfi, false);
		cfi_file_init(&file, NULL, 0);
		cfi_file_section(&file, ".eh_frame", &cfi);
		add_hdr(&file, i ? 77 : 1, i ? EH_FRAME_ADDRESS : 0x12345678);
		assert_int_equal(compile_headless(&file), 0);
		assert_no_cfi(&file, 0x100);
		assert_int_equal(file.table.header->sources, 0);
		cfi_file_release(&file);
	}
}

/* --- .debug_frame --- */

static void debug_frame_alone(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	one_function(&cfi, true);
	cfi_file_make(&file, &cfi);
	assert_one_function(&file);
	assert_int_equal(file.table.header->sources, ROW_TABLE_DEBUG_FRAME);
	cfi_file_release(&file);
}

/* The stripped file has nothing, its debug file .debug_frame, and .eh_frame without bytes. */
static void debug_frame_of_the_debug_file(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file, debug;
	int fd;

	(void)state;
	one_function(&cfi, true);
	cfi_file_init(&debug, NULL, 0);
	cfi_file_section(&debug, ".debug_frame", &cfi);
	elf_builder_section(&debug.elf, ".eh_frame", SHT_NOBITS, NULL, 0x1000);
	fd = elf_builder_fd(&debug.elf);
	cfi_file_init(&file, NULL, 0);
	assert_int_equal(cfi_file_compile(&file, fd), 0);
	assert_one_function(&file);
	assert_int_equal(file.table.header->sources, ROW_TABLE_OTHER_DEBUG_FRAME);
	cfi_file_release(&file);
	close(fd);
}

static void a_debug_file_that_is_none(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;
	int fd = elf_builder_fd_of("nothing", 7);

	(void)state;
	one_function(&cfi, false);
	cfi_file_init(&file, NULL, 0);
	cfi_file_section(&file, ".eh_frame", &cfi);
	assert_int_equal(cfi_file_compile(&file, fd), 0);
	assert_one_function(&file);
	cfi_file_release(&file);
	close(fd);
}

/* .debug_frame says 16 where .eh_frame says 8, and has code before, within, across and behind. */
static void debug_frame_only_fills_what_eh_frame_leaves(void **state)
{
	struct cfi_builder eh, debug;
	struct cfi_file file;

	(void)state;
	one_function(&eh, false);
	cfi_builder_init(&debug, true);
	cfi_begin_cie_version(&debug, 3, "");
	CFI(&debug, DW_CFA_def_cfa, RSP, 16, DW_CFA_offset + RIP, 1);
	cfi_end(&debug);
	cfi_fde(&debug, 0x80, 0x100);
	cfi_fde(&debug, 0x180, 0x100);
	cfi_fde(&debug, 0x190, 0x10);
	cfi_fde(&debug, 0x300, 0x10);
	cfi_file_init(&file, NULL, 0);
	cfi_file_section(&file, ".eh_frame", &eh);
	cfi_file_section(&file, ".debug_frame", &debug);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_no_cfi(&file, 0x7f);
	assert_sp(&file, 0x80, 16);
	assert_sp(&file, 0xff, 16);
	assert_sp(&file, 0x100, 8);
	assert_sp(&file, 0x195, 8);
	assert_sp(&file, 0x1ff, 8);
	assert_sp(&file, 0x300, 16);
	assert_no_cfi(&file, 0x310);
	cfi_file_release(&file);
}

/* --- whose code it is --- */

static void gaps_between_functions_are_explicit(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_fde(&cfi, 0x210, 0x100); /* 16 bytes after it */
	cfi_file_make(&file, &cfi);
	assert_no_cfi(&file, 0);
	assert_no_cfi(&file, 0x200);
	assert_no_cfi(&file, 0x20f);
	assert_no_cfi(&file, TEXT_BYTES - 1);
	assert_int_equal(file.table.header->row_count, 4);
	cfi_file_release(&file);
}

static void gaps_under_16_bytes_go_with_the_row_before(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_fde(&cfi, 0x20f, 0x100); /* 15 bytes after it */
	cfi_file_make(&file, &cfi);
	assert_sp(&file, 0x20e, 8);
	assert_int_equal(file.table.header->row_count, 2);
	cfi_file_release(&file);
}

static void equal_neighbours_are_merged(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	for (int i = 0; i < 50; i++)
		cfi_fde(&cfi, 0x100 + i * 0x10, 0x10);
	cfi_file_make(&file, &cfi);
	assert_int_equal(file.table.header->row_count, 2);
	assert_int_equal(file.table.header->fde_count, 50);
	cfi_file_release(&file);
}

/* A function whose CFA is rsp + `cfa`. */
static void fde_of(struct cfi_builder *cfi, uint64_t start, uint64_t size, uint8_t cfa)
{
	cfi_begin_fde(cfi, start, size);
	CFI(cfi, DW_CFA_def_cfa_offset, cfa);
	cfi_end(cfi);
}

/* The last start at or before an address has it, and what was interrupted does not come back. */
static void overlapping_functions(void **state)
{
	static const uint8_t orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		struct cfi_builder cfi;
		struct cfi_file file;

		cfi_builder_init(&cfi, false);
		cfi_cie(&cfi);
		for (int j = 0; j < 3; j++)
			fde_of(&cfi, 0x100 + orders[i][j] * 0x40, 0x100 - orders[i][j] * 0x60,
			       16 + orders[i][j] * 8);
		cfi_file_make(&file, &cfi);
		assert_sp(&file, 0x13f, 16);
		assert_sp(&file, 0x140, 24);
		assert_sp(&file, 0x17f, 24);
		assert_sp(&file, 0x180, 32);
		assert_sp(&file, 0x1bf, 32);
		assert_no_cfi(&file, 0x1c0);
		assert_int_equal(file.table.header->overlapping_fdes, 2);
		cfi_file_release(&file);
	}
}

/* More of them than one digit of the sorting tells apart, and neighbours in each digit. */
static void functions_in_any_order(void **state)
{
	const uint32_t size = 32, count = TEXT_BYTES / size;
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = i * 7919 % count; /* a prime number: each once */

		fde_of(&cfi, number * size, size, 16 + number % 13 * 8);
	}
	cfi_file_make(&file, &cfi);
	assert_int_equal(file.table.header->fde_count, count);
	assert_int_equal(file.table.header->overlapping_fdes, 0);
	for (uint32_t i = 0; i < count; i++)
		assert_sp(&file, (i + 1) * size - 1, 16 + i % 13 * 8);
	cfi_file_release(&file);
}

static void of_doubles_the_first_counts(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	fde_of(&cfi, 0x400, 0x100, 48);
	fde_of(&cfi, 0x100, 0x80, 16);
	fde_of(&cfi, 0x100, 0x100, 24);
	fde_of(&cfi, 0x100, 0x80, 32);
	cfi_file_make(&file, &cfi);
	assert_sp(&file, 0x100, 16);
	assert_no_cfi(&file, 0x180);
	assert_int_equal(file.table.header->overlapping_fdes, 2);
	cfi_file_release(&file);
}

/* --- segments --- */

/* .debug_frame with 8-byte addresses anywhere; `other` is an offset from TEXT_ADDRESS. */
static void two_functions(struct cfi_builder *cfi, uint64_t other)
{
	one_function(cfi, true);
	fde_of(cfi, other, 0x100, 24);
}

static void several_executable_segments(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;
	Elf64_Phdr *text;

	(void)state;
	two_functions(&cfi, 0x900080);
	cfi_file_init(&file, NULL, 0);
	/* The second half of the text lies far away, so that offsets and addresses differ otherwise. */
	text = &file.elf.segments[0];
	text->p_filesz = text->p_memsz = TEXT_BYTES / 2;
	elf_builder_load(&file.elf, file.text_offset + TEXT_BYTES / 2, TEXT_ADDRESS + 0x900000,
			 TEXT_BYTES / 2, PF_R | PF_X);
	cfi_file_section(&file, ".debug_frame", &cfi);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_one_function(&file);
	assert_no_cfi(&file, TEXT_BYTES / 2 + 0x7f);
	assert_sp(&file, TEXT_BYTES / 2 + 0x80, 24);
	assert_no_cfi(&file, TEXT_BYTES / 2 + 0x180);
	cfi_file_release(&file);
}

/* The same bytes at two addresses: what either is told holds for both. */
static void a_segment_that_is_mapped_twice(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	two_functions(&cfi, 0x900400);
	cfi_file_init(&file, NULL, 0);
	elf_builder_load(&file.elf, file.text_offset, TEXT_ADDRESS + 0x900000, TEXT_BYTES,
			 PF_R | PF_X);
	cfi_file_section(&file, ".debug_frame", &cfi);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_one_function(&file);
	assert_sp(&file, 0x400, 24);
	assert_no_cfi(&file, 0x500);
	cfi_file_release(&file);
}

static void text_over_4_gib(void **state)
{
	const uint64_t far = 5 * GIB + 0x1000;
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	two_functions(&cfi, 6 * GIB + 0x200);
	cfi_file_init(&file, NULL, 0);
	elf_builder_load(&file.elf, far, TEXT_ADDRESS + 6 * GIB, 0x1000, PF_R | PF_X);
	cfi_file_section(&file, ".debug_frame", &cfi);
	file.fd = elf_builder_fd(&file.elf);
	assert_int_equal(ftruncate(file.fd, far + 0x1000), 0);
	assert_int_equal(row_compiler_compile(file.fd, -1, &file.bytes), 0);
	assert_int_equal(
		row_table_open((struct bytes){ (uint8_t *)file.bytes.data, file.bytes.size },
			       &file.table),
		0);
	assert_one_function(&file);
	assert_no_cfi(&file, far + 0x1ff - file.text_offset);
	assert_sp(&file, far + 0x200 - file.text_offset, 24);
	assert_sp(&file, far + 0x2ff - file.text_offset, 24);
	assert_no_cfi(&file, far + 0x300 - file.text_offset);
	assert_no_cfi(&file, 0x200 + GIB); /* not cut to 32 bits */
	/* One segment of 5 GiB whose rows are few: blocks without rows share a page. */
	assert_true(file.bytes.size < 1 << 20);
	cfi_file_release(&file);
}

/* A header that claims more than the file has, or 64 TiB of a sparse one. */
static void segments_that_claim_too_much(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	one_function(&cfi, false);
	cfi_file_init(&file, NULL, 0);
	file.elf.segments[0].p_filesz = file.elf.segments[0].p_memsz = UINT64_MAX / 2;
	cfi_file_section(&file, ".eh_frame", &cfi);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_one_function(&file);
	assert_int_equal(ftruncate(file.fd, 65536 * GIB), 0);
	buffer_release(&file.bytes);
	assert_int_equal(row_compiler_compile(file.fd, -1, &file.bytes), -EFBIG);
	close(file.fd);
}

/* --- files --- */

static void how_much_of_the_code_nothing_tells_of(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0, TEXT_BYTES / 4);
	cfi_fde(&cfi, TEXT_BYTES / 2, TEXT_BYTES / 2);
	cfi_file_make(&file, &cfi);
	assert_int_equal(file.table.header->unknown_permille, 250);
	cfi_file_release(&file);
}

static void text_without_any_cfi(void **state)
{
	struct cfi_file file;

	(void)state;
	cfi_file_init(&file, NULL, 0);
	assert_int_equal(cfi_file_compile(&file, -1), 0);
	assert_no_cfi(&file, 0x100);
	assert_int_equal(file.table.header->sources, 0);
	cfi_file_release(&file);
}

static int compile_kind(uint16_t machine, uint32_t flags, uint8_t class)
{
	struct elf_builder elf;
	struct buffer bytes, table;
	int fd, err;

	elf_builder_init(&elf, ET_DYN, machine);
	elf_builder_load(&elf, 0, 0, 64, flags);
	bytes = elf_builder_bytes(&elf);
	bytes.data[EI_CLASS] = class;
	fd = elf_builder_fd_of(bytes.data, bytes.size);
	err = row_compiler_compile(fd, -1, &table);
	buffer_release(&bytes);
	elf_builder_release(&elf);
	close(fd);
	return err;
}

static void files_that_are_refused(void **state)
{
	struct buffer table;
	int fd = elf_builder_fd_of("no ELF file", 11);

	(void)state;
	assert_int_equal(row_compiler_compile(fd, -1, &table), -ENOEXEC);
	close(fd);
	assert_int_equal(compile_kind(EM_AARCH64, PF_X, ELFCLASS64), -EOPNOTSUPP);
	assert_int_equal(compile_kind(EM_386, PF_X, ELFCLASS32), -EOPNOTSUPP);
	assert_int_equal(compile_kind(EM_X86_64, PF_X, ELFCLASS32), -EOPNOTSUPP); /* x32 */
	assert_int_equal(compile_kind(EM_X86_64, PF_R, ELFCLASS64), -ENOENT);
}

/* --- what is really there --- */

static void find_rules(const struct row_table *table, uint32_t *counts, uint32_t *vforks)
{
	struct row_table_cursor cursor = { 0 };
	struct row_table_row row;

	while (row_table_next(table, &cursor, &row)) {
		counts[row.rule->cfa]++;
		*vforks += row.rule->ra == UNWIND_RA_REGISTER && row.rule->detail == 5;
	}
}

static void compile_library(const char *name, struct buffer *ret_bytes, struct row_table *ret_table)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/usr/lib/x86_64-linux-gnu/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(row_compiler_compile(fd, -1, ret_bytes), 0);
	assert_int_equal(
		row_table_open((struct bytes){ (uint8_t *)ret_bytes->data, ret_bytes->size },
			       ret_table),
		0);
	close(fd);
}

/* glibc: clone and clone3 are roots, __restore_rt a signal frame, vfork keeps its return address in rdi. */
static void the_c_library(void **state)
{
	uint32_t counts[UNWIND_CFA_COUNT] = { 0 }, vforks = 0;
	struct buffer bytes;
	struct row_table table;

	(void)state;
	compile_library("libc.so.6", &bytes, &table);
	find_rules(&table, counts, &vforks);
	assert_true(counts[UNWIND_ROOT] >= 2);
	assert_int_equal(counts[UNWIND_SIGNAL_FRAME], 1);
	assert_true(counts[UNWIND_CFA_PLT] >= 1);
	assert_true(vforks >= 1);
	assert_true(table.header->row_count > 10000);
	assert_int_equal(table.header->refused_entries, 0);
	buffer_release(&bytes);
}

/* ld.so: _dl_runtime_resolve keeps its CFA in rbx while it aligns the stack. */
static void the_dynamic_linker(void **state)
{
	uint32_t counts[UNWIND_CFA_COUNT] = { 0 }, vforks = 0;
	struct buffer bytes;
	struct row_table table;

	(void)state;
	compile_library("ld-linux-x86-64.so.2", &bytes, &table);
	find_rules(&table, counts, &vforks);
	assert_true(counts[UNWIND_CFA_REGISTER] >= 1);
	assert_int_equal(counts[UNWIND_SIGNAL_FRAME], 1);
	buffer_release(&bytes);
}

/* Linked into every process, and no file: an image that is read from memory. */
static void the_vdso(void **state)
{
	struct elf_file *file;
	struct row_table table;
	struct buffer bytes;

	(void)state;
	assert_int_equal(vdso_open(&file), 0);
	assert_int_equal(row_compiler_compile_files(file, NULL, &bytes), 0);
	assert_int_equal(
		row_table_open((struct bytes){ (uint8_t *)bytes.data, bytes.size }, &table), 0);
	assert_true(table.header->row_count >= 5);
	assert_true(table.header->sources & ROW_TABLE_EH_FRAME);
	buffer_release(&bytes);
	elf_file_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eh_frame_without_its_hdr),
		cmocka_unit_test(eh_frame_hdr_unsorted_or_wrong),
		cmocka_unit_test(eh_frame_of_a_file_without_section_headers),
		cmocka_unit_test(hdr_that_leads_nowhere),
		cmocka_unit_test(debug_frame_alone),
		cmocka_unit_test(debug_frame_of_the_debug_file),
		cmocka_unit_test(a_debug_file_that_is_none),
		cmocka_unit_test(debug_frame_only_fills_what_eh_frame_leaves),
		cmocka_unit_test(gaps_between_functions_are_explicit),
		cmocka_unit_test(gaps_under_16_bytes_go_with_the_row_before),
		cmocka_unit_test(equal_neighbours_are_merged),
		cmocka_unit_test(overlapping_functions),
		cmocka_unit_test(functions_in_any_order),
		cmocka_unit_test(of_doubles_the_first_counts),
		cmocka_unit_test(several_executable_segments),
		cmocka_unit_test(a_segment_that_is_mapped_twice),
		cmocka_unit_test(text_over_4_gib),
		cmocka_unit_test(segments_that_claim_too_much),
		cmocka_unit_test(how_much_of_the_code_nothing_tells_of),
		cmocka_unit_test(text_without_any_cfi),
		cmocka_unit_test(files_that_are_refused),
		cmocka_unit_test(the_c_library),
		cmocka_unit_test(the_dynamic_linker),
		cmocka_unit_test(the_vdso),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
