/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The units of .debug_info: their headers, what the root entry of each says, and its entries.
 *
 * Of each unit the header and the root entry are read once (a few bytes, but of all units together many pages, and
 * their abbreviations up to the root's): of all, or of those that are known to be needed, until a reference leads into
 * another. Abbreviations are read of those units whose entries are looked at, and a few tables are kept. Pointers to
 * units stay good.
 */
#ifndef HEARTH_SYMBOLIZE_DWARF_UNIT_H
#define HEARTH_SYMBOLIZE_DWARF_UNIT_H

#include "base/arena.h"
#include "symbolize/dwarf_abbrev.h"

/* Units beyond these are not read. (Chromium has some 30,000.) */
#define DWARF_MAX_UNITS (1u << 20)

/* Tables of abbreviations that are kept at a time. */
#define DWARF_UNITS_KEPT_ABBREVS 32

#define DWARF_NO_OFFSET UINT64_MAX

struct dwarf_unit {
	uint64_t offset;  /* of the header; all of these in .debug_info */
	uint64_t entries; /* of the root entry */
	uint64_t end;
	uint64_t abbrev_offset;
	struct dwarf_format format;
	uint32_t language;    /* DW_LANG_*, 0: not told */
	uint64_t line;        /* of the line program, DWARF_NO_OFFSET: none */
	uint64_t low_pc;      /* 0: none */
	const char *comp_dir; /* NULL: none */
	uint64_t str_offsets_base, addr_base, rnglists_base;
	uint64_t ranges_base; /* of DWARF 4: what is added to offsets of lists */
	struct dwarf_value root_low, root_high, root_ranges;

	/* Of a skeleton, and of what it is the skeleton of: dwarf_split.h. */
	struct {
		const char *name; /* of the file with the entries; NULL: they are here */
		uint64_t id;
		uint64_t ranges_base; /* of those entries */
		bool has_id;
	} split;
};

struct dwarf_units {
	struct dwarf_file *file;
	struct dwarf_unit **units; /* by offset */
	size_t count, allocated;
	bool has_all;
	struct arena memory; /* of the units */
	struct dwarf_abbrevs kept[DWARF_UNITS_KEPT_ABBREVS];
	bool is_kept[DWARF_UNITS_KEPT_ABBREVS];
	size_t next_kept;
};

/* An entry, with the attributes that are asked for. */
struct dwarf_entry {
	const struct dwarf_unit *unit;
	uint64_t offset;
	uint16_t tag;
	struct dwarf_value values[WANTED_COUNT];
};

/* Reads none; `file` lives longer. */
void dwarf_units_init(struct dwarf_units *units, struct dwarf_file *file);
void dwarf_units_release(struct dwarf_units *units);

/* Reads the unit whose header is at `offset`, which is higher than those of all that were read: 0, -ENOENT: none is there; -ENOMEM. */
int dwarf_units_read_one(struct dwarf_units *units, uint64_t offset);

/* Reads all that were not read. Behind a malformed header there are no units. 0, or -ENOMEM. */
int dwarf_units_read_all(struct dwarf_units *units);

/* The unit that holds this offset: 0, -ENOENT: there is none, or -ENOMEM. */
int dwarf_units_find(struct dwarf_units *units, uint64_t offset,
		     const struct dwarf_unit **ret_unit);

/* Its abbreviations, good until DWARF_UNITS_KEPT_ABBREVS other tables were asked for: 0, or -ENOMEM. */
int dwarf_units_abbrevs(struct dwarf_units *units, const struct dwarf_unit *unit,
			const struct dwarf_abbrevs **ret_abbrevs);

/* The entry at this offset: 0, -ENOENT: none can be read there, or -ENOMEM. */
int dwarf_units_entry(struct dwarf_units *units, uint64_t offset, struct dwarf_entry *ret_entry);

/* --- values, which depend on the unit --- */

/* False: it is none, or its table does not have it. */
bool dwarf_unit_address(const struct dwarf_file *file, const struct dwarf_unit *unit,
			const struct dwarf_value *value, uint64_t *ret_address);

/* NULL: none. Lives as long as the ELF file. */
const char *dwarf_unit_string(const struct dwarf_file *file, const struct dwarf_unit *unit,
			      const struct dwarf_value *value);

/* What a reference leads to, in .debug_info: DWARF_NO_OFFSET: nowhere, or into another file
 * (DWARF_SUPPLEMENT_OFFSET). */
uint64_t dwarf_unit_reference(const struct dwarf_unit *unit, const struct dwarf_value *value);

/* --- ranges of addresses (sections 2.17.3, 7.25 and 7.28; DWARF 4's 2.17.3) --- */

struct dwarf_ranges {
	struct dwarf_file *file;
	const struct dwarf_unit *unit;
	struct byte_reader reader; /* of a list */
	uint64_t base;
	uint64_t start, end; /* of the one range, if it is no list */
	uint8_t kind;
};

/* The ranges of an entry, by its attributes. */
void dwarf_ranges_init(struct dwarf_ranges *ranges, struct dwarf_file *file,
		       const struct dwarf_unit *unit, const struct dwarf_value *low,
		       const struct dwarf_value *high, const struct dwarf_value *list);

/* The next range of code that is in the file. False: there is none. */
bool dwarf_ranges_next(struct dwarf_ranges *ranges, uint64_t *ret_start, uint64_t *ret_end);

#endif
