/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/dwarf_file.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf_file.h"

static const char *const section_names[DWARF_SECTION_COUNT] = {
	[DWARF_INFO] = ".debug_info",
	[DWARF_ABBREV] = ".debug_abbrev",
	[DWARF_ARANGES] = ".debug_aranges",
	[DWARF_LINE] = ".debug_line",
	[DWARF_STR] = ".debug_str",
	[DWARF_LINE_STR] = ".debug_line_str",
	[DWARF_STR_OFFSETS] = ".debug_str_offsets",
	[DWARF_ADDR] = ".debug_addr",
	[DWARF_RANGES] = ".debug_ranges",
	[DWARF_RNGLISTS] = ".debug_rnglists",
};

static bool is_of_lines(enum dwarf_section section)
{
	return section == DWARF_LINE || section == DWARF_LINE_STR;
}

static int load_sections(struct dwarf_file *file, struct elf_file *elf, bool without_lines)
{
	size_t inflated = 0;

	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++) {
		const struct elf_section *section = elf_file_section_named(elf, section_names[i]);
		int err;

		if (!section || section->type == SHT_NOBITS || (without_lines && is_of_lines(i)))
			continue;
		err = elf_file_section_bytes(elf, section, DWARF_FILE_MAX_INFLATED - inflated,
					     &file->sections[i]);
		if (err)
			return err;
		if (section->flags & SHF_COMPRESSED)
			inflated += file->sections[i].size;
		file->work_left += DWARF_FILE_WORK_FACTOR * (uint64_t)file->sections[i].size;
	}
	if (!file->sections[DWARF_INFO].size)
		return elf_file_section_named(elf, ".zdebug_info") ? -EOPNOTSUPP : -ENOENT;
	return 0;
}

static int compare_code(const void *a, const void *b)
{
	const struct dwarf_code_range *range_a = a, *range_b = b;

	return (range_a->start > range_b->start) - (range_a->start < range_b->start);
}

static int load_code_ranges(struct dwarf_file *file, const struct elf_file *elf)
{
	size_t count = elf_file_section_count(elf);

	file->code = calloc(count + 1, sizeof(*file->code));
	if (!file->code)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct elf_section *section = elf_file_section(elf, i);

		if (!(section->flags & SHF_ALLOC) || !(section->flags & SHF_EXECINSTR) ||
		    section->size > UINT64_MAX - section->address)
			continue;
		file->code[file->code_count++] = (struct dwarf_code_range){
			.start = section->address,
			.end = section->address + section->size,
		};
	}
	qsort(file->code, file->code_count, sizeof(*file->code), compare_code);
	return 0;
}

int dwarf_file_init(struct dwarf_file *file, struct elf_file *elf, bool without_lines)
{
	int err;

	*file = (struct dwarf_file){ .work_left = DWARF_FILE_WORK_LEAST };
	err = load_sections(file, elf, without_lines);
	if (!err)
		err = load_code_ranges(file, elf);
	if (err)
		dwarf_file_release(file);
	return err;
}

void dwarf_file_release(struct dwarf_file *file)
{
	free(file->code);
	*file = (struct dwarf_file){ 0 };
}

bool dwarf_file_has_code(const struct dwarf_file *file, uint64_t start, uint64_t end)
{
	size_t low = 0, high = file->code_count;

	if (start >= end)
		return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (file->code[middle].start <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low && start < file->code[low - 1].end && end <= file->code[low - 1].end;
}

uint64_t dwarf_read_number(struct byte_reader *reader, size_t size)
{
	struct bytes bytes;
	uint64_t value = 0;

	switch (size) { /* nearly all */
	case 1:
		return byte_reader_u8(reader);
	case 4:
		return byte_reader_u32(reader);
	case 8:
		return byte_reader_u64(reader);
	}
	bytes = byte_reader_take(reader, size);
	if (bytes.size > sizeof(value) || !bytes.size)
		return 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&value, bytes.data, bytes.size);
#else
	memcpy((char *)&value + sizeof(value) - bytes.size, bytes.data, bytes.size);
#endif
	return value;
}

bool dwarf_read_length(struct byte_reader *reader, uint64_t *ret_length, uint8_t *ret_offset_size)
{
	uint64_t length = byte_reader_u32(reader);
	uint8_t offset_size = 4;

	if (length == 0xffffffff) {
		length = byte_reader_u64(reader);
		offset_size = 8;
	} else if (length >= 0xfffffff0) {
		return false;
	}
	if (reader->failed || length > reader->bytes.size - reader->offset)
		return false;
	*ret_length = length;
	*ret_offset_size = offset_size;
	return true;
}
