/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has which room in the kernel side's maps of unwind tables (bpf/unwind_map.bpf.h): a run of
 * blocks, slots for pages wherever they are free, and a share in the rules. To this they are plain memory.
 *
 * A slot belongs to one module, so that all of a module's room is free again when it goes. Pages are packed
 * into slots in their order, each into the fullest of the last few that takes it. Slots lie in segments,
 * which are made and given up as they are needed; the first one stays. Not thread-safe.
 */
#ifndef HEARTH_PROFILER_UNWIND_SPACE_H
#define HEARTH_PROFILER_UNWIND_SPACE_H

#include <stdint.h>

#include "unwind/row_table.h"

#define UNWIND_SEGMENT_BYTES ((uint64_t)UNWIND_SEGMENT_SLOTS * UNWIND_SLOT_BYTES)

/* The least memory that a space can be made of, the usual one, and the most. */
#define UNWIND_SPACE_MIN_BYTES     (4ull << 20)
#define UNWIND_SPACE_DEFAULT_BYTES (64ull << 20)
#define UNWIND_SPACE_MAX_BYTES     (2048ull << 20)

/* How many there are, or are needed, of each. */
struct unwind_space_size {
	uint32_t blocks, rules, segments;
};

/* The sizes of all maps that together take no more than so many bytes, from _MIN_ to _MAX_BYTES. */
struct unwind_space_size unwind_space_divide(uint64_t bytes);

/* The maps. What `blocks` and `rules` point to lives longer than the space. */
struct unwind_space_memory {
	struct unwind_space_size size;
	struct unwind_places *blocks;
	struct unwind_rule *rules;
	/* UNWIND_SEGMENT_BYTES for a segment: 0 or -errno. */
	int (*add_segment)(void *context, uint32_t segment);
	void (*remove_segment)(void *context, uint32_t segment);
	/* Copy a slot, of UNWIND_SLOT_BYTES: 0 or -errno. */
	int (*write_slot)(void *context, uint32_t slot, const uint8_t *from);
	int (*read_slot)(void *context, uint32_t slot, uint8_t *to);
	void *context;
};

/* What one module has. */
struct unwind_holding {
	uint32_t first_block, block_count;
	uint32_t slot_count, rule_count;
	uint32_t *slots;
	uint16_t *rules; /* numbers */
};

struct unwind_space;

/* 0 or -errno. Freeing leaves the segments that were made to who made them. */
int unwind_space_new(const struct unwind_space_memory *memory, struct unwind_space **ret_space);
void unwind_space_free(struct unwind_space *space);

/*
 * Copies a table to where there is room; nobody reads it before the caller tells of it. 0; -ENOSPC: not
 * before others drop what they hold; -EFBIG: never, no module gets more than half of anything; -ENOMEM.
 */
int unwind_space_put(struct unwind_space *space, const struct row_table *table,
		     struct unwind_holding *ret_holding);

/* Gives back what a module holds. The caller has seen to it that nobody reads it any more. */
void unwind_space_drop(struct unwind_space *space, struct unwind_holding *holding);

/* Frees the lists alone, where the whole space ends. */
void unwind_holding_release(struct unwind_holding *holding);

/*
 * The rule at an offset of a module, as the kernel side finds it: UNWIND_NO_CFI where there is no text. 0 or -errno. It
 * needs nothing but the memory; the caller sees to it that the module does not go meanwhile.
 */
int unwind_space_find_rule(const struct unwind_space_memory *memory,
			   const struct unwind_module *module, uint64_t offset,
			   struct unwind_rule *ret_rule);

/* How many slots a table takes, and how many are free, with those of segments not yet made. */
uint32_t unwind_space_slots_of(const struct row_table *table);
uint32_t unwind_space_free_slots(const struct unwind_space *space);

uint64_t unwind_space_segment_bytes(const struct unwind_space *space); /* memory that was made */

#endif
