/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small assembler of call frame information, so that a test can have any case that a compiler would not
 * make, and the file around it: one executable segment of TEXT_BYTES at TEXT_ADDRESS, which lies elsewhere in
 * the file. By default entries are those of GCC in .eh_frame: augmentation "zR", addresses relative to the
 * PC in four bytes, at a function's start CFA = rsp + 8. x86-64.
 */
#ifndef HEARTH_TESTS_CFI_BUILDER_H
#define HEARTH_TESTS_CFI_BUILDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dwarf.h>

#include "tests/unit/elf_builder.h"
#include "unwind/cfi_reason.h"
#include "unwind/row_compiler.h"
#include "unwind/row_table.h"

#define TEXT_ADDRESS     0x401000
#define TEXT_BYTES       0x20000
#define EH_FRAME_ADDRESS 0x500000

#define RBX 3
#define RSP 7
#define RBP 6
#define RIP 16

struct cfi_builder {
	struct buffer bytes;
	bool is_debug; /* .debug_frame: other CIE pointers, absolute addresses */
	bool is_64;    /* lengths of 64 bits */
	uint8_t encoding;
	size_t entry; /* where the entry's length is */
	size_t cie;   /* of the next FDE */
	bool is_augmented;
};

static inline void cfi_builder_init(struct cfi_builder *cfi, bool is_debug)
{
	*cfi = (struct cfi_builder){ .is_debug = is_debug, .encoding = is_debug ? 0x00 : 0x1b };
}

static inline void cfi_u8(struct cfi_builder *cfi, uint8_t value)
{
	buffer_append(&cfi->bytes, &value, sizeof(value));
}

static inline void cfi_u32(struct cfi_builder *cfi, uint32_t value)
{
	buffer_append(&cfi->bytes, &value, sizeof(value));
}

static inline void cfi_u64(struct cfi_builder *cfi, uint64_t value)
{
	buffer_append(&cfi->bytes, &value, sizeof(value));
}

static inline void cfi_uleb(struct cfi_builder *cfi, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		cfi_u8(cfi, value | 0x80);
	cfi_u8(cfi, value);
}

static inline void cfi_sleb(struct cfi_builder *cfi, int64_t value)
{
	for (; value > 0x3f || value < -0x40; value >>= 7)
		cfi_u8(cfi, (uint8_t)(value | 0x80));
	cfi_u8(cfi, value & 0x7f);
}

/* Instructions, byte by byte: CFI(&cfi, DW_CFA_advance_loc + 1, DW_CFA_def_cfa_offset, 16). */
#define CFI(cfi, ...)                                                  \
	buffer_append(&(cfi)->bytes, (const uint8_t[]){ __VA_ARGS__ }, \
		      sizeof((const uint8_t[]){ __VA_ARGS__ }))

static inline void cfi_width(struct cfi_builder *cfi, uint64_t value, bool is_wide)
{
	if (is_wide)
		cfi_u64(cfi, value);
	else
		cfi_u32(cfi, value);
}

static inline void cfi_begin_entry(struct cfi_builder *cfi, uint64_t cie_pointer)
{
	cfi->entry = cfi->bytes.size;
	if (cfi->is_64)
		cfi_u32(cfi, 0xffffffff);
	cfi_width(cfi, 0, cfi->is_64);
	cfi_width(cfi, cie_pointer, cfi->is_64 && cfi->is_debug);
}

/* Pads with DW_CFA_nop and sets the length. */
static inline void cfi_end(struct cfi_builder *cfi)
{
	size_t length_at = cfi->entry + (cfi->is_64 ? 4 : 0), width = cfi->is_64 ? 8 : 4;
	uint64_t length;

	while (cfi->bytes.size % 8)
		cfi_u8(cfi, DW_CFA_nop);
	length = cfi->bytes.size - length_at - width;
	memcpy(cfi->bytes.data + length_at, &length, width);
}

/* Up to the augmentation's data, which follows if there is a z. */
static inline void cfi_begin_cie_version(struct cfi_builder *cfi, uint8_t version,
					 const char *augmentation)
{
	cfi->cie = cfi->bytes.size;
	cfi_begin_entry(cfi, !cfi->is_debug ? 0 : cfi->is_64 ? UINT64_MAX : UINT32_MAX);
	cfi_u8(cfi, version);
	buffer_append(&cfi->bytes, augmentation, strlen(augmentation) + 1);
	if (version == 4)
		CFI(cfi, 8, 0);
	if (!strcmp(augmentation, "eh"))
		cfi_u64(cfi, 0x1234);
	cfi_uleb(cfi, 1);
	cfi_sleb(cfi, -8);
	cfi_uleb(cfi, RIP);
	cfi->is_augmented = *augmentation == 'z';
}

static inline void cfi_initial(struct cfi_builder *cfi)
{
	CFI(cfi, DW_CFA_def_cfa, RSP, 8, DW_CFA_offset + RIP, 1);
}

static inline void cfi_cie(struct cfi_builder *cfi)
{
	cfi_begin_cie_version(cfi, 1, cfi->is_debug ? "" : "zR");
	if (!cfi->is_debug)
		CFI(cfi, 1, cfi->encoding);
	cfi_initial(cfi);
	cfi_end(cfi);
}

