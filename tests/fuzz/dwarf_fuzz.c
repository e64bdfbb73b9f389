/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: bytes as the sections of DWARF of a small file with code, and of those that it leads to: dwz's, one with split
 * DWARF, and a package of that. They are parts, each with its section's number, a length of two bytes and so many bytes. Every
 * frame that comes out must be readable. tests/fuzz/seed_dwarf.py FOLDER makes seeds.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/elf_file.h"
#include "symbolize/dwarf_lookup.h"
#include "tests/unit/elf_builder.h"

#define TEXT_ADDRESS 0x1000
#define TEXT_BYTES   0x1000
#define ASKED        128

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum made_file { PROGRAM, SUPPLEMENT, SPLIT, PACKAGE, FILE_COUNT };

static const struct {
	enum made_file file;
	const char *name;
} sections[] = {
	{ PROGRAM, ".debug_info" },          { PROGRAM, ".debug_abbrev" },
	{ PROGRAM, ".debug_aranges" },       { PROGRAM, ".debug_line" },
	{ PROGRAM, ".debug_str" },           { PROGRAM, ".debug_line_str" },
	{ PROGRAM, ".debug_str_offsets" },   { PROGRAM, ".debug_addr" },
	{ PROGRAM, ".debug_ranges" },        { PROGRAM, ".debug_rnglists" },
	{ SUPPLEMENT, ".debug_info" },       { SUPPLEMENT, ".debug_abbrev" },
	{ SUPPLEMENT, ".debug_str" },        { SPLIT, ".debug_info.dwo" },
	{ SPLIT, ".debug_abbrev.dwo" },      { SPLIT, ".debug_str.dwo" },
	{ SPLIT, ".debug_str_offsets.dwo" }, { SPLIT, ".debug_rnglists.dwo" },
	{ PACKAGE, ".debug_info.dwo" },      { PACKAGE, ".debug_abbrev.dwo" },
	{ PACKAGE, ".debug_str.dwo" },       { PACKAGE, ".debug_str_offsets.dwo" },
	{ PACKAGE, ".debug_rnglists.dwo" },  { PACKAGE, ".debug_cu_index" },
};

#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

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

/* Gives the file of the kind that is asked for, if it has anything in it. */
static int search_split(void *context, const struct split_file_wanted *wanted,
			const struct debug_file_judge *judge)
{
	const struct buffer *images = context;
	const struct buffer *image = &images[wanted->name ? SPLIT : PACKAGE];
	_cleanup_close_ int fd = elf_builder_fd_of(image->data, image->size);

	if (fd < 0)
		abort();
	return judge->judge(judge->context, &fd,
			    wanted->name ? DEBUG_FILE_SPLIT : DEBUG_FILE_PACKAGE)
		       ? 0
		       : -ENOENT;
}

static struct elf_file *open_image(const struct buffer *image)
{
	struct elf_file *file;

	if (elf_file_open_image((struct bytes){ (const uint8_t *)image->data, image->size }, &file))
		return NULL;
	return file;
}

static void look_up(struct buffer *images)
{
	struct elf_file *program = open_image(&images[PROGRAM]);
	const struct dwarf_options options = {
		.supplement = open_image(&images[SUPPLEMENT]),
		.search_split = search_split,
		.search_context = images,
	};
	uint64_t addresses[ASKED];
	struct dwarf_lookup *lookup;

	for (size_t i = 0; i < ASKED; i++)
		addresses[i] = TEXT_ADDRESS + i * (TEXT_BYTES / ASKED);
	if (program && !dwarf_lookup_new_with(program, &options, addresses, ASKED, &lookup)) {
		read_frames(lookup);
		dwarf_lookup_free(lookup);
	}
	elf_file_free(options.supplement);
	elf_file_free(program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t text[TEXT_BYTES];
	struct elf_builder builders[FILE_COUNT];
	struct buffer images[FILE_COUNT];
	Elf64_Shdr *section;

	for (size_t i = 0; i < FILE_COUNT; i++)
		elf_builder_init(&builders[i], ET_DYN, EM_X86_64);
	section =
		elf_builder_section(&builders[PROGRAM], ".text", SHT_PROGBITS, text, sizeof(text));
	section->sh_addr = TEXT_ADDRESS;
	section->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	for (size_t parts = 0; size >= 3 && parts < SECTION_COUNT; parts++) {
		size_t number = data[0] % SECTION_COUNT, length = data[1] | data[2] << 8;

		if (length > size - 3)
			length = size - 3;
		elf_builder_section(&builders[sections[number].file], sections[number].name,
				    SHT_PROGBITS, data + 3, length);
		data += 3 + length;
		size -= 3 + length;
	}
	for (size_t i = 0; i < FILE_COUNT; i++)
		images[i] = elf_builder_bytes(&builders[i]);
	look_up(images);
	for (size_t i = 0; i < FILE_COUNT; i++) {
		buffer_release(&images[i]);
		elf_builder_release(&builders[i]);
	}
	return 0;
}
