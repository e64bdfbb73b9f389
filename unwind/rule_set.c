/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/rule_set.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "unwind/cfi_rule.h"

#define FIRST_CAPACITY 512

static uint64_t hash_rule(const struct rule_set *set, const struct unwind_rule *rule)
{
	uint64_t halves[2];

	_Static_assert(sizeof(halves) == sizeof(*rule), "a rule is two words");
	memcpy(halves, rule, sizeof(halves));
	return hash_pair(halves[0], halves[1], set->seeds);
}

/* The slot of a rule, or the free one where it belongs. */
static uint32_t find_slot(const struct rule_set *set, const struct unwind_rule *rule)
{
	uint32_t slot = hash_rule(set, rule) & (set->capacity - 1);

	while (set->slots[slot] &&
	       memcmp(rule_set_rule(set, set->slots[slot] - 1), rule, sizeof(*rule)) != 0)
		slot = (slot + 1) & (set->capacity - 1);
	return slot;
}

static int grow(struct rule_set *set)
{
	uint32_t capacity = set->capacity ? set->capacity * 2 : FIRST_CAPACITY;
	uint16_t *slots = calloc(capacity, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(set->slots);
	set->slots = slots;
	set->capacity = capacity;
	for (uint32_t i = 0; i < set->count; i++)
		set->slots[find_slot(set, rule_set_rule(set, i))] = i + 1;
	return 0;
}

static bool is_number(const struct rule_set *set, uint32_t number, const struct unwind_rule *rule)
{
	return number < set->count && memcmp(rule_set_rule(set, number), rule, sizeof(*rule)) == 0;
}

/* Files have few rules that are often asked for: these are not looked for. */
static uint16_t *recent_of(struct rule_set *set, const struct unwind_rule *rule)
{
	uint32_t at = (uint32_t)rule->cfa_offset / 8 ^ (uint32_t)rule->fp_offset / 8 * 5 ^
		      rule->cfa * 16u;

	return &set->recent[at & (RULE_SET_RECENT - 1)];
}

int rule_set_number(struct rule_set *set, const struct unwind_rule *rule, uint32_t *ret_number)
{
	uint16_t *recent = recent_of(set, rule);
	uint32_t slot;

	if (is_number(set, *recent, rule)) {
		*ret_number = *recent;
		return 0;
	}
	slot = find_slot(set, rule);
	if (set->slots[slot]) {
		*ret_number = *recent = set->slots[slot] - 1;
		return 0;
	}
	if (set->count == RULE_SET_MAX) {
		*ret_number = RULE_SET_TOO_MANY;
		return 0;
	}
	buffer_append(&set->rules, rule, sizeof(*rule));
	if (buffer_error(&set->rules))
		return -ENOMEM;
	*ret_number = set->count++;
	set->slots[slot] = set->count;
	return set->count * 2 > set->capacity ? grow(set) : 0;
}

int rule_set_init(struct rule_set *set)
{
	const struct unwind_rule no_cfi = { .cfa = UNWIND_NO_CFI };
	const struct unwind_rule too_many = cfi_rule_not_expressible(CFI_REASON_TOO_MANY_RULES);
	uint32_t number;
	int err;

	*set = (struct rule_set){ .seeds = { hash_seed(), hash_seed() } };
	err = grow(set);
	if (!err)
		err = rule_set_number(set, &no_cfi, &number);
	if (!err)
		err = rule_set_number(set, &too_many, &number);
	if (err)
		rule_set_release(set);
	return err;
}

void rule_set_release(struct rule_set *set)
{
	buffer_release(&set->rules);
	free(set->slots);
	set->slots = NULL;
}
