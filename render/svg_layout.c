/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg_layout.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "model/stack_children.h"
#include "render/name_order.h"

/*
 * The nodes that are drawn, by place (stack_children.h): their number is bounded by the width of the picture, that of the profile's nodes by
 * nothing. So only what every node needs is kept for each.
 */
struct drawn {
	uint64_t *totals;    /* per node of the profile */
	uint32_t *places;    /* per node: its place, or that of the drawn node that it lies on */
	uint32_t *nodes;     /* per place, ascending; the root first */
	uint32_t *left_out;  /* per place: frames on it that are not drawn, at any depth */
	uint32_t count;      /* of places */
	uint32_t with_ticks; /* nodes that have ticks, the root not counted */
	struct stack_children children;
};

static void drawn_release(struct drawn *drawn)
{
	free(drawn->totals);
	free(drawn->places);
	free(drawn->nodes);
	free(drawn->left_out);
	stack_children_release(&drawn->children);
}

/* A place on the walk's stack: a node, or what was left out below a block. */
struct pending {
	uint32_t place;  /* PROFILE_NONE for what was left out */
	uint32_t parent; /* block; UINT32_MAX for the root's own */
	uint64_t total;
	uint32_t left_out;
};

struct layout_walk {
	const struct profile *profile;
	const struct drawn *drawn;
	const uint32_t *ranks; /* NULL: order of arrival */
	uint64_t min_ticks;
	struct pending *pending;
	size_t pending_count;
	uint64_t *cursors; /* per block: where its next child starts */
	uint32_t *nodes;   /* room for a block's children */
	struct svg_layout *layout;
};

/* Parents come before children, so one pass each way does. */
static int sum_nodes(const struct profile *profile, struct drawn *drawn)
{
	uint32_t count = profile_node_count(profile);
	uint64_t *totals = malloc(count * sizeof(*totals));

	drawn->totals = totals;
	if (!totals)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		totals[i] = profile_node(profile, i)->self;
	for (uint32_t i = count - 1; i > 0; i--) {
		totals[profile_node(profile, i)->parent] += totals[i];
		drawn->with_ticks += totals[i] > 0;
	}
	return 0;
}

static bool is_wide(const struct drawn *drawn, uint32_t node, uint64_t min_ticks)
{
	return !node || (drawn->totals[node] && drawn->totals[node] >= min_ticks);
}

static int choose_wide(const struct profile *profile, struct drawn *drawn, uint64_t min_ticks)
{
	uint32_t count = profile_node_count(profile);

	for (uint32_t i = 0; i < count; i++)
		drawn->count += is_wide(drawn, i, min_ticks);
	drawn->nodes = malloc(drawn->count * sizeof(*drawn->nodes));
	drawn->places = malloc(count * sizeof(*drawn->places));
	if (!drawn->nodes || !drawn->places)
		return -ENOMEM;
	for (uint32_t i = 0, place = 0; i < count; i++)
		if (is_wide(drawn, i, min_ticks))
			drawn->nodes[place++] = i;
	return 0;
}

static void set_places(const struct profile *profile, struct drawn *drawn)
{
	uint32_t count = profile_node_count(profile);

	for (uint32_t i = 0, place = 0; i < count; i++)
		if (place < drawn->count && drawn->nodes[place] == i)
			drawn->places[i] = place++;
		else
			drawn->places[i] = drawn->places[profile_node(profile, i)->parent];
}

struct width {
	uint64_t total;
	uint32_t depth, place;
};

/* Widest first; of equal ones the nearest to the root, so that parents always come before children. */
static int compare_width(const void *left, const void *right)
{
	const struct width *a = left, *b = right;

	if (a->total != b->total)
		return (a->total < b->total) - (a->total > b->total);
	if (a->depth != b->depth)
		return (a->depth > b->depth) - (a->depth < b->depth);
	return (a->place > b->place) - (a->place < b->place);
}

/* All nodes by their width, the root first. */
static void sort_by_width(const struct profile *profile, const struct drawn *drawn,
			  struct width *widths)
{
	for (uint32_t i = 0; i < drawn->count; i++) {
		uint32_t node = drawn->nodes[i];
		uint32_t depth =
			i ? widths[drawn->places[profile_node(profile, node)->parent]].depth + 1
			  : 0;

		widths[i] = (struct width){ drawn->totals[node], depth, i };
	}
	qsort(widths, drawn->count, sizeof(*widths), compare_width);
}

static int keep_widest(const struct profile *profile, struct drawn *drawn, uint32_t most)
{
	_cleanup_free_ struct width *widths = malloc(drawn->count * sizeof(*widths));
	_cleanup_free_ bool *stays = calloc(drawn->count, sizeof(*stays));
	uint32_t kept = 0;

	if (!widths || !stays)
		return -ENOMEM;
	set_places(profile, drawn);
	sort_by_width(profile, drawn, widths);
	for (uint32_t i = 0; i < most; i++)
		stays[widths[i].place] = true;
	for (uint32_t i = 0; i < drawn->count; i++)
		if (stays[i])
			drawn->nodes[kept++] = drawn->nodes[i];
	drawn->count = kept;
	return 0;
}

