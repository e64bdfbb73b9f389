/* SPDX-License-Identifier: Apache-2.0 */
/* dwarf_package.c over indexes made by hand, in both versions; real packages are in dwarf_lookup_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf_file.h"
#include "symbolize/dwarf_package.h"
#include "tests/unit/elf_builder.h"

#define ID    0x1122334455667788
#define OTHER 0x1122334455667780 /* lands in the same slot of 8, with the same step */

/* What a test changes in an index that is sound. */
struct index {
	uint16_t version;
	uint32_t columns, rows, slots;
	uint32_t row; /* of ID */
	uint32_t offset;
	size_t cut; /* bytes that are missing at the end */
};

#define SOUND                                                                            \
	{                                                                                \
		.version = 5, .columns = 3, .rows = 2, .slots = 8, .row = 2, .offset = 4 \
	}

static void put(struct buffer *to, uint64_t value, size_t size)
{
	buffer_append(to, &value, size);
}

/* Two units: OTHER, and ID one step further in the table. Their columns are entries, abbreviations and lists of ranges. */
static struct buffer make_index(const struct index *index)
{
	uint32_t first = OTHER & 7, second = (first + ((ID >> 32 & 7) | 1)) & 7;
	struct buffer bytes = { 0 };

	put(&bytes, index->version, 2);
	put(&bytes, 0, 2);
	put(&bytes, index->columns, 4);
	put(&bytes, index->rows, 4);
	put(&bytes, index->slots, 4);
	for (uint32_t i = 0; i < 8; i++)
		put(&bytes, i == first ? OTHER : i == second ? ID : 0, 8);
	for (uint32_t i = 0; i < 8; i++)
		put(&bytes, i == first ? 1 : i == second ? index->row : 0, 4);
	put(&bytes, 1, 4);
	put(&bytes, 3, 4);
	put(&bytes, 8, 4);
	for (int i = 0; i < 3; i++) /* offsets of OTHER, then of ID */
		put(&bytes, 0, 4);
	put(&bytes, index->offset, 4);
	put(&bytes, 2, 4);
	put(&bytes, 1, 4);
	for (int i = 0; i < 6; i++)
		put(&bytes, 3, 4);
	bytes.size -= index->cut;
	return bytes;
}

static struct elf_file *make_package(const struct index *index)
{
	struct buffer bytes = make_index(index), image;
	struct elf_builder builder;
	struct elf_file *file;

	elf_builder_init(&builder, ET_REL, EM_X86_64);
	elf_builder_section(&builder, ".debug_info.dwo", SHT_PROGBITS, "0123entry", 9);
	elf_builder_section(&builder, ".debug_abbrev.dwo", SHT_PROGBITS, "01abbrev", 8);
	elf_builder_section(&builder, ".debug_rnglists.dwo", SHT_PROGBITS, "0lists", 6);
	elf_builder_section(&builder, ".debug_str.dwo", SHT_PROGBITS, "strings", 8);
	elf_builder_section(&builder, ".debug_cu_index", SHT_PROGBITS, bytes.data, bytes.size);
	image = elf_builder_bytes(&builder);
	assert_int_equal(elf_file_open_image(
				 (struct bytes){ (const uint8_t *)image.data, image.size }, &file),
			 0);
	buffer_release(&image);
	buffer_release(&bytes);
	elf_builder_release(&builder);
	return file;
}

static void assert_part(struct bytes part, const char *expected)
{
	assert_int_equal(part.size, strlen(expected));
	if (part.size)
		assert_memory_equal(part.data, expected, part.size);
}

static void the_parts_of_a_unit(void **state)
{
	(void)state;
	for (uint16_t version = 2; version <= 5; version += 3) {
		struct index index = SOUND;
		struct bytes parts[DWARF_SECTION_COUNT];
		struct dwarf_package package;
		struct elf_file *file;

		index.version = version;
		file = make_package(&index);
		assert_int_equal(dwarf_package_init(&package, file), 0);
		assert_true(dwarf_package_find(&package, ID, parts));
		assert_part(parts[DWARF_INFO], "ent");
		assert_part(parts[DWARF_ABBREV], "abb");
		/* That column is of macros in version 2. */
		assert_part(parts[DWARF_RNGLISTS], version == 5 ? "lis" : "");
		assert_int_equal(parts[DWARF_STR].size, 8);
		assert_int_equal(parts[DWARF_ADDR].size, 0);
		assert_true(dwarf_package_find(&package, OTHER, parts));
		assert_part(parts[DWARF_INFO], "012");
		assert_false(dwarf_package_find(&package, ID + 1, parts));
		assert_false(dwarf_package_find(&package, 0, parts));
		elf_file_free(file);
	}
}

static void expect_refused(struct index index)
{
	struct elf_file *file = make_package(&index);
	struct dwarf_package package;

	assert_int_equal(dwarf_package_init(&package, file), -ENOENT);
	elf_file_free(file);
}

#define BUT(field, value)                  \
	({                                 \
		struct index made = SOUND; \
		made.field = value;        \
		made;                      \
	})

static void indexes_that_are_not_sound(void **state)
{
	(void)state;
	expect_refused(BUT(version, 3));
	expect_refused(BUT(slots, 0));
	expect_refused(BUT(slots, 7));
	expect_refused(BUT(slots, 1u << 31));
	expect_refused(BUT(columns, UINT32_MAX));
	expect_refused(BUT(rows, UINT32_MAX));
	expect_refused(BUT(cut, 1));
}

static void rows_and_parts_that_are_not_there(void **state)
{
	struct bytes parts[DWARF_SECTION_COUNT];
	struct index index = BUT(row, 3);
	struct dwarf_package package;
	struct elf_file *file = make_package(&index);

	(void)state;
	assert_int_equal(dwarf_package_init(&package, file), 0);
	assert_false(dwarf_package_find(&package, ID, parts));
	elf_file_free(file);
	index = BUT(offset, 7);
	file = make_package(&index);
	assert_int_equal(dwarf_package_init(&package, file), 0);
	assert_true(dwarf_package_find(&package, ID, parts));
	assert_int_equal(parts[DWARF_INFO].size, 0);
	elf_file_free(file);
}

/* No slot is empty, and none is the right one: the search ends. */
static void a_full_table(void **state)
{
	struct index index = SOUND;
	struct bytes parts[DWARF_SECTION_COUNT];
	struct buffer bytes = make_index(&index);
	struct dwarf_package package = {
		.version = 5, .slot_count = 8, .row_count = 2, .ids = 16, .rows = 16 + 64
	};

	(void)state;
	for (int i = 0; i < 8; i++)
		memcpy(bytes.data + 16 + 64 + 4 * i, "\1\0\0\0", 4);
	package.index = (struct bytes){ (const uint8_t *)bytes.data, bytes.size };
	assert_false(dwarf_package_find(&package, ID + 8, parts));
	buffer_release(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_of_a_unit),
		cmocka_unit_test(indexes_that_are_not_sound),
		cmocka_unit_test(rows_and_parts_that_are_not_there),
		cmocka_unit_test(a_full_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
