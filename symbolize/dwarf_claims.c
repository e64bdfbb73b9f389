/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/dwarf_claims.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/u64_sort.h"
#include "symbolize/ascending.h"

struct search {
	struct dwarf_units *units;
	struct dwarf_file *file;
	const uint64_t *addresses;
	size_t count;
	struct dwarf_claim *claims; /* of each address, in their order */
};

/* --- .debug_aranges (DWARF 5, section 6.1.2) --- */

/* The pairs of one unit. */
struct arange_set {
	struct byte_reader reader;
	uint64_t unit; /* the offset of its header */
	uint8_t size;  /* of an address */
};

/* The header of a set that begins at `begin`. False: of a kind that is not known. */
static bool open_set(const struct dwarf_file *file, struct arange_set *set, size_t begin,
		     uint8_t offset_size)
{
	uint16_t version = byte_reader_u16(&set->reader);
	uint8_t selector;
	size_t past;

	set->unit = dwarf_read_number(&set->reader, offset_size);
	set->size = byte_reader_u8(&set->reader);
	selector = byte_reader_u8(&set->reader);
	if (version != 2 || selector || (set->size != 4 && set->size != 8) ||
	    set->unit >= file->sections[DWARF_INFO].size)
		return false;
	past = (set->reader.offset - begin) % (2 * set->size);
	byte_reader_skip(&set->reader, past ? 2 * set->size - past : 0);
	return true;
}

/* The next set that is understood. False: there is none. */
static bool next_set(struct dwarf_file *file, struct byte_reader *reader,
		     struct arange_set *ret_set)
{
	while (reader->offset < reader->bytes.size && dwarf_file_pay(file, 16)) {
		struct arange_set set = { .reader = *reader };
		size_t begin = reader->offset;
		uint8_t offset_size;
		uint64_t length;

		if (!dwarf_read_length(&set.reader, &length, &offset_size))
			return false;
		reader->offset = set.reader.offset + length;
		set.reader.bytes.size = reader->offset;
		if (open_set(file, &set, begin, offset_size)) {
			*ret_set = set;
			return true;
		}
	}
	return false;
}

/* The next range of code that is in the file. False: there is none. */
static bool next_range(struct dwarf_file *file, struct arange_set *set, uint64_t *ret_start,
		       uint64_t *ret_end)
{
	uint64_t start, length;

	for (;;) {
		start = dwarf_read_number(&set->reader, set->size);
		length = dwarf_read_number(&set->reader, set->size);
		if (set->reader.failed || (!start && !length) ||
		    !dwarf_file_pay(file, 2 * (uint64_t)set->size))
			return false;
		if (length && dwarf_file_has_code(file, start, start + length)) {
			*ret_start = start;
			*ret_end = start + length;
			return true;
		}
	}
}

/* --- claims --- */

static void claim_range(struct search *search, const struct dwarf_unit *unit, uint64_t start,
			uint64_t end)
{
	size_t i = ascending_first_from(search->addresses, search->count, start);

	for (; i < search->count && search->addresses[i] < end; i++) {
		struct dwarf_claim *claim = &search->claims[i];

		if (!dwarf_file_pay(search->file, 8))
			return;
		if (claim->unit && claim->size <= end - start)
			continue;
		claim->unit = unit;
		claim->size = end - start;
	}
}

static bool says_its_ranges(const struct dwarf_unit *unit)
{
	return unit->root_ranges.kind != DWARF_ABSENT || unit->root_high.kind != DWARF_ABSENT;
}

static void claim_by_units(struct search *search)
{
	for (size_t i = 0; i < search->units->count; i++) {
		const struct dwarf_unit *unit = search->units->units[i];
		struct dwarf_ranges ranges;
		uint64_t start, end;

		dwarf_ranges_init(&ranges, search->file, unit, &unit->root_low, &unit->root_high,
				  &unit->root_ranges);
		while (dwarf_ranges_next(&ranges, &start, &end))
			claim_range(search, unit, start, end);
	}
}

