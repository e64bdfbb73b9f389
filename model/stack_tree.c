/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stack_tree.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_NODES          256
#define FIRST_CHILD_CAPACITY 256

int stack_tree_reserve(struct stack_tree *tree, uint32_t nodes)
{
	uint64_t needed = (uint64_t)tree->node_count + nodes;
	uint32_t capacity = tree->node_capacity ? tree->node_capacity : FIRST_NODES;
	struct stack_node *array;

	if (needed <= tree->node_capacity)
		return 0;
	if (needed > UINT32_MAX / 4)
		return -ENOMEM;
	while (capacity < needed)
		capacity *= 2;
	array = realloc(tree->nodes, capacity * sizeof(*array));
	if (!array)
		return -ENOMEM;
	tree->nodes = array;
	tree->node_capacity = capacity;
	return 0;
}

int stack_tree_init(struct stack_tree *tree)
{
	*tree = (struct stack_tree){ .seeds = { hash_seed(), hash_seed() },
				     .has_walk_order = true };
	if (stack_tree_reserve(tree, 1))
		return -ENOMEM;
	tree->nodes[tree->node_count++] = (struct stack_node){
		.parent = PROFILE_NONE,
		.frame = PROFILE_NONE,
	};
	return 0;
}

void stack_tree_release(struct stack_tree *tree)
{
	free(tree->nodes);
	free(tree->children);
	*tree = (struct stack_tree){ 0 };
}

/* --- the table --- */

static uint32_t *find_slot(const struct stack_tree *tree, uint32_t parent, uint32_t frame)
{
	return stack_tree_slot(tree, stack_tree_first_slot(tree, parent, frame), parent, frame);
}

/* A node that stands behind its parent needs no place in the table. */
static bool is_in_table(const struct stack_tree *tree, uint32_t node)
{
	return node && tree->nodes[node].parent + 1 != node;
}

static void put(struct stack_tree *tree, uint32_t node)
{
	*find_slot(tree, tree->nodes[node].parent, tree->nodes[node].frame) = node;
}

static int resize(struct stack_tree *tree, size_t capacity)
{
	uint32_t *old = tree->children;
	size_t old_capacity = tree->child_capacity;
	uint32_t *children = calloc(capacity, sizeof(*children));

	if (!children)
		return -ENOMEM;
	tree->children = children;
	tree->child_capacity = capacity;
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i])
			put(tree, old[i]);
	/* That of a settled tree was given up. */
	for (uint32_t i = 0; !old && i < tree->node_count; i++)
		if (is_in_table(tree, i))
			put(tree, i);
	free(old);
	return 0;
}

void stack_tree_settle(struct stack_tree *tree)
{
	free(tree->children);
	tree->children = NULL;
	tree->child_capacity = 0;
}

static int grow(struct stack_tree *tree)
{
	return resize(tree, tree->child_capacity ? tree->child_capacity * 2 : FIRST_CHILD_CAPACITY);
}

int stack_tree_reserve_branches(struct stack_tree *tree, uint32_t branches)
{
	size_t capacity = FIRST_CHILD_CAPACITY;

	while (capacity < (size_t)branches * 2)
		capacity *= 2;
	return capacity > tree->child_capacity ? resize(tree, capacity) : 0;
}

static int remember(struct stack_tree *tree, uint32_t node)
{
	if ((size_t)tree->child_count * 2 >= tree->child_capacity && grow(tree))
		return -ENOMEM;
	put(tree, node);
	tree->child_count++;
	return 0;
}

/* --- children --- */

uint32_t stack_tree_find(const struct stack_tree *tree, uint32_t parent, uint32_t frame)
{
	if (parent + 1 == tree->node_count)
		return 0; /* it came last */
	if (stack_tree_has_next(tree, parent, frame))
		return parent + 1;
	return tree->child_capacity ? *find_slot(tree, parent, frame) : 0;
}

/* From the last branch on, each node hangs from the one before. */
static void note_order(struct stack_tree *tree, uint32_t node)
{
	uint32_t parent = tree->nodes[node].parent, at = tree->last_branch;

	while (at > parent)
		at = tree->nodes[at].parent;
	tree->has_walk_order &= parent >= tree->last_branch || at == parent;
	tree->last_branch = node;
}

/* A child that is not there yet: 0 or -ENOMEM. Without a table nothing is remembered but that it would be in one. */
static int append(struct stack_tree *tree, uint32_t parent, uint32_t frame, bool has_table,
		  uint32_t *ret_node)
{
	uint32_t node = tree->node_count;

	if (node == tree->node_capacity && stack_tree_reserve(tree, 1))
		return -ENOMEM;
	tree->nodes[node] = (struct stack_node){ .parent = parent, .frame = frame };
	if (is_in_table(tree, node)) {
		if (has_table && remember(tree, node))
			return -ENOMEM;
		tree->child_count += !has_table;
		if (tree->has_walk_order)
			note_order(tree, node);
	}
	tree->node_count++;
	*ret_node = node;
	return 0;
}

int stack_tree_append(struct stack_tree *tree, uint32_t parent, uint32_t frame, uint32_t *ret_node)
{
	return append(tree, parent, frame, tree->child_capacity != 0, ret_node);
}

int stack_tree_add(struct stack_tree *tree, uint32_t parent, uint32_t frame, uint32_t *ret_node)
{
	uint32_t node;

	if (tree->child_count && !tree->child_capacity &&
	    stack_tree_reserve_branches(tree, tree->child_count))
		return -ENOMEM;
	node = stack_tree_find(tree, parent, frame);
	if (!node)
		return append(tree, parent, frame, true, ret_node);
	*ret_node = node;
	return 0;
}
