/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/function_totals.h"
#include "model/profile.h"
#include "model/profile_reader.h"

static struct profile *read_text(const char *text)
{
	struct profile *profile = profile_new();
	struct read_report report;

	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	return profile;
}

static const struct function_total *row_of(const struct profile *profile,
					   const struct function_totals *totals, const char *name)
{
	for (uint32_t i = 0; i < totals->count; i++)
		if (!strcmp(profile_string(profile, totals->rows[i].name, NULL), name))
			return &totals->rows[i];
	return NULL;
}

static void assert_row(const struct profile *profile, const struct function_totals *totals,
		       const char *name, uint64_t self, uint64_t total)
{
	const struct function_total *row = row_of(profile, totals, name);

	assert_non_null(row);
	assert_int_equal(row->self, self);
	assert_int_equal(row->total, total);
}

static void recursion_counts_once(void **state)
{
	struct profile *profile = read_text("p;a;b;a;b;a 1\np;b 2\nq;a;a;c 4\nq;c 8\n");
	struct function_totals totals;

	(void)state;
	assert_int_equal(function_totals_build(profile, &totals), 0);
	assert_row(profile, &totals, "a", 1, 5);
	assert_row(profile, &totals, "b", 2, 3);
	assert_row(profile, &totals, "c", 12, 12);
	assert_row(profile, &totals, "p", 0, 3);
	assert_row(profile, &totals, "q", 0, 12);
	assert_int_equal(totals.count, 5);
	function_totals_release(&totals);
	profile_free(profile);
}

/* Inlined or not it is the same function; a process of that name is another thing. */
static void kinds_of_code_are_one(void **state)
{
	struct profile *profile = read_text("f;f;g;f_[i] 1\nf;f_[i] 2\n");
	struct function_totals totals;

	(void)state;
	assert_int_equal(function_totals_build(profile, &totals), 0);
	assert_int_equal(totals.count, 3);
	assert_int_equal(totals.rows[0].kind, FRAME_PROCESS);
	assert_int_equal(totals.rows[0].total, 3);
	assert_int_equal(totals.rows[1].kind, FRAME_NATIVE);
	assert_int_equal(totals.rows[1].self, 3);
	assert_int_equal(totals.rows[1].total, 3);
	function_totals_release(&totals);
	profile_free(profile);
}

static void what_has_no_ticks_has_no_row(void **state)
{
	struct profile *profile = read_text("p;a 0\n");
	struct function_totals totals;

	(void)state;
	assert_int_equal(function_totals_build(profile, &totals), 0);
	assert_int_equal(totals.count, 0);
	function_totals_release(&totals);
	profile_free(profile);
}

/* Stacks in any order, so that a node's parent is often far from the node before it. */
static struct profile *random_profile(uint64_t seed)
{
	struct profile *profile = profile_new();

	for (unsigned int i = 0; i < 40; i++) {
		uint32_t node = PROFILE_ROOT, frame;
		size_t depth;

		seed = hash_u64(seed + 1);
		depth = seed % 9;
		for (size_t j = 0; j < depth; j++) {
			seed = hash_u64(seed + 1);
			assert_int_equal(
				profile_add_named(profile, (char[]){ (char)('a' + seed % 5), 0 },
						  seed >> 8 & 3 ? NULL : "m",
						  seed >> 16 & 1 ? FRAME_NATIVE : FRAME_INLINED,
						  &frame),
				0);
			assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
		}
		assert_int_equal(profile_add_ticks(profile, node, seed >> 50), 0);
	}
	return profile;
}

static bool is_of(const struct profile *profile, uint32_t node, const struct function_total *row)
{
	const struct frame *frame = profile_frame(profile, profile_node(profile, node)->frame);

	return frame->name == row->name && frame->module == row->module;
}

/* The slow way: each stack by itself. */
static void assert_adds_up(const struct profile *profile, const struct function_total *row)
{
	uint64_t self = 0, total = 0;

	for (uint32_t i = 1; i < profile_node_count(profile); i++) {
		const struct stack_node *node = profile_node(profile, i);
		bool is_met = false;

		for (uint32_t at = i; at != PROFILE_ROOT; at = profile_node(profile, at)->parent)
			is_met |= is_of(profile, at, row);
		total += is_met ? node->self : 0;
		self += is_of(profile, i, row) ? node->self : 0;
	}
	assert_int_equal(row->self, self);
	assert_int_equal(row->total, total);
}

static void random_profiles_add_up(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct profile *profile = random_profile(seed * 1000);
		uint64_t self = profile_node(profile, PROFILE_ROOT)->self;
		struct function_totals totals;

		assert_int_equal(function_totals_build(profile, &totals), 0);
		for (uint32_t i = 0; i < totals.count; i++) {
			assert_adds_up(profile, &totals.rows[i]);
			self += totals.rows[i].self;
		}
		assert_int_equal(self, profile_total(profile));
		function_totals_release(&totals);
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recursion_counts_once),
		cmocka_unit_test(kinds_of_code_are_one),
		cmocka_unit_test(what_has_no_ticks_has_no_row),
		cmocka_unit_test(random_profiles_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
