/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The rows of a module, as both sides read them: "from this file offset on, use that rule".
 *
 * A file's text is cut into blocks of 64 KiB and these into chunks of 4 KiB, both by file offset. The rows
 * of a block lie in one or more pages. A page begins at a chunk's start, ends with the block at the latest,
 * and stands alone: its first row is at its own start, so that whatever lies in it is found in it. A look-up
 * is three steps without a search between them:
 *
 *     block = blocks[(offset >> 16) - first_block]
 *     page  = block.first_page + (how many bits of block.starts are set up to the chunk) - 1
 *     row   = the last row of the page at or before (offset & 0xffff): a binary search in memory, ten steps
 *
 * A page's rows are two arrays, not one of pairs: the search reads nothing but 16-bit offsets, and a row
 * costs three bytes, for its second half is a number into the page's own list of rules. That list
 * holds numbers of the module's rules (whoever renumbers rules to share them between modules rewrites a few
 * dozen numbers a page, and no row).
 *
 *     struct unwind_page   header
 *     __u16                offsets[row_count]     within the block, ascending
 *     __u16                rules[rule_count]      numbers of rules of the module
 *     __u8                 row_rules[row_count]   places in `rules`
 *     padding to four bytes
 */
#ifndef HEARTH_BPF_UNWIND_TABLE_H
#define HEARTH_BPF_UNWIND_TABLE_H

#include <linux/types.h>

#define UNWIND_BLOCK_SHIFT     16
#define UNWIND_CHUNK_SHIFT     12
#define UNWIND_PAGE_MAX_ROWS   1024
#define UNWIND_PAGE_MAX_RULES  256
#define UNWIND_PAGE_SLOT       4096 /* bytes that any page fits */
#define UNWIND_PAGE_FIRST_STEP (UNWIND_PAGE_MAX_ROWS / 2)

struct unwind_block {
	__u32 first_page;
	__u16 starts; /* bit n: a page begins at chunk n; bit 0 is always set */
	__u16 unused;
};

struct unwind_page {
	__u16 row_count;  /* 1 to UNWIND_PAGE_MAX_ROWS */
	__u16 rule_count; /* 1 to UNWIND_PAGE_MAX_RULES */
};

/* The largest page, in bytes: 3,588. */
#define UNWIND_PAGE_MAX_BYTES                                                                 \
	(sizeof(struct unwind_page) + UNWIND_PAGE_MAX_ROWS * (sizeof(__u16) + sizeof(__u8)) + \
	 UNWIND_PAGE_MAX_RULES * sizeof(__u16))

_Static_assert(sizeof(struct unwind_block) == 8, "unwind_block is part of the contract");
_Static_assert(sizeof(struct unwind_page) == 4, "unwind_page is part of the contract");
_Static_assert(UNWIND_PAGE_MAX_BYTES <= UNWIND_PAGE_SLOT, "a page fits a slot of 4 KiB");

#define UNWIND_INLINE static inline __attribute__((always_inline))

/* The number of the page that covers `offset`, in a block of that offset. BPF has no popcount. */
UNWIND_INLINE __u32 unwind_block_page(const struct unwind_block *block, __u64 offset)
{
	__u32 chunk = (offset >> UNWIND_CHUNK_SHIFT) & 15;
	__u32 bits = block->starts & ((2u << chunk) - 1);

	bits = bits - ((bits >> 1) & 0x5555);
	bits = (bits & 0x3333) + ((bits >> 2) & 0x3333);
	bits = (bits + (bits >> 4)) & 0x0f0f;
	return block->first_page + ((bits + (bits >> 8)) & 0x1f) - 1;
}

UNWIND_INLINE __u32 unwind_page_bytes(const struct unwind_page *page)
{
	__u32 bytes = sizeof(*page) + page->row_count * 3u + page->rule_count * 2u;

	return (bytes + 3) & ~3u;
}

UNWIND_INLINE const __u16 *unwind_page_offsets(const struct unwind_page *page)
{
	return (const __u16 *)(page + 1);
}

UNWIND_INLINE const __u16 *unwind_page_rules(const struct unwind_page *page)
{
	return unwind_page_offsets(page) + page->row_count;
}

UNWIND_INLINE const __u8 *unwind_page_row_rules(const struct unwind_page *page)
{
	return (const __u8 *)(unwind_page_rules(page) + page->rule_count);
}

/* 1 if a < b, for numbers below 2^31. The compiler must not see what it is, or it makes a branch of it. */
UNWIND_INLINE __u64 unwind_is_below(__u64 a, __u64 b)
{
	__u64 below = (a - b) >> 63;

	__asm__("" : "+r"(below));
	return below;
}

/*
 * The row of a page that holds at `offset`: a constant number of steps without a branch, which the verifier
 * would follow both ways at each of them (150,000 instructions and 2.5 s, against 319 and 7 ms).
 */
UNWIND_INLINE __u32 unwind_page_row(const struct unwind_page *page, __u64 offset)
{
	const __u16 *offsets = unwind_page_offsets(page);
	__u64 within = offset & ((1u << UNWIND_BLOCK_SHIFT) - 1);
	__u64 row = 0;

	for (__u32 step = UNWIND_PAGE_FIRST_STEP; step; step >>= 1) {
		__u64 middle = row + step;
		__u64 is_row = unwind_is_below(middle, page->row_count);
		/* Past the last row, the first one is read instead. */
		__u64 start = offsets[middle & (0ull - is_row) & (UNWIND_PAGE_MAX_ROWS - 1)];

		row += step * (is_row & unwind_is_below(start, within + 1));
	}
	return row;
}

/*
 * The number, among the module's rules, of the rule at `offset`. The masks change nothing in a sound page; by
 * them the verifier sees that no read leaves a slot.
 */
UNWIND_INLINE __u32 unwind_page_rule(const struct unwind_page *page, __u64 offset)
{
	const __u8 *bytes = (const __u8 *)page;
	__u32 rules = sizeof(*page) + page->row_count * 2u;
	__u32 row = rules + page->rule_count * 2u + unwind_page_row(page, offset);
	__u32 rule = rules + bytes[row & (UNWIND_PAGE_SLOT - 1)] * 2u;

	return *(const __u16 *)(bytes + (rule & (UNWIND_PAGE_SLOT - 2)));
}

#endif
