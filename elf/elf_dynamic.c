/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/elf_dynamic.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/byte_reader.h"

static const struct elf_segment *segment_of_type(const struct elf_file *file, uint32_t type)
{
	for (size_t i = 0; i < elf_file_segment_count(file); i++) {
		const struct elf_segment *segment = elf_file_segment(file, i);

		if (segment->type == type)
			return segment;
	}
	return NULL;
}

/* Elf64_Dyn or Elf32_Dyn: the tag is signed, the value is not. */
static int64_t read_entry(const struct elf_file *file, struct byte_reader *reader,
			  uint64_t *ret_value)
{
	int64_t tag;

	if (elf_file_is_64(file)) {
		tag = (int64_t)byte_reader_u64(reader);
		*ret_value = byte_reader_u64(reader);
	} else {
		tag = (int32_t)byte_reader_u32(reader);
		*ret_value = byte_reader_u32(reader);
	}
	return tag;
}

int elf_dynamic_value(const struct elf_file *file, int64_t tag, uint64_t *ret_value)
{
	uint8_t entries[ELF_DYNAMIC_MAX_ENTRIES * sizeof(Elf64_Dyn)];
	const struct elf_segment *segment = segment_of_type(file, PT_DYNAMIC);
	struct byte_reader reader;
	size_t size = sizeof(entries);
	int err;

	if (!segment)
		return -ENOENT;
	if (size > segment->file_size)
		size = segment->file_size;
	err = elf_file_read(file, segment->offset, entries, size, &size);
	if (err)
		return err;
	byte_reader_init(&reader, (struct bytes){ entries, size });
	for (;;) {
		uint64_t value;
		int64_t found = read_entry(file, &reader, &value);

		if (reader.failed || found == DT_NULL)
			return -ENOENT;
		if (found != tag)
			continue;
		*ret_value = value;
		return 0;
	}
}

int elf_dynamic_soname(const struct elf_file *file, char *ret_name, size_t size)
{
	uint64_t table, name, offset;
	size_t got;
	int err = elf_dynamic_value(file, DT_SONAME, &name);

	if (!err)
		err = elf_dynamic_value(file, DT_STRTAB, &table);
	if (err)
		return err;
	if (!elf_file_offset_of_address(file, table, &offset) || name > UINT64_MAX - offset)
		return -ENOENT;
	err = elf_file_read(file, offset + name, ret_name, size, &got);
	if (err)
		return err;
	return memchr(ret_name, '\0', got) ? 0 : -ENAMETOOLONG;
}

bool elf_dynamic_is_program(const struct elf_file *file)
{
	uint64_t flags;

	if (elf_file_type(file) == ET_EXEC || segment_of_type(file, PT_INTERP))
		return true;
	return !elf_dynamic_value(file, DT_FLAGS_1, &flags) && flags & DF_1_PIE;
}

bool elf_dynamic_is_static_program(const struct elf_file *file)
{
	return elf_dynamic_is_program(file) && !segment_of_type(file, PT_INTERP);
}
