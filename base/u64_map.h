/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from 64-bit keys to 32-bit values (indexes into somebody's array): open addressing with
 * linear probing. Entries are never removed one by one. Not thread-safe.
 */
#ifndef HEARTH_BASE_U64_MAP_H
#define HEARTH_BASE_U64_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct u64_map {
	struct u64_map_slot *slots;
	size_t capacity; /* 0 or a power of two */
	size_t count;
};

#define U64_MAP_ABSENT UINT32_MAX

void u64_map_init(struct u64_map *map);
void u64_map_release(struct u64_map *map);

/* The value of `key`, or U64_MAP_ABSENT. */
uint32_t u64_map_get(const struct u64_map *map, uint64_t key);

/* Sets or replaces the value (which is not U64_MAP_ABSENT): 0 or -ENOMEM. */
int u64_map_set(struct u64_map *map, uint64_t key, uint32_t value);

/* The next entry, in any order: `position` is 0 at first. false: there was none left. The map stays as it is meanwhile. */
bool u64_map_next(const struct u64_map *map, size_t *position, uint64_t *ret_key,
		  uint32_t *ret_value);

#endif
