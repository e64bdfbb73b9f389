/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg_layout.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "render/name_order.h"

/* What is known of each node of the profile before anything is placed. */
struct node_sums {
	uint64_t total;
	uint32_t depth;
	uint32_t frames; /* in its subtree, itself counted, without those that have no ticks */
	bool is_drawn;
};

/* A place on the walk's stack: a node, or what was left out below a block. */
struct pending {
	uint32_t node;   /* PROFILE_NONE for what was left out */
	uint32_t parent; /* block; UINT32_MAX for the root's own */
	uint64_t total;
	uint32_t left_out;
};

struct layout_walk {
	const struct profile *profile;
	const struct node_sums *sums;
	const uint32_t *ranks; /* NULL: order of arrival */
	uint64_t min_ticks;
	struct pending *pending;
	size_t pending_count;
	uint64_t *cursors; /* per block: where its next child starts */
	uint32_t *children;
	struct svg_layout *layout;
};

/* Parents come before children, so one pass each way does. */
static void sum_nodes(const struct profile *profile, struct node_sums *sums, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct stack_node *node = profile_node(profile, i);

		sums[i].total = node->self;
		sums[i].depth = i == PROFILE_ROOT ? 0 : sums[node->parent].depth + 1;
	}
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t parent = profile_node(profile, i)->parent;

		sums[i].frames += sums[i].total > 0;
		sums[parent].total += sums[i].total;
		sums[parent].frames += sums[i].frames;
	}
}

/* Widest first; of equal ones the nearest to the root, so that parents always come before children. */
static int compare_width(const void *left, const void *right, void *context)
{
	const struct node_sums *sums = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (sums[a].total != sums[b].total)
		return (sums[a].total < sums[b].total) - (sums[a].total > sums[b].total);
	if (sums[a].depth != sums[b].depth)
		return (sums[a].depth > sums[b].depth) - (sums[a].depth < sums[b].depth);
	return (a > b) - (a < b);
}

/* Decides which frames are drawn: 0 or -ENOMEM. */
static int choose_nodes(struct node_sums *sums, uint32_t count, const struct svg_limits *limits,
			uint32_t *ret_chosen)
{
	_cleanup_free_ uint32_t *order = malloc(count * sizeof(*order));
	uint32_t chosen = 0;

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 1; i < count; i++)
		if (sums[i].total && sums[i].total >= limits->min_ticks)
			order[chosen++] = i;
	if (chosen > limits->max_frames) {
		qsort_r(order, chosen, sizeof(*order), compare_width, sums);
		chosen = (uint32_t)limits->max_frames;
	}
	for (uint32_t i = 0; i < chosen; i++)
		sums[order[i]].is_drawn = true;
	*ret_chosen = chosen;
	return 0;
}

/* Appends the block and gives its index. */
static uint32_t place_block(struct layout_walk *walk, const struct pending *item)
{
	struct svg_layout *layout = walk->layout;
	uint32_t index = layout->count++;
	struct svg_block *block = &layout->blocks[index];

	*block = (struct svg_block){
		.node = item->node,
		.total = item->total,
		.left_out = item->left_out,
	};
	if (item->parent != UINT32_MAX) {
		block->depth = layout->blocks[item->parent].depth + 1;
		block->start = walk->cursors[item->parent];
		walk->cursors[item->parent] += item->total;
	}
	if (block->depth > layout->depth)
		layout->depth = block->depth;
	walk->cursors[index] = block->start;
	return index;
}

static void push_left_out(struct layout_walk *walk, uint32_t block, uint64_t ticks, uint32_t frames)
{
	walk->layout->left_out_ticks += ticks;
	if (ticks && ticks >= walk->min_ticks)
		walk->pending[walk->pending_count++] = (struct pending){
			.node = PROFILE_NONE, .parent = block, .total = ticks, .left_out = frames
		};
	else
		walk->layout->blocks[block].hidden = ticks;
}

/* What was left out goes under the others on the stack, so that it stands to their right. */
static void push_children(struct layout_walk *walk, uint32_t block, uint32_t node)
{
	uint64_t ticks = 0;
	uint32_t frames = 0, count = 0;

	for (uint32_t child = profile_node(walk->profile, node)->first_child; child != PROFILE_NONE;
	     child = profile_node(walk->profile, child)->next_sibling) {
		if (walk->sums[child].is_drawn) {
			walk->children[count++] = child;
		} else {
			ticks += walk->sums[child].total;
			frames += walk->sums[child].frames;
		}
	}
	push_left_out(walk, block, ticks, frames);
	name_order_sort_nodes(walk->profile, walk->ranks, walk->children, count);
	while (count--)
		walk->pending[walk->pending_count++] = (struct pending){
			.node = walk->children[count],
			.parent = block,
			.total = walk->sums[walk->children[count]].total,
		};
}

static void walk_tree(struct layout_walk *walk)
{
	walk->pending[walk->pending_count++] = (struct pending){ .node = PROFILE_ROOT,
								 .parent = UINT32_MAX,
								 .total = walk->layout->total };
	while (walk->pending_count) {
		struct pending item = walk->pending[--walk->pending_count];
		uint32_t block = place_block(walk, &item);

		if (item.node != PROFILE_NONE)
			push_children(walk, block, item.node);
	}
}

/* Every drawn frame, the root, and at most one block of left-out frames on each. */
static int place_nodes(struct layout_walk *walk, uint32_t chosen)
{
	size_t room = 2 * ((size_t)chosen + 1);
	_cleanup_free_ struct pending *pending = malloc(room * sizeof(*pending));
	_cleanup_free_ uint64_t *cursors = malloc(room * sizeof(*cursors));
	_cleanup_free_ uint32_t *children = malloc(room * sizeof(*children));
	struct svg_block *blocks = malloc(room * sizeof(*blocks));

	if (!pending || !cursors || !children || !blocks) {
		free(blocks);
		return -ENOMEM;
	}
	walk->layout->blocks = blocks;
	walk->pending = pending;
	walk->cursors = cursors;
	walk->children = children;
	walk_tree(walk);
	return 0;
}

int svg_layout_build(const struct profile *profile, const struct svg_limits *limits,
		     struct svg_layout *ret_layout)
{
	uint32_t count = profile_node_count(profile), chosen;
	_cleanup_free_ struct node_sums *sums = calloc(count, sizeof(*sums));
	_cleanup_free_ uint32_t *ranks = NULL;
	struct svg_layout layout = { .total = profile_total(profile) };
	struct layout_walk walk = {
		.profile = profile, .sums = sums, .min_ticks = limits->min_ticks, .layout = &layout
	};
	int error;

	if (!sums)
		return -ENOMEM;
	sum_nodes(profile, sums, count);
	error = choose_nodes(sums, count, limits, &chosen);
	if (!error && limits->sort)
		error = name_order_ranks(profile, &ranks);
	walk.ranks = ranks;
	layout.frames = chosen;
	layout.left_out = error ? 0 : sums[PROFILE_ROOT].frames - chosen;
	if (!error)
		error = place_nodes(&walk, chosen);
	if (!error)
		*ret_layout = layout;
	return error;
}

void svg_layout_release(struct svg_layout *layout)
{
	free(layout->blocks);
	*layout = (struct svg_layout){ 0 };
}
