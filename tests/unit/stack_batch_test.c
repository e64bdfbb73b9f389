/* SPDX-License-Identifier: Apache-2.0 */
/* stack_batch: the tree is the same as if each stack had been added alone, whoever adds them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/profile.h"
#include "model/stack_batch.h"
#include "model/stack_tree.h"

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

/* `max_nodes`: 0: any number. A stack for which there is no room is left out. */
static uint32_t add_alone(struct profile *profile, const struct stack *stack, uint64_t max_nodes)
{
	uint32_t node = PROFILE_ROOT, next;
	size_t there = 0;

	while (there < stack->depth &&
	       (next = stack_tree_find(profile_tree(profile), node, stack->frames[there]))) {
		node = next;
		there++;
	}
	if (max_nodes && profile_node_count(profile) + (stack->depth - there) > max_nodes)
		return PROFILE_NONE;
	node = PROFILE_ROOT;
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

/* What is told of stacks, in their order; and of each number what is expected. */
struct told {
	const uint32_t *expected; /* NULL: nothing */
	uint32_t nodes[8];
	size_t count;
	int error; /* that is given */
};

static int tell(void *context, uint32_t number, uint32_t node)
{
	struct told *told = context;

	if (told->expected)
		assert_int_equal(node, told->expected[number]);
	if (told->count < 8)
		told->nodes[told->count] = node;
	told->count++;
	return told->error;
}

/* Adds all at once after so many stacks, besides full piles. */
static void assert_same_tree(uint64_t often, uint64_t max_nodes)
{
	struct profile *alone = profile_new(), *together = profile_new();
	uint32_t expected[2 * STACK_PILE_STACKS];
	struct told told = { .expected = expected };
	struct stack before = { .depth = 0 };
	struct stack_batch batch;
	size_t left_out = 0;

	assert_int_equal(stack_batch_init(&batch, together, tell, &told), 0);
	batch.max_nodes = max_nodes;
	for (uint64_t i = 0; i < STACKS; i++) {
		struct stack stack = stack_of(&before, i);

		put_together(&batch, &before, &stack);
		expected[stack_batch_number(&batch)] = add_alone(alone, &stack, max_nodes);
		left_out += expected[stack_batch_number(&batch)] == PROFILE_NONE;
		before = stack;
		assert_int_equal(stack_batch_end(&batch), 0);
		if (!(hash_u64(i) % often))
			assert_int_equal(stack_batch_add_all(&batch), 0);
	}
	assert_true(often < STACK_PILE_STACKS || batch.beside.has_thread);
	assert_int_equal(stack_batch_add_all(&batch), 0);
	assert_int_equal(told.count, STACKS);
	assert_true(max_nodes ? left_out > STACKS / 10 && left_out < STACKS : !left_out);
	assert_same_trees(alone, together);
	stack_batch_release(&batch);
	profile_free(alone);
	profile_free(together);
}

static void test_same_tree(void **state)
{
	(void)state;
	assert_same_tree(UINT64_MAX, 0);
}

static void test_same_tree_of_small_piles(void **state)
{
	(void)state;
	assert_same_tree(300, 0);
	assert_same_tree(5000, 0); /* and full ones between */
}

static void test_same_tree_where_no_more_nodes_are_allowed(void **state)
{
	(void)state;
	for (uint64_t max_nodes = 100; max_nodes < 20000; max_nodes = max_nodes * 3 / 2) {
		assert_same_tree(UINT64_MAX, max_nodes);
		assert_same_tree(100, max_nodes);
	}
}

static void put(struct stack_batch *batch, struct profile *alone, const struct stack *stack)
{
	for (size_t i = 0; i < stack->depth; i++)
		stack_batch_push(batch, stack->frames[i]);
	stack_batch_end(batch);
	add_alone(alone, stack, batch->max_nodes);
}

/* What is looked for together ends with a stack that is left out, of which the next one shares more than was found of it. */
static void test_left_out_stack_says_nothing_of_the_next_one(void **state)
{
	struct profile *alone = profile_new(), *together = profile_new();
	const struct stack first = { { 'A' }, 1 }, other = { { 'Z' }, 1 };
	const struct stack large = { { 'A', 'Q', 'Q', 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 12 };
	const struct stack next = { { 'A', 'Q', 'Q', 'x', 'x', 'x', 'x', 'x' }, 8 };
	struct told told = { .expected = NULL };

	(void)state;
	for (size_t before = 0; before < 70; before++) {
		struct stack_batch batch;

		profile_free(alone);
		profile_free(together);
		alone = profile_new();
		together = profile_new();
		assert_int_equal(stack_batch_init(&batch, together, tell, &told), 0);
		batch.max_nodes = 12;
		for (size_t i = 0; i < before; i++)
			put(&batch, alone, &(struct stack){ { 'F' }, 1 });
		put(&batch, alone, &first);
		put(&batch, alone, &other);
		put(&batch, alone, &large);
		put(&batch, alone, &next);
		assert_int_equal(stack_batch_add_all(&batch), 0);
		assert_same_trees(alone, together);
		stack_batch_release(&batch);
	}
	profile_free(alone);
	profile_free(together);
}

static void test_dropped_stack_leaves_nothing(void **state)
{
	struct profile *profile = profile_new();
	struct told told = { .expected = NULL };
	struct stack_batch batch;

	(void)state;
	assert_int_equal(stack_batch_init(&batch, profile, tell, &told), 0);
	stack_batch_push(&batch, 7);
	stack_batch_push(&batch, 8);
	stack_batch_drop(&batch);
	stack_batch_push(&batch, 9);
	stack_batch_end(&batch);
	assert_int_equal(stack_batch_add_all(&batch), 0);
	assert_int_equal(told.count, 1);
	assert_int_equal(profile_node_count(profile), 2);
	assert_int_equal(profile_node(profile, told.nodes[0])->frame, 9);
	stack_batch_release(&batch);
	profile_free(profile);
}

static void test_no_more_nodes_than_allowed(void **state)
{
	struct profile *profile = profile_new();
	struct told told = { .expected = NULL };
	struct stack_batch batch;

	(void)state;
	assert_int_equal(stack_batch_init(&batch, profile, tell, &told), 0);
	batch.max_nodes = 4;
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
	assert_int_equal(stack_batch_add_all(&batch), 0);
	assert_int_equal(told.nodes[1], PROFILE_NONE);
	assert_int_equal(profile_node(profile, told.nodes[2])->frame, 3);
	assert_int_equal(told.nodes[3], told.nodes[2]);
	assert_int_equal(profile_node_count(profile), 4);
	stack_batch_release(&batch);
	profile_free(profile);
}

static void test_many_frames_make_a_pile_full(void **state)
{
	struct profile *profile = profile_new();
	uint32_t depth = 100000;
	struct told told = { .expected = NULL };
	struct stack_batch batch;

	(void)state;
	assert_int_equal(stack_batch_init(&batch, profile, tell, &told), 0);
	for (uint32_t i = 0; i < depth; i++)
		stack_batch_push(&batch, i);
	assert_int_equal(stack_batch_end(&batch), 0);
	stack_batch_keep(&batch, depth);
	stack_batch_push(&batch, 1);
	assert_int_equal(stack_batch_end(&batch), 0);
	assert_int_equal(told.count,
			 1); /* that the first pile is added, the second one waits for */
	assert_int_equal(stack_batch_add_all(&batch), 0);
	assert_int_equal(told.nodes[0], depth);
	assert_int_equal(told.nodes[1], depth + 1);
	stack_batch_release(&batch);
	profile_free(profile);
}

static void test_an_error_ends_the_adding(void **state)
{
	struct profile *profile = profile_new();
	struct told told = { .error = -EOVERFLOW };
	struct stack_batch batch;

	(void)state;
	assert_int_equal(stack_batch_init(&batch, profile, tell, &told), 0);
	for (uint32_t i = 0; i < 3; i++) {
		stack_batch_push(&batch, i);
		assert_int_equal(stack_batch_end(&batch), 0);
	}
	assert_int_equal(stack_batch_add_all(&batch), -EOVERFLOW);
	assert_int_equal(told.count, 1);
	stack_batch_release(&batch);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_tree),
		cmocka_unit_test(test_same_tree_of_small_piles),
		cmocka_unit_test(test_same_tree_where_no_more_nodes_are_allowed),
		cmocka_unit_test(test_left_out_stack_says_nothing_of_the_next_one),
		cmocka_unit_test(test_dropped_stack_leaves_nothing),
		cmocka_unit_test(test_no_more_nodes_than_allowed),
		cmocka_unit_test(test_an_error_ends_the_adding),
		cmocka_unit_test(test_many_frames_make_a_pile_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
