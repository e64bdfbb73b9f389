/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/flame_layout.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "terminal/chosen_stacks.h"

/* A tree unfolds by itself what has so much of it: a tenth. */
#define OPEN_SHARE 10

/* --- blocks --- */

struct laying {
	const struct chosen_stacks *stacks;
	uint32_t top;
	int columns;
	struct buffer blocks; /* struct flame_block */
};

static int column_of(const struct laying *laying, uint64_t ticks)
{
	uint64_t total = laying->stacks->nodes[laying->top].total;

	return total ? (int)((__uint128_t)ticks * (uint64_t)laying->columns / total) : 0;
}

/* The blocks of a row's nodes, which begin at so many ticks. */
static void lay_children(struct laying *laying, const struct flame_block *parent, uint64_t start,
			 struct buffer *starts)
{
	uint32_t node = laying->stacks->nodes[parent->node].first_child;
	bool is_next = !parent->is_next;

	for (; node != CHOSEN_NONE; node = laying->stacks->nodes[node].next) {
		uint64_t end = start + laying->stacks->nodes[node].total;
		struct flame_block block = {
			.node = node,
			.row = parent->row + 1,
			.column = column_of(laying, start),
			.is_next = is_next,
		};

		block.width = column_of(laying, end) - block.column;
		/* From the greatest on: those that follow are no wider. */
		if (block.width > 0) {
			buffer_append(&laying->blocks, &block, sizeof(block));
			buffer_append(starts, &start, sizeof(start));
			is_next = !is_next;
		}
		start = end;
	}
}

int flame_layout_build(const struct chosen_stacks *stacks, uint32_t top, int columns,
		       struct flame_layout *ret_layout)
{
	struct laying laying = { .stacks = stacks, .top = top, .columns = columns };
	_cleanup_(buffer_release) struct buffer starts = { 0 };
	const struct flame_block first = { .node = top, .width = columns };
	uint64_t start = 0;

	buffer_append(&laying.blocks, &first, sizeof(first));
	buffer_append(&starts, &start, sizeof(start));
	for (size_t i = 0; i < starts.size / sizeof(start) && !buffer_error(&laying.blocks) &&
			   !buffer_error(&starts);
	     i++) {
		struct flame_block block = ((const struct flame_block *)laying.blocks.data)[i];

		lay_children(&laying, &block, ((const uint64_t *)starts.data)[i], &starts);
	}
	if (buffer_error(&laying.blocks) || buffer_error(&starts)) {
		buffer_release(&laying.blocks);
		return -ENOMEM;
	}
	ret_layout->blocks = (struct flame_block *)laying.blocks.data;
	ret_layout->count = laying.blocks.size / sizeof(first);
	ret_layout->rows = ret_layout->blocks[ret_layout->count - 1].row + 1;
	return 0;
}

void flame_layout_release(struct flame_layout *layout)
{
	free(layout->blocks);
	*layout = (struct flame_layout){ 0 };
}

size_t flame_layout_find(const struct flame_layout *layout, uint32_t node)
{
	for (size_t i = 0; i < layout->count; i++)
		if (layout->blocks[i].node == node)
			return i;
	return CHOSEN_NONE;
}

/* --- places that stay --- */

/* Of one node below its parent. */
static uint64_t step_of(const struct chosen_stacks *stacks, uint32_t node)
{
	const struct chosen_function *function = &stacks->functions[stacks->nodes[node].function];
	size_t size, module_size = 0;
	const char *name = profile_string(stacks->profile, function->name, &size);
	const char *module =
		function->module == PROFILE_NONE
			? ""
			: profile_string(stacks->profile, function->module, &module_size);

	return hash_bytes(name, size) ^
	       (hash_bytes(module, module_size) * 31 + stacks->nodes[node].kind);
}

void flame_path_of(const struct chosen_stacks *stacks, uint32_t node, struct flame_path *ret_path)
{
	uint32_t depth = stacks->nodes[node].depth;

	for (; depth > FLAME_PATH_MAX; depth--)
		node = stacks->nodes[node].parent;
	ret_path->count = depth;
	for (; depth; depth--, node = stacks->nodes[node].parent)
		ret_path->steps[depth - 1] = step_of(stacks, node);
}

uint32_t flame_path_find(const struct chosen_stacks *stacks, const struct flame_path *path)
{
	uint32_t node = 0;

	for (uint32_t i = 0; i < path->count; i++) {
		uint32_t child = stacks->nodes[node].first_child;

		while (child != CHOSEN_NONE && step_of(stacks, child) != path->steps[i])
			child = stacks->nodes[child].next;
		if (child == CHOSEN_NONE)
			break;
		node = child;
	}
	return node;
}

/* --- as a tree --- */

/* 64 bits of all steps. */
static uint64_t fold_key(const struct chosen_stacks *stacks, uint32_t node)
{
	struct flame_path path;

	flame_path_of(stacks, node, &path);
	return hash_bytes(path.steps, path.count * sizeof(path.steps[0]));
}

int flame_folds_turn(struct flame_folds *folds, const struct chosen_stacks *stacks, uint32_t node)
{
	uint64_t key = fold_key(stacks, node);
	uint32_t turned = u64_map_get(&folds->turned, key);

	return u64_map_set(&folds->turned, key, turned == 1 ? 0 : 1);
}

static struct flame_row make_row(const struct chosen_stacks *stacks, uint32_t top, uint32_t node,
				 const struct flame_folds *folds)
{
	struct flame_row row = {
		.node = node,
		.indent = stacks->nodes[node].depth - stacks->nodes[top].depth,
		.has_children = stacks->nodes[node].first_child != CHOSEN_NONE,
	};

	if (!row.has_children)
		return row;
	row.is_open = stacks->nodes[node].total * OPEN_SHARE >= stacks->nodes[top].total;
	if (folds->turned.count && u64_map_get(&folds->turned, fold_key(stacks, node)) == 1)
		row.is_open = !row.is_open;
	return row;
}

/* In the order of a walk: what is next of a row that is not unfolded lies beside it, or beside a caller of it. */
static uint32_t next_row(const struct chosen_stacks *stacks, uint32_t top,
			 const struct flame_row *row)
{
	uint32_t node = row->node;

	if (row->is_open)
		return stacks->nodes[node].first_child;
	while (node != top && stacks->nodes[node].next == CHOSEN_NONE)
		node = stacks->nodes[node].parent;
	return node == top ? CHOSEN_NONE : stacks->nodes[node].next;
}

int flame_tree_build(const struct chosen_stacks *stacks, uint32_t top,
		     const struct flame_folds *folds, struct flame_tree *ret_tree)
{
	struct buffer rows = { 0 };
	uint32_t node = top;

	while (node != CHOSEN_NONE && !buffer_error(&rows)) {
		struct flame_row row = make_row(stacks, top, node, folds);

		buffer_append(&rows, &row, sizeof(row));
		node = next_row(stacks, top, &row);
	}
	if (buffer_error(&rows)) {
		buffer_release(&rows);
		return -ENOMEM;
	}
	ret_tree->rows = (struct flame_row *)rows.data;
	ret_tree->count = rows.size / sizeof(struct flame_row);
	return 0;
}

void flame_tree_release(struct flame_tree *tree)
{
	free(tree->rows);
	*tree = (struct flame_tree){ 0 };
}
