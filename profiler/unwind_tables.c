/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/unwind_tables.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* So much of the space is made free at once at least: waiting for programs to end takes a while. */
#define EVICTED_SHARE 16

struct resident {
	uint64_t module;
	uint32_t row_count;
	uint32_t idle_rounds; /* as last asked for */
	bool is_leaving;      /* the kernel side can find it no more, but may still be reading */
	struct unwind_module entry; /* what the kernel side finds */
	struct unwind_holding holding;
};

struct alias {
	uint64_t id;
	uint64_t module;
};

struct unwind_tables {
	struct unwind_maps_view maps;
	struct unwind_tables_owner owner;
	struct unwind_space *space;
	struct resident
		*residents; /* those leaving first, then the idlest, when victims are sought */
	uint32_t count;
	struct alias aliases[UNWIND_TABLES_ALIASES]; /* the oldest first */
	uint32_t alias_count;
	uint64_t evicted;
};

int unwind_tables_new(const struct unwind_maps_view *maps, const struct unwind_tables_owner *owner,
		      struct unwind_tables **ret_tables)
{
	struct unwind_tables *tables = calloc(1, sizeof(*tables));
	int error;

	if (!tables)
		return -ENOMEM;
	tables->maps = *maps;
	tables->owner = *owner;
	tables->residents = calloc(maps->max_modules, sizeof(*tables->residents));
	error = tables->residents ? unwind_space_new(&maps->memory, &tables->space) : -ENOMEM;
	if (error)
		unwind_tables_free(tables);
	else
		*ret_tables = tables;
	return error;
}

void unwind_tables_free(struct unwind_tables *tables)
{
	if (!tables)
		return;
	for (uint32_t i = 0; i < tables->count; i++)
		unwind_holding_release(&tables->residents[i].holding);
	unwind_space_free(tables->space);
	free(tables->residents);
	free(tables);
}

/* --- aliases --- */

/* Its blocks stay, so that there is nothing to wait for. False: the kernel side may still find it, so that it stays. */
static bool drop_alias(struct unwind_tables *tables, uint32_t index)
{
	uint64_t id = tables->aliases[index].id;

	if (tables->maps.unpublish(tables->maps.context, id))
		return false;
	tables->alias_count--;
	memmove(&tables->aliases[index], &tables->aliases[index + 1],
		(tables->alias_count - index) * sizeof(*tables->aliases));
	tables->owner.evicted(tables->owner.context, id);
	return true;
}

static bool drop_aliases_of(struct unwind_tables *tables, uint64_t module)
{
	for (uint32_t i = tables->alias_count; i-- > 0;)
		if (tables->aliases[i].module == module && !drop_alias(tables, i))
			return false;
	return true;
}

static bool is_alias(const struct unwind_tables *tables, uint64_t id)
{
	for (uint32_t i = 0; i < tables->alias_count; i++)
		if (tables->aliases[i].id == id)
			return true;
	return false;
}

/* Drops the module's oldest one when it has all it may have. False: it still has. */
static bool limit_aliases_of(struct unwind_tables *tables, uint64_t module)
{
	uint32_t count = 0, oldest = 0;

	for (uint32_t i = tables->alias_count; i-- > 0;)
		if (tables->aliases[i].module == module) {
			count++;
			oldest = i;
		}
	return count < UNWIND_TABLES_ALIASES_EACH || drop_alias(tables, oldest);
}

static const struct resident *find_resident(const struct unwind_tables *tables, uint64_t module)
{
	for (uint32_t i = 0; i < tables->count; i++)
		if (tables->residents[i].module == module && !tables->residents[i].is_leaving)
			return &tables->residents[i];
	return NULL;
}

static bool has_entry_left(const struct unwind_tables *tables)
{
	return tables->count + tables->alias_count < tables->maps.max_modules;
}

int unwind_tables_add_alias(struct unwind_tables *tables, uint64_t alias, uint64_t module)
{
	const struct resident *resident = find_resident(tables, module);
	int error;

	if (!resident)
		return -ENOENT;
	if (is_alias(tables, alias))
		return 0;
	if (!limit_aliases_of(tables, module))
		return -ENOSPC;
	if (tables->alias_count &&
	    (tables->alias_count == UNWIND_TABLES_ALIASES || !has_entry_left(tables)) &&
	    !drop_alias(tables, 0))
		return -ENOSPC;
	if (!has_entry_left(tables))
		return -ENOSPC;
	error = tables->maps.publish(tables->maps.context, alias, &resident->entry);
	if (!error)
		tables->aliases[tables->alias_count++] = (struct alias){ alias, module };
	return error;
}

/* --- eviction --- */

static int compare_idleness(const void *left, const void *right)
{
	const struct resident *a = left, *b = right;

	if (a->is_leaving != b->is_leaving)
		return a->is_leaving ? -1 : 1;
	return (a->idle_rounds < b->idle_rounds) - (a->idle_rounds > b->idle_rounds);
}

