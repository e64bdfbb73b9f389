/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/dwarf_lookup.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/string_pool.h"
#include "symbolize/ascending.h"
#include "symbolize/dwarf_claims.h"
#include "symbolize/dwarf_line.h"
#include "symbolize/dwarf_scopes.h"
#include "symbolize/dwarf_split.h"

/* An abstract origin, its specification, and what else a producer may put between an entry and its name. */
#define MAX_HOPS 16

/* Frames of one address. */
#define MAX_FRAMES DWARF_SCOPES_MAX_DEPTH

struct found_location {
	size_t first; /* in the frames */
	size_t count;
	uint64_t discriminator;
};

struct dwarf_lookup {
	struct dwarf_file file;
	struct dwarf_units units;
	struct dwarf_file supplement; /* without sections: none */
	struct dwarf_units supplement_units;
	struct dwarf_splits splits;
	const uint64_t *addresses; /* the caller's, only while looking up */
	size_t count;
	struct found_location *locations;
	struct source_frame *frames;
	size_t frame_count, frame_allocated;
	struct string_pool strings; /* paths, and names out of files that are closed again */
};

/* --- frames --- */

static int add_frame(struct dwarf_lookup *lookup, const struct source_frame *frame)
{
	if (lookup->frame_count == lookup->frame_allocated) {
		size_t more = lookup->frame_allocated ? 2 * lookup->frame_allocated : 256;
		struct source_frame *grown = realloc(lookup->frames, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		lookup->frames = grown;
		lookup->frame_allocated = more;
	}
	lookup->frames[lookup->frame_count++] = *frame;
	return 0;
}

/* Languages whose names the linker takes as they are. */
static bool has_plain_names(const struct dwarf_unit *unit)
{
	switch (unit->language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
		return true;
	}
	return false;
}

/* An entry, in whichever file. */
struct entry_place {
	struct dwarf_units *units;
	uint64_t offset; /* DWARF_NO_OFFSET: nowhere */
};

/* To where the entry leads. */
static void follow(struct dwarf_lookup *lookup, const struct dwarf_entry *entry,
		   struct entry_place *place)
{
	static const enum dwarf_wanted references[] = { WANTED_ORIGIN, WANTED_SPECIFICATION };

	for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++) {
		const struct dwarf_value *value = &entry->values[references[i]];

		if (value->kind == DWARF_SUPPLEMENT_OFFSET) {
			*place = (struct entry_place){ &lookup->supplement_units, value->number };
			return;
		}
		place->offset = dwarf_unit_reference(entry->unit, value);
		if (place->offset != DWARF_NO_OFFSET)
			return;
	}
}

/* The name of an entry, which may stand elsewhere: 0, or -ENOMEM. What dwz made of several units may not tell its language. */
static int name_entry(struct dwarf_lookup *lookup, const struct dwarf_unit *unit,
		      struct entry_place place, struct source_frame *frame)
{
	for (int hop = 0; hop < MAX_HOPS && place.offset != DWARF_NO_OFFSET; hop++) {
		struct dwarf_entry entry;
		const char *name;
		int err = dwarf_units_entry(place.units, place.offset, &entry);

		if (err)
			return err == -ENOENT ? 0 : err;
		name = dwarf_unit_string(place.units->file, entry.unit,
					 &entry.values[WANTED_LINKAGE_NAME]);
		if (name) {
			frame->function = name;
			frame->is_whole_name = true;
			return 0;
		}
		name = dwarf_unit_string(place.units->file, entry.unit, &entry.values[WANTED_NAME]);
		if (name && !frame->function) {
			frame->function = name;
			frame->is_whole_name =
				has_plain_names(entry.unit->language ? entry.unit : unit);
		}
		follow(lookup, &entry, &place);
	}
	return 0;
}

/* --- one unit --- */

/* What is found out about the addresses of one unit. */
struct unit_answer {
	const struct dwarf_unit *unit;
	struct dwarf_split split; /* where the entries of a skeleton are */
	size_t count;
	uint64_t *addresses;
	uint32_t *innermost; /* scopes */
	struct dwarf_row *rows;
	struct dwarf_scopes scopes;
	struct source_frame *names; /* of the scopes; their function only */
	struct dwarf_lines lines;
	const char **paths; /* of the line program's files, as far as they were asked for */
};

static void unit_answer_release(struct unit_answer *answer)
{
	free(answer->addresses);
	free(answer->innermost);
	free(answer->rows);
	free(answer->names);
	free(answer->paths);
	dwarf_scopes_release(&answer->scopes);
	dwarf_lines_release(&answer->lines);
	dwarf_split_release(&answer->split);
}