/* Of those that were read, the one with its header there; NULL: none. */
static const struct dwarf_unit *unit_at(const struct dwarf_units *units, uint64_t offset)
{
	size_t low = 0, high = units->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (units->units[middle]->offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < units->count && units->units[low]->offset == offset ? units->units[low] : NULL;
}

static void claim_by_aranges(struct search *search)
{
	struct byte_reader reader;
	struct arange_set set;
	uint64_t start, end;

	byte_reader_init(&reader, search->file->sections[DWARF_ARANGES]);
	while (next_set(search->file, &reader, &set)) {
		const struct dwarf_unit *unit = unit_at(search->units, set.unit);

		while (unit && !says_its_ranges(unit) &&
		       next_range(search->file, &set, &start, &end))
			claim_range(search, unit, start, end);
	}
}

/* By all units that were read. How many addresses nobody claimed? */
static size_t claim_all(struct search *search)
{
	size_t unclaimed = 0;

	for (size_t i = 0; i < search->count; i++)
		search->claims[i] = (struct dwarf_claim){ .address = i };
	claim_by_units(search);
	claim_by_aranges(search);
	for (size_t i = 0; i < search->count; i++)
		unclaimed += !search->claims[i].unit;
	return unclaimed;
}

/* --- only the units that .debug_aranges names --- */

/* Marks the addresses in a set. How many there are that were in no set before? */
static size_t mark_set(struct search *search, struct arange_set *set, bool *is_named,
		       bool *ret_is_hit)
{
	uint64_t start, end;
	size_t marked = 0;

	*ret_is_hit = false;
	while (next_range(search->file, set, &start, &end)) {
		size_t i = ascending_first_from(search->addresses, search->count, start);

		for (; i < search->count && search->addresses[i] < end; i++) {
			if (!dwarf_file_pay(search->file, 8))
				return marked;
			*ret_is_hit = true;
			marked += !is_named[i];
			is_named[i] = true;
		}
	}
	return marked;
}

/* The headers of all units that hold an address by .debug_aranges: 0, -ENOENT: it does not know all addresses, -ENOMEM. */
static int name_units(struct search *search, struct u64_item **ret_offsets, size_t *ret_count)
{
	_cleanup_free_ bool *is_named = calloc(search->count + 1, sizeof(*is_named));
	size_t allocated = 64, count = 0, named = 0;
	_cleanup_free_ struct u64_item *offsets = calloc(allocated, sizeof(*offsets));
	struct byte_reader reader;
	struct arange_set set;

	if (!is_named || !offsets)
		return -ENOMEM;
	byte_reader_init(&reader, search->file->sections[DWARF_ARANGES]);
	while (next_set(search->file, &reader, &set)) {
		bool is_hit;

		named += mark_set(search, &set, is_named, &is_hit);
		if (!is_hit)
			continue;
		if (count == allocated) {
			struct u64_item *grown = realloc(offsets, 2 * allocated * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			offsets = grown;
			allocated *= 2;
		}
		offsets[count++].key = set.unit;
	}
	if (named < search->count || u64_sort(offsets, count))
		return -ENOENT;
	*ret_offsets = take_ptr(offsets);
	*ret_count = count;
	return 0;
}

static int read_named_units(struct search *search)
{
	_cleanup_free_ struct u64_item *offsets = NULL;
	size_t count;
	int err = name_units(search, &offsets, &count);

	for (size_t i = 0; !err && i < count; i++) {
		if (!i || offsets[i].key != offsets[i - 1].key)
			err = dwarf_units_read_one(search->units, offsets[i].key);
	}
	return err;
}

/* --- all of it --- */

/* The addresses of each unit stay ascending. */
static int sort_claims(struct dwarf_claim *claims, size_t count)
{
	_cleanup_free_ struct dwarf_claim *sorted = calloc(count + 1, sizeof(*sorted));
	_cleanup_free_ struct u64_item *items = calloc(count + 1, sizeof(*items));
	int err;

	if (!items || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct u64_item){ claims[i].unit ? claims[i].unit->offset
							     : DWARF_NO_OFFSET,
					      i };
	err = u64_sort(items, count);
	for (size_t i = 0; !err && i < count; i++)
		sorted[i] = claims[items[i].value];
	for (size_t i = 0; !err && i < count; i++)
		claims[i] = sorted[i];
	return err;
}

int dwarf_claims_find(struct dwarf_units *units, const uint64_t *addresses, size_t count,
		      struct dwarf_claim *ret_claims)
{
	struct search search = { units, units->file, addresses, count, ret_claims };
	int err = read_named_units(&search);

	if (err == -ENOMEM)
		return err;
	if (err || claim_all(&search)) {
		err = dwarf_units_read_all(units);
		if (err)
			return err;
		claim_all(&search);
	}
	return sort_claims(ret_claims, count);
}
