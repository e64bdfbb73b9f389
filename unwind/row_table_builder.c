/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/row_table_builder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/cfi_rule.h"
#include "unwind/rule_set.h"

#define BLOCK_MASK ((1u << UNWIND_BLOCK_SHIFT) - 1)
#define LAST_CHUNK 15
#define NO_PAGE    UINT32_MAX
#define PAGE_ALIGN 4

/* Of a chunk no more are kept than show that it has too many. */
#define CHUNK_ROWS   (UNWIND_PAGE_MAX_ROWS + 1)
#define STAGING_ROWS (UNWIND_PAGE_MAX_ROWS + CHUNK_ROWS)

/* The place of a rule in the list of the page whose serial number stands beside it. */
struct place {
	uint32_t page;
	uint32_t place;
};

struct row_table_builder {
	struct buffer *to;
	struct buffer page_offsets; /* of uint32_t */
	struct buffer blocks;       /* of struct unwind_block */
	struct rule_set rules;
	struct row_table_header header; /* what is counted */
	int error;

	/* The row that comes next, which the next call may still replace. */
	bool has_pending;
	uint64_t pending_offset;
	uint32_t pending_rule;

	bool has_block;
	uint64_t block_number;
	struct unwind_block block;
	uint32_t chunk;      /* in the block */
	uint32_t rule;       /* that the last row set */
	uint32_t chunk_rule; /* that held when the chunk began */

	/* Rows of the page that is being made, and of the chunk that may still be too much for it. */
	uint32_t page_chunk; /* where the page begins */
	uint32_t page_serial;
	uint32_t row_count, rule_count;
	uint32_t chunk_first_row, chunk_first_rule;
	uint16_t offsets[STAGING_ROWS];
	uint16_t numbers[STAGING_ROWS]; /* of rules of the module */
	uint16_t places[STAGING_ROWS];  /* of rules of the page */
	struct place *rule_places;      /* by number of the module's rule */
	uint32_t rule_places_count;

	/* The last page of one row at a block's start: blocks of nothing else share it. */
	uint32_t single_page, single_rule;
};

/* So that every rule with a number has its place. */
static int reserve_places(struct row_table_builder *builder)
{
	uint32_t count = builder->rules.count * 2 + 64;
	struct place *places;

	if (builder->rules.count <= builder->rule_places_count)
		return 0;
	places = realloc(builder->rule_places, count * sizeof(*places));
	if (!places)
		return -ENOMEM;
	memset(places + builder->rule_places_count, 0,
	       (count - builder->rule_places_count) * sizeof(*places));
	builder->rule_places = places;
	builder->rule_places_count = count;
	return 0;
}

struct row_table_builder *row_table_builder_new(struct buffer *to)
{
	struct row_table_builder *builder = calloc(1, sizeof(*builder));

	if (!builder)
		return NULL;
	builder->to = to;
	builder->single_page = NO_PAGE;
	builder->page_serial = 1;
	if (rule_set_init(&builder->rules) || reserve_places(builder)) {
		row_table_builder_free(builder);
		return NULL;
	}
	buffer_extend(to, sizeof(struct row_table_header));
	return builder;
}

void row_table_builder_free(struct row_table_builder *builder)
{
	if (!builder)
		return;
	buffer_release(&builder->page_offsets);
	buffer_release(&builder->blocks);
	rule_set_release(&builder->rules);
	free(builder->rule_places);
	free(builder);
}

/* --- pages --- */

static uint32_t page_count(const struct row_table_builder *builder)
{
	return builder->page_offsets.size / sizeof(uint32_t);
}

static void write_arrays(const struct row_table_builder *builder, struct unwind_page *page)
{
	uint16_t *firsts = (uint16_t *)unwind_page_firsts(page);
	uint16_t *offsets = (uint16_t *)unwind_page_offsets(page);
	uint16_t *rules = (uint16_t *)unwind_page_rules(page);
	uint8_t *row_rules = (uint8_t *)unwind_page_row_rules(page);

	/* A row that took another one's place may have left a rule that no row has; and there is padding. */
	memset(rules, 0, page->rule_count * sizeof(*rules));
	memset((uint8_t *)page + unwind_page_bytes(page) - PAGE_ALIGN, 0, PAGE_ALIGN);
	memcpy(offsets, builder->offsets, page->row_count * sizeof(*offsets));
	for (uint32_t i = 0; i < unwind_page_groups(page->row_count); i++)
		firsts[i] = offsets[i * UNWIND_GROUP_ROWS];
	for (uint32_t i = 0; i < page->row_count; i++) {
		rules[builder->places[i]] = builder->numbers[i];
		row_rules[i] = builder->places[i];
	}
}

/* By an eighth: the table is the most of what compiling a large file needs. */
static void reserve_page(struct buffer *to)
{
	size_t size = to->size + UNWIND_PAGE_MAX_BYTES;

	if (size > to->capacity)
		buffer_reserve(to, size + size / 8);
}

