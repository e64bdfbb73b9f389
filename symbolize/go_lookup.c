/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/go_lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/string_pool.h"
#include "base/u64_map.h"
#include "elf/go_calls.h"
#include "symbolize/ascending.h"

/* Runs of tables that are read: so many times what the table of functions has bytes, and so many for each address. */
#define WORK_FACTOR  16
#define WORK_ADDRESS 1024

struct found_location {
	size_t first; /* in the frames */
	size_t count;
	bool is_between;
};

/* A table of one function. */
struct run {
	uint64_t end; /* from the function's start */
	int64_t value;
};

struct run_table {
	struct run *runs;
	size_t count, allocated;
};

/* The function at hand. */
struct function {
	uint32_t number;
	struct go_function range; /* without a name */
	struct go_function_lines places;
	struct run_table files, lines, calls;
	bool is_read;
};

struct go_lookup {
	struct go_table table;
	struct go_calls calls;
	size_t count;
	struct found_location *locations;
	struct source_frame *frames;
	size_t frame_count, frame_allocated;
	struct string_pool strings;
	struct u64_map names, files; /* from a place in the table to an id in `strings` */
	struct function function;
	uint64_t work_left;
};

/* --- the function that holds an address --- */

/* 1: it starts at or below the address; 0: it does not; or an error. */
static int starts_below(struct go_lookup *lookup, uint32_t number, uint64_t address)
{
	struct go_function range;
	int err = go_table_range(&lookup->table, number, &range);

	return err ? err : range.address <= address;
}

/*
 * The last function that starts at or below the address, from function `low` on, by steps that double and then halve.
 * Addresses ascend, so that it is mostly near. 0, or an error.
 */
static int find_number(struct go_lookup *lookup, uint32_t low, uint64_t address,
		       uint32_t *ret_number)
{
	uint32_t count = lookup->table.function_count, high = low + 1, step = 1;
	int below = 1;

	while (high < count && (below = starts_below(lookup, high, address)) > 0) {
		low = high;
		step *= 2;
		high = count - high > step ? high + step : count;
	}
	while (below >= 0 && high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		below = starts_below(lookup, middle, address);
		if (below > 0)
			low = middle;
		else
			high = middle;
	}
	*ret_number = low;
	return below < 0 ? below : 0;
}

static bool holds(const struct go_function *range, uint64_t address)
{
	return address >= range->address && address - range->address < range->size;
}

/* --- a function's tables --- */

static int add_run(struct run_table *table, const struct go_runs *runs)
{
	if (table->count == table->allocated) {
		size_t more = table->allocated ? 2 * table->allocated : 64;
		struct run *grown = realloc(table->runs, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		table->runs = grown;
		table->allocated = more;
	}
	table->runs[table->count++] = (struct run){ runs->end, runs->value };
	return 0;
}

/* A table that is damaged ends where the damage is. */
static int read_runs(struct go_lookup *lookup, uint32_t offset, struct run_table *table)
{
	struct go_runs runs;
	int err = 0;

	table->count = 0;
	if (!offset)
		return 0;
	go_runs_init(&runs, offset);
	while (!err && runs.end < lookup->function.range.size && lookup->work_left) {
		lookup->work_left--;
		err = go_runs_next(&runs, &lookup->table);
		if (!err)
			err = add_run(table, &runs);
	}
	return err == -ENOENT || err == -EBADMSG ? 0 : err;
}

static int read_function(struct go_lookup *lookup, uint32_t number, uint64_t address)
{
	struct function *function = &lookup->function;
	int err = go_table_range(&lookup->table, number, &function->range);

	function->number = number;
	function->is_read = false;
	if (err || !holds(&function->range, address))
		return err;
	err = go_table_lines(&lookup->table, number, &function->places);
	if (!err)
		err = read_runs(lookup, function->places.files, &function->files);
	if (!err)
		err = read_runs(lookup, function->places.lines, &function->lines);
	if (!err)
		err = read_runs(lookup, function->places.calls, &function->calls);
	function->is_read = !err;
	return err;
}

/* -1: none. */
static int64_t value_at(const struct run_table *table, uint64_t place)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->runs[middle].end <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->count ? table->runs[low].value : -1;
}

