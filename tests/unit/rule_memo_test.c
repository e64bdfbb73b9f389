/* SPDX-License-Identifier: Apache-2.0 */
/* rule_memo.h: whatever has one key has one rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <string.h>

#include "base/hash.h"
#include "unwind/cfi_rule.h"
#include "unwind/rule_memo.h"

#define PICK(array, random) ((array)[(random) % (sizeof(array) / sizeof(*(array)))])

static const int64_t offsets[] = {
	0, 8, -8, 16, -16, 24, INT32_MAX, INT32_MIN, (int64_t)INT32_MAX + 1, (int64_t)INT32_MIN - 1,
	/* one more than a key has room for, and what is left of others where they are cut */
	1 << RULE_MEMO_CFA_BITS, (1 << RULE_MEMO_CFA_BITS) + 8, ((int64_t)1 << 32) + 8, INT64_MIN
};

/* Mostly what a function has: only such rows have keys. */
static struct cfi_register some_register(uint64_t random)
{
	return (struct cfi_register){
		.kind = random % CFI_REGISTER_INEXPRESSIBLE,
		.base = random >> 8 & 7,
		.offset = PICK(offsets, random >> 16),
	};
}

static struct cfi_state some_state(uint64_t seed)
{
	uint64_t random = hash_u64(seed), more = hash_u64(random);
	struct cfi_state state = {
		.cfa = { .kind = random % 8 ? CFI_CFA_OFFSET : more % (CFI_CFA_INEXPRESSIBLE + 1),
			 .base = 6 + (random >> 8) % 3,
			 .offset = PICK(offsets, random >> 16) },
		.columns[CFI_ADDRESS_COLUMN] = { .kind = CFI_REGISTER_AT_CFA, .offset = -8 },
	};

	if (!(more >> 8 & 7))
		state.columns[CFI_ADDRESS_COLUMN] = some_register(more >> 16);
	if (!(more >> 11 & 7))
		state.columns[CFI_STACK_COLUMN] = some_register(more >> 24);
	if (more >> 14 & 3)
		state.columns[CFI_FRAME_COLUMN] =
			(struct cfi_register){ .kind = CFI_REGISTER_AT_CFA,
					       .offset = PICK(offsets, more >> 32) };
	if (!(more >> 16 & 3))
		state.columns[CFI_FRAME_COLUMN] = some_register(more >> 40);
	state.columns[CFI_BASE_COLUMN] = some_register(more >> 48);
	return state;
}

static void one_key_is_one_rule(void **state)
{
	static struct {
		uint64_t key;
		struct unwind_rule rule;
	} known[1024];
	const struct cfi_machine *machine = cfi_machine_find(EM_X86_64);
	const struct cfi_cie cies[] = { { 0 }, { .is_signal_frame = true } };
	uint32_t count = 0, again = 0;

	(void)state;
	for (uint64_t i = 0; i < 200000; i++) {
		struct cfi_state cfi = some_state(i);
		const struct cfi_cie *cie = &cies[!(i % 16)];
		struct cfi_row row = { 0, 1, i % 32 ? CFI_EXPRESSIBLE : CFI_REASON_MALFORMED,
				       &cfi };
		struct unwind_rule rule = cfi_rule_of(&row, cie, machine, false);
		uint64_t key = rule_memo_key(&row, cie, machine);
		uint32_t at = 0;

		while (key && at < count && known[at].key != key)
			at++;
		if (key && at == count) {
			assert_in_range(count, 0, 1023);
			known[count].key = key;
			known[count++].rule = rule;
		} else if (key) {
			assert_memory_equal(&rule, &known[at].rule, sizeof(rule));
			again++;
		}
	}
	assert_in_range(count, 50, 1024);
	assert_in_range(again, 10000, 200000);
}

/* What is kept is found where its key leads, and nothing else. */
static void places(void **state)
{
	struct rule_memo memo = { 0 };

	(void)state;
	for (uint64_t i = 1; i < 1000; i++)
		*rule_memo_at(&memo, i << 34) = (struct rule_memo_entry){ i << 34, i };
	for (uint64_t i = 0; i < sizeof(memo.entries) / sizeof(*memo.entries); i++) {
		assert_int_equal(memo.entries[i].key, (uint64_t)memo.entries[i].number << 34);
		assert_ptr_equal(rule_memo_at(&memo, memo.entries[i].key), &memo.entries[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_key_is_one_rule),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
