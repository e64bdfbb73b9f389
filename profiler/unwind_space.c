/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/unwind_space.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number_pool.h"
#include "profiler/unwind_rule_store.h"

/* How many slots before the last one may still take a page: pages are up to 3.5 KiB, slots 8 KiB. */
#define OPEN_SLOTS 32

/* A block for each 2 KiB, a rule for each KiB. A module takes one slot at least, and few have less than 2 KiB a block. */
#define BYTES_A_BLOCK (2u << 10)
#define BYTES_A_RULE  (1u << 10)

struct unwind_segment {
	uint32_t taken; /* slots */
	bool is_made;
};

struct unwind_space {
	struct unwind_space_memory memory;
	struct number_pool blocks, slots;
	struct unwind_rule_store rules;
	struct unwind_segment *segments;
	uint32_t segment_count; /* that are made */
};

struct unwind_space_size unwind_space_divide(uint64_t bytes)
{
	uint64_t blocks = bytes / BYTES_A_BLOCK, rules = bytes / BYTES_A_RULE;

	if (rules > UNWIND_MAX_RULES)
		rules = UNWIND_MAX_RULES;
	bytes -= blocks * sizeof(struct unwind_places) + rules * sizeof(struct unwind_rule);
	return (struct unwind_space_size){
		.blocks = (uint32_t)blocks,
		.rules = (uint32_t)rules,
		.segments = (uint32_t)(bytes / UNWIND_SEGMENT_BYTES),
	};
}

/* --- segments --- */

static int add_segment(struct unwind_space *space, uint32_t number)
{
	int error = space->memory.add_segment(space->memory.context, number);

	if (error)
		return error;
	space->segments[number].is_made = true;
	space->segment_count++;
	return 0;
}

static void remove_segment(struct unwind_space *space, uint32_t number)
{
	space->memory.remove_segment(space->memory.context, number);
	space->segments[number].is_made = false;
	space->segment_count--;
}

/* --- making one --- */

int unwind_space_new(const struct unwind_space_memory *memory, struct unwind_space **ret_space)
{
	const struct unwind_space_size *size = &memory->size;
	struct unwind_space *space = calloc(1, sizeof(*space));
	int error;

	if (!space)
		return -ENOMEM;
	space->memory = *memory;
	space->segments = calloc(size->segments, sizeof(*space->segments));
	error = space->segments ? 0 : -ENOMEM;
	if (!error)
		error = number_pool_init(&space->blocks, size->blocks);
	if (!error)
		error = number_pool_init(&space->slots, size->segments * UNWIND_SEGMENT_SLOTS);
	if (!error)
		error = unwind_rule_store_init(&space->rules, memory->rules, size->rules);
	if (error)
		unwind_space_free(space);
	else
		*ret_space = space;
	return error;
}

void unwind_space_free(struct unwind_space *space)
{
	if (!space)
		return;
	number_pool_release(&space->blocks);
	number_pool_release(&space->slots);
	unwind_rule_store_release(&space->rules);
	free(space->segments);
	free(space);
}

/* --- packing --- */

/* Pages into slots; those before the last OPEN_SLOTS are closed. */
struct packing {
	uint32_t slot_count;
	uint16_t used[OPEN_SLOTS]; /* bytes, by slot modulo OPEN_SLOTS */
};

static uint32_t fullest_slot(const struct packing *packing, uint32_t bytes)
{
	uint32_t end = packing->slot_count, best = end;
	uint32_t first = end > OPEN_SLOTS ? end - OPEN_SLOTS : 0;

	for (uint32_t slot = first; slot < end; slot++) {
		uint32_t used = packing->used[slot % OPEN_SLOTS];

		if (used + bytes <= UNWIND_SLOT_BYTES &&
		    (best == end || used > packing->used[best % OPEN_SLOTS]))
			best = slot;
	}
	return best;
}

/* Where the next page goes: slot (counted from the module's first) * UNWIND_SLOT_BYTES + offset. */
static uint64_t pack_page(struct packing *packing, const struct unwind_page *page)
{
	uint32_t bytes = unwind_page_bytes(page), slot = fullest_slot(packing, bytes);
	uint16_t *used = &packing->used[slot % OPEN_SLOTS];
	uint64_t place;

	if (slot == packing->slot_count) {
		packing->slot_count++;
		*used = 0;
	}
	place = (uint64_t)slot * UNWIND_SLOT_BYTES + *used;
	*used = (uint16_t)(*used + bytes);
	return place;
}

static const struct unwind_page *page_at(const struct row_table *table, uint32_t number)
{
	return (const struct unwind_page *)(table->pages + table->page_offsets[number]);
}

