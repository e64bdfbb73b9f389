/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: bytes as the sections of DWARF of a small file with code. They are parts, each with its section's number, a
 * length of two bytes and so many bytes. Every frame that comes out must be readable.
 * tests/fuzz/seed_dwarf.py FOLDER makes seeds.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf_file.h"
#include "symbolize/dwarf_lookup.h"
#include "tests/unit/elf_builder.h"

#define TEXT_ADDRESS 0x1000
#define TEXT_BYTES   0x1000
#define ASKED        128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	".debug_info",   ".debug_abbrev",   ".debug_aranges",     ".debug_line",
	".debug_str",    ".debug_line_str", ".debug_str_offsets", ".debug_addr",
	".debug_ranges", ".debug_rnglists",
};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

/* Somewhere for the lengths to go, so that they are read. */
static volatile size_t sum;

static void read_frames(const struct dwarf_lookup *lookup)
{
	for (size_t i = 0; i < ASKED; i++) {
		struct source_location location = dwarf_lookup_get(lookup, i);

		for (size_t j = 0; j < location.count; j++) {
			const struct source_frame *frame = &location.frames[j];

			sum += frame->function ? strlen(frame->function) : 0;
			sum += frame->file ? strlen(frame->file) : 0;
		}
	}
}

static void look_up(const struct buffer *image)
{
	uint64_t addresses[ASKED];
	struct dwarf_lookup *lookup;
	struct elf_file *file;

	for (size_t i = 0; i < ASKED; i++)
		addresses[i] = TEXT_ADDRESS + i * (TEXT_BYTES / ASKED);
	if (elf_file_open_image((struct bytes){ (const uint8_t *)image->data, image->size }, &file))
		return;
	if (!dwarf_lookup_new(file, addresses, ASKED, &lookup)) {
		read_frames(lookup);
		dwarf_lookup_free(lookup);
	}
	elf_file_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t text[TEXT_BYTES];
	struct elf_builder builder;
	struct buffer image;
	Elf64_Shdr *section;

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	section = elf_builder_section(&builder, ".text", SHT_PROGBITS, text, sizeof(text));
	section->sh_addr = TEXT_ADDRESS;
	section->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	for (size_t parts = 0; size >= 3 && parts < NAME_COUNT; parts++) {
		size_t length = data[1] | data[2] << 8;

		if (length > size - 3)
			length = size - 3;
		elf_builder_section(&builder, names[data[0] % NAME_COUNT], SHT_PROGBITS, data + 3,
				    length);
		data += 3 + length;
		size -= 3 + length;
	}
	image = elf_builder_bytes(&builder);
	look_up(&image);
	buffer_release(&image);
	elf_builder_release(&builder);
	return 0;
}
