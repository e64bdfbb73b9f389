/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one module in one flat buffer: numbers and offsets, no pointers, so that it can be sent from the
 * process that compiled it. It is read like any other input: row_table_open() looks at every byte that a
 * look-up would follow, once, and look-ups then need no checks. In the machine's byte order.
 *
 *     struct row_table_header
 *     pages          each a struct unwind_page with its arrays (bpf/unwind_table.h), one after the other
 *     page_offsets   uint32_t[page_count]               of a page, from the first one
 *     blocks         struct unwind_block[block_count]
 *     rules          struct unwind_rule[rule_count]
 */
#ifndef HEARTH_UNWIND_ROW_TABLE_H
#define HEARTH_UNWIND_ROW_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/byte_reader.h"
#include "bpf/events.h"

#define ROW_TABLE_MAGIC       0x776f7268u /* "hrow" */
#define ROW_TABLE_VERSION     2
#define ROW_TABLE_MAX_BYTES   (64u << 20) /* the kernel side's own ceiling */
#define ROW_TABLE_MAX_BLOCKS  (1u << 20)  /* from the first to the last text in the file: 64 GiB */
#define ROW_TABLE_MAX_REASONS 32

/* Where the rows come from: bits of `sources`. None: no CFI was found, the table has no rule but UNWIND_NO_CFI. */
#define ROW_TABLE_EH_FRAME          1
#define ROW_TABLE_DEBUG_FRAME       2
#define ROW_TABLE_OTHER_DEBUG_FRAME 4  /* of the separate debug file */
#define ROW_TABLE_STUBS             8  /* what is known by its bytes, code_stub.h */
#define ROW_TABLE_GO_TABLE          16 /* .gopclntab */

struct row_table_header {
	uint32_t magic;
	uint16_t version;
	uint16_t elf_machine;
	uint32_t size; /* of everything */
	uint32_t sources;
	uint64_t first_block; /* file offset of the first text >> UNWIND_BLOCK_SHIFT */
	uint32_t page_bytes;
	uint32_t page_count;
	uint32_t block_count;
	uint32_t rule_count;

	/* For statistics; nothing rests on them. */
	uint32_t row_count; /* not counting those that only repeat a rule where a page begins */
	uint32_t fde_count;
	uint32_t refused_entries;  /* whose range could not even be read */
	uint32_t overlapping_fdes; /* cut or left out, for another one has that code */
	uint32_t reasons
		[ROW_TABLE_MAX_REASONS]; /* rows that are UNWIND_NOT_EXPRESSIBLE, by enum cfi_reason */
	uint32_t unknown_permille;       /* of the code: what nothing tells anything of */
	uint32_t refused_sections;       /* of CFI: broken, or beyond a limit of cfi_section.h */
};

_Static_assert(sizeof(struct row_table_header) == 192, "row_table_header is part of the format");

/* A view; the bytes must live longer and not change. */
struct row_table {
	const struct row_table_header *header;
	const uint8_t *pages;
	const uint32_t *page_offsets;
	const struct unwind_block *blocks;
	const struct unwind_rule *rules;
};

/* 0; -EBADMSG: it is no such table, or a damaged one. The bytes must be aligned to 8. */
int row_table_open(struct bytes bytes, struct row_table *ret_table);

/* The rule that holds at a file offset; UNWIND_NO_CFI where there is no text. Never NULL. */
const struct unwind_rule *row_table_find(const struct row_table *table, uint64_t offset);

/* Walks over rows in order, those that repeat a rule at a page's start too. */
struct row_table_cursor {
	uint32_t block, page, row;
};

struct row_table_row {
	uint64_t offset; /* in the file */
	const struct unwind_rule *rule;
};

/* Begin with a zeroed cursor. False: there are no more. */
bool row_table_next(const struct row_table *table, struct row_table_cursor *cursor,
		    struct row_table_row *ret_row);

#endif
