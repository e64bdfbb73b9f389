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
 *     row   = the last row of the page at or before (offset & 0xffff): two searches of five steps
 *
 * A page's rows are two arrays, not one of pairs: the search reads nothing but 16-bit offsets, and a row
 * costs three bytes, for its second half is a number into the page's own list of rules. That list
 * holds numbers of the module's rules (whoever renumbers rules to share them between modules rewrites a few
 * dozen numbers a page, and no row). The first offset of each group of 32 rows stands in an array of its own:
 * whoever finds a page in no cache reads two lines of those and of the group, where ten steps through all
 * offsets read six.
 *
 *     struct unwind_page   header
 *     __u16                firsts[groups]         offsets[0], offsets[32], ...
 *     __u16                offsets[row_count]     within the block, ascending
 *     __u16                rules[rule_count]      numbers of rules of the module
 *     __u8                 row_rules[row_count]   places in `rules`
 *     padding to four bytes
 */
#ifndef HEARTH_BPF_UNWIND_TABLE_H
#define HEARTH_BPF_UNWIND_TABLE_H

#include <linux/types.h>

#define UNWIND_BLOCK_SHIFT    16
#define UNWIND_CHUNK_SHIFT    12
#define UNWIND_PAGE_MAX_ROWS  1024
#define UNWIND_PAGE_MAX_RULES 256
#define UNWIND_SLOT_BYTES \
	8192 /* two to three pages, which fill it better than one fills the half */
#define UNWIND_GROUP_ROWS 32

struct unwind_block {
	__u32 first_page;
	__u16 starts; /* bit n: a page begins at chunk n; bit 0 is always set */
	__u16 unused;
};

/*
 * A block as the kernel side has it, where a line that is in no cache costs more than the search: for each chunk the place of
 * the page that covers it, which is the number of a slot * UNWIND_SLOT_BYTES + the page's offset in the slot.
 */
struct unwind_places {
	__u32 chunks[1 << (UNWIND_BLOCK_SHIFT - UNWIND_CHUNK_SHIFT)];
} __attribute__((aligned(64)));

struct unwind_page {
	__u16 row_count;  /* 1 to UNWIND_PAGE_MAX_ROWS */
	__u16 rule_count; /* 1 to UNWIND_PAGE_MAX_RULES */
};

/* The largest page, in bytes: 3,652. */
#define UNWIND_PAGE_MAX_BYTES                                                                    \
	(sizeof(struct unwind_page) + UNWIND_PAGE_MAX_ROWS / UNWIND_GROUP_ROWS * sizeof(__u16) + \
	 UNWIND_PAGE_MAX_ROWS * (sizeof(__u16) + sizeof(__u8)) +                                 \
	 UNWIND_PAGE_MAX_RULES * sizeof(__u16))

_Static_assert(sizeof(struct unwind_block) == 8, "unwind_block is part of the contract");
_Static_assert(sizeof(struct unwind_places) == 64, "unwind_places are one cache line");
_Static_assert(sizeof(struct unwind_page) == 4, "unwind_page is part of the contract");
_Static_assert(UNWIND_PAGE_MAX_BYTES * 2 <= UNWIND_SLOT_BYTES,
	       "a slot holds two pages of any size");
_Static_assert(UNWIND_PAGE_MAX_ROWS <= UNWIND_GROUP_ROWS * UNWIND_GROUP_ROWS,
	       "both searches have the same steps");

#define UNWIND_INLINE static inline __attribute__((always_inline))

/* The chunk of its block that holds a file offset. */
UNWIND_INLINE __u32 unwind_chunk_of(__u64 offset)
{
	return (offset >> UNWIND_CHUNK_SHIFT) &
	       ((1u << (UNWIND_BLOCK_SHIFT - UNWIND_CHUNK_SHIFT)) - 1);
}

/* How many groups so many rows are, and where the parts of a page begin, in bytes from its own beginning. */
UNWIND_INLINE __u32 unwind_page_groups(__u32 row_count)
{
	return (row_count + UNWIND_GROUP_ROWS - 1) / UNWIND_GROUP_ROWS;
}

UNWIND_INLINE __u32 unwind_page_offsets_at(__u32 row_count)
{
	return sizeof(struct unwind_page) + unwind_page_groups(row_count) * 2;
}

