/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit's line program (DWARF 5, section 6.2; versions 2 to 5): its files, and the lines of asked addresses.
 *
 * The program is run once for all addresses of the unit. Rows are not kept: each is compared with the asked
 * addresses as it passes by.
 */
#ifndef HEARTH_SYMBOLIZE_DWARF_LINE_H
#define HEARTH_SYMBOLIZE_DWARF_LINE_H

#include "symbolize/dwarf_unit.h"

struct buffer;

struct dwarf_line_file {
	const char *name;
	uint64_t directory;
};

struct dwarf_lines {
	struct dwarf_file *file;
	const struct dwarf_unit *unit;
	uint16_t version;
	uint8_t minimum_instruction_length;
	int8_t line_base;
	uint8_t line_range;
	uint8_t opcode_base;
	uint8_t address_size;
	uint8_t operand_counts[256];
	struct byte_reader program;
	const char **directories;
	size_t directory_count, directory_allocated;
	struct dwarf_line_file *files;
	size_t file_count, file_allocated;
};

/* A row, as far as it is asked for. */
struct dwarf_row {
	uint64_t file; /* for dwarf_lines_path() */
	uint64_t line; /* 0: none */
	uint64_t discriminator;
	bool found;
};

/*
 * Reads the header: 0; -ENOENT: the unit has no line program, or one that is not understood; -ENOMEM. `file` and `unit` live
 * longer.
 */
int dwarf_lines_init(struct dwarf_lines *lines, struct dwarf_file *file,
		     const struct dwarf_unit *unit);
void dwarf_lines_release(struct dwarf_lines *lines);

/*
 * Runs the program. `addresses` are ascending; ret_rows[i] is the last row at or before addresses[i] in the
 * sequence that holds it, or stays as it is.
 */
void dwarf_lines_find(struct dwarf_lines *lines, const uint64_t *addresses, size_t count,
		      struct dwarf_row *ret_rows);

/*
 * Appends the path of a file as it was compiled: its directory ahead of it, and the unit's ahead of that, where they
 * are relative. False: there is no such file.
 */
bool dwarf_lines_path(const struct dwarf_lines *lines, uint64_t file, struct buffer *to);

#endif