/* A page of the first rows that are staged. */
static void write_page(struct row_table_builder *builder, uint32_t row_count, uint32_t rule_count)
{
	const struct unwind_page header = { .row_count = row_count, .rule_count = rule_count };
	uint32_t size = unwind_page_bytes(&header);
	uint32_t offset = builder->to->size - sizeof(struct row_table_header);
	struct unwind_page *page;

	if (builder->error)
		return;
	if (builder->to->size > ROW_TABLE_MAX_BYTES) {
		builder->error = -EFBIG;
		return;
	}
	if (!builder->block.starts)
		builder->block.first_page = page_count(builder);
	builder->block.starts |= 1u << builder->page_chunk;
	buffer_append(&builder->page_offsets, &offset, sizeof(offset));
	reserve_page(builder->to);
	page = buffer_extend(builder->to, size);
	if (!page) {
		builder->error = -ENOMEM;
		return;
	}
	*page = header;
	write_arrays(builder, page);
}

/* 0, with nothing else done any more, where memory ran out. */
static uint32_t number_of(struct row_table_builder *builder, const struct unwind_rule *rule)
{
	uint32_t number = 0;

	if (rule_set_number(&builder->rules, rule, &number) || reserve_places(builder)) {
		builder->error = -ENOMEM;
		return 0;
	}
	return number;
}

static uint32_t place_of(struct row_table_builder *builder, uint32_t number)
{
	struct place *place = &builder->rule_places[number];

	if (place->page != builder->page_serial)
		*place = (struct place){ builder->page_serial, builder->rule_count++ };
	return place->place;
}

static void begin_page(struct row_table_builder *builder, uint32_t chunk)
{
	builder->page_chunk = chunk;
	builder->page_serial++;
	builder->row_count = builder->rule_count = 0;
	builder->chunk_first_row = builder->chunk_first_rule = 0;
}

/* A row at the offset of the last one takes its place. */
static inline void stage_row(struct row_table_builder *builder, uint32_t offset, uint32_t number)
{
	uint32_t row = builder->row_count;

	if (row && builder->offsets[row - 1] == offset)
		row--;
	else if (row - builder->chunk_first_row == CHUNK_ROWS)
		return; /* end_chunk() refuses it */
	builder->offsets[row] = offset;
	builder->numbers[row] = number;
	builder->places[row] = place_of(builder, number);
	builder->row_count = row + 1;
}

/* --- chunks --- */

static bool fits_page(const struct row_table_builder *builder)
{
	return builder->row_count <= UNWIND_PAGE_MAX_ROWS &&
	       builder->rule_count <= UNWIND_PAGE_MAX_RULES;
}

/* What does not fit the page any more begins the next one. */
static void move_chunk(struct row_table_builder *builder)
{
	uint32_t first = builder->chunk_first_row, count = builder->row_count - first;

	write_page(builder, first, builder->chunk_first_rule);
	begin_page(builder, builder->chunk);
	stage_row(builder, builder->chunk << UNWIND_CHUNK_SHIFT, builder->chunk_rule);
	/* Never overtakes what it reads: `first` is at least 1. */
	for (uint32_t i = 0; i < count; i++)
		stage_row(builder, builder->offsets[first + i], builder->numbers[first + i]);
}

/* A chunk that is too much for a page of its own has no rows but one that says so. */
static void refuse_chunk(struct row_table_builder *builder)
{
	const struct unwind_rule rule = cfi_rule_not_expressible(CFI_REASON_TOO_DENSE);
	uint32_t number = number_of(builder, &rule);

	builder->header.reasons[CFI_REASON_TOO_DENSE]++;
	begin_page(builder, builder->chunk);
	stage_row(builder, builder->chunk << UNWIND_CHUNK_SHIFT, number);
}

static void accept_chunk(struct row_table_builder *builder)
{
	builder->chunk_first_row = builder->row_count;
	builder->chunk_first_rule = builder->rule_count;
	builder->chunk_rule = builder->rule;
}

static void end_chunk(struct row_table_builder *builder)
{
	if (!fits_page(builder) && builder->chunk_first_row)
		move_chunk(builder);
	if (fits_page(builder)) {
		accept_chunk(builder);
		return;
	}
	refuse_chunk(builder);
	accept_chunk(builder);
	/* What the last row of the chunk said holds on (in another block that is said anyway). */
	if (builder->chunk < LAST_CHUNK)
		stage_row(builder, ++builder->chunk << UNWIND_CHUNK_SHIFT, builder->rule);
}

/* --- blocks --- */

static void begin_block(struct row_table_builder *builder, uint64_t number)
{
	builder->has_block = true;
	builder->block_number = number;
	builder->block = (struct unwind_block){ 0 };
	builder->chunk = 0;
	builder->chunk_rule = builder->rule;
	begin_page(builder, 0);
	stage_row(builder, 0, builder->rule);
}

