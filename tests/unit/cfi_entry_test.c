/* SPDX-License-Identifier: Apache-2.0 */
/* cfi_entry.c, cfi_pointer.c: every form in which CIEs and FDEs come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/cfi_builder.h"

/* A CIE with this augmentation and data, and one FDE of 0x100 bytes at 0x100. */
static void make_augmented(struct cfi_file *file, const char *augmentation, const uint8_t *data,
			   size_t size)
{
	struct cfi_builder cfi;

	cfi_builder_init(&cfi, false);
	cfi_begin_cie_version(&cfi, 1, augmentation);
	cfi_uleb(&cfi, size);
	buffer_append(&cfi.bytes, data, size);
	cfi_initial(&cfi);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_file_make(file, &cfi);
}

static void augmentations_in_any_order(void **state)
{
	static const struct {
		const char *letters;
		uint8_t data[8];
		size_t size;
	} cases[] = {
		{ "zR", { 0x1b }, 1 },
		{ "zPLR", { 0x9b, 1, 2, 3, 4, 0x1b, 0x1b }, 7 }, /* an indirect personality */
		{ "zLR", { 0x1b, 0x1b }, 2 },
		{ "zRP", { 0x1b, 0x03, 1, 2, 3, 4 }, 6 },
		{ "zRB", { 0x1b }, 1 },
		{ "zPR", { 0xff, 0x1b }, 2 },      /* no personality */
		{ "zR", { 0x1b, 0x77, 0x77 }, 3 }, /* more data than letters */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cfi_file file;

		make_augmented(&file, cases[i].letters, cases[i].data, cases[i].size);
		assert_no_cfi(&file, 0xff);
		assert_sp(&file, 0x100, 8);
		assert_sp(&file, 0x1ff, 8);
		assert_no_cfi(&file, 0x200);
		cfi_file_release(&file);
	}
}

static void unknown_augmentation_is_not_expressible(void **state)
{
	struct cfi_file file;

	(void)state;
	make_augmented(&file, "zRX", (const uint8_t[]){ 0x1b, 9 }, 2);
	assert_reason(&file, 0x100, CFI_REASON_AUGMENTATION);
	cfi_file_release(&file);
}

/* Then not even the range can be read: it is counted, and there is no CFI. */
static void unknown_augmentation_before_the_encoding_is_refused(void **state)
{
	struct cfi_file file;

	(void)state;
	make_augmented(&file, "zXR", (const uint8_t[]){ 9, 0x1b }, 2);
	assert_no_cfi(&file, 0x100);
	assert_int_equal(file.table.header->refused_entries, 1);
	assert_int_equal(file.table.header->fde_count, 0);
	assert_int_equal(file.table.header->sources, 0);
	cfi_file_release(&file);
}

static void augmentation_data_cut_short(void **state)
{
	struct cfi_file file;

	(void)state;
	make_augmented(&file, "zRP", (const uint8_t[]){ 0x1b, 0x03, 1, 2 }, 4);
	assert_reason(&file, 0x100, CFI_REASON_AUGMENTATION);
	cfi_file_release(&file);
}

static void make_version(struct cfi_file *file, bool is_debug, uint8_t version, bool is_64)
{
	struct cfi_builder cfi;

	cfi_builder_init(&cfi, is_debug);
	cfi.is_64 = is_64;
	cfi_begin_cie_version(&cfi, version, is_debug ? "" : "zR");
	if (!is_debug)
		CFI(&cfi, 1, cfi.encoding);
	cfi_initial(&cfi);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_file_make(file, &cfi);
}

static void versions_and_lengths(void **state)
{
	static const uint8_t versions[] = { 1, 3, 4 };

	(void)state;
	for (int i = 0; i < 12; i++) {
		struct cfi_file file;

		make_version(&file, i & 1, versions[i / 4], i & 2);
		assert_no_cfi(&file, 0xff);
		assert_sp(&file, 0x100, 8);
		assert_no_cfi(&file, 0x200);
		cfi_file_release(&file);
	}
}

static void unknown_version_is_refused(void **state)
{
	struct cfi_file file;

	(void)state;
	make_version(&file, true, 2, false);
	assert_no_cfi(&file, 0x100);
	assert_int_equal(file.table.header->refused_entries, 1);
	cfi_file_release(&file);
}

/* Version 4 in which addresses have 4 bytes, or segment selectors 1. */
static void other_sizes_are_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct cfi_builder cfi;
		struct cfi_file file;

		cfi_builder_init(&cfi, true);
		cfi_begin_cie_version(&cfi, 4, "");
		cfi.bytes.data[cfi.cie + 10 + i] = i ? 1 : 4;
		cfi_initial(&cfi);
		cfi_end(&cfi);
		cfi_fde(&cfi, 0x100, 0x100);
		cfi_file_make(&file, &cfi);
		assert_int_equal(file.table.header->refused_entries, 1);
		cfi_file_release(&file);
	}
}