uint32_t unwind_space_slots_of(const struct row_table *table)
{
	struct packing packing = { 0 };

	for (uint32_t i = 0; i < table->header->page_count; i++)
		pack_page(&packing, page_at(table, i));
	return packing.slot_count;
}

uint32_t unwind_space_free_slots(const struct unwind_space *space)
{
	return space->slots.free_count;
}

uint64_t unwind_space_segment_bytes(const struct unwind_space *space)
{
	return space->segment_count * UNWIND_SEGMENT_BYTES;
}

/* --- taking room --- */

static int take_run(struct number_pool *pool, uint32_t count, uint32_t *ret_first,
		    uint32_t *ret_count)
{
	uint32_t first = count ? number_pool_take(pool, count) : 0;

	if (first == NUMBER_POOL_NONE)
		return -ENOSPC;
	*ret_first = first;
	*ret_count = count;
	return 0;
}

static int take_slot(struct unwind_space *space, uint32_t *ret_slot)
{
	uint32_t slot = number_pool_take(&space->slots, 1);
	uint32_t segment = slot / UNWIND_SEGMENT_SLOTS;
	int error = 0;

	if (slot == NUMBER_POOL_NONE)
		return -ENOSPC;
	if (!space->segments[segment].is_made)
		error = add_segment(space, segment);
	if (error) {
		number_pool_give(&space->slots, slot, 1);
		return error;
	}
	space->segments[segment].taken++;
	*ret_slot = slot;
	return 0;
}

static void give_slot(struct unwind_space *space, uint32_t slot)
{
	uint32_t segment = slot / UNWIND_SEGMENT_SLOTS;

	number_pool_give(&space->slots, slot, 1);
	if (!--space->segments[segment].taken && segment)
		remove_segment(space, segment);
}

static int take_slots(struct unwind_space *space, uint32_t count, struct unwind_holding *holding)
{
	int error = 0;

	holding->slots = malloc((count + 1) * sizeof(*holding->slots));
	if (!holding->slots)
		return -ENOMEM;
	while (holding->slot_count < count && !error) {
		error = take_slot(space, &holding->slots[holding->slot_count]);
		holding->slot_count += !error;
	}
	return error;
}

static int take_rules(struct unwind_space *space, const struct row_table *table,
		      struct unwind_holding *holding)
{
	uint32_t count = table->header->rule_count;
	int error = 0;

	holding->rules = malloc((count + 1) * sizeof(*holding->rules));
	if (!holding->rules)
		return -ENOMEM;
	while (holding->rule_count < count && !error) {
		error = unwind_rule_store_take(&space->rules, &table->rules[holding->rule_count],
					       &holding->rules[holding->rule_count]);
		holding->rule_count += !error;
	}
	return error;
}

static int take(struct unwind_space *space, const struct row_table *table, uint32_t slot_count,
		struct unwind_holding *holding)
{
	const struct row_table_header *header = table->header;
	int error;

	if (slot_count > space->slots.free_count)
		return -ENOSPC;
	error = take_run(&space->blocks, header->block_count, &holding->first_block,
			 &holding->block_count);
	if (!error)
		error = take_rules(space, table, holding);
	if (!error)
		error = take_slots(space, slot_count, holding);
	return error;
}

void unwind_space_drop(struct unwind_space *space, struct unwind_holding *holding)
{
	number_pool_give(&space->blocks, holding->first_block, holding->block_count);
	for (uint32_t i = 0; i < holding->rule_count; i++)
		unwind_rule_store_give(&space->rules, holding->rules[i]);
	for (uint32_t i = 0; i < holding->slot_count; i++)
		give_slot(space, holding->slots[i]);
	unwind_holding_release(holding);
}

void unwind_holding_release(struct unwind_holding *holding)
{
	free(holding->rules);
	free(holding->slots);
	*holding = (struct unwind_holding){ 0 };
}

/* --- filling it --- */

/* The page's rules get their numbers over all modules. */
static void write_page(uint8_t *to, const struct unwind_page *page, const uint16_t *rule_numbers)
{
	uint16_t *rules;

	memcpy(to, page, unwind_page_bytes(page));
	rules = (uint16_t *)unwind_page_rules((struct unwind_page *)to);
	for (uint32_t i = 0; i < page->rule_count; i++)
		rules[i] = rule_numbers[rules[i]];
}

/* Slots are made here, and written to the maps when nothing more goes into them. */
struct open_slots {
	uint8_t *bytes;      /* OPEN_SLOTS of them, by slot modulo OPEN_SLOTS */
	uint32_t first_open; /* slots, counted from the module's first */
};