static void end_block(struct row_table_builder *builder)
{
	bool is_single;

	end_chunk(builder);
	is_single = !builder->block.starts && builder->row_count == 1;
	if (is_single && builder->single_page != NO_PAGE &&
	    builder->single_rule == builder->numbers[0]) {
		builder->block = (struct unwind_block){ builder->single_page, 1, 0 };
	} else {
		write_page(builder, builder->row_count, builder->rule_count);
		if (is_single) {
			builder->single_page = builder->block.first_page;
			builder->single_rule = builder->numbers[0];
		}
	}
	buffer_append(&builder->blocks, &builder->block, sizeof(builder->block));
}

static void go_to_block(struct row_table_builder *builder, uint64_t number)
{
	if (!builder->has_block) {
		builder->header.first_block = number;
		begin_block(builder, number);
		return;
	}
	if (number - builder->header.first_block >= ROW_TABLE_MAX_BLOCKS)
		builder->error = -EFBIG;
	while (builder->block_number != number && !builder->error) {
		end_block(builder);
		begin_block(builder, builder->block_number + 1);
	}
}

/* --- rows --- */

static void count_row(struct row_table_builder *builder, uint32_t number)
{
	const struct unwind_rule *rule = rule_set_rule(&builder->rules, number);

	builder->header.row_count++;
	if (rule->cfa == UNWIND_NOT_EXPRESSIBLE)
		builder->header.reasons[rule->detail]++;
}

static inline void put_pending(struct row_table_builder *builder)
{
	uint64_t offset = builder->pending_offset, block = offset >> UNWIND_BLOCK_SHIFT;
	uint32_t chunk = (offset & BLOCK_MASK) >> UNWIND_CHUNK_SHIFT;

	if (!builder->has_block || builder->block_number != block)
		go_to_block(builder, block);
	if (builder->error || builder->pending_rule == builder->rule)
		return;
	if (chunk != builder->chunk) {
		end_chunk(builder);
		builder->chunk = chunk;
	}
	stage_row(builder, offset & BLOCK_MASK, builder->pending_rule);
	builder->rule = builder->pending_rule;
	count_row(builder, builder->rule);
}

/* What is pending gives way to a row at `offset`. False: nothing is added any more. */
static bool advance(struct row_table_builder *builder, uint64_t offset)
{
	if (builder->has_pending && offset < builder->pending_offset)
		builder->error = -EINVAL;
	else if (builder->has_pending && offset > builder->pending_offset)
		put_pending(builder);
	if (builder->error)
		return false;
	builder->has_pending = true;
	builder->pending_offset = offset;
	return true;
}

uint32_t row_table_builder_add(struct row_table_builder *builder, uint64_t offset,
			       const struct unwind_rule *rule)
{
	if (advance(builder, offset))
		builder->pending_rule = number_of(builder, rule);
	return builder->pending_rule;
}

void row_table_builder_add_number(struct row_table_builder *builder, uint64_t offset,
				  uint32_t number)
{
	if (advance(builder, offset))
		builder->pending_rule = number;
}

int row_table_builder_error(const struct row_table_builder *builder)
{
	return builder->error;
}

int row_table_builder_finish(struct row_table_builder *builder,
			     const struct row_table_header *statistics)
{
	struct row_table_header *header = &builder->header;
	struct buffer *to = builder->to;

	if (builder->has_pending)
		put_pending(builder);
	if (builder->has_block && !builder->error)
		end_block(builder);
	if (builder->error)
		return builder->error;
	header->magic = ROW_TABLE_MAGIC;
	header->version = ROW_TABLE_VERSION;
	header->elf_machine = statistics->elf_machine;
	header->sources = statistics->sources;
	header->fde_count = statistics->fde_count;
	header->refused_entries = statistics->refused_entries;
	header->refused_sections = statistics->refused_sections;
	header->overlapping_fdes = statistics->overlapping_fdes;
	header->unknown_permille = statistics->unknown_permille;
	header->page_bytes = to->size - sizeof(*header);
	header->page_count = page_count(builder);
	header->block_count = builder->blocks.size / sizeof(struct unwind_block);
	header->rule_count = builder->rules.count;
	buffer_reserve(to, to->size + builder->page_offsets.size + builder->blocks.size +
				   builder->rules.rules.size);
	buffer_append(to, builder->page_offsets.data, builder->page_offsets.size);
	buffer_append(to, builder->blocks.data, builder->blocks.size);
	buffer_append(to, builder->rules.rules.data, builder->rules.rules.size);
	header->size = to->size;
	if (buffer_error(to) || buffer_error(&builder->page_offsets) ||
	    buffer_error(&builder->blocks))
		return -ENOMEM;
	if (to->size > ROW_TABLE_MAX_BYTES)
		return -EFBIG;
	memcpy(to->data, header, sizeof(*header));
	return 0;
}