static bool covers(const struct run_table *table, uint64_t place)
{
	return table->count && place < table->runs[table->count - 1].end;
}

/* --- strings --- */

static int keep(struct go_lookup *lookup, struct u64_map *known, uint64_t key,
		const struct buffer *text, const char **ret_kept)
{
	uint32_t id;
	int err = string_pool_add(&lookup->strings, text->data, text->size, &id);

	if (!err)
		err = u64_map_set(known, key, id);
	if (!err)
		*ret_kept = string_pool_get(&lookup->strings, id, NULL);
	return err;
}

/* NULL: it has none. */
static int find_name(struct go_lookup *lookup, uint32_t offset, const char **ret_name)
{
	_cleanup_(buffer_release) struct buffer name = { 0 };
	uint32_t known = u64_map_get(&lookup->names, offset);
	int err;

	*ret_name = NULL;
	if (known != U64_MAP_ABSENT) {
		*ret_name = string_pool_get(&lookup->strings, known, NULL);
		return 0;
	}
	if (!lookup->work_left)
		return 0;
	err = go_table_name_at(&lookup->table, offset, &name);
	lookup->work_left -= name.size < lookup->work_left ? name.size : lookup->work_left;
	if (err)
		return err == -ENOENT ? 0 : err;
	return keep(lookup, &lookup->names, offset, &name, ret_name);
}

static int find_file(struct go_lookup *lookup, int64_t number, const char **ret_file)
{
	_cleanup_(buffer_release) struct buffer name = { 0 };
	uint32_t unit = lookup->function.places.unit, known;
	uint64_t key = (uint64_t)unit + number;
	int err;

	*ret_file = NULL;
	if (number < 0 || number > UINT32_MAX)
		return 0;
	known = u64_map_get(&lookup->files, key);
	if (known != U64_MAP_ABSENT) {
		*ret_file = string_pool_get(&lookup->strings, known, NULL);
		return 0;
	}
	if (!lookup->work_left)
		return 0;
	err = go_table_file(&lookup->table, unit, number, &name);
	lookup->work_left -= name.size < lookup->work_left ? name.size : lookup->work_left;
	if (err)
		return err == -ENOENT || err == -EBADMSG ? 0 : err;
	return keep(lookup, &lookup->files, key, &name, ret_file);
}

/* --- frames --- */

static int add_frame(struct go_lookup *lookup, const struct source_frame *frame)
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

/* File and line of a place in the function. */
static int locate(struct go_lookup *lookup, uint64_t place, struct source_frame *ret_frame)
{
	const struct function *function = &lookup->function;
	int64_t line = value_at(&function->lines, place);

	*ret_frame = (struct source_frame){ .line = line > 0 ? line : 0 };
	return find_file(lookup, value_at(&function->files, place), &ret_frame->file);
}

/* The frame of the function itself, with the line at this place. */
static int add_outermost(struct go_lookup *lookup, uint64_t place)
{
	struct source_frame frame;
	uint32_t name;
	int err = locate(lookup, place, &frame);

	if (!err)
		err = go_table_name_offset(&lookup->table, lookup->function.number, &name);
	if (!err)
		err = find_name(lookup, name, &frame.function);
	return err ? err : add_frame(lookup, &frame);
}

/*
 * The calls that were inlined at a place; `place` becomes that of the outermost one in the function. -EBADMSG: they
 * cannot be read, or go on without end.
 */
static int add_calls(struct go_lookup *lookup, uint64_t *place)
{
	const struct function *function = &lookup->function;
	int64_t index = value_at(&function->calls, *place);

	for (int depth = 0; index >= 0; depth++) {
		struct source_frame frame;
		struct go_call call;
		int err = index > UINT32_MAX || depth == GO_LOOKUP_MAX_DEPTH ? -EBADMSG : 0;

		if (!err)
			err = go_calls_get(&lookup->calls, function->places.tree, index,
					   function->range.size, &call);
		if (!err)
			err = locate(lookup, *place, &frame);
		if (!err)
			err = find_name(lookup, call.name, &frame.function);
		if (!err)
			err = add_frame(lookup, &frame);
		if (err)
			return err;
		*place = call.place;
		index = value_at(&function->calls, *place);
	}
	return 0;
}

