/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/dwarf_abbrev.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum dwarf_wanted wanted_of(uint64_t name)
{
	switch (name) {
	case DW_AT_name:
		return WANTED_NAME;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		return WANTED_LINKAGE_NAME;
	case DW_AT_low_pc:
		return WANTED_LOW_PC;
	case DW_AT_high_pc:
		return WANTED_HIGH_PC;
	case DW_AT_ranges:
		return WANTED_RANGES;
	case DW_AT_abstract_origin:
		return WANTED_ORIGIN;
	case DW_AT_specification:
		return WANTED_SPECIFICATION;
	case DW_AT_call_file:
		return WANTED_CALL_FILE;
	case DW_AT_call_line:
		return WANTED_CALL_LINE;
	case DW_AT_sibling:
		return WANTED_SIBLING;
	case DW_AT_stmt_list:
		return WANTED_STMT_LIST;
	case DW_AT_comp_dir:
		return WANTED_COMP_DIR;
	case DW_AT_language:
		return WANTED_LANGUAGE;
	case DW_AT_str_offsets_base:
		return WANTED_STR_OFFSETS_BASE;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		return WANTED_ADDR_BASE;
	case DW_AT_rnglists_base:
		return WANTED_RNGLISTS_BASE;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		return WANTED_DWO_NAME;
	case DW_AT_GNU_dwo_id:
		return WANTED_DWO_ID;
	case DW_AT_GNU_ranges_base:
		return WANTED_RANGES_BASE;
	}
	return WANTED_NOT;
}

/* Room for one more element of `size` bytes. */
static int grow(void *array, size_t count, size_t *allocated, size_t size)
{
	void **elements = array;
	size_t more = *allocated ? 2 * *allocated : 64;
	void *grown;

	if (count < *allocated)
		return 0;
	grown = realloc(*elements, more * size);
	if (!grown)
		return -ENOMEM;
	*elements = grown;
	*allocated = more;
	return 0;
}

static int add_attribute(struct dwarf_abbrevs *abbrevs, struct dwarf_abbrev *abbrev, uint64_t name,
			 uint16_t form, int64_t implicit)
{
	struct dwarf_attribute *attribute;
	int err = grow(&abbrevs->attributes, abbrevs->attribute_count,
		       &abbrevs->attribute_allocated, sizeof(*abbrevs->attributes));
	uint32_t size;

	if (err)
		return err;
	attribute = &abbrevs->attributes[abbrevs->attribute_count++];
	*attribute = (struct dwarf_attribute){
		.form = form,
		.wanted = wanted_of(name),
		.size = DWARF_SIZE_VARIES,
		.kind = dwarf_form_kind(form),
		.fixed_bytes = abbrev->fixed_size,
		.implicit = implicit,
	};
	abbrev->has_sibling |= name == DW_AT_sibling;
	abbrev->has_pc |= name == DW_AT_low_pc || name == DW_AT_ranges;
	abbrev->count++;
	if (dwarf_form_fixed_size(form, &abbrevs->format, &size)) {
		abbrev->fixed_size += size;
		attribute->size = size;
		attribute->is_direct_number = size && size <= sizeof(uint64_t) &&
					      attribute->kind != DWARF_UNKNOWN &&
					      attribute->kind != DWARF_STRING;
	} else {
		abbrev->is_fixed = false;
		abbrev->fixed_size = 0;
	}
	return 0;
}

/* The attributes of an abbreviation: 1; 0: the table is malformed here; -ENOMEM. */
static int read_attributes(struct dwarf_abbrevs *abbrevs, struct dwarf_abbrev *abbrev,
			   struct byte_reader *reader)
{
	for (;;) {
		uint64_t name = byte_reader_uleb128(reader);
		uint64_t form = byte_reader_uleb128(reader);
		int64_t implicit = 0;
		int err;

		if (form == DW_FORM_implicit_const)
			implicit = byte_reader_sleb128(reader);
		if (reader->failed || form > UINT16_MAX || abbrev->count == UINT16_MAX)
			return 0;
		if (!name && !form)
			return 1;
		err = add_attribute(abbrevs, abbrev, name, form, implicit);
		if (err)
			return err;
	}
}

static int add_row(struct dwarf_abbrevs *abbrevs, const struct dwarf_abbrev *abbrev)
{
	int err = grow(&abbrevs->rows, abbrevs->count, &abbrevs->allocated, sizeof(*abbrevs->rows));

	if (!err && abbrev->code != abbrevs->count + 1)
		err = u64_map_set(&abbrevs->by_code, abbrev->code, abbrevs->count);
	if (!err)
		abbrevs->rows[abbrevs->count++] = *abbrev;
	return err;
}

/* One abbreviation: 1; 0 at the table's end, or where it is malformed; -ENOMEM. */
static int read_row(struct dwarf_abbrevs *abbrevs, struct byte_reader *reader,
		    struct dwarf_abbrev *ret_abbrev)
{
	struct dwarf_abbrev abbrev = {
		.code = byte_reader_uleb128(reader),
		.first = abbrevs->attribute_count,
		.is_fixed = true,
	};
	uint64_t tag;
	int more;

	if (!abbrev.code || reader->failed)
		return 0;
	tag = byte_reader_uleb128(reader);
	abbrev.tag = tag <= UINT16_MAX ? tag : 0;
	abbrev.has_children = byte_reader_u8(reader);
	more = read_attributes(abbrevs, &abbrev, reader);
	if (more > 0)
		*ret_abbrev = abbrev;
	return more;
}