static int count_left_out(const struct profile *profile, struct drawn *drawn)
{
	uint32_t count = profile_node_count(profile);

	drawn->left_out = calloc(drawn->count, sizeof(*drawn->left_out));
	if (!drawn->left_out)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t place = drawn->places[i];

		drawn->left_out[place] += drawn->totals[i] && drawn->nodes[place] != i;
	}
	return 0;
}

/* Decides which frames are drawn: 0 or -ENOMEM. */
static int choose_nodes(const struct profile *profile, const struct svg_limits *limits,
			struct drawn *drawn)
{
	int error = sum_nodes(profile, drawn);

	if (!error)
		error = choose_wide(profile, drawn, limits->min_ticks);
	if (!error && drawn->count - 1 > limits->max_frames)
		error = keep_widest(profile, drawn, (uint32_t)limits->max_frames + 1);
	if (error)
		return error;
	set_places(profile, drawn);
	error = count_left_out(profile, drawn);
	return error ? error
		     : stack_children_init(&drawn->children, profile, drawn->nodes, drawn->count,
					   drawn->places);
}

/* Appends the block and gives its index. */
static uint32_t place_block(struct layout_walk *walk, const struct pending *item)
{
	struct svg_layout *layout = walk->layout;
	uint32_t index = layout->count++;
	struct svg_block *block = &layout->blocks[index];

	*block = (struct svg_block){
		.node = item->place == PROFILE_NONE ? PROFILE_NONE
						    : walk->drawn->nodes[item->place],
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
			.place = PROFILE_NONE, .parent = block, .total = ticks, .left_out = frames
		};
	else
		walk->layout->blocks[block].hidden = ticks;
}

/* What was left out goes under the others on the stack, so that it stands to their right. */
static void push_children(struct layout_walk *walk, uint32_t block, uint32_t place)
{
	const struct drawn *drawn = walk->drawn;
	uint32_t node = drawn->nodes[place], count;
	const uint32_t *children = stack_children_of(&drawn->children, place, &count);
	uint64_t left_out = drawn->totals[node] - profile_node(walk->profile, node)->self;

	for (uint32_t i = 0; i < count; i++) {
		walk->nodes[i] = drawn->nodes[children[i]];
		left_out -= drawn->totals[walk->nodes[i]];
	}
	push_left_out(walk, block, left_out, drawn->left_out[place]);
	name_order_sort_nodes(walk->profile, walk->ranks, walk->nodes, count);
	while (count--)
		walk->pending[walk->pending_count++] = (struct pending){
			.place = drawn->places[walk->nodes[count]],
			.parent = block,
			.total = drawn->totals[walk->nodes[count]],
		};
}

static void walk_tree(struct layout_walk *walk)
{
	walk->pending[walk->pending_count++] =
		(struct pending){ .place = 0, .parent = UINT32_MAX, .total = walk->layout->total };
	while (walk->pending_count) {
		struct pending item = walk->pending[--walk->pending_count];
		uint32_t block = place_block(walk, &item);

		if (item.place != PROFILE_NONE)
			push_children(walk, block, item.place);
	}
}

/* Every drawn frame, the root, and at most one block of left-out frames on each. */
static int place_nodes(struct layout_walk *walk)
{
	size_t room = 2 * (size_t)walk->drawn->count;
	_cleanup_free_ struct pending *pending = malloc(room * sizeof(*pending));
	_cleanup_free_ uint64_t *cursors = malloc(room * sizeof(*cursors));
	_cleanup_free_ uint32_t *nodes = malloc(room * sizeof(*nodes));
	struct svg_block *blocks = malloc(room * sizeof(*blocks));

	if (!pending || !cursors || !nodes || !blocks) {
		free(blocks);
		return -ENOMEM;
	}
	walk->layout->blocks = blocks;
	walk->pending = pending;
	walk->cursors = cursors;
	walk->nodes = nodes;
	walk_tree(walk);
	return 0;
}

int svg_layout_build(const struct profile *profile, const struct svg_limits *limits,
		     struct svg_layout *ret_layout)
{
	_cleanup_(drawn_release) struct drawn drawn = { 0 };
	_cleanup_free_ uint32_t *ranks = NULL;
	struct svg_layout layout = { .total = profile_total(profile) };
	struct layout_walk walk = { .profile = profile,
				    .drawn = &drawn,
				    .min_ticks = limits->min_ticks,
				    .layout = &layout };
	int error = choose_nodes(profile, limits, &drawn);

	if (!error && limits->sort)
		error = name_order_ranks(profile, &ranks);
	if (error)
		return error;
	walk.ranks = ranks;
	layout.frames = drawn.count - 1;
	layout.left_out = drawn.with_ticks - layout.frames;
	error = place_nodes(&walk);
	if (!error)
		*ret_layout = layout;
	return error;
}

void svg_layout_release(struct svg_layout *layout)
{
	free(layout->blocks);
	*layout = (struct svg_layout){ 0 };
}
