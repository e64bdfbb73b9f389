/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/symbol_table.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/cleanup.h"

#define CHUNK_BYTES (64u << 10)

/* Most names end within this; a longer one is read in further pieces of the same size. */
#define NAME_PIECE_BYTES 256

struct symbol_table {
	const struct elf_file *file;
	const struct elf_section *names;
	uint64_t offset; /* of the next chunk */
	uint64_t left;   /* bytes of the table behind it */
	uint8_t *chunk;
	struct byte_reader reader; /* over the chunk */
};

static size_t symbol_size(const struct elf_file *file)
{
	return elf_file_is_64(file) ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

int symbol_table_new(const struct elf_file *file, const struct elf_section *section,
		     struct symbol_table **ret_table)
{
	const struct elf_section *names = elf_file_section(file, section->link);
	struct symbol_table *table;
	uint64_t limit = (uint64_t)SYMBOL_TABLE_MAX_SYMBOLS * symbol_size(file);

	if (section->entry_size != symbol_size(file) || section->flags & SHF_COMPRESSED)
		return -EINVAL;
	if (!names || names->type != SHT_STRTAB || names->size > UINT64_MAX - names->offset)
		return -EINVAL;
	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	table->file = file;
	table->names = names;
	table->offset = section->offset;
	table->left = section->size < limit ? section->size : limit;
	table->chunk = malloc(CHUNK_BYTES);
	if (!table->chunk) {
		symbol_table_free(table);
		return -ENOMEM;
	}
	*ret_table = table;
	return 0;
}

void symbol_table_free(struct symbol_table *table)
{
	if (!table)
		return;
	free(table->chunk);
	free(table);
}

/* Whole symbols only, so that none is split between chunks. 1, 0 at the end, or a read error. */
static int next_chunk(struct symbol_table *table)
{
	size_t size = CHUNK_BYTES - CHUNK_BYTES % symbol_size(table->file);
	size_t got;
	int err;

	if (size > table->left)
		size = table->left;
	err = elf_file_read(table->file, table->offset, table->chunk, size, &got);
	if (err)
		return err;
	if (got < symbol_size(table->file))
		return 0;
	table->offset += got;
	table->left -= got;
	byte_reader_init(&table->reader, (struct bytes){ table->chunk, got });
	return 1;
}

/* 1, 0 at the end, or a read error. */
static int next_symbol(struct symbol_table *table, Elf64_Sym *ret_symbol)
{
	size_t left = table->reader.bytes.size - table->reader.offset;
	Elf32_Sym narrow;
	int more;

	if (left < symbol_size(table->file)) {
		more = next_chunk(table);
		if (more <= 0)
			return more;
	}
	if (elf_file_is_64(table->file)) {
		byte_reader_copy(&table->reader, ret_symbol, sizeof(*ret_symbol));
		return 1;
	}
	byte_reader_copy(&table->reader, &narrow, sizeof(narrow));
	*ret_symbol = (Elf64_Sym){
		.st_name = narrow.st_name,
		.st_info = narrow.st_info,
		.st_shndx = narrow.st_shndx,
		.st_value = narrow.st_value,
		.st_size = narrow.st_size,
	};
	return 1;
}

static enum symbol_binding binding_of(const Elf64_Sym *symbol)
{
	switch (ELF64_ST_BIND(symbol->st_info)) {
	case STB_GLOBAL:
	case STB_GNU_UNIQUE:
		return SYMBOL_GLOBAL;
	case STB_WEAK:
		return SYMBOL_WEAK;
	default:
		return SYMBOL_LOCAL;
	}
}

/*
 * ARM, AArch64 and RISC-V mark changes between code and data with local symbols without type ($x, $d:
 * ELF for the Arm 64-bit Architecture, section 5.7), which would end the function that they lie in.
 */
static bool has_mapping_symbols(const struct elf_file *file)
{
	return elf_file_machine(file) != EM_X86_64 && elf_file_machine(file) != EM_386;
}

static bool can_be_function(const struct elf_file *file, const Elf64_Sym *symbol)
{
	switch (ELF64_ST_TYPE(symbol->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return true;
	case STT_NOTYPE:
		return binding_of(symbol) != SYMBOL_LOCAL || !has_mapping_symbols(file) ||
		       symbol->st_value == elf_file_entry(file);
	default:
		return false;
	}
}

static const struct elf_section *code_section(const struct elf_file *file, const Elf64_Sym *symbol)
{
	const struct elf_section *section = elf_file_section(file, symbol->st_shndx);

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= SHN_LORESERVE)
		return NULL;
	if (!section || !(section->flags & SHF_EXECINSTR))
		return NULL;
	if (section->size > UINT64_MAX - section->address)
		return NULL;
	return section;
}

/* On ARM bit 0 of a function's address says Thumb (ELF for the Arm Architecture, section 5.5.3). */
static uint64_t start_of(const struct elf_file *file, const Elf64_Sym *symbol)
{
	if (elf_file_machine(file) == EM_ARM && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC)
		return symbol->st_value & ~(uint64_t)1;
	return symbol->st_value;
}

static bool to_function(const struct symbol_table *table, const Elf64_Sym *symbol,
			struct function_symbol *ret_symbol)
{
	const struct elf_section *section;
	uint64_t start, end;

	if (!symbol->st_name || symbol->st_name >= table->names->size ||
	    !can_be_function(table->file, symbol))
		return false;
	section = code_section(table->file, symbol);
	if (!section)
		return false;
	start = start_of(table->file, symbol);
	end = section->address + section->size;
	/* One at the very end covers nothing, but it ends what lies before it (`etext`). */
	if (start < section->address || start > end)
		return false;
	*ret_symbol = (struct function_symbol){
		.start = start,
		.end = symbol->st_size < end - start ? start + symbol->st_size : end,
		.section_end = end,
		.name = symbol->st_name,
		.binding = binding_of(symbol),
	};
	return true;
}

int symbol_table_next(struct symbol_table *table, struct function_symbol *ret_symbol)
{
	Elf64_Sym symbol;
	int more;

	do {
		more = next_symbol(table, &symbol);
	} while (more > 0 && !to_function(table, &symbol, ret_symbol));
	return more;
}

/* The version follows an "@", and something to be of that version is ahead of it: "@x" and NASM's "..@6.x" are names. */
static void cut_version(struct buffer *name)
{
	size_t own = 0;
	const char *at;

	while (own < name->size && (name->data[own] == '.' || name->data[own] == '@'))
		own++;
	at = own < name->size ? memchr(name->data + own, '@', name->size - own) : NULL;
	if (at)
		name->size = at - name->data;
}

int symbol_table_name(const struct symbol_table *table, uint32_t name, struct buffer *to)
{
	uint64_t offset = table->names->offset + name;
	const uint64_t names_end = table->names->offset + table->names->size;

	buffer_clear(to);
	while (offset < names_end && to->size < SYMBOL_TABLE_MAX_NAME) {
		char piece[NAME_PIECE_BYTES];
		uint64_t left = names_end - offset;
		size_t size = left < sizeof(piece) ? left : sizeof(piece);
		const char *end;
		int err = elf_file_read(table->file, offset, piece, size, &size);

		if (err)
			return err;
		if (!size)
			return -ENOENT;
		end = memchr(piece, '\0', size);
		buffer_append(to, piece, end ? (size_t)(end - piece) : size);
		if (buffer_error(to))
			return -ENOMEM;
		if (end) {
			cut_version(to);
			return to->size ? 0 : -ENOENT;
		}
		offset += size;
	}
	return -ENOENT;
}

/* --- as a source --- */

static int source_next(void *source, struct function_symbol *ret_symbol)
{
	return symbol_table_next(source, ret_symbol);
}

static int source_name(void *source, uint32_t name, struct buffer *to)
{
	return symbol_table_name(source, name, to);
}

static void source_free(void *source)
{
	symbol_table_free(source);
}

struct function_source symbol_table_source(struct symbol_table *table)
{
	static const struct function_source_ops ops = {
		.next = source_next,
		.name = source_name,
		.free = source_free,
	};

	return (struct function_source){ .ops = &ops, .source = table };
}
