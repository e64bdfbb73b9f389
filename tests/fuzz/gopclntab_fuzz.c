/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: bytes as Go's table of functions and what it leads to, in a small file with code. They are parts, each with
 * its section's number, a length of two bytes and so many bytes. Every name, file and chain of calls that comes out
 * must be readable. `HEARTH_SEEDS=FOLDER .output/unit/go_lookup_test` makes seeds.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "elf/elf_file.h"
#include "symbolize/go_lookup.h"
#include "symbolize/go_names.h"
#include "tests/unit/elf_builder.h"

/* As tests/unit/go_builder.h has them. */
#define TEXT_ADDRESS 0x401000
#define TEXT_BYTES   0x800
#define ASKED        128
#define MAX_NAMES    4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *name;
	uint64_t address;
} sections[] = {
	{ ".gopclntab", 0x700000 },   { ".rodata", 0x800000 },       { ".noptrdata", 0x900000 },
	{ ".data.rel.ro", 0xa00000 }, { ".go.buildinfo", 0xb00000 },
};

#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

/* Somewhere for the lengths to go, so that they are read. */
static volatile size_t sum;

static void read_frames(const struct elf_file *file)
{
	uint64_t addresses[ASKED];
	struct go_lookup *lookup;

	for (size_t i = 0; i < ASKED; i++)
		addresses[i] = TEXT_ADDRESS + i * (TEXT_BYTES / ASKED);
	if (go_lookup_new(file, addresses, ASKED, &lookup))
		return;
	for (size_t i = 0; i < ASKED; i++) {
		struct source_location location = go_lookup_get(lookup, i);

		if (location.count > GO_LOOKUP_MAX_DEPTH + 1)
			abort();
		for (size_t j = 0; j < location.count; j++) {
			const struct source_frame *frame = &location.frames[j];

			sum += frame->function ? strlen(frame->function) : 0;
			sum += frame->file ? strlen(frame->file) : 0;
		}
	}
	go_lookup_free(lookup);
}

static void read_names(struct elf_file *file)
{
	struct function_source source;
	struct function_symbol symbol;
	struct buffer name = { 0 };

	if (go_names_open(file, &source))
		return;
	for (int i = 0; i < MAX_NAMES && source.ops->next(source.source, &symbol) > 0; i++) {
		if (!source.ops->name(source.source, symbol.name, &name) && !name.size)
			abort();
	}
	source.ops->free(source.source);
	buffer_release(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_builder builder;
	struct elf_file *file;
	struct buffer image;

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	for (size_t parts = 0; size >= 3 && parts < SECTION_COUNT; parts++) {
		size_t number = data[0] % SECTION_COUNT, length = data[1] | data[2] << 8;
		Elf64_Shdr *section;

		if (length > size - 3)
			length = size - 3;
		section = elf_builder_section(&builder, sections[number].name, SHT_PROGBITS,
					      data + 3, length);
		section->sh_addr = sections[number].address;
		elf_builder_load(&builder, section->sh_offset, section->sh_addr, length, PF_R);
		data += 3 + length;
		size -= 3 + length;
	}
	image = elf_builder_bytes(&builder);
	if (!elf_file_open_image((struct bytes){ (const uint8_t *)image.data, image.size },
				 &file)) {
		read_frames(file);
		read_names(file);
		elf_file_free(file);
	}
	buffer_release(&image);
	elf_builder_release(&builder);
	return 0;
}
