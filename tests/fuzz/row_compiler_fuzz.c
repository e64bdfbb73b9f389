/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as an ELF file, and as the .eh_frame and .debug_frame of a small sound one (the
 * first byte chooses). Whatever comes out must be a table that row_table_open() takes and that answers anywhere.
 */
#include <elf.h>
#include <stdlib.h>

#include "tests/unit/elf_builder.h"
#include "unwind/row_compiler.h"
#include "unwind/row_table.h"

#define TEXT_ADDRESS 0x1000
#define TEXT_BYTES   0x8000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_everywhere(struct buffer *table)
{
	struct row_table_cursor cursor = { 0 };
	struct row_table_row row;
	struct row_table view;

	if (row_table_open((struct bytes){ (uint8_t *)table->data, table->size }, &view))
		abort();
	while (row_table_next(&view, &cursor, &row)) {
		if (row_table_find(&view, row.offset) != row.rule)
			abort();
	}
	row_table_find(&view, 0);
	row_table_find(&view, UINT64_MAX);
}

static void compile_image(const uint8_t *data, size_t size)
{
	struct elf_file *file;
	struct buffer table;

	if (elf_file_open_image((struct bytes){ data, size }, &file))
		return;
	if (!row_compiler_compile_files(file, NULL, &table)) {
		ask_everywhere(&table);
		buffer_release(&table);
	}
	elf_file_free(file);
}

static void compile_section(const char *name, const uint8_t *data, size_t size)
{
	static const uint8_t text[TEXT_BYTES];
	struct elf_builder builder;
	Elf64_Shdr *section;
	struct buffer bytes;

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	section = elf_builder_section(&builder, ".text", SHT_PROGBITS, text, sizeof(text));
	section->sh_addr = TEXT_ADDRESS;
	elf_builder_load(&builder, section->sh_offset, TEXT_ADDRESS, TEXT_BYTES, PF_R | PF_X);
	section = elf_builder_section(&builder, name, SHT_PROGBITS, data, size);
	section->sh_addr = TEXT_ADDRESS + TEXT_BYTES;
	bytes = elf_builder_bytes(&builder);
	compile_image((const uint8_t *)bytes.data, bytes.size);
	buffer_release(&bytes);
	elf_builder_release(&builder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	switch (data[0] % 3) {
	case 0:
		compile_image(data + 1, size - 1);
		break;
	case 1:
		compile_section(".eh_frame", data + 1, size - 1);
		break;
	default:
		compile_section(".debug_frame", data + 1, size - 1);
		break;
	}
	return 0;
}
