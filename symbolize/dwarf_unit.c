/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/dwarf_unit.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* --- headers (section 7.5.1) --- */

static bool has_entries_of_code(uint8_t type)
{
	return type != DW_UT_type && type != DW_UT_split_type;
}

/* The part of the header behind its length. False: of no version or shape that is known. */
static bool read_header(struct byte_reader *reader, struct dwarf_unit *unit, uint8_t *ret_type)
{
	uint8_t type = DW_UT_compile;

	unit->format.version = byte_reader_u16(reader);
	if (unit->format.version < 2 || unit->format.version > 5)
		return false;
	if (unit->format.version >= 5) {
		type = byte_reader_u8(reader);
		unit->format.address_size = byte_reader_u8(reader);
	}
	unit->abbrev_offset = dwarf_read_number(reader, unit->format.offset_size);
	if (unit->format.version < 5)
		unit->format.address_size = byte_reader_u8(reader);
	if (type == DW_UT_skeleton || type == DW_UT_split_compile) {
		unit->split.id = byte_reader_u64(reader);
		unit->split.has_id = true;
	}
	if (!has_entries_of_code(type))
		byte_reader_skip(reader, 8 + unit->format.offset_size); /* signature, offset */
	unit->entries = reader->offset;
	*ret_type = type;
	return !reader->failed && unit->entries <= unit->end &&
	       (unit->format.address_size == 4 || unit->format.address_size == 8);
}

/* --- the root entry --- */

static uint64_t number_or(const struct dwarf_value *value, uint64_t otherwise)
{
	return value->kind == DWARF_SECTION_OFFSET || value->kind == DWARF_CONSTANT ? value->number
										    : otherwise;
}

/* In DWARF 4 the id is an attribute. */
static void take_split(const struct dwarf_file *file, struct dwarf_unit *unit,
		       const struct dwarf_value *values)
{
	unit->split.name = dwarf_unit_string(file, unit, &values[WANTED_DWO_NAME]);
	unit->split.ranges_base = number_or(&values[WANTED_RANGES_BASE], 0);
	if (values[WANTED_DWO_ID].kind != DWARF_CONSTANT)
		return;
	unit->split.id = values[WANTED_DWO_ID].number;
	unit->split.has_id = true;
}

static void take_root(const struct dwarf_file *file, struct dwarf_unit *unit,
		      const struct dwarf_value *values)
{
	/* Without a base attribute the first contribution of the section is meant: behind its header. */
	uint64_t header = unit->format.offset_size == 8 ? 16 : 8;

	unit->line = number_or(&values[WANTED_STMT_LIST], DWARF_NO_OFFSET);
	unit->language = number_or(&values[WANTED_LANGUAGE], 0);
	unit->str_offsets_base =
		number_or(&values[WANTED_STR_OFFSETS_BASE], unit->format.version >= 5 ? header : 0);
	unit->addr_base =
		number_or(&values[WANTED_ADDR_BASE], unit->format.version >= 5 ? header : 0);
	unit->rnglists_base = number_or(&values[WANTED_RNGLISTS_BASE], header + 4);
	unit->root_low = values[WANTED_LOW_PC];
	unit->root_high = values[WANTED_HIGH_PC];
	unit->root_ranges = values[WANTED_RANGES];
	if (!dwarf_unit_address(file, unit, &unit->root_low, &unit->low_pc))
		unit->low_pc = 0;
	unit->comp_dir = dwarf_unit_string(file, unit, &values[WANTED_COMP_DIR]);
	take_split(file, unit, values);
}

static int read_root(struct dwarf_file *file, struct dwarf_unit *unit)
{
	struct dwarf_value values[WANTED_COUNT];
	const struct dwarf_abbrev *abbrev;
	struct dwarf_abbrevs abbrevs;
	struct byte_reader reader;
	uint64_t code;
	int err;

	byte_reader_init(&reader, bytes_slice(file->sections[DWARF_INFO], 0, unit->end));
	reader.offset = unit->entries;
	code = byte_reader_uleb128(&reader);
	err = dwarf_abbrevs_init_one(&abbrevs, file, unit->abbrev_offset, &unit->format, code);
	if (err)
		return err;
	abbrev = abbrevs.count ? &abbrevs.rows[0] : NULL;
	if (abbrev && dwarf_abbrev_read(file, &abbrevs, abbrev, DWARF_WANT_ALL, &reader, values))
		take_root(file, unit, values);
	dwarf_abbrevs_release(&abbrevs);
	return 0;
}

