/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/unwind_rule_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

int unwind_rule_store_init(struct unwind_rule_store *store, struct unwind_rule *rules,
			   uint32_t size)
{
	*store = (struct unwind_rule_store){ .rules = rules, .seed = hash_seed() };
	for (uint32_t i = 0; i < UNWIND_RULE_BUCKETS; i++)
		store->buckets[i] = NUMBER_POOL_NONE;
	store->users = calloc(size, sizeof(*store->users));
	store->next = calloc(size, sizeof(*store->next));
	if (!store->users || !store->next || number_pool_init(&store->numbers, size)) {
		unwind_rule_store_release(store);
		return -ENOMEM;
	}
	return 0;
}

void unwind_rule_store_release(struct unwind_rule_store *store)
{
	free(store->users);
	free(store->next);
	number_pool_release(&store->numbers);
	*store = (struct unwind_rule_store){ 0 };
}

static uint32_t *bucket_of(struct unwind_rule_store *store, const struct unwind_rule *rule)
{
	uint64_t hash = hash_u64(hash_bytes(rule, sizeof(*rule)) ^ store->seed);

	return &store->buckets[hash % UNWIND_RULE_BUCKETS];
}

static uint32_t find(const struct unwind_rule_store *store, uint32_t first,
		     const struct unwind_rule *rule)
{
	while (first != NUMBER_POOL_NONE && memcmp(&store->rules[first], rule, sizeof(*rule)) != 0)
		first = store->next[first];
	return first;
}

int unwind_rule_store_take(struct unwind_rule_store *store, const struct unwind_rule *rule,
			   uint16_t *ret_number)
{
	uint32_t *bucket = bucket_of(store, rule);
	uint32_t number = find(store, *bucket, rule);

	if (number == NUMBER_POOL_NONE) {
		number = number_pool_take(&store->numbers, 1);
		if (number == NUMBER_POOL_NONE)
			return -ENOSPC;
		store->rules[number] = *rule;
		store->next[number] = *bucket;
		*bucket = number;
	}
	store->users[number]++;
	*ret_number = (uint16_t)number;
	return 0;
}

void unwind_rule_store_give(struct unwind_rule_store *store, uint16_t number)
{
	uint32_t *link = bucket_of(store, &store->rules[number]);

	if (--store->users[number])
		return;
	while (*link != number)
		link = &store->next[*link];
	*link = store->next[number];
	number_pool_give(&store->numbers, number, 1);
}