UNWIND_INLINE __u32 unwind_page_rules_at(__u32 row_count)
{
	return unwind_page_offsets_at(row_count) + row_count * 2;
}

UNWIND_INLINE __u32 unwind_page_row_rules_at(__u32 row_count, __u32 rule_count)
{
	return unwind_page_rules_at(row_count) + rule_count * 2;
}

UNWIND_INLINE __u32 unwind_page_bytes(const struct unwind_page *page)
{
	return (unwind_page_row_rules_at(page->row_count, page->rule_count) + page->row_count + 3) &
	       ~3u;
}

UNWIND_INLINE const __u16 *unwind_page_firsts(const struct unwind_page *page)
{
	return (const __u16 *)(page + 1);
}

UNWIND_INLINE const __u16 *unwind_page_offsets(const struct unwind_page *page)
{
	return (const __u16 *)((const __u8 *)page + unwind_page_offsets_at(page->row_count));
}

UNWIND_INLINE const __u16 *unwind_page_rules(const struct unwind_page *page)
{
	return (const __u16 *)((const __u8 *)page + unwind_page_rules_at(page->row_count));
}

UNWIND_INLINE const __u8 *unwind_page_row_rules(const struct unwind_page *page)
{
	return (const __u8 *)page + unwind_page_row_rules_at(page->row_count, page->rule_count);
}

/* 1 if a < b, for numbers below 2^31. The compiler must not see what it is, or it makes a branch of it. */
UNWIND_INLINE __u64 unwind_is_below(__u64 a, __u64 b)
{
	__u64 difference = a - b, below;

	__asm__("" : "+r"(difference));
	below = difference >> 63;
	__asm__("" : "+r"(below));
	return below;
}

/*
 * What follows reads a page that lies at `at` in a slot of UNWIND_SLOT_BYTES. The masks change nothing in a sound page; by
 * them the verifier sees that no read leaves the slot.
 */
UNWIND_INLINE __u32 unwind_slot_u16(const __u8 *slot, __u32 at)
{
	return *(const __u16 *)(slot + (at & (UNWIND_SLOT_BYTES - 2)));
}

/*
 * The last one at or before `within` of `count` ascending offsets from `at` on, of which the first 32 count: a
 * constant number of steps without a branch, which the verifier would follow both ways at each of them.
 */
UNWIND_INLINE __u32 unwind_slot_search(const __u8 *slot, __u32 at, __u32 count, __u64 within)
{
	__u64 found = 0;

	for (__u32 step = UNWIND_GROUP_ROWS / 2; step; step >>= 1) {
		__u64 next = found + step, is_there = unwind_is_below(next, count);
		/* Past the last one, the first is read instead: it is in the cache. */
		__u64 offset = unwind_slot_u16(slot, at + (__u32)(next * is_there) * 2);

		/* Not by a mask made of 0 or -1: Linux 6.18 follows both ways from that, too. */
		found += step * (is_there & unwind_is_below(offset, within + 1));
	}
	return (__u32)found;
}

/* The number of the rule that holds at a file offset of the page's block. */
UNWIND_INLINE __u32 unwind_slot_rule(const __u8 *slot, __u32 at, __u64 offset)
{
	__u64 within = offset & ((1u << UNWIND_BLOCK_SHIFT) - 1);
	__u32 row_count = unwind_slot_u16(slot, at), rule_count = unwind_slot_u16(slot, at + 2);
	__u32 groups = unwind_page_groups(row_count), rules = at + unwind_page_rules_at(row_count);
	__u32 row = unwind_slot_search(slot, at + sizeof(struct unwind_page), groups, within) *
		    UNWIND_GROUP_ROWS;
	__u32 rule;

	row += unwind_slot_search(slot, at + unwind_page_offsets_at(row_count) + row * 2,
				  row_count - row, within);
	rule = slot[(rules + rule_count * 2 + row) & (UNWIND_SLOT_BYTES - 1)];
	return unwind_slot_u16(slot, rules + rule * 2);
}

UNWIND_INLINE __u32 unwind_page_rule(const struct unwind_page *page, __u64 offset)
{
	return unwind_slot_rule((const __u8 *)page, 0, offset);
}

#endif
