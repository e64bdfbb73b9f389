/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/row_table.h"

#include <errno.h>

#include "unwind/cfi_reason.h"

_Static_assert((unsigned int)CFI_REASON_COUNT <= ROW_TABLE_MAX_REASONS,
	       "every reason has its counter");

#define BLOCK_CHUNKS (1u << (UNWIND_BLOCK_SHIFT - UNWIND_CHUNK_SHIFT))

/* --- checking --- */

static bool takes(struct byte_reader *reader, uint64_t size, struct bytes *ret_bytes)
{
	*ret_bytes = byte_reader_take(reader, size);
	return !reader->failed;
}

/* The parts follow one another without a gap and end with the buffer. */
static int locate(struct bytes bytes, struct row_table *table)
{
	const struct row_table_header *header = (const struct row_table_header *)bytes.data;
	struct bytes pages, page_offsets, blocks, rules;
	struct byte_reader reader;

	if (bytes.size < sizeof(*header) || bytes.size > ROW_TABLE_MAX_BYTES ||
	    (uintptr_t)bytes.data % 8 || header->size != bytes.size ||
	    header->magic != ROW_TABLE_MAGIC || header->version != ROW_TABLE_VERSION ||
	    header->page_bytes % 4 || header->block_count > ROW_TABLE_MAX_BLOCKS ||
	    header->first_block > (UINT64_MAX >> UNWIND_BLOCK_SHIFT) - ROW_TABLE_MAX_BLOCKS)
		return -EBADMSG;
	byte_reader_init(&reader, bytes);
	byte_reader_skip(&reader, sizeof(*header));
	if (!takes(&reader, header->page_bytes, &pages) ||
	    !takes(&reader, (uint64_t)header->page_count * sizeof(uint32_t), &page_offsets) ||
	    !takes(&reader, (uint64_t)header->block_count * sizeof(struct unwind_block), &blocks) ||
	    !takes(&reader, (uint64_t)header->rule_count * sizeof(struct unwind_rule), &rules) ||
	    reader.offset != bytes.size || !header->rule_count)
		return -EBADMSG;
	table->header = header;
	table->pages = pages.data;
	table->page_offsets = (const uint32_t *)page_offsets.data;
	table->blocks = (const struct unwind_block *)blocks.data;
	table->rules = (const struct unwind_rule *)rules.data;
	return 0;
}

static const struct unwind_page *page_at(const struct row_table *table, uint32_t number)
{
	return (const struct unwind_page *)(table->pages + table->page_offsets[number]);
}

static bool is_sound_rule(const struct unwind_rule *rule)
{
	if (rule->cfa >= UNWIND_CFA_COUNT || rule->ra >= UNWIND_RA_COUNT ||
	    rule->fp >= UNWIND_FP_COUNT)
		return false;
	return rule->cfa != UNWIND_NOT_EXPRESSIBLE || rule->detail < ROW_TABLE_MAX_REASONS;
}

static bool are_sound_rules(const struct row_table *table)
{
	for (uint32_t i = 0; i < table->header->rule_count; i++) {
		if (!is_sound_rule(&table->rules[i]))
			return false;
	}
	return true;
}

static bool is_sound_page(const struct row_table *table, uint32_t number)
{
	const struct row_table_header *header = table->header;
	const struct unwind_page *page;
	uint32_t at = table->page_offsets[number];

	if (at % 4 || at > header->page_bytes || header->page_bytes - at < sizeof(*page))
		return false;
	page = page_at(table, number);
	if (!page->row_count || page->row_count > UNWIND_PAGE_MAX_ROWS || !page->rule_count ||
	    page->rule_count > UNWIND_PAGE_MAX_RULES ||
	    header->page_bytes - at < unwind_page_bytes(page))
		return false;
	for (uint32_t i = 1; i < page->row_count; i++) {
		if (unwind_page_offsets(page)[i] <= unwind_page_offsets(page)[i - 1])
			return false;
	}
	for (uint32_t i = 0; i < unwind_page_groups(page->row_count); i++) {
		if (unwind_page_firsts(page)[i] != unwind_page_offsets(page)[i * UNWIND_GROUP_ROWS])
			return false;
	}
	for (uint32_t i = 0; i < page->rule_count; i++) {
		if (unwind_page_rules(page)[i] >= header->rule_count)
			return false;
	}
	for (uint32_t i = 0; i < page->row_count; i++) {
		if (unwind_page_row_rules(page)[i] >= page->rule_count)
			return false;
	}
	return true;
}