static bool start(struct dwarf_abbrevs *abbrevs, const struct dwarf_file *file, uint64_t offset,
		  const struct dwarf_format *format, struct byte_reader *ret_reader)
{
	struct bytes section = file->sections[DWARF_ABBREV];

	*abbrevs = (struct dwarf_abbrevs){ .offset = offset, .format = *format };
	u64_map_init(&abbrevs->by_code);
	if (offset >= section.size)
		return false;
	byte_reader_init(ret_reader, bytes_slice(section, offset, section.size - offset));
	return true;
}

int dwarf_abbrevs_init(struct dwarf_abbrevs *abbrevs, struct dwarf_file *file, uint64_t offset,
		       const struct dwarf_format *format)
{
	struct byte_reader reader;
	int more = start(abbrevs, file, offset, format, &reader);

	while (more > 0) {
		size_t before = reader.offset;
		struct dwarf_abbrev abbrev;

		more = read_row(abbrevs, &reader, &abbrev);
		if (!dwarf_file_pay(file, reader.offset - before))
			more = 0;
		if (more > 0 && add_row(abbrevs, &abbrev))
			more = -ENOMEM;
	}
	if (more < 0)
		dwarf_abbrevs_release(abbrevs);
	return more;
}

/* Passes over the attributes of an abbreviation that nobody wants. */
static bool skip_attributes(struct byte_reader *reader)
{
	uint64_t name, form;

	byte_reader_skip(reader, 1); /* whether it has children */
	do {
		name = byte_reader_uleb128(reader);
		form = byte_reader_uleb128(reader);
		if (form == DW_FORM_implicit_const)
			byte_reader_sleb128(reader);
	} while (!reader->failed && (name || form));
	return !reader->failed;
}

/* Moves to the abbreviation with this code. False: there is none, or the table is malformed ahead of it. */
static bool find_row(struct byte_reader *reader, uint64_t code)
{
	for (;;) {
		size_t begin = reader->offset;
		uint64_t here = byte_reader_uleb128(reader);

		if (here == code || !here || reader->failed) {
			reader->offset = begin;
			return here && !reader->failed;
		}
		byte_reader_uleb128(reader); /* tag */
		if (!skip_attributes(reader))
			return false;
	}
}

int dwarf_abbrevs_init_one(struct dwarf_abbrevs *abbrevs, struct dwarf_file *file, uint64_t offset,
			   const struct dwarf_format *format, uint64_t code)
{
	struct dwarf_abbrev abbrev;
	struct byte_reader reader;
	bool is_there = start(abbrevs, file, offset, format, &reader) && find_row(&reader, code);
	int more = is_there ? read_row(abbrevs, &reader, &abbrev) : 0;

	if (offset < file->sections[DWARF_ABBREV].size && !dwarf_file_pay(file, reader.offset))
		more = 0;
	if (more > 0)
		more = add_row(abbrevs, &abbrev);
	if (more < 0)
		dwarf_abbrevs_release(abbrevs);
	return more;
}

void dwarf_abbrevs_release(struct dwarf_abbrevs *abbrevs)
{
	free(abbrevs->rows);
	free(abbrevs->attributes);
	u64_map_release(&abbrevs->by_code);
	*abbrevs = (struct dwarf_abbrevs){ 0 };
}

const struct dwarf_abbrev *dwarf_abbrevs_find(const struct dwarf_abbrevs *abbrevs, uint64_t code)
{
	uint32_t row;

	if (code && code <= abbrevs->count && abbrevs->rows[code - 1].code == code)
		return &abbrevs->rows[code - 1];
	if (!abbrevs->by_code.count)
		return NULL;
	row = u64_map_get(&abbrevs->by_code, code);
	return row == U64_MAP_ABSENT ? NULL : &abbrevs->rows[row];
}

/* NULL: it has none. */
static const struct dwarf_attribute *first_attribute(const struct dwarf_abbrevs *abbrevs,
						     const struct dwarf_abbrev *abbrev)
{
	return abbrev->count ? abbrevs->attributes + abbrev->first : NULL;
}

bool dwarf_abbrev_skip(const struct dwarf_abbrevs *abbrevs, const struct dwarf_abbrev *abbrev,
		       struct byte_reader *reader)
{
	const struct dwarf_attribute *attribute = first_attribute(abbrevs, abbrev);

	for (uint32_t i = 0; !abbrev->is_fixed && i < abbrev->count; i++, attribute++) {
		if (attribute->size != DWARF_SIZE_VARIES)
			continue;
		byte_reader_skip(reader, attribute->fixed_bytes);
		if (!dwarf_form_skip(&abbrevs->format, reader, attribute->form))
			return false;
	}
	byte_reader_skip(reader, abbrev->fixed_size);
	return !reader->failed;
}

bool dwarf_abbrev_read(const struct dwarf_file *file, const struct dwarf_abbrevs *abbrevs,
		       const struct dwarf_abbrev *abbrev, uint32_t mask, struct byte_reader *reader,
		       struct dwarf_value *ret_values)
{
	const struct dwarf_attribute *attribute = first_attribute(abbrevs, abbrev);

	memset(ret_values, 0, WANTED_COUNT * sizeof(*ret_values));
	for (uint32_t i = 0; i < abbrev->count; i++, attribute++) {
		bool is_asked = mask & DWARF_WANT(attribute->wanted), good = true;
		struct dwarf_value *value = &ret_values[attribute->wanted];

		if (is_asked && attribute->is_direct_number)
			*value = (struct dwarf_value){
				.kind = attribute->kind,
				.number = dwarf_read_number(reader, attribute->size),
			};
		else if (is_asked)
			good = dwarf_form_read(file, &abbrevs->format, reader, attribute->form,
					       attribute->implicit, value);
		else if (attribute->size != DWARF_SIZE_VARIES)
			byte_reader_skip(reader, attribute->size);
		else
			good = dwarf_form_skip(&abbrevs->format, reader, attribute->form);
		if (!good || reader->failed)
			return false;
	}
	return true;
}