/* `start` is an offset from TEXT_ADDRESS; the encodings that GCC writes. */
static inline void cfi_begin_fde(struct cfi_builder *cfi, uint64_t start, uint64_t size)
{
	uint64_t pointer = cfi->cie, address = TEXT_ADDRESS + start;
	bool is_wide = cfi->encoding == 0x00;

	if (!cfi->is_debug)
		pointer = cfi->bytes.size + (cfi->is_64 ? 12 : 4) - cfi->cie;
	cfi_begin_entry(cfi, pointer);
	if (cfi->encoding == 0x1b)
		address -= EH_FRAME_ADDRESS + cfi->bytes.size;
	cfi_width(cfi, address, is_wide);
	cfi_width(cfi, size, is_wide);
	if (cfi->is_augmented)
		cfi_u8(cfi, 0);
}

/* A function of which nothing is told beyond the CIE. */
static inline void cfi_fde(struct cfi_builder *cfi, uint64_t start, uint64_t size)
{
	cfi_begin_fde(cfi, start, size);
	cfi_end(cfi);
}

/* --- the file around it --- */

struct cfi_file {
	struct elf_builder elf;
	uint64_t text_offset;
	int fd;
	struct buffer bytes;
	struct row_table table;
};

/* `text`: its first bytes; may be NULL. */
static inline void cfi_file_init(struct cfi_file *file, const void *text, size_t size)
{
	static const uint8_t zeros[TEXT_BYTES];
	Elf64_Shdr *section;

	*file = (struct cfi_file){ .fd = -1 };
	elf_builder_init(&file->elf, ET_DYN, EM_X86_64);
	section = elf_builder_section(&file->elf, ".text", SHT_PROGBITS, text ? text : zeros,
				      text ? size : 0);
	buffer_append(&file->elf.content, zeros, TEXT_BYTES - (text ? size : 0));
	section->sh_size = TEXT_BYTES;
	section->sh_addr = TEXT_ADDRESS;
	section->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	file->text_offset = section->sh_offset;
	elf_builder_load(&file->elf, section->sh_offset, TEXT_ADDRESS, TEXT_BYTES, PF_R | PF_X);
}

static inline Elf64_Shdr *cfi_file_section(struct cfi_file *file, const char *name,
					   struct cfi_builder *cfi)
{
	Elf64_Shdr *section = elf_builder_section(&file->elf, name, SHT_PROGBITS, cfi->bytes.data,
						  cfi->bytes.size);

	if (!cfi->is_debug) {
		section->sh_addr = EH_FRAME_ADDRESS;
		section->sh_flags = SHF_ALLOC;
		elf_builder_load(&file->elf, section->sh_offset, EH_FRAME_ADDRESS, cfi->bytes.size,
				 PF_R);
	}
	buffer_release(&cfi->bytes);
	return section;
}

/* Writes the file and compiles it. */
static inline int cfi_file_compile(struct cfi_file *file, int debug_fd)
{
	int err;

	file->fd = elf_builder_fd(&file->elf);
	err = row_compiler_compile(file->fd, debug_fd, &file->bytes);
	if (err)
		return err;
	return row_table_open((struct bytes){ (uint8_t *)file->bytes.data, file->bytes.size },
			      &file->table);
}

static inline void cfi_file_release(struct cfi_file *file)
{
	buffer_release(&file->bytes);
	close(file->fd);
}

/* Everything at once, for one section. */
static inline void cfi_file_make(struct cfi_file *file, struct cfi_builder *cfi)
{
	cfi_file_init(file, NULL, 0);
	cfi_file_section(file, cfi->is_debug ? ".debug_frame" : ".eh_frame", cfi);
	assert_int_equal(cfi_file_compile(file, -1), 0);
}

/* --- what comes out --- */

/* The rule at an offset from TEXT_ADDRESS. */
static inline const struct unwind_rule *rule_at(const struct cfi_file *file, uint64_t offset)
{
	return row_table_find(&file->table, file->text_offset + offset);
}

static inline void assert_rule(const struct cfi_file *file, uint64_t offset,
			       struct unwind_rule expected)
{
	assert_memory_equal(rule_at(file, offset), &expected, sizeof(expected));
}

/* CFA = sp + offset, nothing else saved. */
static inline void assert_sp(const struct cfi_file *file, uint64_t offset, int32_t cfa_offset)
{
	assert_rule(file, offset,
		    (struct unwind_rule){ .cfa = UNWIND_CFA_SP, .cfa_offset = cfa_offset });
}

static inline void assert_no_cfi(const struct cfi_file *file, uint64_t offset)
{
	assert_rule(file, offset, (struct unwind_rule){ .cfa = UNWIND_NO_CFI });
}

static inline void assert_reason(const struct cfi_file *file, uint64_t offset,
				 enum cfi_reason reason)
{
	assert_rule(file, offset,
		    (struct unwind_rule){ .cfa = UNWIND_NOT_EXPRESSIBLE, .detail = reason });
	assert_true(file->table.header->reasons[reason] > 0);
}

/* --- the plainest of all --- */

/* One function of 0x100 bytes at 0x100. */
static inline void one_function(struct cfi_builder *cfi, bool is_debug)
{
	cfi_builder_init(cfi, is_debug);
	cfi_cie(cfi);
	cfi_fde(cfi, 0x100, 0x100);
}

static inline void assert_one_function(const struct cfi_file *file)
{
	assert_no_cfi(file, 0xff);
	assert_sp(file, 0x100, 8);
	assert_sp(file, 0x1ff, 8);
	assert_no_cfi(file, 0x200);
}

#endif
