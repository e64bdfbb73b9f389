/* SPDX-License-Identifier: Apache-2.0 */
/* What symbol_search_test.c cannot make: a 32-bit file, with ARM's two instruction sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <string.h>

#include "base/buffer.h"
#include "symbolize/symbol_table.h"

static const char names[] = "\0thumb\0arm\0$t\0data";

struct narrow_file {
	Elf32_Ehdr header;
	Elf32_Shdr sections[4];
	Elf32_Sym symbols[5];
	char names[sizeof(names)];
};

static struct narrow_file make_file(void)
{
	struct narrow_file file = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_ARM,
			.e_version = EV_CURRENT,
			.e_shoff = offsetof(struct narrow_file, sections),
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_shentsize = sizeof(Elf32_Shdr),
			.e_shnum = 4,
		},
		.sections = {
			[1] = { .sh_type = SHT_NOBITS,
				.sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				.sh_addr = 0x8000,
				.sh_size = 0x100 },
			[2] = { .sh_type = SHT_SYMTAB,
				.sh_offset = offsetof(struct narrow_file, symbols),
				.sh_size = 5 * sizeof(Elf32_Sym),
				.sh_entsize = sizeof(Elf32_Sym),
				.sh_link = 3 },
			[3] = { .sh_type = SHT_STRTAB,
				.sh_offset = offsetof(struct narrow_file, names),
				.sh_size = sizeof(names) },
		},
		.symbols = {
			[1] = { .st_name = 1, .st_value = 0x8011, .st_size = 0x10,
				.st_info = ELF32_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1 },
			[2] = { .st_name = 7, .st_value = 0x8040, .st_size = 0,
				.st_info = ELF32_ST_INFO(STB_LOCAL, STT_FUNC), .st_shndx = 1 },
			[3] = { .st_name = 11, .st_value = 0x8010,
				.st_info = ELF32_ST_INFO(STB_LOCAL, STT_NOTYPE), .st_shndx = 1 },
			[4] = { .st_name = 14, .st_value = 0x8010, .st_size = 4,
				.st_info = ELF32_ST_INFO(STB_GLOBAL, STT_OBJECT), .st_shndx = 1 },
		},
	};

	memcpy(file.names, names, sizeof(names));
	return file;
}

static void a_narrow_table_is_read(void **state)
{
	struct narrow_file made = make_file();
	struct function_symbol symbol;
	struct symbol_table *table;
	struct elf_file *file;
	struct buffer name = { 0 };

	(void)state;
	assert_int_equal(
		elf_file_open_image((struct bytes){ (uint8_t *)&made, sizeof(made) }, &file), 0);
	assert_int_equal(symbol_table_new(file, elf_file_section(file, 2), &table), 0);
	assert_int_equal(symbol_table_next(table, &symbol), 1);
	/* Bit 0 of the value says Thumb and is no part of the address. */
	assert_int_equal(symbol.start, 0x8010);
	assert_int_equal(symbol.end, 0x8020);
	assert_int_equal(symbol.section_end, 0x8100);
	assert_int_equal(symbol.binding, SYMBOL_GLOBAL);
	assert_int_equal(symbol_table_name(table, symbol.name, &name), 0);
	assert_string_equal(buffer_string(&name), "thumb");
	assert_int_equal(symbol_table_next(table, &symbol), 1);
	assert_int_equal(symbol.start, 0x8040);
	assert_int_equal(symbol.end, 0x8040);
	assert_int_equal(symbol.binding, SYMBOL_LOCAL);
	assert_int_equal(symbol_table_next(table, &symbol), 0);
	assert_int_equal(symbol_table_next(table, &symbol), 0);
	buffer_release(&name);
	symbol_table_free(table);
	elf_file_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_narrow_table_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
