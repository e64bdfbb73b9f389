/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map unwind_rules: each rule stands there once, for all modules that use it, and its place is free
 * again when none does. Not thread-safe.
 */
#ifndef HEARTH_PROFILER_UNWIND_RULE_STORE_H
#define HEARTH_PROFILER_UNWIND_RULE_STORE_H

#include <stdint.h>

#include "base/number_pool.h"
#include "bpf/events.h"

#define UNWIND_RULE_BUCKETS 4096

struct unwind_rule_store {
	struct unwind_rule *rules;  /* somebody else's */
	uint64_t seed;              /* so that nobody can make all of them collide */
	struct number_pool numbers; /* those in use */
	uint32_t *users;            /* how many modules use a rule, by its number */
	uint32_t *next;             /* the next rule in its bucket, or NUMBER_POOL_NONE */
	uint32_t buckets[UNWIND_RULE_BUCKETS];
};

/* `rules` has room for `size` of them and lives longer. 0 or -ENOMEM. Zeroed memory may be released, too. */
int unwind_rule_store_init(struct unwind_rule_store *store, struct unwind_rule *rules,
			   uint32_t size);
void unwind_rule_store_release(struct unwind_rule_store *store);

/* The number of a rule, for one more user. 0 or -ENOSPC. */
int unwind_rule_store_take(struct unwind_rule_store *store, const struct unwind_rule *rule,
			   uint16_t *ret_number);
void unwind_rule_store_give(struct unwind_rule_store *store, uint16_t number);

#endif
