/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interned records of one size, known by their first bytes (the key): equal keys get equal ids, dense from 0 in order of
 * arrival. The records lie one behind the other, so that finding one touches two places: a slot and the record.
 * Not thread-safe.
 */
#ifndef HEARTH_BASE_RECORD_POOL_H
#define HEARTH_BASE_RECORD_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_pool {
	char *records;
	struct record_slot *slots; /* hash table of ids */
	size_t capacity;           /* of slots: 0 or a power of two */
	size_t record_size, key_size;
	uint32_t count;
	uint32_t allocated; /* records that there is room for */
};

/* The key has no padding, or one that is always cleared. */
void record_pool_init(struct record_pool *pool, size_t record_size, size_t key_size);
void record_pool_release(struct record_pool *pool);

/* The id of a key, which becomes a record whose other bytes are 0 if there is none: 0 or -ENOMEM. */
int record_pool_add(struct record_pool *pool, const void *key, uint32_t *ret_id);

/* The id of a key if it is there already. */
bool record_pool_find(const struct record_pool *pool, const void *key, uint32_t *ret_id);

/* A key will be looked up soon: what that touches first is fetched meanwhile. */
void record_pool_prefetch(const struct record_pool *pool, const void *key);

/* The record of an id that the pool gave out, until one is added. Whoever writes leaves the key as it is. */
void *record_pool_get(const struct record_pool *pool, uint32_t id);

#endif
