/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Abbreviations (DWARF 5, section 7.5.3): what entries of one code look like. Each is prepared for two uses: being
 * skipped, which is what happens to nearly all entries, and giving the few attributes that are asked for.
 */
#ifndef HEARTH_SYMBOLIZE_DWARF_ABBREV_H
#define HEARTH_SYMBOLIZE_DWARF_ABBREV_H

#include "base/u64_map.h"
#include "symbolize/dwarf_file.h"

/* Attributes that anybody here asks for. */
enum dwarf_wanted {
	WANTED_NAME,
	WANTED_LINKAGE_NAME,
	WANTED_LOW_PC,
	WANTED_HIGH_PC,
	WANTED_RANGES,
	WANTED_ORIGIN,
	WANTED_SPECIFICATION,
	WANTED_CALL_FILE,
	WANTED_CALL_LINE,
	WANTED_SIBLING,
	WANTED_STMT_LIST,
	WANTED_COMP_DIR,
	WANTED_LANGUAGE,
	WANTED_STR_OFFSETS_BASE,
	WANTED_ADDR_BASE,
	WANTED_RNGLISTS_BASE,
	WANTED_DWO_NAME,
	WANTED_DWO_ID,
	WANTED_RANGES_BASE,
	WANTED_COUNT,
	WANTED_NOT = WANTED_COUNT,
};

#define DWARF_SIZE_VARIES 0xff

struct dwarf_attribute {
	uint16_t form;
	uint8_t wanted;        /* enum dwarf_wanted */
	uint8_t size;          /* bytes, DWARF_SIZE_VARIES */
	uint8_t kind;          /* enum dwarf_kind */
	bool is_direct_number; /* its bytes are the number, and `kind` says of what */
	uint32_t
		fixed_bytes; /* of all attributes ahead of this one that directly precede it and have a fixed size */
	int64_t implicit; /* DW_FORM_implicit_const */
};

struct dwarf_abbrev {
	uint64_t code;
	uint16_t tag;
	bool has_children;
	bool has_sibling;
	bool has_pc; /* of its own: DW_AT_low_pc or DW_AT_ranges */
	bool is_fixed;
	uint32_t fixed_size; /* is_fixed: of all attributes together */
	uint32_t first;      /* in the table's attributes */
	uint32_t count;
};

struct dwarf_abbrevs {
	uint64_t offset;
	struct dwarf_format format;
	struct dwarf_abbrev *rows;
	size_t count, allocated;
	struct dwarf_attribute *attributes;
	size_t attribute_count, attribute_allocated;
	struct u64_map by_code; /* only of codes that are not their row's number + 1 */
};

/*
 * Reads the table at `offset`, for units of this format: 0, or -ENOMEM. A table that is malformed ends where it is;
 * entries with a code behind cannot be read.
 */
int dwarf_abbrevs_init(struct dwarf_abbrevs *abbrevs, struct dwarf_file *file, uint64_t offset,
		       const struct dwarf_format *format);

/* The same of one abbreviation alone, the one with this code; nothing behind it is looked at. */
int dwarf_abbrevs_init_one(struct dwarf_abbrevs *abbrevs, struct dwarf_file *file, uint64_t offset,
			   const struct dwarf_format *format, uint64_t code);
void dwarf_abbrevs_release(struct dwarf_abbrevs *abbrevs);

/* NULL: there is none with this code. */
const struct dwarf_abbrev *dwarf_abbrevs_find(const struct dwarf_abbrevs *abbrevs, uint64_t code);

/* Moves behind the attributes of an entry: false as dwarf_form_skip(). */
bool dwarf_abbrev_skip(const struct dwarf_abbrevs *abbrevs, const struct dwarf_abbrev *abbrev,
		       struct byte_reader *reader);

#define DWARF_WANT(wanted) (1u << (wanted))
#define DWARF_WANT_ALL     (DWARF_WANT(WANTED_COUNT) - 1)

/*
 * Reads those attributes of an entry that are in `mask` (DWARF_WANT); what it has not is DWARF_ABSENT, as are the others.
 * False as dwarf_form_read().
 */
bool dwarf_abbrev_read(const struct dwarf_file *file, const struct dwarf_abbrevs *abbrevs,
		       const struct dwarf_abbrev *abbrev, uint32_t mask, struct byte_reader *reader,
		       struct dwarf_value *ret_values);

#endif
