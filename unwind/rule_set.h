/* SPDX-License-Identifier: Apache-2.0 */
/* The different rules of a module, each with a number. Not thread-safe. */
#ifndef HEARTH_UNWIND_RULE_SET_H
#define HEARTH_UNWIND_RULE_SET_H

#include "base/buffer.h"
#include "bpf/events.h"

#define RULE_SET_MAX      65535
#define RULE_SET_NO_CFI   0 /* number of the rule UNWIND_NO_CFI, which is always there */
#define RULE_SET_TOO_MANY 1 /* the number for rules beyond the maximum */

#define RULE_SET_RECENT 64 /* a power of two */

struct rule_set {
	struct buffer rules; /* of struct unwind_rule, by number */
	uint32_t count;
	uint16_t *slots;   /* number + 1, 0: free */
	uint32_t capacity; /* a power of two */
	uint16_t recent
		[RULE_SET_RECENT]; /* numbers of the last rules asked for, by what differs most */
	uint64_t seeds
		[2]; /* rules come from files: their hashes must not be known to who wrote them */
};

int rule_set_init(struct rule_set *set); /* 0 or -ENOMEM */
void rule_set_release(struct rule_set *set);

/* The number of a rule, which is added if it is new: 0 or -ENOMEM. */
int rule_set_number(struct rule_set *set, const struct unwind_rule *rule, uint32_t *ret_number);

static inline const struct unwind_rule *rule_set_rule(const struct rule_set *set, uint32_t number)
{
	return (const struct unwind_rule *)set->rules.data + number;
}

#endif