/* The unit with the entries. */
static const struct dwarf_unit *entries_of(const struct unit_answer *answer)
{
	return answer->split.unit ? answer->split.unit : answer->unit;
}

static int keep_string(struct dwarf_lookup *lookup, const char *string, size_t size,
		       const char **ret_kept)
{
	uint32_t id;
	int err = string_pool_add(&lookup->strings, string, size, &id);

	if (!err)
		*ret_kept = string_pool_get(&lookup->strings, id, NULL);
	return err;
}

static int find_path(struct dwarf_lookup *lookup, struct unit_answer *answer, uint64_t file,
		     const char **ret_path)
{
	_cleanup_(buffer_release) struct buffer path = { 0 };
	int err;

	*ret_path = NULL;
	if (file >= answer->lines.file_count)
		return 0;
	if (!answer->paths[file]) {
		if (!dwarf_lines_path(&answer->lines, file, &path))
			return 0;
		err = buffer_error(&path);
		if (!err)
			err = keep_string(lookup, path.data, path.size, &answer->paths[file]);
		if (err)
			return err;
	}
	*ret_path = answer->paths[file];
	return 0;
}

static int name_scope(struct dwarf_lookup *lookup, struct unit_answer *answer, uint32_t scope,
		      struct source_frame *ret_frame)
{
	struct source_frame *name = &answer->names[scope];
	int err = 0;

	if (!name->line) { /* not looked for yet */
		const struct entry_place place = { answer->scopes.units,
						   answer->scopes.scopes[scope].entry };

		err = name_entry(lookup, entries_of(answer), place, name);
		if (!err && name->function && answer->split.unit)
			err = keep_string(lookup, name->function, strlen(name->function),
					  &name->function);
		name->line = 1;
	}
	ret_frame->function = name->function;
	ret_frame->is_whole_name = name->is_whole_name;
	return err;
}

/* The frames of one address: each function with the line in it, which for the outer ones is that of the call. */
static int add_frames(struct dwarf_lookup *lookup, struct unit_answer *answer, size_t index,
		      struct found_location *location)
{
	uint64_t file = answer->rows[index].file, line = answer->rows[index].line;
	bool has_line = answer->rows[index].found;
	uint32_t scope = answer->innermost[index];
	int err = 0;

	location->first = lookup->frame_count;
	location->discriminator = has_line ? answer->rows[index].discriminator : 0;
	while (!err && (scope != DWARF_NO_SCOPE || has_line) && location->count < MAX_FRAMES) {
		struct source_frame frame = { .line = has_line ? line : 0 };

		if (has_line)
			err = find_path(lookup, answer, file, &frame.file);
		has_line = false;
		if (!err && scope != DWARF_NO_SCOPE) {
			const struct dwarf_scope *found = &answer->scopes.scopes[scope];

			err = name_scope(lookup, answer, scope, &frame);
			file = found->call_file;
			line = found->call_line;
			scope = found->parent;
			has_line = scope != DWARF_NO_SCOPE;
		}
		if (!err)
			err = add_frame(lookup, &frame);
		location->count += !err;
	}
	return err;
}

static int find_scopes(struct dwarf_lookup *lookup, struct unit_answer *answer)
{
	int err = dwarf_unit_is_skeleton(answer->unit)
			  ? dwarf_split_open(&answer->split, &lookup->splits, answer->unit)
			  : 0;

	if (err)
		return err;
	dwarf_scopes_init(&answer->scopes,
			  answer->split.unit ? &answer->split.units : &lookup->units);
	err = dwarf_scopes_find(&answer->scopes, entries_of(answer), answer->addresses,
				answer->count, answer->innermost);
	if (err)
		return err;
	answer->names = calloc(answer->scopes.count + 1, sizeof(*answer->names));
	return answer->names ? 0 : -ENOMEM;
}

static int find_lines(struct dwarf_lookup *lookup, struct unit_answer *answer)
{
	int err = dwarf_lines_init(&answer->lines, &lookup->file, answer->unit);

	if (err)
		return err == -ENOENT ? 0 : err;
	answer->paths = calloc(answer->lines.file_count + 1, sizeof(*answer->paths));
	if (!answer->paths)
		return -ENOMEM;
	dwarf_lines_find(&answer->lines, answer->addresses, answer->count, answer->rows);
	return 0;
}

