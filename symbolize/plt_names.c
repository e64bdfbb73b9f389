/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/plt_names.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "elf/file_window.h"
#include "symbolize/ascending.h"
#include "symbolize/plt_entry_x86.h"
#include "symbolize/symbol_table.h"

/* A relocation that puts a symbol's address into a slot. */
struct slot {
	uint64_t address;
	uint32_t symbol; /* index in the dynamic symbols */
};

struct plt_names {
	const struct elf_file *file;
	const struct elf_section *symbols; /* .dynsym */
	struct symbol_table *names;        /* the same, to read names */
	const struct elf_section *lazy;    /* .rela.plt; NULL: none */
	struct buffer slots;               /* struct slot, ascending by address */
	uint64_t relocations, table_bytes; /* that were looked at */

	/* Where the next entry is: */
	size_t section;
	struct file_window window;
	uint64_t offset;
};

static void source_free(void *source)
{
	struct plt_names *plt = source;

	if (!plt)
		return;
	file_window_release(&plt->window);
	symbol_table_free(plt->names);
	buffer_release(&plt->slots);
	free(plt);
}

/* --- slots --- */

static bool is_in_file(const struct elf_file *file, const struct elf_section *section)
{
	uint64_t size = elf_file_size(file);

	return section->type != SHT_NOBITS && section->offset <= size &&
	       section->size <= size - section->offset && !(section->flags & SHF_COMPRESSED);
}

static bool fills_slot(const Elf64_Rela *relocation)
{
	uint32_t type = ELF64_R_TYPE(relocation->r_info);

	return (type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT) &&
	       ELF64_R_SYM(relocation->r_info);
}

/* 0, -ENOENT: no more, or a read error. */
static int read_relocation(struct file_window *window, uint64_t index, Elf64_Rela *ret_relocation)
{
	struct bytes bytes;
	int err = file_window_read(window, index * sizeof(Elf64_Rela), sizeof(Elf64_Rela), &bytes);

	if (err)
		return err;
	if (bytes.size < sizeof(*ret_relocation))
		return -ENOENT;
	memcpy(ret_relocation, bytes.data, sizeof(*ret_relocation));
	return 0;
}

static int read_slots(struct plt_names *plt, const struct elf_section *section)
{
	struct file_window window;
	Elf64_Rela relocation;
	int err = 0;

	file_window_init(&window, plt->file, section->offset, section->size);
	for (uint64_t i = 0; plt->relocations < PLT_NAMES_MAX_RELOCATIONS; i++) {
		plt->relocations++;
		err = read_relocation(&window, i, &relocation);
		if (err || plt->slots.size / sizeof(struct slot) >= PLT_NAMES_MAX_SLOTS)
			break;
		if (fills_slot(&relocation))
			buffer_append(&plt->slots,
				      &(struct slot){ relocation.r_offset,
						      ELF64_R_SYM(relocation.r_info) },
				      sizeof(struct slot));
	}
	file_window_release(&window);
	return err == -ENOENT ? 0 : err;
}

static int compare_slots(const void *left, const void *right)
{
	const struct slot *a = left, *b = right;

	if (a->address != b->address)
		return (a->address > b->address) - (a->address < b->address);
	return (a->symbol > b->symbol) - (a->symbol < b->symbol);
}

/* Relocations that the loader goes over, which refer to the dynamic symbols. */
static bool is_dynamic(const struct plt_names *plt, const struct elf_section *section)
{
	return section->type == SHT_RELA && section->flags & SHF_ALLOC &&
	       section->entry_size == sizeof(Elf64_Rela) && section->link == plt->symbols->index &&
	       is_in_file(plt->file, section);
}

static int load_slots(struct plt_names *plt)
{
	size_t count = elf_file_section_count(plt->file);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		const struct elf_section *section = elf_file_section(plt->file, i);

		if (!is_dynamic(plt, section))
			continue;
		if (!plt->lazy && !strcmp(section->name, ".rela.plt"))
			plt->lazy = section;
		err = read_slots(plt, section);
	}
	if (!err)
		err = buffer_error(&plt->slots);
	if (!err && plt->slots.size)
		qsort(plt->slots.data, plt->slots.size / sizeof(struct slot), sizeof(struct slot),
		      compare_slots);
	return err;
}

/* The symbol in that slot, 0: none; or two, which a linker does not do. */
static uint32_t symbol_in_slot(const struct plt_names *plt, uint64_t address)
{
	const struct slot *slots = (const struct slot *)plt->slots.data;
	size_t low = 0, count = plt->slots.size / sizeof(*slots), high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slots[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || slots[low].address != address)
		return 0;
	if (low + 1 < count && slots[low + 1].address == address &&
	    slots[low + 1].symbol != slots[low].symbol)
		return 0;
	return slots[low].symbol;
}

/* The symbol of the relocation with that number; 0: none. */
static uint32_t symbol_of_lazy(const struct plt_names *plt, uint64_t index)
{
	Elf64_Rela relocation;
	size_t got;

	if (!plt->lazy || index >= plt->lazy->size / sizeof(relocation) ||
	    elf_file_read(plt->file, plt->lazy->offset + index * sizeof(relocation), &relocation,
			  sizeof(relocation), &got) ||
	    got < sizeof(relocation) || !fills_slot(&relocation))
		return 0;
	return ELF64_R_SYM(relocation.r_info);
}