static int add_unit(struct dwarf_units *units, struct dwarf_unit *unit)
{
	if (units->count == units->allocated) {
		size_t more = units->allocated ? 2 * units->allocated : 64;
		struct dwarf_unit **grown = realloc(units->units, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		units->units = grown;
		units->allocated = more;
	}
	units->units[units->count++] = unit;
	return 0;
}

static int add_copy(struct dwarf_units *units, const struct dwarf_unit *unit)
{
	struct dwarf_unit *copy = arena_alloc(&units->memory, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *unit;
	return add_unit(units, copy);
}

/* One unit: 1; 0: it is not one; -ENOMEM. A unit of an unknown version is passed over. */
static int read_unit(struct dwarf_units *units, struct byte_reader *reader)
{
	struct dwarf_unit unit = { .offset = reader->offset, .line = DWARF_NO_OFFSET };
	uint64_t length;
	uint8_t type;
	int err;

	if (!dwarf_read_length(reader, &length, &unit.format.offset_size))
		return 0;
	unit.end = reader->offset + length;
	if (read_header(reader, &unit, &type)) {
		err = has_entries_of_code(type) ? read_root(units->file, &unit) : 0;
		if (!err)
			err = add_copy(units, &unit);
		if (err)
			return err;
	}
	reader->failed = false;
	reader->offset = unit.end;
	return 1;
}

void dwarf_units_init(struct dwarf_units *units, struct dwarf_file *file)
{
	*units = (struct dwarf_units){ .file = file };
	arena_init(&units->memory);
}

int dwarf_units_read_one(struct dwarf_units *units, uint64_t offset)
{
	size_t before = units->count;
	struct byte_reader reader;
	int more;

	byte_reader_init(&reader, units->file->sections[DWARF_INFO]);
	if (offset >= reader.bytes.size || !dwarf_file_pay(units->file, 16))
		return -ENOENT;
	reader.offset = offset;
	more = read_unit(units, &reader);
	if (more < 0)
		return more;
	return units->count > before ? 0 : -ENOENT;
}

/* Reads what is not among the `known` ones, which are in order as well. */
static int read_rest(struct dwarf_units *units, struct dwarf_unit **known, size_t known_count)
{
	struct byte_reader reader;
	size_t next = 0;
	int more = 1;

	byte_reader_init(&reader, units->file->sections[DWARF_INFO]);
	while (more > 0 && reader.offset < reader.bytes.size && units->count < DWARF_MAX_UNITS &&
	       dwarf_file_pay(units->file, 16)) {
		while (next < known_count && known[next]->offset < reader.offset)
			next++;
		if (next < known_count && known[next]->offset == reader.offset) {
			reader.offset = known[next]->end;
			more = add_unit(units, known[next]) ? -ENOMEM : 1;
		} else {
			more = read_unit(units, &reader);
		}
	}
	return more < 0 ? more : 0;
}

int dwarf_units_read_all(struct dwarf_units *units)
{
	_cleanup_free_ struct dwarf_unit **known = units->units;
	size_t known_count = units->count;

	if (units->has_all) {
		take_ptr(known);
		return 0;
	}
	units->units = NULL;
	units->count = units->allocated = 0;
	units->has_all = true;
	return read_rest(units, known, known_count);
}

void dwarf_units_release(struct dwarf_units *units)
{
	for (size_t i = 0; i < DWARF_UNITS_KEPT_ABBREVS; i++) {
		if (units->is_kept[i])
			dwarf_abbrevs_release(&units->kept[i]);
	}
	free(units->units);
	arena_release(&units->memory);
	*units = (struct dwarf_units){ 0 };
}

/* Of those that were read; NULL: none of them. */
static const struct dwarf_unit *find_read(const struct dwarf_units *units, uint64_t offset)
{
	size_t low = 0, high = units->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (units->units[middle]->offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || offset < units->units[low - 1]->entries || offset >= units->units[low - 1]->end)
		return NULL;
	return units->units[low - 1];
}

int dwarf_units_find(struct dwarf_units *units, uint64_t offset, const struct dwarf_unit **ret_unit)
{
	const struct dwarf_unit *unit = find_read(units, offset);
	int err;

	if (!unit && !units->has_all) {
		err = dwarf_units_read_all(units);
		if (err)
			return err;
		unit = find_read(units, offset);
	}
	if (!unit)
		return -ENOENT;
	*ret_unit = unit;
	return 0;
}

static bool is_for(const struct dwarf_abbrevs *abbrevs, const struct dwarf_unit *unit)
{
	return abbrevs->offset == unit->abbrev_offset &&
	       abbrevs->format.version == unit->format.version &&
	       abbrevs->format.address_size == unit->format.address_size &&
	       abbrevs->format.offset_size == unit->format.offset_size;
}

int dwarf_units_abbrevs(struct dwarf_units *units, const struct dwarf_unit *unit,
			const struct dwarf_abbrevs **ret_abbrevs)
{
	size_t place = units->next_kept;
	int err;

	for (size_t i = 0; i < DWARF_UNITS_KEPT_ABBREVS; i++) {
		if (units->is_kept[i] && is_for(&units->kept[i], unit)) {
			*ret_abbrevs = &units->kept[i];
			return 0;
		}
	}
	if (units->is_kept[place])
		dwarf_abbrevs_release(&units->kept[place]);
	units->is_kept[place] = false;
	err = dwarf_abbrevs_init(&units->kept[place], units->file, unit->abbrev_offset,
				 &unit->format);
	if (err)
		return err;
	units->is_kept[place] = true;
	units->next_kept = (place + 1) % DWARF_UNITS_KEPT_ABBREVS;
	*ret_abbrevs = &units->kept[place];
	return 0;
}

int dwarf_units_entry(struct dwarf_units *units, uint64_t offset, struct dwarf_entry *ret_entry)
{
	const struct dwarf_unit *unit;
	const struct dwarf_abbrevs *abbrevs;
	const struct dwarf_abbrev *abbrev;
	struct byte_reader reader;
	int err = dwarf_units_find(units, offset, &unit);

	if (!err)
		err = dwarf_units_abbrevs(units, unit, &abbrevs);
	if (err)
		return err;
	byte_reader_init(&reader, bytes_slice(units->file->sections[DWARF_INFO], 0, unit->end));
	reader.offset = offset;
	abbrev = dwarf_abbrevs_find(abbrevs, byte_reader_uleb128(&reader));
	if (!abbrev || !dwarf_file_pay(units->file, 16 + 8 * (uint64_t)abbrev->count) ||
	    !dwarf_abbrev_read(units->file, abbrevs, abbrev, DWARF_WANT_ALL, &reader,
			       ret_entry->values))
		return -ENOENT;
	ret_entry->unit = unit;
	ret_entry->offset = offset;
	ret_entry->tag = abbrev->tag;
	return 0;
}

/* --- values --- */

/* Number `index` of a table of numbers. */
static bool read_indexed(struct bytes section, uint64_t base, uint64_t index, uint8_t size,
			 uint64_t *ret_number)
{
	struct byte_reader reader;

	if (base > section.size || index >= (section.size - base) / size)
		return false;
	byte_reader_init(&reader, section);
	reader.offset = base + index * size;
	*ret_number = dwarf_read_number(&reader, size);
	return true;
}

bool dwarf_unit_address(const struct dwarf_file *file, const struct dwarf_unit *unit,
			const struct dwarf_value *value, uint64_t *ret_address)
{
	if (value->kind == DWARF_ADDRESS_INDEX)
		return read_indexed(file->sections[DWARF_ADDR], unit->addr_base, value->number,
				    unit->format.address_size, ret_address);
	if (value->kind != DWARF_ADDRESS)
		return false;
	*ret_address = value->number;
	return true;
}

const char *dwarf_unit_string(const struct dwarf_file *file, const struct dwarf_unit *unit,
			      const struct dwarf_value *value)
{
	uint64_t offset;

	if (value->kind == DWARF_STRING)
		return value->string;
	if (value->kind != DWARF_STRING_INDEX ||
	    !read_indexed(file->sections[DWARF_STR_OFFSETS], unit->str_offsets_base, value->number,
			  unit->format.offset_size, &offset))
		return NULL;
	return bytes_string(file->sections[DWARF_STR], offset);
}

uint64_t dwarf_unit_reference(const struct dwarf_unit *unit, const struct dwarf_value *value)
{
	if (value->kind == DWARF_INFO_OFFSET)
		return value->number;
	if (value->kind != DWARF_UNIT_OFFSET || value->number >= unit->end - unit->offset)
		return DWARF_NO_OFFSET;
	return unit->offset + value->number;
}
