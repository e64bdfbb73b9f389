/* SPDX-License-Identifier: Apache-2.0 */
/* rule_cache.h: what two CPUs leave that remember different rules at the same place at the same time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "bpf/rule_cache.h"

#define CACHED_WORDS (sizeof(struct cached_rule) / sizeof(uint64_t))

struct remembered {
	uint64_t module, offset;
	struct unwind_rule rule;
};

/* They differ in one field or in several, as rules of real functions do. */
static const struct remembered first = {
	1001,
	0x1234,
	{ .cfa = UNWIND_CFA_SP, .cfa_offset = 16, .fp_offset = -16 },
};
static const struct remembered others[] = {
	{ 1001, 0x5678, { .cfa = UNWIND_CFA_SP, .cfa_offset = 8, .fp_offset = -16 } },
	{ 1001, 0x1235, { .cfa = UNWIND_CFA_SP, .cfa_offset = 16, .fp_offset = -24 } },
	{ 1002, 0x1234, { .cfa = UNWIND_CFA_FP, .fp = 1, .cfa_offset = 16, .fp_offset = -32 } },
	{ 1003, 0x9abc, { .cfa = UNWIND_ROOT } },
};

#define OTHERS (sizeof(others) / sizeof(*others))

static struct cached_rule remember(const struct remembered *remembered)
{
	struct cached_rule cached = { 0 };

	rule_cache_put(&cached, rule_cache_hash(remembered->module, remembered->offset),
		       remembered->offset, &remembered->rule);
	return cached;
}

static bool recall(const struct cached_rule *cached, const struct remembered *remembered,
		   struct unwind_rule *ret_rule)
{
	return rule_cache_take(cached, rule_cache_hash(remembered->module, remembered->offset),
			       remembered->offset, ret_rule);
}

/* Nothing, or the right one. */
static void assert_not_wrong(const struct cached_rule *cached, const struct remembered *remembered)
{
	struct unwind_rule rule;

	if (recall(cached, remembered, &rule))
		assert_memory_equal(&rule, &remembered->rule, sizeof(rule));
}

static void whole_one_is_recalled(void **state)
{
	(void)state;
	for (size_t i = 0; i < OTHERS; i++) {
		struct cached_rule cached = remember(&others[i]);
		struct unwind_rule rule;

		assert_true(recall(&cached, &others[i], &rule));
		assert_memory_equal(&rule, &others[i].rule, sizeof(rule));
		assert_false(recall(&cached, &first, &rule));
	}
}

static void empty_place_holds_none(void **state)
{
	const struct cached_rule cached = { 0 };
	struct unwind_rule rule;

	(void)state;
	assert_false(recall(&cached, &first, &rule));
}

/* Each word is of either writer, whichever was the last there. */
static void words_of_two_writers_are_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < OTHERS; i++) {
		const struct cached_rule one = remember(&first), other = remember(&others[i]);

		for (uint32_t mask = 0; mask < 1u << CACHED_WORDS; mask++) {
			struct cached_rule mixed = one;

			for (uint32_t word = 0; word < CACHED_WORDS; word++)
				if (mask >> word & 1)
					memcpy((uint64_t *)&mixed + word,
					       (const uint64_t *)&other + word, sizeof(uint64_t));
			assert_not_wrong(&mixed, &first);
			assert_not_wrong(&mixed, &others[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_one_is_recalled),
		cmocka_unit_test(empty_place_holds_none),
		cmocka_unit_test(words_of_two_writers_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