/* Where a symbol's name stands; 0: it has none. */
static uint32_t name_of(const struct plt_names *plt, uint32_t index)
{
	Elf64_Sym symbol;
	size_t got;

	if (!index || index >= plt->symbols->size / sizeof(symbol) ||
	    elf_file_read(plt->file, plt->symbols->offset + index * sizeof(symbol), &symbol,
			  sizeof(symbol), &got) ||
	    got < sizeof(symbol))
		return 0;
	return symbol.st_name;
}

/* --- entries --- */

static bool is_table(const struct elf_file *file, const struct elf_section *section)
{
	return section->flags & SHF_EXECINSTR &&
	       (!strcmp(section->name, ".plt") || !strncmp(section->name, ".plt.", 5)) &&
	       is_in_file(file, section) && section->size <= UINT64_MAX - section->address;
}

/* The section says how large its entries are; lld's does not. */
static uint64_t entry_size(const struct elf_section *section)
{
	return section->entry_size == 8 ? 8 : PLT_ENTRY_X86_BYTES;
}

/* Opens the next section that is a table, behind those that are done. */
static const struct elf_section *next_table(struct plt_names *plt)
{
	const struct elf_section *section;

	while ((section = elf_file_section(plt->file, ++plt->section))) {
		if (!is_table(plt->file, section) ||
		    section->size > PLT_NAMES_MAX_BYTES - plt->table_bytes)
			continue;
		plt->table_bytes += section->size;
		file_window_release(&plt->window);
		file_window_init(&plt->window, plt->file, section->offset, section->size);
		plt->offset = 0;
		return section;
	}
	return NULL;
}

static uint32_t name_of_entry(const struct plt_names *plt, struct bytes bytes, uint64_t address)
{
	struct plt_entry entry = plt_entry_x86_parse(bytes, address);

	switch (entry.kind) {
	case PLT_ENTRY_SLOT:
		return name_of(plt, symbol_in_slot(plt, entry.value));
	case PLT_ENTRY_INDEX:
		return name_of(plt, symbol_of_lazy(plt, entry.value));
	case PLT_ENTRY_NONE:
		break;
	}
	return 0;
}

static int source_next(void *source, struct function_symbol *ret_symbol)
{
	struct plt_names *plt = source;
	const struct elf_section *section = elf_file_section(plt->file, plt->section);

	for (;;) {
		uint64_t size, start;
		struct bytes bytes;
		uint32_t name;
		int err;

		if (!plt->section || !section || plt->offset >= section->size)
			section = next_table(plt);
		if (!section)
			return 0;
		size = entry_size(section);
		start = section->address + plt->offset;
		err = file_window_read(&plt->window, plt->offset, size, &bytes);
		if (err)
			return err;
		plt->offset += size;
		name = bytes.size == size ? name_of_entry(plt, bytes, start) : 0;
		if (!name)
			continue;
		*ret_symbol = (struct function_symbol){
			.start = start,
			.end = start + size,
			.section_end = start + size,
			.name = name,
			.binding = SYMBOL_LOCAL,
		};
		return 1;
	}
}

static int source_name(void *source, uint32_t name, struct buffer *to)
{
	const struct plt_names *plt = source;
	int err = symbol_table_name(plt->names, name, to);

	if (err)
		return err;
	buffer_append_string(to, PLT_NAMES_SUFFIX);
	return buffer_error(to);
}

/* --- opening --- */

static const struct elf_section *dynamic_symbols(const struct elf_file *file)
{
	for (size_t i = 0; i < elf_file_section_count(file); i++) {
		const struct elf_section *section = elf_file_section(file, i);

		if (section->type == SHT_DYNSYM && is_in_file(file, section))
			return section;
	}
	return NULL;
}

static int load(struct plt_names *plt)
{
	int err = symbol_table_new(plt->file, plt->symbols, &plt->names);

	if (err)
		return err == -EINVAL ? -ENOENT : err;
	return load_slots(plt);
}

bool plt_names_concern(const struct elf_file *file, const uint64_t *addresses, size_t count)
{
	for (size_t i = 0; i < elf_file_section_count(file); i++) {
		const struct elf_section *section = elf_file_section(file, i);
		size_t first = ascending_first_from(addresses, count, section->address);

		if (first < count && addresses[first] - section->address < section->size &&
		    is_table(file, section))
			return true;
	}
	return false;
}

int plt_names_open(struct elf_file *file, struct function_source *ret_source)
{
	static const struct function_source_ops ops = {
		.next = source_next,
		.name = source_name,
		.free = source_free,
	};
	const struct elf_section *symbols = dynamic_symbols(file);
	struct plt_names *plt;
	int err;

	if (elf_file_machine(file) != EM_X86_64 || !elf_file_is_64(file) || !symbols)
		return -ENOENT;
	plt = calloc(1, sizeof(*plt));
	if (!plt)
		return -ENOMEM;
	plt->file = file;
	plt->symbols = symbols;
	err = load(plt);
	if (err) {
		source_free(plt);
		return err;
	}
	*ret_source = (struct function_source){ .ops = &ops, .source = plt };
	return 0;
}
