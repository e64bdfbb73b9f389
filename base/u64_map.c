/* SPDX-License-Identifier: Apache-2.0 */
#include "base/u64_map.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

struct u64_map_slot {
	uint64_t key;
	uint32_t value; /* U64_MAP_ABSENT: the slot is free */
};

void u64_map_init(struct u64_map *map)
{
	*map = (struct u64_map){ 0 };
}

void u64_map_release(struct u64_map *map)
{
	free(map->slots);
	u64_map_init(map);
}

static struct u64_map_slot *u64_map_find(const struct u64_map *map, uint64_t key)
{
	size_t at = hash_u64(key) & (map->capacity - 1);

	while (map->slots[at].value != U64_MAP_ABSENT && map->slots[at].key != key)
		at = (at + 1) & (map->capacity - 1);
	return &map->slots[at];
}

uint32_t u64_map_get(const struct u64_map *map, uint64_t key)
{
	return map->capacity ? u64_map_find(map, key)->value : U64_MAP_ABSENT;
}

static int u64_map_grow(struct u64_map *map)
{
	struct u64_map larger = { .capacity = map->capacity ? map->capacity * 2 : 64,
				  .count = map->count };

	larger.slots = malloc(larger.capacity * sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < larger.capacity; i++)
		larger.slots[i].value = U64_MAP_ABSENT;
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].value != U64_MAP_ABSENT)
			*u64_map_find(&larger, map->slots[i].key) = map->slots[i];
	free(map->slots);
	*map = larger;
	return 0;
}

int u64_map_set(struct u64_map *map, uint64_t key, uint32_t value)
{
	struct u64_map_slot *slot;

	/* At most two thirds full, so that probes stay short. */
	if (map->count * 3 >= map->capacity * 2) {
		int error = u64_map_grow(map);

		if (error)
			return error;
	}
	slot = u64_map_find(map, key);
	if (slot->value == U64_MAP_ABSENT)
		map->count++;
	*slot = (struct u64_map_slot){ .key = key, .value = value };
	return 0;
}

bool u64_map_next(const struct u64_map *map, size_t *position, uint64_t *ret_key,
		  uint32_t *ret_value)
{
	for (; *position < map->capacity; ++*position) {
		const struct u64_map_slot *slot = &map->slots[*position];

		if (slot->value == U64_MAP_ABSENT)
			continue;
		*ret_key = slot->key;
		*ret_value = slot->value;
		++*position;
		return true;
	}
	return false;
}
