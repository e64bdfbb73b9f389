/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/dwarf_scopes.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "symbolize/ascending.h"

/* What a walk asks of an entry; names are looked for when it is known which. */
#define NEEDED                                                                                \
	(DWARF_WANT(WANTED_LOW_PC) | DWARF_WANT(WANTED_HIGH_PC) | DWARF_WANT(WANTED_RANGES) | \
	 DWARF_WANT(WANTED_CALL_FILE) | DWARF_WANT(WANTED_CALL_LINE) | DWARF_WANT(WANTED_SIBLING))

/* A function or inlined call that the walk is in. */
struct open_scope {
	uint32_t depth; /* of its entry in the tree */
	uint32_t scope; /* DWARF_NO_SCOPE: nobody asked for it yet */
	struct dwarf_scope made;
	bool is_inlined;
};

struct walk {
	struct dwarf_scopes *scopes;
	struct dwarf_file *file;
	const struct dwarf_unit *unit;
	const struct dwarf_abbrevs *abbrevs;
	struct byte_reader reader;
	const uint64_t *addresses;
	size_t count;
	uint32_t *found;
	uint64_t *sizes; /* of the range by which each was found */
	struct open_scope open[DWARF_SCOPES_MAX_DEPTH];
	size_t open_count;
	uint32_t depth;
	bool has_plain_types; /* no code in types that are in no function: those of C and C++ */
	bool is_thorough;     /* look into functions that hold no asked address as well */
	bool has_skipped_function;
};

void dwarf_scopes_init(struct dwarf_scopes *scopes, struct dwarf_units *units)
{
	*scopes = (struct dwarf_scopes){ .units = units };
}

void dwarf_scopes_release(struct dwarf_scopes *scopes)
{
	free(scopes->scopes);
	*scopes = (struct dwarf_scopes){ 0 };
}

static int add_scope(struct dwarf_scopes *scopes, const struct dwarf_scope *scope,
		     uint32_t *ret_index)
{
	if (scopes->count == scopes->allocated) {
		size_t more = scopes->allocated ? 2 * scopes->allocated : 64;
		struct dwarf_scope *grown = realloc(scopes->scopes, more * sizeof(*grown));

		if (!grown || more >= DWARF_NO_SCOPE) {
			scopes->scopes = grown ? grown : scopes->scopes;
			return -ENOMEM;
		}
		scopes->scopes = grown;
		scopes->allocated = more;
	}
	*ret_index = scopes->count;
	scopes->scopes[scopes->count++] = *scope;
	return 0;
}

/* Makes the innermost open scope one that is kept, and those around it up to a function of its own. */
static int keep_innermost(struct walk *walk)
{
	size_t first = walk->open_count - 1;

	while (first && walk->open[first].is_inlined && walk->open[first].scope == DWARF_NO_SCOPE)
		first--;
	for (size_t i = first; i < walk->open_count; i++) {
		struct open_scope *open = &walk->open[i];
		int err;

		if (open->scope != DWARF_NO_SCOPE)
			continue;
		open->made.parent =
			open->is_inlined && i ? walk->open[i - 1].scope : DWARF_NO_SCOPE;
		err = add_scope(walk->scopes, &open->made, &open->scope);
		if (err)
			return err;
	}
	return 0;
}

/* Is `scope` around the innermost open one? */
static bool is_around_innermost(const struct walk *walk, uint32_t scope)
{
	for (size_t i = walk->open_count; i-- > 0;) {
		if (walk->open[i].scope == scope)
			return true;
		if (!walk->open[i].is_inlined)
			break;
	}
	return false;
}

/* The innermost open scope holds these addresses. */
static int claim(struct walk *walk, uint64_t start, uint64_t end, size_t *hits)
{
	size_t i = ascending_first_from(walk->addresses, walk->count, start);

	for (; i < walk->count && walk->addresses[i] < end; i++) {
		struct open_scope *innermost = &walk->open[walk->open_count - 1];
		int err;

		++*hits;
		if (!dwarf_file_pay(walk->file, 8))
			return 0;
		if (walk->found[i] != DWARF_NO_SCOPE && end - start > walk->sizes[i] &&
		    !is_around_innermost(walk, walk->found[i]))
			continue;
		err = innermost->scope == DWARF_NO_SCOPE ? keep_innermost(walk) : 0;
		if (err)
			return err;
		walk->found[i] = innermost->scope;
		walk->sizes[i] = end - start;
	}
	return 0;
}

