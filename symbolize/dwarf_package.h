/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A package of split DWARF, FILE.dwp (DWARF 5, section 7.3.5; version 2 of the index, with DWARF 4, is GNU's). The sections of
 * all units follow one another in one file, and an index says by a unit's id which part of each section is its own. Of
 * types (.debug_tu_index) nothing is needed here. Not thread-safe.
 */
#ifndef HEARTH_SYMBOLIZE_DWARF_PACKAGE_H
#define HEARTH_SYMBOLIZE_DWARF_PACKAGE_H

#include "symbolize/dwarf_file.h"

struct elf_section;

#define DWARF_PACKAGE_INFO ".debug_info.dwo"

struct dwarf_package {
	struct bytes sections[DWARF_SECTION_COUNT];
	struct bytes index;
	uint16_t version; /* 2 or 5 */
	uint32_t column_count, row_count, slot_count;
	/* Parts of the index. */
	size_t ids, rows, columns, offsets, sizes;
};

/*
 * Sections of split DWARF: those of one file, or the whole ones of a package. Of several with one name it is the first. 0; or an
 * error of dwarf_file_init(). What was inflated is added to `inflated`, which DWARF_FILE_MAX_INFLATED bounds.
 */
int dwarf_package_sections(struct elf_file *elf, size_t *inflated, struct bytes *ret_sections);

/* One section, the same way. */
int dwarf_package_section(struct elf_file *elf, const struct elf_section *section, size_t *inflated,
			  struct bytes *ret_bytes);

/* `elf` lives longer. 0; -ENOENT: it has no index that can be read; or an error of dwarf_file_init(). */
int dwarf_package_init(struct dwarf_package *package, struct elf_file *elf);

/* The parts of a unit: false: the package does not have it. */
bool dwarf_package_find(const struct dwarf_package *package, uint64_t id,
			struct bytes *ret_sections);

#endif