static void sort_by_idleness(struct unwind_tables *tables)
{
	for (uint32_t i = 0; i < tables->count; i++) {
		struct resident *resident = &tables->residents[i];

		resident->idle_rounds =
			tables->owner.idle_rounds(tables->owner.context, resident->module);
	}
	qsort(tables->residents, tables->count, sizeof(*tables->residents), compare_idleness);
}

/* The first residents, once no program reads them any more. */
static int remove_first(struct unwind_tables *tables, uint32_t count)
{
	int error = tables->maps.wait_for_readers(tables->maps.context);

	if (error)
		return error;
	for (uint32_t i = 0; i < count; i++)
		unwind_space_drop(tables->space, &tables->residents[i].holding);
	tables->count -= count;
	for (uint32_t i = 0; i < tables->count; i++)
		tables->residents[i] = tables->residents[i + count];
	return 0;
}

static void unpublish(struct unwind_tables *tables, struct resident *resident)
{
	if (resident->is_leaving)
		return;
	if (!drop_aliases_of(tables, resident->module) ||
	    tables->maps.unpublish(tables->maps.context, resident->module))
		return;
	resident->is_leaving = true;
	tables->evicted++;
	tables->owner.evicted(tables->owner.context, resident->module);
}

/* Could so many slots be had by driving out all that is idle? Residents are sorted. */
static uint32_t idle_slots(const struct unwind_tables *tables)
{
	uint32_t slots = 0;

	for (uint32_t i = 0; i < tables->count; i++)
		if (tables->residents[i].is_leaving || tables->residents[i].idle_rounds)
			slots += tables->residents[i].holding.slot_count;
	return slots;
}

/*
 * Drives out the idlest, until as many slots are free again as wanted and a share of all, and one module at
 * least. -ENOSPC: that would not do, so that nobody has to go.
 */
static int evict(struct unwind_tables *tables, uint32_t wanted)
{
	uint32_t capacity = tables->maps.memory.size.segments * UNWIND_SEGMENT_SLOTS;
	uint32_t share = capacity / EVICTED_SHARE, freed = 0, count = 0;
	uint32_t free_slots = unwind_space_free_slots(tables->space);

	sort_by_idleness(tables);
	if (free_slots + idle_slots(tables) < wanted)
		return -ENOSPC;
	for (; count < tables->count; count++) {
		struct resident *resident = &tables->residents[count];

		if (count && free_slots + freed >= wanted && freed >= share)
			break;
		if (!resident->is_leaving && !resident->idle_rounds)
			break;
		unpublish(tables, resident);
		if (!resident->is_leaving)
			break;
		freed += resident->holding.slot_count;
	}
	return count ? remove_first(tables, count) : -ENOSPC;
}

int unwind_tables_shrink(struct unwind_tables *tables)
{
	return evict(tables, 0);
}

/* --- loading --- */

/* Blocks lie in pieces, and they and rules run out as well: as long as somebody can go, it is tried again. */
static int make_room(struct unwind_tables *tables, const struct row_table *table,
		     struct unwind_holding *ret_holding)
{
	for (;;) {
		int error = unwind_space_put(tables->space, table, ret_holding);

		if (error != -ENOSPC)
			return error;
		error = evict(tables, unwind_space_slots_of(table));
		if (error)
			return error;
	}
}

static int make_entry(struct unwind_tables *tables)
{
	if (has_entry_left(tables))
		return 0;
	if (!tables->alias_count)
		return evict(tables, 0);
	return drop_alias(tables, 0) ? 0 : -ENOSPC;
}

/* What the kernel side finds a module by comes last: only then is its table read. */
static int publish(struct unwind_tables *tables, struct resident *resident, uint64_t first_block)
{
	int error = make_entry(tables);

	if (error)
		return error;
	resident->entry = (struct unwind_module){
		.first_block = first_block,
		.block_count = resident->holding.block_count,
		.blocks_at = resident->holding.first_block,
	};
	error = tables->maps.publish(tables->maps.context, resident->module, &resident->entry);
	if (!error)
		tables->residents[tables->count++] = *resident;
	return error;
}

static int load(struct unwind_tables *tables, struct resident *resident,
		const struct row_table *table)
{
	int error = make_room(tables, table, &resident->holding);

	if (error)
		return error;
	resident->row_count = table->header->row_count;
	error = publish(tables, resident, table->header->first_block);
	if (error)
		unwind_space_drop(tables->space, &resident->holding);
	return error;
}

int unwind_tables_load(struct unwind_tables *tables, uint64_t module, struct bytes bytes)
{
	struct resident resident = { .module = module };
	struct row_table table;
	int error;

	if (!bytes.size)
		return publish(tables, &resident, 0);
	error = row_table_open(bytes, &table);
	return error ? error : load(tables, &resident, &table);
}

void unwind_tables_read_totals(const struct unwind_tables *tables,
			       struct unwind_tables_totals *ret_totals)
{
	*ret_totals = (struct unwind_tables_totals){
		.modules = tables->count,
		.segment_bytes = unwind_space_segment_bytes(tables->space),
		.evicted = tables->evicted,
	};
	for (uint32_t i = 0; i < tables->count; i++)
		ret_totals->rows += tables->residents[i].row_count;
}
