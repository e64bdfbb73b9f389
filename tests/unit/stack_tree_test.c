/* SPDX-License-Identifier: Apache-2.0 */
/* stack_tree: it knows whether its nodes came in the order of a walk from the root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "base/hash.h"
#include "model/profile.h"
#include "model/stack_tree.h"

#define TREES 2000
#define NODES 60

/* As it is defined: each node's parent is on the way from the root to the node before. */
static bool is_walk_order(const struct profile *profile)
{
	for (uint32_t i = 2; i < profile_node_count(profile); i++) {
		uint32_t parent = profile_node(profile, i)->parent, at = i - 1;

		while (at != parent && at != PROFILE_ROOT)
			at = profile_node(profile, at)->parent;
		if (at != parent)
			return false;
	}
	return true;
}

/* A node that is on the way to the last one, or, now and then where `strays`, any. */
static uint32_t choose_parent(const struct profile *profile, uint64_t random, bool strays)
{
	uint32_t count = profile_node_count(profile), at = count - 1;

	if (strays && random % 40 == 0)
		return (uint32_t)((random >> 32) % count);
	for (uint64_t up = random >> 8 & 3; up && at != PROFILE_ROOT; up--)
		at = profile_node(profile, at)->parent;
	return at;
}

/* Frames are few, so that some of what is added is there already. */
static struct profile *make_tree(uint64_t seed, bool strays)
{
	struct profile *profile = profile_new();

	for (uint64_t i = 0; i < NODES; i++) {
		uint64_t random = hash_u64(seed * NODES + i);
		uint32_t parent = choose_parent(profile, random, strays), node;

		assert_int_equal(profile_add_child(profile, parent, random >> 16 & 7, &node), 0);
	}
	return profile;
}

static void test_walk_order_is_known(void **state)
{
	size_t in_order = 0;

	(void)state;
	for (uint64_t seed = 0; seed < TREES; seed++) {
		struct profile *profile = make_tree(seed, seed % 2);

		assert_int_equal(profile_has_walk_order(profile), is_walk_order(profile));
		assert_true(seed % 2 || profile_has_walk_order(profile));
		in_order += profile_has_walk_order(profile);
		profile_free(profile);
	}
	assert_in_range(in_order, TREES / 2 + TREES / 20, TREES - TREES / 20);
}

/* Its nodes appended one behind the other, in an order of their own or not. */
static struct profile *append_all(const struct profile *from)
{
	struct profile *profile = profile_new();
	uint32_t node;

	for (uint32_t i = 1; i < profile_node_count(from); i++) {
		assert_int_equal(profile_append_child(profile, profile_node(from, i)->parent,
						      profile_node(from, i)->frame, &node),
				 0);
		assert_int_equal(node, i);
	}
	return profile;
}

static void test_what_was_appended_is_found_later(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < TREES; seed++) {
		struct profile *from = make_tree(seed, seed % 2), *profile = append_all(from);
		const uint32_t count = profile_node_count(from);
		uint32_t node;

		assert_int_equal(profile_has_walk_order(profile), profile_has_walk_order(from));
		for (uint32_t i = 1; i < count; i++) {
			assert_int_equal(profile_add_child(profile, profile_node(from, i)->parent,
							   profile_node(from, i)->frame, &node),
					 0);
			assert_int_equal(node, i);
		}
		assert_int_equal(profile_append_child(profile, seed % count, 1000, &node), 0);
		assert_int_equal(profile_add_child(profile, seed % count, 1000, &node), 0);
		assert_int_equal(node, count);
		profile_free(from);
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk_order_is_known),
		cmocka_unit_test(test_what_was_appended_is_found_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
