/* SPDX-License-Identifier: Apache-2.0 */
#include "base/record_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* The hash stands in the slot, so that a record is touched only when it may be the one. */
struct record_slot {
	uint32_t id;
	uint32_t hash; /* low half */
};

#define FREE_SLOT UINT32_MAX

void record_pool_init(struct record_pool *pool, size_t record_size, size_t key_size)
{
	*pool = (struct record_pool){ .record_size = record_size, .key_size = key_size };
}

void record_pool_release(struct record_pool *pool)
{
	free(pool->records);
	free(pool->slots);
	record_pool_init(pool, pool->record_size, pool->key_size);
}

static int grow_slots(struct record_pool *pool)
{
	size_t capacity = pool->capacity ? pool->capacity * 2 : 256;
	struct record_slot *slots = malloc(capacity * sizeof(*slots));

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

/* By half: the arrays of a long recording are most of its memory. */
static int grow_records(struct record_pool *pool)
{
	uint32_t allocated = pool->allocated ? pool->allocated + pool->allocated / 2 : 128;
	char *records;

	if (pool->allocated > UINT32_MAX / 4)
		return -ENOMEM;
	records = realloc(pool->records, allocated * pool->record_size);
	if (!records)
		return -ENOMEM;
	pool->records = records;
	pool->allocated = allocated;
	return 0;
}

void *record_pool_get(const struct record_pool *pool, uint32_t id)
{
	return pool->records + id * pool->record_size;
}

static uint32_t hash_key(const struct record_pool *pool, const void *key)
{
	return (uint32_t)hash_bytes(key, pool->key_size);
}

/* The slot that holds the key, or the free one where it belongs. Needs a table with a free slot. */
static struct record_slot *find_slot(const struct record_pool *pool, const void *key, uint32_t hash)
{
	size_t at = hash & (pool->capacity - 1);

	while (pool->slots[at].id != FREE_SLOT &&
	       (pool->slots[at].hash != hash ||
		memcmp(record_pool_get(pool, pool->slots[at].id), key, pool->key_size) != 0))
		at = (at + 1) & (pool->capacity - 1);
	return &pool->slots[at];
}

bool record_pool_find(const struct record_pool *pool, const void *key, uint32_t *ret_id)
{
	uint32_t id;

	if (!pool->capacity)
		return false;
	id = find_slot(pool, key, hash_key(pool, key))->id;
	if (id == FREE_SLOT)
		return false;
	*ret_id = id;
	return true;
}

void record_pool_prefetch(const struct record_pool *pool, const void *key)
{
	if (pool->capacity)
		__builtin_prefetch(&pool->slots[hash_key(pool, key) & (pool->capacity - 1)]);
}

int record_pool_add(struct record_pool *pool, const void *key, uint32_t *ret_id)
{
	uint32_t hash = hash_key(pool, key);
	struct record_slot *slot;
	char *record;

	/* At most two thirds full, so that probes stay short. */
	if ((size_t)pool->count * 3 >= pool->capacity * 2 && grow_slots(pool))
		return -ENOMEM;
	slot = find_slot(pool, key, hash);
	if (slot->id != FREE_SLOT) {
		*ret_id = slot->id;
		return 0;
	}
	if (pool->count == pool->allocated && grow_records(pool))
		return -ENOMEM;
	record = record_pool_get(pool, pool->count);
	memset(record, 0, pool->record_size);
	memcpy(record, key, pool->key_size);
	*slot = (struct record_slot){ .id = pool->count, .hash = hash };
	*ret_id = pool->count++;
	return 0;
}
