/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of shared prefixes that a profile (profile.h) keeps its stacks in. Private to model/profile.c and model/stack_batch.c.
 *
 * Children are found in two ways. The node behind a parent is its child if it was the first one and came at once, as those at the end of a
 * new stack do: nearly all nodes of a profile, which are found without a look-up and need no memory but their own. The others are
 * in a hash table.
 */
#ifndef HEARTH_MODEL_STACK_TREE_H
#define HEARTH_MODEL_STACK_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/profile.h"

struct stack_tree {
	struct stack_node *nodes; /* the root first */
	uint32_t node_count, node_capacity;
	uint32_t *children; /* hash table of node ids; 0: free */
	uint32_t child_count;
	size_t child_capacity; /* 0 or a power of two */
	uint64_t seeds[2];
	uint32_t last_branch; /* the last node that does not stand behind its parent */
	bool has_walk_order;  /* each node hangs from one on the path of the one before it */
};

int stack_tree_init(struct stack_tree *tree); /* 0 or -ENOMEM */
void stack_tree_release(struct stack_tree *tree);

/* Room for so many more nodes, or branches in all: 0 or -ENOMEM. */
int stack_tree_reserve(struct stack_tree *tree, uint32_t nodes);
int stack_tree_reserve_branches(struct stack_tree *tree, uint32_t branches);

/* Its stacks are complete: the table is given up, and made again should one be added nevertheless. */
void stack_tree_settle(struct stack_tree *tree);

/* The child of `parent` for `frame`; 0: there is none, for the root is nobody's child. Of a tree that is not settled. */
uint32_t stack_tree_find(const struct stack_tree *tree, uint32_t parent, uint32_t frame);

/* The child of `parent` for `frame`, made if it is not there: 0 or -ENOMEM. */
int stack_tree_add(struct stack_tree *tree, uint32_t parent, uint32_t frame, uint32_t *ret_node);

/* A child of `parent` for `frame` that is known not to be there: 0 or -ENOMEM. Of a tree that is settled, or to which nothing else was added, no table is made for it. */
int stack_tree_append(struct stack_tree *tree, uint32_t parent, uint32_t frame, uint32_t *ret_node);

static inline bool stack_tree_is_child(const struct stack_tree *tree, uint32_t node,
				       uint32_t parent, uint32_t frame)
{
	return tree->nodes[node].parent == parent && tree->nodes[node].frame == frame;
}

/* Is the node behind `parent` its child for `frame`? */
static inline bool stack_tree_has_next(const struct stack_tree *tree, uint32_t parent,
				       uint32_t frame)
{
	return parent + 1 < tree->node_count &&
	       stack_tree_is_child(tree, parent + 1, parent, frame);
}

/* The slot of the table where the search for another child begins; the next ones follow, up to a free one. Of a table that is there. */
static inline size_t stack_tree_first_slot(const struct stack_tree *tree, uint32_t parent,
					   uint32_t frame)
{
	return hash_pair(parent, frame, tree->seeds) & (tree->child_capacity - 1);
}

/* From this slot on: the slot of a child, or the free one where it belongs. Of a table with a free slot. */
static inline uint32_t *stack_tree_slot(const struct stack_tree *tree, size_t at, uint32_t parent,
					uint32_t frame)
{
	uint32_t node;

	for (;; at = (at + 1) & (tree->child_capacity - 1)) {
		node = tree->children[at];
		if (!node || stack_tree_is_child(tree, node, parent, frame))
			return &tree->children[at];
	}
}

#endif
