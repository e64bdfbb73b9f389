/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/dwarf_package.h"

#include <elf.h>
#include <errno.h>

#include "elf/elf_file.h"

/* DW_SECT_*: what a column is of. Those that are not here are of no interest. */
#define COLUMN_INFO        1
#define COLUMN_ABBREV      3
#define COLUMN_STR_OFFSETS 6
#define COLUMN_RNGLISTS    8 /* in version 2 it is of macros */

/* Columns that an index may have; all of version 5's are 8. */
#define MAX_COLUMNS 64

int dwarf_package_section(struct elf_file *elf, const struct elf_section *section, size_t *inflated,
			  struct bytes *ret_bytes)
{
	struct bytes bytes;
	int err = elf_file_section_bytes(elf, section, DWARF_FILE_MAX_INFLATED - *inflated, &bytes);

	if (err)
		return err;
	if (section->flags & SHF_COMPRESSED)
		*inflated += bytes.size;
	*ret_bytes = bytes;
	return 0;
}

int dwarf_package_sections(struct elf_file *elf, size_t *inflated, struct bytes *ret_sections)
{
	static const char *const names[DWARF_SECTION_COUNT] = {
		[DWARF_INFO] = DWARF_PACKAGE_INFO,
		[DWARF_ABBREV] = ".debug_abbrev.dwo",
		[DWARF_STR] = ".debug_str.dwo",
		[DWARF_STR_OFFSETS] = ".debug_str_offsets.dwo",
		[DWARF_RNGLISTS] = ".debug_rnglists.dwo",
	};
	struct bytes sections[DWARF_SECTION_COUNT] = { 0 };

	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++) {
		const struct elf_section *section =
			names[i] ? elf_file_section_named(elf, names[i]) : NULL;
		int err = section && section->type != SHT_NOBITS
				  ? dwarf_package_section(elf, section, inflated, &sections[i])
				  : 0;

		if (err)
			return err;
	}
	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++)
		ret_sections[i] = sections[i];
	return 0;
}

/* Version 5 has 16 bits, and 16 that mean nothing, where version 2 has 32. */
static bool read_header(struct dwarf_package *package)
{
	struct byte_reader reader;
	uint64_t slots, columns, rows;

	byte_reader_init(&reader, package->index);
	package->version = byte_reader_u16(&reader);
	byte_reader_skip(&reader, 2);
	columns = package->column_count = byte_reader_u32(&reader);
	rows = package->row_count = byte_reader_u32(&reader);
	slots = package->slot_count = byte_reader_u32(&reader);
	if (reader.failed || (package->version != 2 && package->version != 5) || !slots ||
	    slots & (slots - 1) || columns > MAX_COLUMNS)
		return false;
	package->ids = reader.offset;
	package->rows = package->ids + slots * sizeof(uint64_t);
	package->columns = package->rows + slots * sizeof(uint32_t);
	package->offsets = package->columns + columns * sizeof(uint32_t);
	package->sizes = package->offsets + rows * columns * sizeof(uint32_t);
	return package->sizes + rows * columns * sizeof(uint32_t) <= package->index.size;
}

int dwarf_package_init(struct dwarf_package *package, struct elf_file *elf)
{
	const struct elf_section *section = elf_file_section_named(elf, ".debug_cu_index");
	size_t inflated = 0;
	int err;

	*package = (struct dwarf_package){ 0 };
	if (!section || section->type == SHT_NOBITS)
		return -ENOENT;
	err = dwarf_package_section(elf, section, &inflated, &package->index);
	if (!err)
		err = dwarf_package_sections(elf, &inflated, package->sections);
	if (err)
		return err;
	return read_header(package) ? 0 : -ENOENT;
}

/* A number of the index, whose place was checked with the header. */
static uint64_t number_at(const struct dwarf_package *package, size_t at, size_t size)
{
	struct byte_reader reader;

	byte_reader_init(&reader, package->index);
	reader.offset = at;
	return dwarf_read_number(&reader, size);
}

/* A hash table with double hashing: the row from 1 on, 0: none. Each slot is looked at once at most. */
static uint32_t find_row(const struct dwarf_package *package, uint64_t id)
{
	uint32_t mask = package->slot_count - 1;
	uint32_t slot = id & mask, step = (id >> 32 & mask) | 1;

	for (uint32_t i = 0; i < package->slot_count; i++, slot = (slot + step) & mask) {
		uint32_t row =
			number_at(package, package->rows + (size_t)slot * sizeof(row), sizeof(row));

		if (!row)
			return 0;
		if (number_at(package, package->ids + (size_t)slot * sizeof(id), sizeof(id)) == id)
			return row <= package->row_count ? row : 0;
	}
	return 0;
}

static bool section_of(const struct dwarf_package *package, uint32_t column,
		       enum dwarf_section *ret_section)
{
	switch (number_at(package, package->columns + column * sizeof(column), sizeof(column))) {
	case COLUMN_INFO:
		*ret_section = DWARF_INFO;
		return true;
	case COLUMN_ABBREV:
		*ret_section = DWARF_ABBREV;
		return true;
	case COLUMN_STR_OFFSETS:
		*ret_section = DWARF_STR_OFFSETS;
		return true;
	case COLUMN_RNGLISTS:
		*ret_section = DWARF_RNGLISTS;
		return package->version == 5;
	}
	return false;
}

bool dwarf_package_find(const struct dwarf_package *package, uint64_t id,
			struct bytes *ret_sections)
{
	uint32_t row = find_row(package, id);

	if (!row)
		return false;
	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++)
		ret_sections[i] = (struct bytes){ 0 };
	ret_sections[DWARF_STR] = package->sections[DWARF_STR];
	for (uint32_t i = 0; i < package->column_count; i++) {
		size_t cell = ((size_t)(row - 1) * package->column_count + i) * sizeof(row);
		enum dwarf_section section;

		if (!section_of(package, i, &section))
			continue;
		ret_sections[section] =
			bytes_slice(package->sections[section],
				    number_at(package, package->offsets + cell, sizeof(row)),
				    number_at(package, package->sizes + cell, sizeof(row)));
	}
	return true;
}