static int answer_unit(struct dwarf_lookup *lookup, const struct dwarf_claim *claims, size_t count)
{
	_cleanup_(unit_answer_release) struct unit_answer answer = {
		.unit = claims[0].unit,
		.split.own.fd = -1,
		.count = count,
		.addresses = calloc(count, sizeof(*answer.addresses)),
		.innermost = calloc(count, sizeof(*answer.innermost)),
		.rows = calloc(count, sizeof(*answer.rows)),
	};
	int err;

	if (!answer.addresses || !answer.innermost || !answer.rows)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		answer.addresses[i] = lookup->addresses[claims[i].address];
	err = find_scopes(lookup, &answer);
	if (!err)
		err = find_lines(lookup, &answer);
	for (size_t i = 0; !err && i < count; i++)
		err = add_frames(lookup, &answer, i, &lookup->locations[claims[i].address]);
	return err;
}

/* --- all of them --- */

static int answer_claims(struct dwarf_lookup *lookup, const struct dwarf_claim *claims)
{
	size_t first = 0;
	int err = 0;

	while (!err && first < lookup->count && claims[first].unit) {
		size_t end = first + 1;

		while (end < lookup->count && claims[end].unit == claims[first].unit)
			end++;
		err = answer_unit(lookup, claims + first, end - first);
		first = end;
	}
	return err;
}

static int answer_all(struct dwarf_lookup *lookup)
{
	_cleanup_free_ struct dwarf_claim *claims = calloc(lookup->count + 1, sizeof(*claims));
	int err;

	if (!claims)
		return -ENOMEM;
	err = dwarf_claims_find(&lookup->units, lookup->addresses, lookup->count, claims);
	return err ? err : answer_claims(lookup, claims);
}

DEFINE_CLEANUP(cleanup_lookup, struct dwarf_lookup *, dwarf_lookup_free)

static int init_supplement(struct dwarf_lookup *lookup, const struct dwarf_options *options)
{
	int err = options->supplement ? dwarf_file_init(&lookup->supplement, options->supplement,
							options->without_lines)
				      : 0;

	lookup->file.supplement_strings = lookup->supplement.sections[DWARF_STR];
	return err == -ENOMEM ? err : 0;
}

int dwarf_lookup_new(struct elf_file *elf, const uint64_t *addresses, size_t count,
		     struct dwarf_lookup **ret_lookup)
{
	static const struct dwarf_options none = { .supplement = NULL };

	return dwarf_lookup_new_with(elf, &none, addresses, count, ret_lookup);
}

int dwarf_lookup_new_with(struct elf_file *elf, const struct dwarf_options *options,
			  const uint64_t *addresses, size_t count, struct dwarf_lookup **ret_lookup)
{
	_cleanup_(cleanup_lookup) struct dwarf_lookup *lookup = NULL;
	int err;

	if (count > DWARF_LOOKUP_MAX_ADDRESSES)
		return -E2BIG;
	if (!ascending_is(addresses, count))
		return -EINVAL;
	lookup = calloc(1, sizeof(*lookup));
	if (!lookup)
		return -ENOMEM;
	string_pool_init(&lookup->strings);
	dwarf_splits_init(&lookup->splits, &lookup->file, options->path, options->search_split,
			  options->search_context);
	lookup->addresses = addresses;
	lookup->count = count;
	lookup->locations = calloc(count + 1, sizeof(*lookup->locations));
	if (!lookup->locations)
		return -ENOMEM;
	err = dwarf_file_init(&lookup->file, elf, options->without_lines);
	if (!err)
		err = init_supplement(lookup, options);
	if (err)
		return err;
	lookup->file.work_left += 1024 * (uint64_t)count;
	dwarf_units_init(&lookup->units, &lookup->file);
	dwarf_units_init(&lookup->supplement_units, &lookup->supplement);
	err = answer_all(lookup);
	if (err)
		return err;
	lookup->addresses = NULL;
	*ret_lookup = take_ptr(lookup);
	return 0;
}

void dwarf_lookup_free(struct dwarf_lookup *lookup)
{
	if (!lookup)
		return;
	dwarf_units_release(&lookup->units);
	dwarf_file_release(&lookup->file);
	dwarf_units_release(&lookup->supplement_units);
	dwarf_file_release(&lookup->supplement);
	dwarf_splits_release(&lookup->splits);
	string_pool_release(&lookup->strings);
	free(lookup->locations);
	free(lookup->frames);
	free(lookup);
}

struct source_location dwarf_lookup_get(const struct dwarf_lookup *lookup, size_t index)
{
	const struct found_location *location = &lookup->locations[index];

	return (struct source_location){
		.frames = location->count ? lookup->frames + location->first : NULL,
		.count = location->count,
		.discriminator = location->discriminator,
	};
}