/* Without its inlined calls, a place is known by function and line alone, as `go tool addr2line` tells it. */
static int add_frames(struct go_lookup *lookup, uint64_t place, struct found_location *location)
{
	uint64_t outermost = place;
	int err = 0;

	location->first = lookup->frame_count;
	if (lookup->calls.lists.size && lookup->function.places.tree != GO_FUNCTION_NO_TREE)
		err = add_calls(lookup, &outermost);
	if (err == -EBADMSG) {
		lookup->frame_count = location->first;
		outermost = place;
		err = 0;
	}
	if (!err)
		err = add_outermost(lookup, outermost);
	location->count = lookup->frame_count - location->first;
	return err;
}

static int answer(struct go_lookup *lookup, uint64_t address, struct found_location *location)
{
	struct function *function = &lookup->function;
	uint64_t place;
	int err = 0;

	if (!function->is_read || !holds(&function->range, address)) {
		uint32_t number;

		err = find_number(lookup, function->number, address, &number);
		if (!err)
			err = read_function(lookup, number, address);
		if (err || !function->is_read)
			return err == -EBADMSG ? 0 : err;
	}
	place = address - function->range.address;
	if (!function->lines.count)
		return 0; /* nothing is told of it, not even where it ends */
	if (covers(&function->lines, place))
		err = add_frames(lookup, place, location);
	else
		location->is_between = true;
	return err == -EBADMSG ? 0 : err;
}

/* --- all of them --- */

static int init(struct go_lookup *lookup, const struct elf_file *elf, size_t count)
{
	int err = go_table_init(&lookup->table, elf);

	if (!err && !go_table_has_lines(&lookup->table))
		err = -ENOENT;
	if (!err)
		err = go_calls_init(&lookup->calls, &lookup->table);
	if (err)
		return err == -EBADMSG ? -ENOENT : err;
	lookup->work_left = WORK_FACTOR * lookup->table.functab.size + WORK_ADDRESS * count;
	lookup->count = count;
	lookup->locations = calloc(count + 1, sizeof(*lookup->locations));
	return lookup->locations ? 0 : -ENOMEM;
}

DEFINE_CLEANUP(cleanup_lookup, struct go_lookup *, go_lookup_free)

int go_lookup_new(const struct elf_file *elf, const uint64_t *addresses, size_t count,
		  struct go_lookup **ret_lookup)
{
	_cleanup_(cleanup_lookup) struct go_lookup *lookup = NULL;
	int err;

	if (count > DWARF_LOOKUP_MAX_ADDRESSES)
		return -E2BIG;
	if (!ascending_is(addresses, count))
		return -EINVAL;
	lookup = calloc(1, sizeof(*lookup));
	if (!lookup)
		return -ENOMEM;
	string_pool_init(&lookup->strings);
	u64_map_init(&lookup->names);
	u64_map_init(&lookup->files);
	err = init(lookup, elf, count);
	for (size_t i = 0; !err && i < count; i++)
		err = answer(lookup, addresses[i], &lookup->locations[i]);
	if (err)
		return err;
	*ret_lookup = take_ptr(lookup);
	return 0;
}

void go_lookup_free(struct go_lookup *lookup)
{
	if (!lookup)
		return;
	go_calls_release(&lookup->calls);
	go_table_release(&lookup->table);
	string_pool_release(&lookup->strings);
	u64_map_release(&lookup->names);
	u64_map_release(&lookup->files);
	free(lookup->function.files.runs);
	free(lookup->function.lines.runs);
	free(lookup->function.calls.runs);
	free(lookup->locations);
	free(lookup->frames);
	free(lookup);
}

struct source_location go_lookup_get(const struct go_lookup *lookup, size_t index)
{
	const struct found_location *location = &lookup->locations[index];

	return (struct source_location){
		.frames = location->count ? lookup->frames + location->first : NULL,
		.count = location->count,
	};
}

bool go_lookup_is_between(const struct go_lookup *lookup, size_t index)
{
	return lookup->locations[index].is_between;
}
