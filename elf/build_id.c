/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/build_id.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/byte_reader.h"
#include "base/cleanup.h"

/*
 * One note (System V ABI, "Note Section"): sizes of name and content, type, name, content. Both are
 * padded to 4 bytes, to 8 where the section or segment is aligned to 8 (.note.gnu.property).
 */
static struct bytes take_padded(struct byte_reader *reader, uint32_t size, size_t alignment)
{
	struct bytes taken = byte_reader_take(reader, size);
	size_t left = reader->bytes.size - reader->offset;
	size_t padding = -(uint64_t)reader->offset % alignment;

	/* The last note's padding may be missing. */
	byte_reader_skip(reader, padding < left ? padding : left);
	return taken;
}

static bool find_note(struct bytes notes, size_t alignment, struct build_id *ret_id)
{
	struct byte_reader reader;

	byte_reader_init(&reader, notes);
	while (!reader.failed && reader.offset < notes.size) {
		uint32_t name_size = byte_reader_u32(&reader);
		uint32_t content_size = byte_reader_u32(&reader);
		uint32_t type = byte_reader_u32(&reader);
		struct bytes name = take_padded(&reader, name_size, alignment);
		struct bytes content = take_padded(&reader, content_size, alignment);

		if (reader.failed || type != NT_GNU_BUILD_ID || name.size != sizeof("GNU") ||
		    memcmp(name.data, "GNU", sizeof("GNU")))
			continue;
		if (!content.size || content.size > BUILD_ID_MAX_BYTES)
			continue;
		*ret_id = (struct build_id){ .size = content.size };
		memcpy(ret_id->bytes, content.data, content.size);
		return true;
	}
	return false;
}

static int read_notes(const struct elf_file *file, uint64_t offset, uint64_t size,
		      uint64_t alignment, struct build_id *ret_id)
{
	_cleanup_free_ uint8_t *notes = NULL;
	size_t got;
	int err;

	if (size > BUILD_ID_MAX_NOTE_BYTES)
		size = BUILD_ID_MAX_NOTE_BYTES;
	notes = malloc(size + 1);
	if (!notes)
		return -ENOMEM;
	err = elf_file_read(file, offset, notes, size, &got);
	if (err)
		return err;
	return find_note((struct bytes){ notes, got }, alignment == 8 ? 8 : 4, ret_id) ? 0
										       : -ENOENT;
}

int build_id_read(const struct elf_file *file, struct build_id *ret_id)
{
	int err = -ENOENT;

	for (size_t i = 0; err == -ENOENT && i < elf_file_section_count(file); i++) {
		const struct elf_section *section = elf_file_section(file, i);

		if (section->type == SHT_NOTE)
			err = read_notes(file, section->offset, section->size, section->alignment,
					 ret_id);
	}
	for (size_t i = 0; err == -ENOENT && i < elf_file_segment_count(file); i++) {
		const struct elf_segment *segment = elf_file_segment(file, i);

		if (segment->type == PT_NOTE)
			err = read_notes(file, segment->offset, segment->file_size,
					 segment->alignment, ret_id);
	}
	return err;
}

void build_id_format(const struct build_id *id, char text[2 * BUILD_ID_MAX_BYTES + 1])
{
	*text = '\0';
	for (size_t i = 0; i < id->size; i++)
		snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
}

bool build_id_equal(const struct build_id *a, const struct build_id *b)
{
	return a->size == b->size && !memcmp(a->bytes, b->bytes, a->size);
}
