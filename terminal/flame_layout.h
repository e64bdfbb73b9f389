/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flame graph in cells, callers above: each function is a block on the row of its depth, as wide as its share. And the same as an indented tree, of which parts may be folded. What is looked at
 * stays when the next profile is drawn: a place in the graph is known by the names on the way to it (flame_path).
 */
#ifndef HEARTH_TERMINAL_FLAME_LAYOUT_H
#define HEARTH_TERMINAL_FLAME_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/u64_map.h"

struct chosen_stacks;

struct flame_block {
	uint32_t node;
	int row, column,
		width; /* from the top's row and left edge on; 0 wide blocks are left out */
	bool is_next;  /* it has the second shade, beside its neighbour */
};

struct flame_layout {
	struct flame_block *blocks; /* row by row, from the left */
	size_t count;
	int rows;
};

/* Of a node and what is below it, in so many columns. 0 or -ENOMEM. */
int flame_layout_build(const struct chosen_stacks *stacks, uint32_t top, int columns,
		       struct flame_layout *ret_layout);
void flame_layout_release(struct flame_layout *layout);

/* The block of a node, CHOSEN_NONE: it is too narrow. */
size_t flame_layout_find(const struct flame_layout *layout, uint32_t node);

/* --- places that stay --- */

#define FLAME_PATH_MAX 256 /* deeper ones end there */

struct flame_path {
	uint64_t steps[FLAME_PATH_MAX]; /* of the functions, root first */
	uint32_t count;
};

void flame_path_of(const struct chosen_stacks *stacks, uint32_t node, struct flame_path *ret_path);
/* The node there, or the deepest one on the way that there is. */
uint32_t flame_path_find(const struct chosen_stacks *stacks, const struct flame_path *path);

/* --- as a tree --- */

/* What was folded, or unfolded, by hand. */
struct flame_folds {
	struct u64_map turned; /* by the path */
};

struct flame_row {
	uint32_t node;
	uint32_t indent;
	bool is_open, has_children;
};

struct flame_tree {
	struct flame_row *rows;
	size_t count;
};

/* Of a node and what is below it: by itself that is unfolded which has a tenth of it. 0 or -ENOMEM. */
int flame_tree_build(const struct chosen_stacks *stacks, uint32_t top,
		     const struct flame_folds *folds, struct flame_tree *ret_tree);
void flame_tree_release(struct flame_tree *tree);

/* Folds what is unfolded, and the other way round: 0 or -ENOMEM. */
int flame_folds_turn(struct flame_folds *folds, const struct chosen_stacks *stacks, uint32_t node);

#endif
