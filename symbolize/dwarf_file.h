/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DWARF of one ELF file (versions 2 to 5) as its dwarf_*.c read it: sections, a bound on work, and
 * the forms that attributes have.
 *
 * Every loop over the file's bytes pays for what it looks at out of one account, so that no file, however it
 * was made, costs more than a multiple of its size. What is not understood (unknown forms), or lies in a file that is
 * not at hand, is unknown, never guessed. Not thread-safe.
 */
#ifndef HEARTH_SYMBOLIZE_DWARF_FILE_H
#define HEARTH_SYMBOLIZE_DWARF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"

struct elf_file;
struct dwarf_unit;

enum dwarf_section {
	DWARF_INFO,
	DWARF_ABBREV,
	DWARF_ARANGES,
	DWARF_LINE,
	DWARF_STR,
	DWARF_LINE_STR,
	DWARF_STR_OFFSETS,
	DWARF_ADDR,
	DWARF_RANGES,
	DWARF_RNGLISTS,
	DWARF_SECTION_COUNT,
};

/* All of a file's sections of DWARF together, inflated; one alone is bound by ELF_FILE_MAX_SECTION_BYTES. */
#define DWARF_FILE_MAX_INFLATED (768u << 20)

/* Bytes looked at: so many times what the sections hold, and so many besides. */
#define DWARF_FILE_WORK_FACTOR 64
#define DWARF_FILE_WORK_LEAST  (4u << 20)

struct dwarf_code_range {
	uint64_t start;
	uint64_t end;
};

struct dwarf_file {
	struct bytes sections[DWARF_SECTION_COUNT]; /* empty: the file has none */
	struct bytes supplement_strings; /* .debug_str of the supplementary file (supplement.h) */
	struct dwarf_code_range *code;   /* the file's executable sections, ascending */
	size_t code_count;
	uint64_t work_left;
};

/*
 * Takes the sections of `elf`, which lives longer, those of lines only where they are asked for: 0; -ENOENT: no .debug_info; -EFBIG: a section, or all of
 * them, would inflate beyond the limit; -EBADMSG: one cannot be inflated or lies outside the file;
 * -EOPNOTSUPP: compressed in the GNU way of before 2015 (.zdebug_*); -ENOMEM.
 */
int dwarf_file_init(struct dwarf_file *file, struct elf_file *elf, bool without_lines);
void dwarf_file_release(struct dwarf_file *file);

/* Pays for `amount` bytes that are looked at. False: too much was asked of this file. */
static inline bool dwarf_file_pay(struct dwarf_file *file, uint64_t amount)
{
	if (amount > file->work_left) {
		file->work_left = 0;
		return false;
	}
	file->work_left -= amount;
	return true;
}

/*
 * Is this a range of code that is in the file? What a linker left out keeps its entries, with ranges at
 * address 0, 1 or the highest ones; in no executable section, or beyond its end, there is no function.
 */
bool dwarf_file_has_code(const struct dwarf_file *file, uint64_t start, uint64_t end);

/* --- forms (DWARF 5, section 7.5.6) --- */

/* What the size and place of a value depend on. */
struct dwarf_format {
	uint16_t version;
	uint8_t address_size; /* bytes: 4 or 8 */
	uint8_t offset_size;  /* bytes: 4, or 8 in the 64-bit format */
};

enum dwarf_kind {
	DWARF_ABSENT,
	DWARF_UNKNOWN, /* of a kind that nothing here asks for */
	DWARF_CONSTANT,
	DWARF_ADDRESS,
	DWARF_ADDRESS_INDEX, /* in .debug_addr */
	DWARF_STRING,
	DWARF_STRING_INDEX,      /* in .debug_str_offsets */
	DWARF_UNIT_OFFSET,       /* a reference from the start of the unit */
	DWARF_INFO_OFFSET,       /* a reference from the start of .debug_info */
	DWARF_SUPPLEMENT_OFFSET, /* the same in the supplementary file */
	DWARF_SECTION_OFFSET,
	DWARF_LIST_INDEX, /* in .debug_rnglists */
};

struct dwarf_value {
	enum dwarf_kind kind;
	uint64_t number;
	const char *string; /* DWARF_STRING */
};

/* The size of a form's values where it is always the same; false: it is not, or the form is unknown. */
bool dwarf_form_fixed_size(uint16_t form, const struct dwarf_format *format, uint32_t *ret_size);

/* What a form's values are; DWARF_UNKNOWN: the form is not known, or says which other one it is. */
enum dwarf_kind dwarf_form_kind(uint16_t form);

/*
 * Reads a value. False (the reader has failed, or the form is unknown): nothing behind it can be read. A
 * string that is not terminated, or lies outside, is DWARF_UNKNOWN.
 */
bool dwarf_form_read(const struct dwarf_file *file, const struct dwarf_format *format,
		     struct byte_reader *reader, uint16_t form, int64_t implicit,
		     struct dwarf_value *ret_value);

/* Moves behind a value: false as above. */
bool dwarf_form_skip(const struct dwarf_format *format, struct byte_reader *reader, uint16_t form);

/* An unsigned number of 1 to 8 bytes in this machine's order; a reader that has failed gives 0. */
uint64_t dwarf_read_number(struct byte_reader *reader, size_t size);

/*
 * The initial length of a header and the size of offsets behind it (section 7.4); false: it is not one, or leads
 * beyond the section.
 */
bool dwarf_read_length(struct byte_reader *reader, uint64_t *ret_length, uint8_t *ret_offset_size);

#endif