static int close_slots_before(struct unwind_space *space, const struct unwind_holding *holding,
			      struct open_slots *open, uint32_t end)
{
	const struct unwind_space_memory *memory = &space->memory;
	int error = 0;

	for (; !error && open->first_open < end; open->first_open++) {
		uint8_t *slot = open->bytes + open->first_open % OPEN_SLOTS * UNWIND_SLOT_BYTES;

		error = memory->write_slot(memory->context, holding->slots[open->first_open], slot);
		memset(slot, 0, UNWIND_SLOT_BYTES);
	}
	return error;
}

/* Gives the place of each page, by its number in the table. */
static int write_pages(struct unwind_space *space, const struct row_table *table,
		       const struct unwind_holding *holding, uint32_t *ret_places)
{
	_cleanup_free_ uint8_t *bytes = calloc(OPEN_SLOTS, UNWIND_SLOT_BYTES);
	struct open_slots open = { .bytes = bytes };
	struct packing packing = { 0 };
	int error = bytes ? 0 : -ENOMEM;

	for (uint32_t i = 0; !error && i < table->header->page_count; i++) {
		const struct unwind_page *page = page_at(table, i);
		uint64_t packed = pack_page(&packing, page), within = packed % UNWIND_SLOT_BYTES;
		uint32_t slot = (uint32_t)(packed / UNWIND_SLOT_BYTES);

		if (slot >= OPEN_SLOTS)
			error = close_slots_before(space, holding, &open, slot + 1 - OPEN_SLOTS);
		write_page(bytes + slot % OPEN_SLOTS * UNWIND_SLOT_BYTES + within, page,
			   holding->rules);
		ret_places[i] = holding->slots[slot] * UNWIND_SLOT_BYTES + (uint32_t)within;
	}
	return error ? error : close_slots_before(space, holding, &open, packing.slot_count);
}

static void write_block(struct unwind_places *to, const struct unwind_block *block,
			const uint32_t *places)
{
	uint32_t page = block->first_page;

	to->chunks[0] = places[page];
	for (uint32_t chunk = 1; chunk < sizeof(to->chunks) / sizeof(*to->chunks); chunk++) {
		page += block->starts >> chunk & 1;
		to->chunks[chunk] = places[page];
	}
}

static int write_table(struct unwind_space *space, const struct row_table *table,
		       const struct unwind_holding *holding)
{
	_cleanup_free_ uint32_t *places = malloc((table->header->page_count + 1) * sizeof(*places));
	int error = places ? write_pages(space, table, holding, places) : -ENOMEM;

	for (uint32_t i = 0; !error && i < holding->block_count; i++)
		write_block(&space->memory.blocks[holding->first_block + i], &table->blocks[i],
			    places);
	return error;
}

static bool is_too_much(const struct unwind_space *space, const struct row_table *table,
			uint32_t slot_count)
{
	const struct row_table_header *header = table->header;

	return header->block_count > space->blocks.size / 2 || slot_count > space->slots.size / 2 ||
	       header->rule_count > space->rules.numbers.size / 2;
}

int unwind_space_put(struct unwind_space *space, const struct row_table *table,
		     struct unwind_holding *ret_holding)
{
	struct unwind_holding holding = { 0 };
	uint32_t slot_count = unwind_space_slots_of(table);
	int error;

	if (is_too_much(space, table, slot_count))
		return -EFBIG;
	error = take(space, table, slot_count, &holding);
	if (!error)
		error = write_table(space, table, &holding);
	if (error)
		unwind_space_drop(space, &holding);
	else
		*ret_holding = holding;
	return error;
}

/* --- asking --- */

int unwind_space_find_rule(const struct unwind_space_memory *memory,
			   const struct unwind_module *module, uint64_t offset,
			   struct unwind_rule *ret_rule)
{
	uint64_t number = (offset >> UNWIND_BLOCK_SHIFT) - module->first_block;
	_Alignas(8) uint8_t slot[UNWIND_SLOT_BYTES];
	uint32_t place;
	int error;

	if (number >= module->block_count) {
		*ret_rule = (struct unwind_rule){ .cfa = UNWIND_NO_CFI };
		return 0;
	}
	place = memory->blocks[module->blocks_at + number].chunks[unwind_chunk_of(offset)];
	error = memory->read_slot(memory->context, place / UNWIND_SLOT_BYTES, slot);
	if (error)
		return error;
	*ret_rule = memory->rules[unwind_slot_rule(slot, place % UNWIND_SLOT_BYTES, offset)];
	return 0;
}
