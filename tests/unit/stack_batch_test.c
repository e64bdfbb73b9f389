/* SPDX-License-Identifier: Apache-2.0 */
/* stack_batch: the tree is the same as if each stack had been added alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/profile.h"
#include "model/stack_batch.h"

#define STACKS    20000
#define MAX_DEPTH 24

struct stack {
	uint32_t frames[MAX_DEPTH];
	size_t depth;
};

/* Few frames are frequent, so that stacks share beginnings of any length; every other one is the one before it, changed from some depth on. */
static struct stack stack_of(const struct stack *before, uint64_t seed)
{
	struct stack stack = *before;
	uint64_t random = hash_u64(seed);
	size_t kept = random % 2 ? (random >> 8) % (before->depth + 1) : 0;

	stack.depth = (random >> 32) % MAX_DEPTH;
	for (size_t i = kept; i < stack.depth; i++) {
		uint64_t more = hash_u64(random + i);

		stack.frames[i] = (uint32_t)(more % (more >> 32 & 1 ? 3 : 50));
	}
	return stack;
}

static uint32_t add_alone(struct profile *profile, const struct stack *stack)
{
	uint32_t node = PROFILE_ROOT;

	for (size_t i = 0; i < stack->depth; i++)
		assert_int_equal(profile_add_child(profile, node, stack->frames[i], &node), 0);
	return node;
}

/* Puts it together as a reader does, that sees what is the same as before. */
static void put_together(struct stack_batch *batch, const struct stack *before,
			 const struct stack *stack)
{
	size_t kept = 0;

	while (kept < before->depth && kept < stack->depth &&
	       before->frames[kept] == stack->frames[kept])
		kept++;
	stack_batch_keep(batch, kept);
	for (size_t i = kept; i < stack->depth; i++)
		stack_batch_push(batch, stack->frames[i]);
	assert_int_equal(stack_batch_depth(batch), stack->depth);
}

static void assert_same_trees(const struct profile *a, const struct profile *b)
{
	assert_int_equal(profile_node_count(a), profile_node_count(b));
	for (uint32_t i = 0; i < profile_node_count(a); i++)
		assert_memory_equal(profile_node(a, i), profile_node(b, i),
				    sizeof(struct stack_node));
}

static void assert_nodes(struct stack_batch *batch, const uint32_t *expected)
{
	uint32_t nodes[STACK_BATCH_STACKS], count = batch->count;

	assert_int_equal(stack_batch_add(batch, nodes), 0);
	assert_memory_equal(nodes, expected, count * sizeof(*nodes));
	assert_int_equal(batch->count, 0);
}

static void test_same_tree(void **state)
{
	struct profile *alone = profile_new(), *together = profile_new();
	struct stack_batch batch = { .profile = together };
	uint32_t expected[STACK_BATCH_STACKS];
	struct stack before = { .depth = 0 };
	size_t full = 0;

	(void)state;
	for (uint64_t i = 0; i < STACKS; i++) {
		struct stack stack = stack_of(&before, i);
		bool is_full;

		put_together(&batch, &before, &stack);
		expected[batch.count] = add_alone(alone, &stack);
		is_full = stack_batch_end(&batch);
		full += is_full;
		if (is_full || !(hash_u64(i) % 50))
			assert_nodes(&batch, expected);
		before = stack;
	}
	assert_nodes(&batch, expected);
	assert_true(full > STACKS / STACK_BATCH_STACKS / 4);
	assert_same_trees(alone, together);
	stack_batch_release(&batch);
	profile_free(alone);
	profile_free(together);
}

static void test_dropped_stack_leaves_nothing(void **state)
{
	struct profile *profile = profile_new();
	struct stack_batch batch = { .profile = profile };
	uint32_t nodes[STACK_BATCH_STACKS];

	(void)state;
	stack_batch_push(&batch, 7);
	stack_batch_push(&batch, 8);
	stack_batch_drop(&batch);
	stack_batch_push(&batch, 9);
	stack_batch_end(&batch);
	assert_int_equal(stack_batch_add(&batch, nodes), 0);
	assert_int_equal(profile_node_count(profile), 2);
	assert_int_equal(profile_node(profile, nodes[0])->frame, 9);
	stack_batch_release(&batch);
	profile_free(profile);
}

static void test_no_more_nodes_than_allowed(void **state)
{
	struct profile *profile = profile_new();
	struct stack_batch batch = { .profile = profile, .max_nodes = 4 };
	uint32_t nodes[STACK_BATCH_STACKS];

	(void)state;
	stack_batch_push(&batch, 1);
	stack_batch_push(&batch, 2);
	stack_batch_end(&batch);
	stack_batch_keep(&batch, 2);
	stack_batch_push(&batch, 3);
	stack_batch_push(&batch, 4);
	stack_batch_end(&batch); /* it would be the fifth */
	stack_batch_keep(&batch, 3);
	stack_batch_end(&batch);
	stack_batch_keep(&batch, 3);
	stack_batch_end(&batch); /* it is there */
	assert_int_equal(stack_batch_add(&batch, nodes), 0);
	assert_int_equal(nodes[1], PROFILE_NONE);
	assert_int_equal(profile_node(profile, nodes[2])->frame, 3);
	assert_int_equal(nodes[3], nodes[2]);
	assert_int_equal(profile_node_count(profile), 4);
	stack_batch_release(&batch);
	profile_free(profile);
}

static void test_many_frames_make_it_full(void **state)
{
	struct profile *profile = profile_new();
	struct stack_batch batch = { .profile = profile };
	uint32_t nodes[STACK_BATCH_STACKS], depth = 100000;

	(void)state;
	for (uint32_t i = 0; i < depth; i++)
		stack_batch_push(&batch, i);
	assert_true(stack_batch_end(&batch));
	assert_int_equal(stack_batch_add(&batch, nodes), 0);
	assert_int_equal(nodes[0], depth);
	stack_batch_release(&batch);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_tree),
		cmocka_unit_test(test_dropped_stack_leaves_nothing),
		cmocka_unit_test(test_no_more_nodes_than_allowed),
		cmocka_unit_test(test_many_frames_make_it_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
