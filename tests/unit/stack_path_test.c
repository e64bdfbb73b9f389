/* SPDX-License-Identifier: Apache-2.0 */
/* stack_path: the nodes from the root to any node, whichever came before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "base/hash.h"
#include "model/profile.h"
#include "model/stack_path.h"

#define NODES 3000

/* Each hangs from one of the last few, or from any. */
static struct profile *make_tree(void)
{
	struct profile *profile = profile_new();

	for (uint32_t i = 1; i <= NODES; i++) {
		uint64_t random = hash_u64(i);
		uint32_t parent =
			random % 8 ? i - 1 - (random >> 8) % (i < 4 ? i : 4) : (random >> 8) % i;
		uint32_t node;

		assert_int_equal(profile_add_child(profile, parent, i, &node), 0);
		assert_int_equal(node, i);
	}
	return profile;
}

static void assert_leads_to(const struct stack_path *path, const struct profile *profile,
			    uint32_t node)
{
	size_t at = path->count;

	for (; node != PROFILE_ROOT; node = profile_node(profile, node)->parent) {
		assert_true(at > 0);
		assert_int_equal(path->steps[--at], node);
	}
	assert_int_equal(at, 0);
}

static void go_to(struct stack_path *path, const struct profile *profile, uint32_t node)
{
	size_t kept, before = path->count;
	bool is_step = stack_path_step(path, profile_node(profile, node)->parent, node);

	if (!is_step) {
		assert_int_equal(stack_path_find(path, profile, node, &kept), 0);
		assert_true(kept <= before);
		assert_int_equal(stack_path_take(path, kept), 0);
	}
	assert_leads_to(path, profile, node);
}

static void test_in_the_order_of_nodes_and_in_any(void **state)
{
	struct profile *profile = make_tree();
	struct stack_path path = { 0 };
	size_t kept;

	(void)state;
	for (uint32_t i = 1; i <= NODES; i++)
		go_to(&path, profile, i);
	for (uint32_t i = 1; i <= NODES; i++)
		go_to(&path, profile, 1 + (uint32_t)(hash_u64(i) % NODES));
	assert_int_equal(stack_path_find(&path, profile, PROFILE_ROOT, &kept), 0);
	assert_int_equal(stack_path_take(&path, kept), 0);
	assert_int_equal(path.count, 0);
	stack_path_release(&path);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_the_order_of_nodes_and_in_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
