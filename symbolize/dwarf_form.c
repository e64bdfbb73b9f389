/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of DWARF 2 to 5, one row each: how large a value is, and what it says. An index into a table is
 * left as it is, for where the table begins may be told by an attribute further on (dwarf_unit.c).
 */
#include <dwarf.h>

#include "symbolize/dwarf_file.h"

/* How a value lies in the bytes; up to 16 it is so many bytes. */
enum layout {
	LAYOUT_NONE = 0,
	LAYOUT_ADDRESS = 17, /* of the unit's address size */
	LAYOUT_OFFSET,       /* of the unit's offset size */
	LAYOUT_REF_ADDR,     /* an address in DWARF 2, else an offset */
	LAYOUT_ULEB,
	LAYOUT_SLEB,
	LAYOUT_STRING,
	LAYOUT_BLOCK1, /* a length of 1 byte, and so many bytes */
	LAYOUT_BLOCK2,
	LAYOUT_BLOCK4,
	LAYOUT_BLOCK,
	LAYOUT_INDIRECT,
	LAYOUT_INVALID,
};

struct form_row {
	uint8_t is_known;
	uint8_t layout;
	uint8_t kind;
};

#define FORM_COUNT (DW_FORM_addrx4 + 1)

static const struct form_row forms[FORM_COUNT] = {
	[DW_FORM_addr] = { 1, LAYOUT_ADDRESS, DWARF_ADDRESS },
	[DW_FORM_block2] = { 1, LAYOUT_BLOCK2, DWARF_UNKNOWN },
	[DW_FORM_block4] = { 1, LAYOUT_BLOCK4, DWARF_UNKNOWN },
	[DW_FORM_data2] = { 1, 2, DWARF_CONSTANT },
	[DW_FORM_data4] = { 1, 4, DWARF_CONSTANT },
	[DW_FORM_data8] = { 1, 8, DWARF_CONSTANT },
	[DW_FORM_string] = { 1, LAYOUT_STRING, DWARF_STRING },
	[DW_FORM_block] = { 1, LAYOUT_BLOCK, DWARF_UNKNOWN },
	[DW_FORM_block1] = { 1, LAYOUT_BLOCK1, DWARF_UNKNOWN },
	[DW_FORM_data1] = { 1, 1, DWARF_CONSTANT },
	[DW_FORM_flag] = { 1, 1, DWARF_CONSTANT },
	[DW_FORM_sdata] = { 1, LAYOUT_SLEB, DWARF_CONSTANT },
	[DW_FORM_strp] = { 1, LAYOUT_OFFSET, DWARF_STRING },
	[DW_FORM_udata] = { 1, LAYOUT_ULEB, DWARF_CONSTANT },
	[DW_FORM_ref_addr] = { 1, LAYOUT_REF_ADDR, DWARF_INFO_OFFSET },
	[DW_FORM_ref1] = { 1, 1, DWARF_UNIT_OFFSET },
	[DW_FORM_ref2] = { 1, 2, DWARF_UNIT_OFFSET },
	[DW_FORM_ref4] = { 1, 4, DWARF_UNIT_OFFSET },
	[DW_FORM_ref8] = { 1, 8, DWARF_UNIT_OFFSET },
	[DW_FORM_ref_udata] = { 1, LAYOUT_ULEB, DWARF_UNIT_OFFSET },
	[DW_FORM_indirect] = { 1, LAYOUT_INDIRECT, DWARF_UNKNOWN },
	[DW_FORM_sec_offset] = { 1, LAYOUT_OFFSET, DWARF_SECTION_OFFSET },
	[DW_FORM_exprloc] = { 1, LAYOUT_BLOCK, DWARF_UNKNOWN },
	[DW_FORM_flag_present] = { 1, LAYOUT_NONE, DWARF_UNKNOWN },
	[DW_FORM_strx] = { 1, LAYOUT_ULEB, DWARF_STRING_INDEX },
	[DW_FORM_addrx] = { 1, LAYOUT_ULEB, DWARF_ADDRESS_INDEX },
	[DW_FORM_ref_sup4] = { 1, 4, DWARF_SUPPLEMENT_OFFSET },
	[DW_FORM_strp_sup] = { 1, LAYOUT_OFFSET, DWARF_STRING },
	[DW_FORM_data16] = { 1, 16, DWARF_UNKNOWN },
	[DW_FORM_line_strp] = { 1, LAYOUT_OFFSET, DWARF_STRING },
	[DW_FORM_ref_sig8] = { 1, 8, DWARF_UNKNOWN },
	[DW_FORM_implicit_const] = { 1, LAYOUT_NONE, DWARF_CONSTANT },
	[DW_FORM_loclistx] = { 1, LAYOUT_ULEB, DWARF_UNKNOWN },
	[DW_FORM_rnglistx] = { 1, LAYOUT_ULEB, DWARF_LIST_INDEX },
	[DW_FORM_ref_sup8] = { 1, 8, DWARF_SUPPLEMENT_OFFSET },
	[DW_FORM_strx1] = { 1, 1, DWARF_STRING_INDEX },
	[DW_FORM_strx2] = { 1, 2, DWARF_STRING_INDEX },
	[DW_FORM_strx3] = { 1, 3, DWARF_STRING_INDEX },
	[DW_FORM_strx4] = { 1, 4, DWARF_STRING_INDEX },
	[DW_FORM_addrx1] = { 1, 1, DWARF_ADDRESS_INDEX },
	[DW_FORM_addrx2] = { 1, 2, DWARF_ADDRESS_INDEX },
	[DW_FORM_addrx3] = { 1, 3, DWARF_ADDRESS_INDEX },
	[DW_FORM_addrx4] = { 1, 4, DWARF_ADDRESS_INDEX },
};