/* Each page begins where its bit says, and has nothing beyond the next one's. */
static bool is_sound_block(const struct row_table *table, const struct unwind_block *block)
{
	uint32_t page = block->first_page, end = 1u << UNWIND_BLOCK_SHIFT;
	uint32_t count = __builtin_popcount(block->starts);

	if (!(block->starts & 1) || page > table->header->page_count ||
	    count > table->header->page_count - page)
		return false;
	page += count;
	for (uint32_t chunk = BLOCK_CHUNKS; chunk-- > 0;) {
		const struct unwind_page *at;

		if (!(block->starts >> chunk & 1))
			continue;
		at = page_at(table, --page);
		if (unwind_page_offsets(at)[0] != chunk << UNWIND_CHUNK_SHIFT ||
		    unwind_page_offsets(at)[at->row_count - 1] >= end)
			return false;
		end = chunk << UNWIND_CHUNK_SHIFT;
	}
	return true;
}

int row_table_open(struct bytes bytes, struct row_table *ret_table)
{
	struct row_table table;
	int err = locate(bytes, &table);

	if (err)
		return err;
	if (!are_sound_rules(&table))
		return -EBADMSG;
	for (uint32_t i = 0; i < table.header->page_count; i++) {
		if (!is_sound_page(&table, i))
			return -EBADMSG;
	}
	for (uint32_t i = 0; i < table.header->block_count; i++) {
		if (!is_sound_block(&table, &table.blocks[i]))
			return -EBADMSG;
	}
	*ret_table = table;
	return 0;
}

/* --- asking --- */

/* The number of the page that covers `offset`, in a block of that offset. */
static uint32_t block_page(const struct unwind_block *block, uint64_t offset)
{
	uint32_t starts = block->starts & ((2u << unwind_chunk_of(offset)) - 1);

	return block->first_page + (uint32_t)__builtin_popcount(starts) - 1;
}

const struct unwind_rule *row_table_find(const struct row_table *table, uint64_t offset)
{
	static const struct unwind_rule no_cfi = { .cfa = UNWIND_NO_CFI };
	uint64_t number = (offset >> UNWIND_BLOCK_SHIFT) - table->header->first_block;
	const struct unwind_page *page;

	if (number >= table->header->block_count)
		return &no_cfi;
	page = page_at(table, block_page(&table->blocks[number], offset));
	return &table->rules[unwind_page_rule(page, offset)];
}

bool row_table_next(const struct row_table *table, struct row_table_cursor *cursor,
		    struct row_table_row *ret_row)
{
	const struct unwind_block *block = &table->blocks[cursor->block];
	const struct unwind_page *page;

	if (cursor->block >= table->header->block_count)
		return false;
	page = page_at(table, block->first_page + cursor->page);
	ret_row->offset = ((table->header->first_block + cursor->block) << UNWIND_BLOCK_SHIFT) +
			  unwind_page_offsets(page)[cursor->row];
	ret_row->rule =
		&table->rules[unwind_page_rules(page)[unwind_page_row_rules(page)[cursor->row]]];
	if (++cursor->row == page->row_count) {
		cursor->row = 0;
		cursor->page++;
	}
	if (cursor->page == (uint32_t)__builtin_popcount(block->starts)) {
		cursor->page = 0;
		cursor->block++;
	}
	return true;
}
