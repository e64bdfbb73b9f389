/* SPDX-License-Identifier: Apache-2.0 */
#include "base/string_pool.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct pooled_string {
	const char *bytes;
	uint32_t size;
};

/* The hash stands in the slot, so that a string's own memory is touched only when it may be the one. */
struct pool_slot {
	uint32_t id;
	uint32_t hash; /* low half */
};

#define FREE_SLOT UINT32_MAX

void string_pool_init(struct string_pool *pool)
{
	*pool = (struct string_pool){ 0 };
	arena_init(&pool->arena);
}

void string_pool_release(struct string_pool *pool)
{
	arena_release(&pool->arena);
	free(pool->strings);
	free(pool->slots);
	string_pool_init(pool);
}

static int string_pool_grow_slots(struct string_pool *pool)
{
	size_t capacity = pool->capacity ? pool->capacity * 2 : 256;
	struct pool_slot *slots = malloc(capacity * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	memset(slots, 0xff, capacity * sizeof(*slots)); /* every id FREE_SLOT */
	for (size_t old = 0; old < pool->capacity; old++) {
		size_t at = pool->slots[old].hash & (capacity - 1);

		if (pool->slots[old].id == FREE_SLOT)
			continue;
		while (slots[at].id != FREE_SLOT)
			at = (at + 1) & (capacity - 1);
		slots[at] = pool->slots[old];
	}
	free(pool->slots);
	pool->slots = slots;
	pool->capacity = capacity;
	return 0;
}

static int string_pool_grow_strings(struct string_pool *pool)
{
	uint32_t allocated = pool->allocated ? pool->allocated * 2 : 128;
	struct pooled_string *strings;

	if (pool->allocated > UINT32_MAX / 4)
		return -ENOMEM;
	strings = realloc(pool->strings, allocated * sizeof(*strings));
	if (!strings)
		return -ENOMEM;
	pool->strings = strings;
	pool->allocated = allocated;
	return 0;
}

static bool slot_holds(const struct string_pool *pool, const struct pool_slot *slot, uint32_t hash,
		       const char *bytes, size_t size)
{
	return slot->hash == hash && pool->strings[slot->id].size == size &&
	       (!size || !memcmp(pool->strings[slot->id].bytes, bytes, size));
}

/* The slot that holds the string, or the free one where it belongs. Needs a table with a free slot. */
static struct pool_slot *string_pool_slot(const struct string_pool *pool, uint32_t hash,
					  const char *bytes, size_t size)
{
	size_t at = hash & (pool->capacity - 1);

	while (pool->slots[at].id != FREE_SLOT &&
	       !slot_holds(pool, &pool->slots[at], hash, bytes, size))
		at = (at + 1) & (pool->capacity - 1);
	return &pool->slots[at];
}

bool string_pool_find(const struct string_pool *pool, const char *bytes, size_t size,
		      uint32_t *ret_id)
{
	uint32_t id;

	if (!pool->capacity)
		return false;
	id = string_pool_slot(pool, (uint32_t)hash_bytes(bytes, size), bytes, size)->id;
	if (id == FREE_SLOT)
		return false;
	*ret_id = id;
	return true;
}

int string_pool_add(struct string_pool *pool, const char *bytes, size_t size, uint32_t *ret_id)
{
	uint32_t hash = (uint32_t)hash_bytes(bytes, size);
	struct pool_slot *slot;
	const char *copy;

	if (size >= UINT32_MAX)
		return -ENOMEM;
	if ((size_t)pool->count * 2 >= pool->capacity && string_pool_grow_slots(pool))
		return -ENOMEM;
	slot = string_pool_slot(pool, hash, bytes, size);
	if (slot->id != FREE_SLOT) {
		*ret_id = slot->id;
		return 0;
	}
	if (pool->count == pool->allocated && string_pool_grow_strings(pool))
		return -ENOMEM;
	copy = arena_string(&pool->arena, bytes, size);
	if (!copy)
		return -ENOMEM;
	*slot = (struct pool_slot){ .id = pool->count, .hash = hash };
	pool->strings[pool->count] =
		(struct pooled_string){ .bytes = copy, .size = (uint32_t)size };
	*ret_id = pool->count++;
	return 0;
}

const char *string_pool_get(const struct string_pool *pool, uint32_t id, size_t *ret_size)
{
	if (ret_size)
		*ret_size = pool->strings[id].size;
	return pool->strings[id].bytes;
}
