/* SPDX-License-Identifier: Apache-2.0 */
#include <dwarf.h>

#include "symbolize/dwarf_unit.h"

enum ranges_kind { RANGES_NONE, RANGES_ONE, RANGES_PAIRS, RANGES_ENTRIES };

/* The offset of a list in its section: of DW_FORM_rnglistx the one that a table has. */
static bool list_offset(const struct dwarf_file *file, const struct dwarf_unit *unit,
			const struct dwarf_value *list, uint64_t *ret_offset)
{
	struct bytes section = file->sections[DWARF_RNGLISTS];
	uint8_t size = unit->format.offset_size;
	uint64_t base = unit->rnglists_base;
	struct byte_reader reader;

	if (list->kind == DWARF_SECTION_OFFSET || list->kind == DWARF_CONSTANT) {
		*ret_offset = list->number;
		if (unit->format.version < 5)
			*ret_offset += unit->ranges_base;
		return *ret_offset >= list->number;
	}
	if (list->kind != DWARF_LIST_INDEX || base > section.size ||
	    list->number >= (section.size - base) / size)
		return false;
	byte_reader_init(&reader, section);
	reader.offset = base + list->number * size;
	*ret_offset = base + dwarf_read_number(&reader, size);
	return *ret_offset >= base;
}

static void init_list(struct dwarf_ranges *ranges, const struct dwarf_value *list)
{
	bool is_old = ranges->unit->format.version < 5;
	struct bytes section = ranges->file->sections[is_old ? DWARF_RANGES : DWARF_RNGLISTS];
	uint64_t offset;

	if (!list_offset(ranges->file, ranges->unit, list, &offset) || offset >= section.size)
		return;
	byte_reader_init(&ranges->reader, section);
	ranges->reader.offset = offset;
	ranges->kind = is_old ? RANGES_PAIRS : RANGES_ENTRIES;
}

static void init_one(struct dwarf_ranges *ranges, const struct dwarf_value *low,
		     const struct dwarf_value *high)
{
	if (!dwarf_unit_address(ranges->file, ranges->unit, low, &ranges->start))
		return;
	if (high->kind == DWARF_CONSTANT)
		ranges->end = ranges->start + high->number;
	else if (!dwarf_unit_address(ranges->file, ranges->unit, high, &ranges->end))
		return;
	ranges->kind = RANGES_ONE;
}

void dwarf_ranges_init(struct dwarf_ranges *ranges, struct dwarf_file *file,
		       const struct dwarf_unit *unit, const struct dwarf_value *low,
		       const struct dwarf_value *high, const struct dwarf_value *list)
{
	*ranges = (struct dwarf_ranges){ .file = file, .unit = unit, .base = unit->low_pc };
	if (list->kind != DWARF_ABSENT)
		init_list(ranges, list);
	else if (low->kind != DWARF_ABSENT)
		init_one(ranges, low, high);
}

/* .debug_ranges: pairs of addresses. Each of these: 1: a range; 0: none here, but go on; -1: the end. */
static int next_pair(struct dwarf_ranges *ranges, uint64_t *ret_start, uint64_t *ret_end)
{
	uint8_t size = ranges->unit->format.address_size;
	uint64_t start = dwarf_read_number(&ranges->reader, size);
	uint64_t end = dwarf_read_number(&ranges->reader, size);

	if (ranges->reader.failed || (!start && !end))
		return -1;
	if (start == (size == 4 ? UINT32_MAX : UINT64_MAX)) {
		ranges->base = end;
		return 0;
	}
	*ret_start = ranges->base + start;
	*ret_end = ranges->base + end;
	return 1;
}

/* An address by its index. One that is not there is one where no code is. */
static uint64_t indexed_address(struct dwarf_ranges *ranges)
{
	const struct dwarf_value value = {
		.kind = DWARF_ADDRESS_INDEX,
		.number = byte_reader_uleb128(&ranges->reader),
	};
	uint64_t address;

	return dwarf_unit_address(ranges->file, ranges->unit, &value, &address) ? address
										: UINT64_MAX;
}

/* .debug_rnglists: a byte that says what follows. */
static int next_entry(struct dwarf_ranges *ranges, uint64_t *ret_start, uint64_t *ret_end)
{
	struct byte_reader *reader = &ranges->reader;
	uint8_t size = ranges->unit->format.address_size;

	switch (byte_reader_u8(reader)) {
	case DW_RLE_base_addressx:
		ranges->base = indexed_address(ranges);
		return reader->failed ? -1 : 0;
	case DW_RLE_base_address:
		ranges->base = dwarf_read_number(reader, size);
		return reader->failed ? -1 : 0;
	case DW_RLE_startx_endx:
		*ret_start = indexed_address(ranges);
		*ret_end = indexed_address(ranges);
		break;
	case DW_RLE_startx_length:
		*ret_start = indexed_address(ranges);
		*ret_end = *ret_start + byte_reader_uleb128(reader);
		break;
	case DW_RLE_offset_pair:
		*ret_start = ranges->base + byte_reader_uleb128(reader);
		*ret_end = ranges->base + byte_reader_uleb128(reader);
		break;
	case DW_RLE_start_end:
		*ret_start = dwarf_read_number(reader, size);
		*ret_end = dwarf_read_number(reader, size);
		break;
	case DW_RLE_start_length:
		*ret_start = dwarf_read_number(reader, size);
		*ret_end = *ret_start + byte_reader_uleb128(reader);
		break;
	default:
		return -1;
	}
	return reader->failed ? -1 : 1;
}

static int next(struct dwarf_ranges *ranges, uint64_t *ret_start, uint64_t *ret_end)
{
	switch (ranges->kind) {
	case RANGES_ONE:
		ranges->kind = RANGES_NONE;
		*ret_start = ranges->start;
		*ret_end = ranges->end;
		return 1;
	case RANGES_PAIRS:
		return next_pair(ranges, ret_start, ret_end);
	case RANGES_ENTRIES:
		return next_entry(ranges, ret_start, ret_end);
	}
	return -1;
}

bool dwarf_ranges_next(struct dwarf_ranges *ranges, uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t start, end;
	int more;

	while ((more = next(ranges, &start, &end)) >= 0) {
		if (!dwarf_file_pay(ranges->file, 8))
			return false;
		if (more && dwarf_file_has_code(ranges->file, start, end)) {
			*ret_start = start;
			*ret_end = end;
			return true;
		}
	}
	return false;
}
