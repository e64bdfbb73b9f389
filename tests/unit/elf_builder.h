/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small ELF files made by hand, so that a test can have any case that a compiler would not make. Sections
 * are given their place in the file one after the other; nothing is checked. 64-bit, little-endian.
 */
#ifndef HEARTH_TESTS_ELF_BUILDER_H
#define HEARTH_TESTS_ELF_BUILDER_H

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/byte_reader.h"

#define BUILDER_MAX 32

struct elf_builder {
	Elf64_Ehdr header;
	Elf64_Shdr sections[BUILDER_MAX];
	Elf64_Phdr segments[BUILDER_MAX];
	size_t section_count;
	size_t segment_count;
	struct buffer content; /* behind the header */
	struct buffer section_names;
	struct buffer symbols;
	struct buffer symbol_names;
};

static inline void elf_builder_init(struct elf_builder *builder, uint16_t type, uint16_t machine)
{
	*builder = (struct elf_builder){
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = type,
			.e_machine = machine,
			.e_version = EV_CURRENT,
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_shentsize = sizeof(Elf64_Shdr),
		},
		.section_count = 1,
	};
	buffer_append(&builder->section_names, "", 1);
	buffer_append(&builder->symbol_names, "", 1);
	buffer_append(&builder->symbols, &(Elf64_Sym){ 0 }, sizeof(Elf64_Sym));
}

static inline void elf_builder_release(struct elf_builder *builder)
{
	buffer_release(&builder->content);
	buffer_release(&builder->section_names);
	buffer_release(&builder->symbols);
	buffer_release(&builder->symbol_names);
}

/* Adds a section and gives its header, for what the test wants otherwise. */
static inline Elf64_Shdr *elf_builder_section(struct elf_builder *builder, const char *name,
					      uint32_t type, const void *bytes, size_t size)
{
	Elf64_Shdr *section = &builder->sections[builder->section_count++];

	while (builder->content.size % 8)
		buffer_append_char(&builder->content, 0);
	*section = (Elf64_Shdr){
		.sh_name = builder->section_names.size,
		.sh_type = type,
		.sh_offset = sizeof(Elf64_Ehdr) + builder->content.size,
		.sh_size = size,
		.sh_addralign = 1,
	};
	buffer_append(&builder->section_names, name, strlen(name) + 1);
	if (bytes)
		buffer_append(&builder->content, bytes, size);
	return section;
}

/* An executable section with addresses, as debug files have it: without bytes. Gives its index. */
static inline uint16_t elf_builder_code(struct elf_builder *builder, uint64_t address,
					uint64_t size)
{
	Elf64_Shdr *section = elf_builder_section(builder, ".text", SHT_NOBITS, NULL, size);

	section->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	section->sh_addr = address;
	return builder->section_count - 1;
}

static inline void elf_builder_segment(struct elf_builder *builder, Elf64_Phdr segment)
{
	builder->segments[builder->segment_count++] = segment;
}

/* A PT_LOAD that holds code, with the same size in the file and in memory. */
static inline void elf_builder_load(struct elf_builder *builder, uint64_t offset, uint64_t address,
				    uint64_t size, uint32_t flags)
{
	elf_builder_segment(builder, (Elf64_Phdr){ .p_type = PT_LOAD,
						   .p_flags = flags,
						   .p_offset = offset,
						   .p_vaddr = address,
						   .p_filesz = size,
						   .p_memsz = size,
						   .p_align = 1 });
}

static inline void elf_builder_symbol(struct elf_builder *builder, const char *name, uint64_t value,
				      uint64_t size, uint8_t binding, uint8_t type,
				      uint16_t section)
{
	Elf64_Sym symbol = {
		.st_name = builder->symbol_names.size,
		.st_info = ELF64_ST_INFO(binding, type),
		.st_shndx = section,
		.st_value = value,
		.st_size = size,
	};

	buffer_append(&builder->symbol_names, name, strlen(name) + 1);
	buffer_append(&builder->symbols, &symbol, sizeof(symbol));
}

/* Writes the symbols added so far as a table, and starts the next one. */
static inline void elf_builder_symbols(struct elf_builder *builder, uint32_t type)
{
	Elf64_Shdr *table = elf_builder_section(builder, type == SHT_SYMTAB ? ".symtab" : ".dynsym",
						type, builder->symbols.data, builder->symbols.size);

	table->sh_entsize = sizeof(Elf64_Sym);
	table->sh_link = builder->section_count;
	elf_builder_section(builder, type == SHT_SYMTAB ? ".strtab" : ".dynstr", SHT_STRTAB,
			    builder->symbol_names.data, builder->symbol_names.size);
	builder->symbols.size = sizeof(Elf64_Sym);
	builder->symbol_names.size = 1;
}

static inline void elf_builder_build_id(struct elf_builder *builder, const char *id, size_t size)
{
	struct buffer note = { 0 };
	const uint32_t header[] = { 4, size, NT_GNU_BUILD_ID };

	buffer_append(&note, header, sizeof(header));
	buffer_append(&note, "GNU", 4);
	buffer_append(&note, id, size);
	elf_builder_section(builder, ".note.gnu.build-id", SHT_NOTE, note.data, note.size);
	buffer_release(&note);
}

static inline void elf_builder_debuglink(struct elf_builder *builder, const char *name,
					 uint32_t crc)
{
	struct buffer link = { 0 };

	buffer_append(&link, name, strlen(name) + 1);
	while (link.size % 4)
		buffer_append_char(&link, 0);
	buffer_append(&link, &crc, sizeof(crc));
	elf_builder_section(builder, ".gnu_debuglink", SHT_PROGBITS, link.data, link.size);
	buffer_release(&link);
}

/* The file's bytes, to be released by the caller. */
static inline struct buffer elf_builder_bytes(struct elf_builder *builder)
{
	struct buffer file = { 0 };

	elf_builder_section(builder, ".shstrtab", SHT_STRTAB, NULL, 0);
	builder->sections[builder->section_count - 1].sh_size = builder->section_names.size;
	buffer_append(&builder->content, builder->section_names.data, builder->section_names.size);
	builder->header.e_shstrndx = builder->section_count - 1;
	builder->header.e_shnum = builder->section_count;
	builder->header.e_shoff = sizeof(Elf64_Ehdr) + builder->content.size;
	builder->header.e_phnum = builder->segment_count;
	builder->header.e_phoff =
		builder->header.e_shoff + builder->section_count * sizeof(Elf64_Shdr);
	buffer_append(&file, &builder->header, sizeof(builder->header));
	buffer_append(&file, builder->content.data, builder->content.size);
	buffer_append(&file, builder->sections, builder->section_count * sizeof(Elf64_Shdr));
	buffer_append(&file, builder->segments, builder->segment_count * sizeof(Elf64_Phdr));
	return file;
}

/* A nameless file with these bytes. */
static inline int elf_builder_fd_of(const void *bytes, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	return pwrite(fd, bytes, size, 0) == (ssize_t)size ? fd : -1;
}

/* Ends the building: the file as a descriptor. */
static inline int elf_builder_fd(struct elf_builder *builder)
{
	struct buffer file = elf_builder_bytes(builder);
	int fd = elf_builder_fd_of(file.data, file.size);

	buffer_release(&file);
	elf_builder_release(builder);
	return fd;
}

#endif
