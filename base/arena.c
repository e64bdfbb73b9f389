/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char data[];
};

/* Small enough that an almost empty table costs little, large enough that blocks stay few: each as large as all before it, within these. */
#define FIRST_BLOCK_BYTES ((size_t)4 * 1024)
#define BLOCK_BYTES       ((size_t)64 * 1024)

void arena_init(struct arena *arena)
{
	*arena = (struct arena){ 0 };
}

void arena_release(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena_init(arena);
}

/* Of the next block, without its head. */
static size_t arena_block_size(const struct arena *arena)
{
	size_t bytes = arena->bytes < BLOCK_BYTES ? arena->bytes : BLOCK_BYTES;

	return (bytes > FIRST_BLOCK_BYTES ? bytes : FIRST_BLOCK_BYTES) - sizeof(struct arena_block);
}

static struct arena_block *arena_add_block(struct arena *arena, size_t least)
{
	size_t usual = arena_block_size(arena), size = least > usual ? least : usual;
	struct arena_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	block->used = 0;
	block->size = size;
	arena->bytes += sizeof(*block) + size;
	/* A block made for one large allocation goes behind the current one, which has room left. */
	if (arena->blocks && size > usual) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

static void *arena_take(struct arena *arena, size_t size, size_t alignment)
{
	struct arena_block *block = arena->blocks;
	size_t start = block ? (block->used + alignment - 1) & ~(alignment - 1) : 0;

	if (!block || start > block->size || size > block->size - start) {
		block = arena_add_block(arena, size);
		if (!block)
			return NULL;
		start = 0;
	}
	block->used = start + size;
	return block->data + start;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return arena_take(arena, size, alignof(max_align_t));
}

char *arena_string(struct arena *arena, const char *bytes, size_t size)
{
	char *copy = size < SIZE_MAX ? arena_take(arena, size + 1, 1) : NULL;

	if (!copy)
		return NULL;
	if (size)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}