static int claim_ranges(struct walk *walk, const struct dwarf_value *values, size_t *ret_hits)
{
	struct dwarf_ranges ranges;
	uint64_t start, end;
	int err = 0;

	*ret_hits = 0;
	dwarf_ranges_init(&ranges, walk->file, walk->unit, &values[WANTED_LOW_PC],
			  &values[WANTED_HIGH_PC], &values[WANTED_RANGES]);
	while (!err && dwarf_ranges_next(&ranges, &start, &end))
		err = claim(walk, start, end, ret_hits);
	return err;
}

/* Does a block hold any of the addresses? Blocks claim nothing. */
static bool has_addresses(struct walk *walk, const struct dwarf_value *values)
{
	struct dwarf_ranges ranges;
	uint64_t start, end;

	dwarf_ranges_init(&ranges, walk->file, walk->unit, &values[WANTED_LOW_PC],
			  &values[WANTED_HIGH_PC], &values[WANTED_RANGES]);
	while (dwarf_ranges_next(&ranges, &start, &end)) {
		size_t i = ascending_first_from(walk->addresses, walk->count, start);

		if (i < walk->count && walk->addresses[i] < end)
			return true;
	}
	return false;
}

/* --- the walk --- */

static bool is_function(uint16_t tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
}

static bool is_block(uint16_t tag)
{
	return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/*
 * Entries that may have code in or below them, besides those of functions and blocks. The functions of types in C++ have
 * it elsewhere, but for those of local classes.
 */
static bool is_container(const struct walk *walk, uint16_t tag)
{
	switch (tag) {
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		return walk->open_count || !walk->has_plain_types;
	case DW_TAG_compile_unit:
	case DW_TAG_skeleton_unit:
	case DW_TAG_partial_unit:
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_with_stmt:
		return true;
	}
	return !walk->has_plain_types;
}

static bool is_language_of_plain_types(uint32_t language)
{
	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
		return true;
	}
	return false;
}

/* Moves behind the entry's children, if it says where that is. */
static bool skip_children(struct walk *walk, const struct dwarf_value *values)
{
	uint64_t sibling = dwarf_unit_reference(walk->unit, &values[WANTED_SIBLING]);

	if (sibling == DWARF_NO_OFFSET || sibling <= walk->reader.offset ||
	    sibling >= walk->unit->end)
		return false;
	walk->reader.offset = sibling;
	return true;
}

static bool open_scope(struct walk *walk, uint64_t offset, uint16_t tag,
		       const struct dwarf_value *values)
{
	if (walk->open_count == DWARF_SCOPES_MAX_DEPTH)
		return false;
	walk->open[walk->open_count++] = (struct open_scope){
		.depth = walk->depth,
		.scope = DWARF_NO_SCOPE,
		.is_inlined = tag == DW_TAG_inlined_subroutine,
		.made = {
			.entry = offset,
			.call_file = values[WANTED_CALL_FILE].number,
			.call_line = values[WANTED_CALL_LINE].number,
		},
	};
	return true;
}

/*
 * A function stays open for its children. Where it holds nothing that was asked for, neither do they, but
 * for functions that C and Ada nest, and those of local classes: these a second, thorough walk finds.
 */
static int enter_function(struct walk *walk, const struct dwarf_abbrev *abbrev, uint64_t offset,
			  const struct dwarf_value *values, bool *ret_below)
{
	size_t hits;
	int err;

	if (!open_scope(walk, offset, abbrev->tag, values)) {
		*ret_below = false;
		return 0;
	}
	err = claim_ranges(walk, values, &hits);
	*ret_below = hits || walk->is_thorough || !walk->has_plain_types;
	if (!*ret_below && abbrev->has_children && abbrev->has_pc)
		walk->has_skipped_function = true;
	return err;
}

/* Reads an entry of interest and goes below it, or past it. -EBADMSG: it cannot be read. */
static int enter(struct walk *walk, const struct dwarf_abbrev *abbrev, uint64_t offset)
{
	struct dwarf_value values[WANTED_COUNT];
	bool below = true;
	int err = 0;

	if (!dwarf_abbrev_read(walk->file, walk->abbrevs, abbrev, NEEDED, &walk->reader, values))
		return -EBADMSG;
	if (is_function(abbrev->tag))
		err = enter_function(walk, abbrev, offset, values, &below);
	else if (is_block(abbrev->tag))
		below = walk->is_thorough || !abbrev->has_pc || has_addresses(walk, values);
	else
		below = is_container(walk, abbrev->tag);
	if (!abbrev->has_children || (!below && skip_children(walk, values))) {
		if (walk->open_count && walk->open[walk->open_count - 1].depth == walk->depth)
			walk->open_count--;
		return err;
	}
	walk->depth++;
	return err;
}