static void the_eh_augmentation_of_gcc_2(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi.encoding = 0x00;
	cfi_begin_cie_version(&cfi, 1, "eh");
	cfi_initial(&cfi);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_file_make(&file, &cfi);
	assert_sp(&file, 0x100, 8);
	cfi_file_release(&file);
}

static void another_return_column_is_not_expressible(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_begin_cie_version(&cfi, 3, "zR");
	cfi.bytes.data[cfi.bytes.size - 1] = 5;
	CFI(&cfi, 1, cfi.encoding);
	cfi_initial(&cfi);
	cfi_end(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_file_make(&file, &cfi);
	assert_reason(&file, 0x100, CFI_REASON_RETURN_COLUMN);
	cfi_file_release(&file);
}

/* An FDE for 0x100 bytes at 0x100 with a pointer of any kind, whose bytes are `value`. */
static void make_encoded(struct cfi_file *file, uint8_t encoding, const void *start,
			 const void *length, size_t size)
{
	struct cfi_builder cfi;
	Elf64_Shdr *got;

	cfi_builder_init(&cfi, false);
	cfi.encoding = encoding;
	cfi_cie(&cfi);
	cfi_begin_entry(&cfi, cfi.bytes.size + 4);
	buffer_append(&cfi.bytes, start, size);
	buffer_append(&cfi.bytes, length, size);
	cfi_u8(&cfi, 0);
	cfi_end(&cfi);
	cfi_file_init(file, NULL, 0);
	cfi_file_section(file, ".eh_frame", &cfi);
	got = elf_builder_section(&file->elf, ".got", SHT_PROGBITS, NULL, 0);
	got->sh_addr = TEXT_ADDRESS + 0x80;
	assert_int_equal(cfi_file_compile(file, -1), 0);
}

static void pointers_of_every_encoding(void **state)
{
	const uint64_t address = TEXT_ADDRESS + 0x100, length = 0x100, from_text = 0x100;
	const uint64_t from_got = 0x80;
	/* In the FDE's place in the section: the CIE before it has 24 bytes, the header 8. */
	const int64_t from_here = (int64_t)address - (EH_FRAME_ADDRESS + 24 + 8);
	const struct {
		uint8_t encoding;
		const void *start;
		size_t size;
	} good[] = {
		{ 0x00, &address, 8 },   { 0x04, &address, 8 },   { 0x0c, &address, 8 },
		{ 0x03, &address, 4 },   { 0x0b, &address, 4 },   { 0x1b, &from_here, 4 },
		{ 0x1c, &from_here, 8 }, { 0x10, &from_here, 8 }, { 0x2b, &from_text, 4 },
		{ 0x22, &from_text, 2 }, { 0x2a, &from_text, 2 }, { 0x33, &from_got, 4 },
		{ 0x3b, &from_got, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct cfi_file file;

		make_encoded(&file, good[i].encoding, good[i].start, &length, good[i].size);
		assert_no_cfi(&file, 0xff);
		assert_sp(&file, 0x100, 8);
		assert_sp(&file, 0x1ff, 8);
		assert_no_cfi(&file, 0x200);
		cfi_file_release(&file);
	}
}

static void pointers_in_leb128(void **state)
{
	const uint8_t start[] = { 0x80, 0x82, 0x00 }, length[] = { 0x80, 0x82, 0x00 };
	static const uint8_t encodings[] = { 0x21, 0x29 };

	(void)state;
	for (size_t i = 0; i < sizeof(encodings); i++) {
		struct cfi_file file;

		make_encoded(&file, encodings[i], start, length, sizeof(start));
		assert_no_cfi(&file, 0xff);
		assert_sp(&file, 0x100, 8);
		assert_no_cfi(&file, 0x200);
		cfi_file_release(&file);
	}
}

/* Indirect ones are known in a running process only; the others have no meaning here. */
static void pointers_that_are_refused(void **state)
{
	static const uint8_t encodings[] = { 0x9b, 0x80, 0xff, 0x40, 0x50, 0x05, 0x0d, 0x6b, 0x70 };
	const uint64_t address = TEXT_ADDRESS + 0x100, length = 0x100;

	(void)state;
	for (size_t i = 0; i < sizeof(encodings); i++) {
		struct cfi_file file;

		make_encoded(&file, encodings[i], &address, &length, 8);
		assert_no_cfi(&file, 0x100);
		assert_int_equal(file.table.header->refused_entries, 1);
		cfi_file_release(&file);
	}
}

/* What comes before a broken entry is kept, what comes after cannot be found. */
static void an_entry_that_leads_out_of_the_section(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;
	uint32_t length = 0x10000;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_fde(&cfi, 0x200, 0x100);
	memcpy(cfi.bytes.data + cfi.entry, &length, sizeof(length));
	cfi_file_make(&file, &cfi);
	assert_sp(&file, 0x100, 8);
	assert_no_cfi(&file, 0x200);
	assert_int_equal(file.table.header->refused_entries, 1);
	cfi_file_release(&file);
}

/* Pointers to before the section, to the middle of an entry, to an FDE. */
static void a_cie_pointer_that_leads_nowhere(void **state)
{
	static const uint32_t pointers[] = { 0x7fffffff, 30, 8, 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++) {
		struct cfi_builder cfi;
		struct cfi_file file;

		cfi_builder_init(&cfi, false);
		cfi_cie(&cfi);
		cfi_fde(&cfi, 0x100, 0x100);
		cfi_fde(&cfi, 0x200, 0x100);
		memcpy(cfi.bytes.data + cfi.entry + 4, &pointers[i], 4);
		cfi_fde(&cfi, 0x300, 0x100);
		cfi_file_make(&file, &cfi);
		assert_sp(&file, 0x100, 8);
		assert_no_cfi(&file, 0x200);
		assert_sp(&file, 0x300, 8);
		assert_int_equal(file.table.header->refused_entries, 1);
		cfi_file_release(&file);
	}
}

/* Found by the fuzzer: the very first entry, when no CIE was ever seen. */
static void a_first_entry_without_a_cie(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_begin_entry(&cfi, 0x1000);
	cfi_u64(&cfi, 0);
	cfi_end(&cfi);
	cfi_file_make(&file, &cfi);
	assert_no_cfi(&file, 0x100);
	assert_int_equal(file.table.header->refused_entries, 1);
	cfi_file_release(&file);
}

/* 60,000 CIEs that all reach to the end of the section, one in the other: each is read a little only. */
static void cies_that_overlap(void **state)
{
	const size_t count = 60000;
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, true);
	for (size_t i = 0; i < count; i++) {
		cfi_begin_entry(&cfi, 0xffffffff);
		CFI(&cfi, 1, 0, 1, 0x78, RIP, 0, 0, 0);
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t length = count * 16 - i * 16 - 4;

		memcpy(cfi.bytes.data + i * 16, &length, sizeof(length));
		cfi.cie = i * 16;
		cfi_fde(&cfi, i, 1);
	}
	cfi_file_make(&file, &cfi);
	assert_reason(&file, 0x100, CFI_REASON_TOO_LONG);
	cfi_file_release(&file);
}

/* Some linkers leave crtend.o's terminator in the middle. */
static void a_terminator_in_the_middle(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_cie(&cfi);
	cfi_fde(&cfi, 0x100, 0x100);
	cfi_u64(&cfi, 0);
	cfi_fde(&cfi, 0x200, 0x100);
	cfi_file_make(&file, &cfi);
	assert_sp(&file, 0x200, 8);
	assert_int_equal(file.table.header->fde_count, 2);
	cfi_file_release(&file);
}

/* Of functions that the linker left out: at address 0, or of no size. */
static void functions_that_were_left_out(void **state)
{
	struct cfi_builder cfi;
	struct cfi_file file;

	(void)state;
	cfi_builder_init(&cfi, true);
	cfi_cie(&cfi);
	cfi_fde(&cfi, -(uint64_t)TEXT_ADDRESS, 0x100);
	cfi_fde(&cfi, 0x100, 0);
	cfi_fde(&cfi, 0x200, 0x100);
	cfi_file_make(&file, &cfi);
	assert_no_cfi(&file, 0x100);
	assert_sp(&file, 0x200, 8);
	assert_int_equal(file.table.header->fde_count, 1);
	assert_int_equal(file.table.header->refused_entries, 0);
	cfi_file_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(augmentations_in_any_order),
		cmocka_unit_test(unknown_augmentation_is_not_expressible),
		cmocka_unit_test(unknown_augmentation_before_the_encoding_is_refused),
		cmocka_unit_test(augmentation_data_cut_short),
		cmocka_unit_test(versions_and_lengths),
		cmocka_unit_test(unknown_version_is_refused),
		cmocka_unit_test(other_sizes_are_refused),
		cmocka_unit_test(the_eh_augmentation_of_gcc_2),
		cmocka_unit_test(another_return_column_is_not_expressible),
		cmocka_unit_test(pointers_of_every_encoding),
		cmocka_unit_test(pointers_in_leb128),
		cmocka_unit_test(pointers_that_are_refused),
		cmocka_unit_test(an_entry_that_leads_out_of_the_section),
		cmocka_unit_test(a_cie_pointer_that_leads_nowhere),
		cmocka_unit_test(a_first_entry_without_a_cie),
		cmocka_unit_test(cies_that_overlap),
		cmocka_unit_test(a_terminator_in_the_middle),
		cmocka_unit_test(functions_that_were_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
