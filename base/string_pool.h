/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interned byte strings: equal content gets equal ids, dense from 0 in order of arrival. Strings may
 * hold any byte; they are terminated besides. They live until the pool is released. Not thread-safe.
 */
#ifndef HEARTH_BASE_STRING_POOL_H
#define HEARTH_BASE_STRING_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct string_pool {
	struct arena arena;
	struct pooled_string *strings;
	struct pool_slot *slots; /* hash table of ids */
	size_t capacity;         /* of slots: 0 or a power of two */
	uint32_t count;
	uint32_t allocated; /* entries that `strings` has room for */
};

void string_pool_init(struct string_pool *pool);
void string_pool_release(struct string_pool *pool);

/* The id of `size` bytes: 0 or -ENOMEM. */
int string_pool_add(struct string_pool *pool, const char *bytes, size_t size, uint32_t *ret_id);

/* The id of `size` bytes if they are there already. */
bool string_pool_find(const struct string_pool *pool, const char *bytes, size_t size,
		      uint32_t *ret_id);

/* The string of an id that the pool gave out; `ret_size` may be NULL. */
const char *string_pool_get(const struct string_pool *pool, uint32_t id, size_t *ret_size);

#endif
