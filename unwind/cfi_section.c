/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_section.h"

#include <elf.h>
#include <errno.h>

/* version, encodings of the pointer, the count and the table; the pointer */
#define EH_FRAME_HDR_BYTES (4 + 8)

static void section_base(const struct elf_file *file, const char *name, bool *ret_has,
			 uint64_t *ret_base)
{
	const struct elf_section *section = elf_file_section_named(file, name);

	*ret_has = section != NULL;
	*ret_base = section ? section->address : 0;
}

/* Of a pointer in .eh_frame itself: LSB 5.0 Core, 10.5.1, and what GNU ld takes for "data" there. */
static void find_bases(struct cfi_section *section)
{
	struct cfi_pointer_bases *bases = &section->bases;

	section_base(section->file, ".text", &bases->has_text, &bases->text);
	section_base(section->file, ".got", &bases->has_data, &bases->data);
}

static bool lies_inside(const struct cfi_section *section)
{
	uint64_t size = elf_file_size(section->file);

	return section->file_offset <= size && section->size <= size - section->file_offset;
}

/* How large a section may be that is stored in so many bytes. */
static uint64_t proportionate(uint64_t stored_bytes, uint64_t limit)
{
	if (stored_bytes <= CFI_SECTION_ANY_RATIO / CFI_SECTION_MAX_RATIO)
		return CFI_SECTION_ANY_RATIO;
	if (stored_bytes >= limit / CFI_SECTION_MAX_RATIO)
		return limit;
	return stored_bytes * CFI_SECTION_MAX_RATIO;
}

/* Nor may one be larger that is read piece by piece, for each is executed. */
static uint64_t size_limit(const struct elf_file *file)
{
	return proportionate(elf_file_stored_bytes(file), CFI_SECTION_MAX_BYTES);
}

static int init_from_section(struct cfi_section *section, struct elf_file *file,
			     const struct elf_section *header)
{
	int err;

	if (header->type == SHT_NOBITS || !header->size)
		return -ENOENT;
	section->file = file;
	section->file_offset = header->offset;
	section->address = section->kind == CFI_EH_FRAME ? header->address : 0;
	section->size = header->size;
	if (header->flags & SHF_COMPRESSED) {
		/* The memory is taken before a byte of it is seen. */
		err = elf_file_section_bytes(file, header,
					     proportionate(header->size, CFI_SECTION_MAX_INFLATED),
					     &section->memory);
		if (err)
			return err;
		section->size = section->memory.size;
	} else if (!lies_inside(section)) {
		return -EBADMSG;
	}
	if (section->size > size_limit(file))
		return -EFBIG;
	find_bases(section);
	return 0;
}

static const struct elf_segment *segment_of_type(const struct elf_file *file, uint32_t type)
{
	for (size_t i = 0; i < elf_file_segment_count(file); i++) {
		if (elf_file_segment(file, i)->type == type)
			return elf_file_segment(file, i);
	}
	return NULL;
}

/* The segment that holds an address in the file: nothing that begins there goes on beyond its end. */
static const struct elf_segment *segment_at(const struct elf_file *file, uint64_t address)
{
	for (size_t i = 0; i < elf_file_segment_count(file); i++) {
		const struct elf_segment *segment = elf_file_segment(file, i);

		if (segment->type == PT_LOAD && address >= segment->address &&
		    address - segment->address < segment->file_size)
			return segment;
	}
	return NULL;
}

/* LSB 5.0 Core, 10.6.2: here "data" is the hdr itself. */
static int read_hdr(const struct elf_file *file, const struct elf_segment *hdr,
		    uint64_t *ret_address)
{
	const struct cfi_pointer_bases bases = { .has_data = true, .data = hdr->address };
	uint8_t bytes[EH_FRAME_HDR_BYTES];
	struct byte_reader reader;
	uint8_t version, encoding;
	size_t size;
	int err = elf_file_read(file, hdr->offset, bytes, sizeof(bytes), &size);

	if (err)
		return err;
	byte_reader_init(&reader, (struct bytes){ bytes, size });
	version = byte_reader_u8(&reader);
	encoding = byte_reader_u8(&reader);
	byte_reader_skip(&reader, 2);
	if (reader.failed || version != 1)
		return -EBADMSG;
	return cfi_pointer_read(&reader, encoding, &bases, hdr->address + reader.offset,
				ret_address);
}

static int init_from_hdr(struct cfi_section *section, struct elf_file *file)
{
	const struct elf_segment *hdr = segment_of_type(file, PT_GNU_EH_FRAME), *segment;
	uint64_t address, within;
	int err;

	if (!hdr)
		return -ENOENT;
	err = read_hdr(file, hdr, &address);
	if (err)
		return err;
	segment = segment_at(file, address);
	if (!segment)
		return -EBADMSG;
	within = address - segment->address;
	section->file = file;
	section->file_offset = segment->offset + within;
	section->address = address;
	section->size = segment->file_size - within;
	section->ends_at_terminator = true;
	if (section->size > CFI_SECTION_MAX_BYTES)
		section->size = CFI_SECTION_MAX_BYTES;
	if (section->size > size_limit(file))
		return -EFBIG;
	return lies_inside(section) ? 0 : -EBADMSG;
}

static void init(struct cfi_section *section, enum cfi_section_kind kind)
{
	*section = (struct cfi_section){ .kind = kind };
}

static int end_init(struct cfi_section *section, int err)
{
	file_window_init(&section->window, section->file, section->file_offset, section->size);
	return err;
}

int cfi_section_init_eh_frame(struct cfi_section *section, struct elf_file *file)
{
	const struct elf_section *header = elf_file_section_named(file, ".eh_frame");

	init(section, CFI_EH_FRAME);
	return end_init(section, header ? init_from_section(section, file, header)
					: init_from_hdr(section, file));
}

int cfi_section_init_debug_frame(struct cfi_section *section, struct elf_file *file)
{
	const struct elf_section *header = elf_file_section_named(file, ".debug_frame");

	init(section, CFI_DEBUG_FRAME);
	return end_init(section, header ? init_from_section(section, file, header) : -ENOENT);
}

void cfi_section_release(struct cfi_section *section)
{
	file_window_release(&section->window);
}

int cfi_section_read_memory(const struct cfi_section *section, uint64_t offset, size_t size,
			    struct bytes *ret_bytes)
{
	if (offset > section->size)
		offset = section->size;
	if (size > CFI_SECTION_MAX_READ)
		size = CFI_SECTION_MAX_READ;
	if (size > section->size - offset)
		size = section->size - offset;
	*ret_bytes = bytes_slice(section->memory, offset, size);
	return 0;
}