/* Of an entry with nothing to tell, nor anything to skip, only the size matters. */
static bool is_of_interest(const struct walk *walk, const struct dwarf_abbrev *abbrev)
{
	if (is_function(abbrev->tag))
		return abbrev->has_pc || abbrev->has_children;
	return abbrev->has_children &&
	       (is_block(abbrev->tag) || (abbrev->has_sibling && !is_container(walk, abbrev->tag)));
}

/* The children of an entry have ended. */
static void leave(struct walk *walk)
{
	walk->depth--;
	if (walk->open_count && walk->open[walk->open_count - 1].depth == walk->depth)
		walk->open_count--;
}

/* One entry: 0; -ENOENT: the unit ends here; -EBADMSG; -ENOMEM. */
static int step(struct walk *walk)
{
	uint64_t offset = walk->reader.offset;
	uint64_t code = byte_reader_uleb128(&walk->reader);
	const struct dwarf_abbrev *abbrev;

	if (!code) {
		if (!walk->depth)
			return -ENOENT;
		leave(walk);
		return walk->depth ? 0 : -ENOENT;
	}
	abbrev = dwarf_abbrevs_find(walk->abbrevs, code);
	if (!abbrev || walk->depth == UINT32_MAX)
		return -EBADMSG;
	if (is_of_interest(walk, abbrev))
		return enter(walk, abbrev, offset);
	if (!dwarf_abbrev_skip(walk->abbrevs, abbrev, &walk->reader))
		return -EBADMSG;
	walk->depth += abbrev->has_children;
	return 0;
}

static int run(struct walk *walk)
{
	uint64_t end = walk->unit->end;
	int err = 0;

	byte_reader_init(&walk->reader, bytes_slice(walk->file->sections[DWARF_INFO], 0, end));
	walk->reader.offset = walk->unit->entries;
	walk->open_count = 0;
	walk->depth = 0;
	while (!err && walk->reader.offset < end) {
		size_t before = walk->reader.offset;

		err = step(walk);
		/* A jump over what is of no interest is free, and leads forward. */
		if (!dwarf_file_pay(walk->file, walk->reader.offset - before > 64
							? 64
							: walk->reader.offset - before))
			break;
	}
	return err == -ENOMEM ? err : 0;
}

/* A second walk for the addresses that no function was found for. */
static int run_thoroughly(struct walk *walk)
{
	_cleanup_free_ uint64_t *addresses = calloc(walk->count + 1, sizeof(*addresses));
	_cleanup_free_ size_t *places = calloc(walk->count + 1, sizeof(*places));
	_cleanup_free_ uint32_t *found = malloc((walk->count + 1) * sizeof(*found));
	struct walk second = *walk;
	int err;

	if (!addresses || !places || !found)
		return -ENOMEM;
	second.count = 0;
	for (size_t i = 0; i < walk->count; i++) {
		if (walk->found[i] != DWARF_NO_SCOPE)
			continue;
		places[second.count] = i;
		found[second.count] = DWARF_NO_SCOPE;
		addresses[second.count++] = walk->addresses[i];
	}
	if (!second.count)
		return 0;
	second.addresses = addresses;
	second.found = found;
	second.is_thorough = true;
	err = run(&second);
	for (size_t i = 0; i < second.count; i++)
		walk->found[places[i]] = found[i];
	return err;
}

int dwarf_scopes_find(struct dwarf_scopes *scopes, const struct dwarf_unit *unit,
		      const uint64_t *addresses, size_t count, uint32_t *ret_scopes)
{
	_cleanup_free_ struct walk *walk = calloc(1, sizeof(*walk));
	_cleanup_free_ uint64_t *sizes = calloc(count + 1, sizeof(*sizes));
	int err;

	for (size_t i = 0; i < count; i++)
		ret_scopes[i] = DWARF_NO_SCOPE;
	if (!walk || !sizes)
		return -ENOMEM;
	*walk = (struct walk){
		.scopes = scopes,
		.file = scopes->units->file,
		.unit = unit,
		.addresses = addresses,
		.count = count,
		.found = ret_scopes,
		.sizes = sizes,
		.has_plain_types = is_language_of_plain_types(unit->language),
	};
	err = dwarf_units_abbrevs(scopes->units, unit, &walk->abbrevs);
	if (!err)
		err = run(walk);
	if (!err && walk->has_skipped_function)
		err = run_thoroughly(walk);
	return err;
}
