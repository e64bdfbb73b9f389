/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a line program: how it is coded, and the files that it names. */
#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "symbolize/dwarf_line.h"

/* Kinds of content in one entry of DWARF 5's tables of directories and files. */
#define MAX_CONTENTS 32

struct content {
	uint64_t type; /* DW_LNCT_* */
	uint16_t form;
};

static int add_directory(struct dwarf_lines *lines, const char *name)
{
	if (lines->directory_count == lines->directory_allocated) {
		size_t more = lines->directory_allocated ? 2 * lines->directory_allocated : 16;
		const char **grown = realloc(lines->directories, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		lines->directories = grown;
		lines->directory_allocated = more;
	}
	lines->directories[lines->directory_count++] = name;
	return 0;
}

static int add_file(struct dwarf_lines *lines, const char *name, uint64_t directory)
{
	if (lines->file_count == lines->file_allocated) {
		size_t more = lines->file_allocated ? 2 * lines->file_allocated : 32;
		struct dwarf_line_file *grown = realloc(lines->files, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		lines->files = grown;
		lines->file_allocated = more;
	}
	lines->files[lines->file_count++] = (struct dwarf_line_file){ name, directory };
	return 0;
}

/* Versions 2 to 4: strings, an empty one at the end. Directories and files count from 1; 0 is the unit's directory. */
static int read_old_tables(struct dwarf_lines *lines, struct byte_reader *reader)
{
	const char *name;
	int err = add_directory(lines, NULL);

	while (!err && (name = byte_reader_string(reader)) && *name)
		err = add_directory(lines, name);
	if (!err)
		err = add_file(lines, NULL, 0);
	while (!err && (name = byte_reader_string(reader)) && *name) {
		uint64_t directory = byte_reader_uleb128(reader);

		byte_reader_uleb128(reader); /* time of change */
		byte_reader_uleb128(reader); /* size */
		err = add_file(lines, name, directory);
	}
	return err;
}

/* What an entry consists of. -EBADMSG: more than is known to mankind. */
static int read_contents(struct byte_reader *reader, struct content *contents, size_t *ret_count)
{
	size_t count = byte_reader_u8(reader);

	if (count > MAX_CONTENTS)
		return -EBADMSG;
	for (size_t i = 0; i < count; i++) {
		uint64_t form;

		contents[i].type = byte_reader_uleb128(reader);
		form = byte_reader_uleb128(reader);
		if (form > UINT16_MAX)
			return -EBADMSG;
		contents[i].form = form;
	}
	*ret_count = count;
	return 0;
}

static int read_new_entry(const struct dwarf_lines *lines, struct byte_reader *reader,
			  const struct dwarf_format *format, const struct content *contents,
			  size_t count, struct dwarf_line_file *ret_entry)
{
	*ret_entry = (struct dwarf_line_file){ 0 };
	for (size_t i = 0; i < count; i++) {
		struct dwarf_value value;

		if (!dwarf_form_read(lines->file, format, reader, contents[i].form, 0, &value))
			return -EBADMSG;
		if (contents[i].type == DW_LNCT_path)
			ret_entry->name = dwarf_unit_string(lines->file, lines->unit, &value);
		else if (contents[i].type == DW_LNCT_directory_index)
			ret_entry->directory = value.number;
	}
	return 0;
}

/* Version 5: each table says what its entries consist of. An entry has at least one byte, which bounds their number. */
static int read_new_table(struct dwarf_lines *lines, struct byte_reader *reader,
			  const struct dwarf_format *format, bool are_files)
{
	struct content contents[MAX_CONTENTS];
	size_t kinds;
	int err = read_contents(reader, contents, &kinds);
	uint64_t count = byte_reader_uleb128(reader);

	if (!err && count > reader->bytes.size - reader->offset)
		err = -EBADMSG;
	for (uint64_t i = 0; !err && i < count; i++) {
		struct dwarf_line_file entry;

		err = read_new_entry(lines, reader, format, contents, kinds, &entry);
		if (err)
			break;
		err = are_files ? add_file(lines, entry.name, entry.directory)
				: add_directory(lines, entry.name);
	}
	return err;
}

static int read_tables(struct dwarf_lines *lines, struct byte_reader *reader,
		       const struct dwarf_format *format)
{
	int err;

	if (lines->version < 5)
		return read_old_tables(lines, reader);
	err = read_new_table(lines, reader, format, false);
	return err ? err : read_new_table(lines, reader, format, true);
}

static void read_coding(struct dwarf_lines *lines, struct byte_reader *reader)
{
	lines->minimum_instruction_length = byte_reader_u8(reader);
	if (lines->version >= 4)
		byte_reader_u8(reader); /* operations in an instruction: of VLIW processors only */
	byte_reader_u8(reader);         /* default_is_stmt */
	lines->line_base = (int8_t)byte_reader_u8(reader);
	lines->line_range = byte_reader_u8(reader);
	lines->opcode_base = byte_reader_u8(reader);
	for (int i = 1; i < lines->opcode_base; i++)
		lines->operand_counts[i] = byte_reader_u8(reader);
}

static int read_header(struct dwarf_lines *lines, struct byte_reader *reader)
{
	struct dwarf_format format = lines->unit->format;
	uint64_t length, end, header, program;
	int err;

	if (!dwarf_read_length(reader, &length, &format.offset_size))
		return -EBADMSG;
	end = reader->offset + length;
	reader->bytes.size = end;
	lines->version = format.version = byte_reader_u16(reader);
	if (lines->version < 2 || lines->version > 5)
		return -EBADMSG;
	if (lines->version >= 5) {
		format.address_size = byte_reader_u8(reader);
		byte_reader_u8(reader); /* segment selectors: none */
	}
	lines->address_size = format.address_size;
	header = dwarf_read_number(reader, format.offset_size);
	if (reader->failed || header > end - reader->offset)
		return -EBADMSG;
	program = reader->offset + header;
	read_coding(lines, reader);
	if (reader->failed || reader->offset > program)
		return -EBADMSG;
	reader->bytes.size = program;
	err = read_tables(lines, reader, &format);
	if (err)
		return err;
	if (!lines->line_range || !lines->opcode_base || reader->failed ||
	    !dwarf_file_pay(lines->file, header))
		return -EBADMSG;
	byte_reader_init(&lines->program, bytes_slice(lines->file->sections[DWARF_LINE], 0, end));
	lines->program.offset = program;
	return 0;
}

int dwarf_lines_init(struct dwarf_lines *lines, struct dwarf_file *file,
		     const struct dwarf_unit *unit)
{
	struct byte_reader reader;
	int err;

	*lines = (struct dwarf_lines){ .file = file, .unit = unit };
	byte_reader_init(&reader, file->sections[DWARF_LINE]);
	if (unit->line >= reader.bytes.size)
		return -ENOENT;
	reader.offset = unit->line;
	err = read_header(lines, &reader);
	if (err)
		dwarf_lines_release(lines);
	return err == -EBADMSG ? -ENOENT : err;
}

void dwarf_lines_release(struct dwarf_lines *lines)
{
	free(lines->directories);
	free(lines->files);
	*lines = (struct dwarf_lines){ 0 };
}

static void append_directory(struct buffer *to, const char *directory)
{
	if (!directory || !*directory)
		return;
	buffer_append_string(to, directory);
	buffer_append_char(to, '/');
}

bool dwarf_lines_path(const struct dwarf_lines *lines, uint64_t file, struct buffer *to)
{
	const struct dwarf_line_file *entry = file < lines->file_count ? &lines->files[file] : NULL;
	const char *directory = NULL;

	if (!entry || !entry->name)
		return false;
	if (entry->directory < lines->directory_count)
		directory = lines->directories[entry->directory];
	if (entry->name[0] != '/') {
		if (!directory || directory[0] != '/')
			append_directory(to, lines->unit->comp_dir);
		append_directory(to, directory);
	}
	buffer_append_string(to, entry->name);
	return true;
}