/* GNU's forms of before DWARF 5. */
static struct form_row row_of(uint16_t form)
{
	static const struct form_row supplement = { 1, LAYOUT_OFFSET, DWARF_SUPPLEMENT_OFFSET };
	static const struct form_row invalid = { 0, LAYOUT_INVALID, DWARF_UNKNOWN };

	switch (form) {
	case DW_FORM_GNU_addr_index:
		return forms[DW_FORM_addrx];
	case DW_FORM_GNU_str_index:
		return forms[DW_FORM_strx];
	case DW_FORM_GNU_ref_alt:
		return supplement;
	case DW_FORM_GNU_strp_alt:
		return forms[DW_FORM_strp_sup];
	}
	return form < FORM_COUNT && forms[form].is_known ? forms[form] : invalid;
}

bool dwarf_form_fixed_size(uint16_t form, const struct dwarf_format *format, uint32_t *ret_size)
{
	uint8_t layout = row_of(form).layout;

	switch (layout) {
	case LAYOUT_ADDRESS:
		*ret_size = format->address_size;
		return true;
	case LAYOUT_OFFSET:
		*ret_size = format->offset_size;
		return true;
	case LAYOUT_REF_ADDR:
		*ret_size = format->version == 2 ? format->address_size : format->offset_size;
		return true;
	}
	if (layout > 16)
		return false;
	*ret_size = layout;
	return true;
}

enum dwarf_kind dwarf_form_kind(uint16_t form)
{
	return row_of(form).kind;
}

static void skip_leb128(struct byte_reader *reader)
{
	while (byte_reader_u8(reader) & 0x80)
		;
}

bool dwarf_form_skip(const struct dwarf_format *format, struct byte_reader *reader, uint16_t form)
{
	uint32_t size;

	/* An indirect form may not be indirect again: that could go on for ever. */
	if (form == DW_FORM_indirect) {
		uint64_t real = byte_reader_uleb128(reader);

		if (real == DW_FORM_indirect || real > UINT16_MAX)
			return false;
		form = real;
	}
	if (dwarf_form_fixed_size(form, format, &size)) {
		byte_reader_skip(reader, size);
		return !reader->failed;
	}
	switch (row_of(form).layout) {
	case LAYOUT_ULEB:
	case LAYOUT_SLEB:
		skip_leb128(reader);
		break;
	case LAYOUT_STRING:
		byte_reader_string(reader);
		break;
	case LAYOUT_BLOCK1:
		byte_reader_skip(reader, byte_reader_u8(reader));
		break;
	case LAYOUT_BLOCK2:
		byte_reader_skip(reader, byte_reader_u16(reader));
		break;
	case LAYOUT_BLOCK4:
		byte_reader_skip(reader, byte_reader_u32(reader));
		break;
	case LAYOUT_BLOCK:
		byte_reader_skip(reader, byte_reader_uleb128(reader));
		break;
	default:
		return false;
	}
	return !reader->failed;
}

static uint64_t read_raw(const struct dwarf_format *format, struct byte_reader *reader,
			 uint16_t form)
{
	uint32_t size;

	if (dwarf_form_fixed_size(form, format, &size))
		return dwarf_read_number(reader, size);
	return row_of(form).layout == LAYOUT_SLEB ? (uint64_t)byte_reader_sleb128(reader)
						  : byte_reader_uleb128(reader);
}

/* Where the strings of a form are. */
static struct bytes strings_of(const struct dwarf_file *file, uint16_t form)
{
	switch (form) {
	case DW_FORM_line_strp:
		return file->sections[DWARF_LINE_STR];
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
		return file->supplement_strings;
	}
	return file->sections[DWARF_STR];
}

static void read_string(const struct dwarf_file *file, const struct dwarf_format *format,
			struct byte_reader *reader, uint16_t form, struct dwarf_value *ret_value)
{
	if (form == DW_FORM_string) {
		ret_value->string = byte_reader_string(reader);
	} else {
		ret_value->string =
			bytes_string(strings_of(file, form), read_raw(format, reader, form));
	}
	if (!ret_value->string)
		ret_value->kind = DWARF_UNKNOWN;
}

bool dwarf_form_read(const struct dwarf_file *file, const struct dwarf_format *format,
		     struct byte_reader *reader, uint16_t form, int64_t implicit,
		     struct dwarf_value *ret_value)
{
	struct form_row row = row_of(form);
	struct dwarf_value value = { .kind = row.kind };

	if (row.kind == DWARF_UNKNOWN) {
		if (!dwarf_form_skip(format, reader, form))
			return false;
	} else if (row.kind == DWARF_STRING) {
		read_string(file, format, reader, form, &value);
	} else if (form == DW_FORM_implicit_const) {
		value.number = implicit;
	} else {
		value.number = read_raw(format, reader, form);
	}
	if (reader->failed)
		return false;
	*ret_value = value;
	return true;
}
