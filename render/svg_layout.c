/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg_layout.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "model/stack_children.h"
#include "render/name_order.h"

/*
 * The nodes that are drawn, by place (stack_children.h): their number is bounded by the width of the picture, that of the profile's nodes by
 * nothing. So for each node but one number is kept: its total, and in the end its place, of half the bytes that a total may need.
 */
struct drawn {
	uint32_t
		*places; /* per node of the profile: its own, or that of the drawn one it lies on */
	uint32_t *nodes; /* per place, ascending; the root first */
	uint64_t *totals;    /* per place */
	uint32_t *left_out;  /* per place: frames on it that are not drawn, at any depth */
	uint32_t count;      /* of places */
	uint32_t with_ticks; /* nodes that have ticks, the root not counted */
	struct stack_children children;
};

static void drawn_release(struct drawn *drawn)
{
	free(drawn->places);
	free(drawn->nodes);
	free(drawn->totals);
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
	bool by_total;
	uint64_t min_ticks;
	struct pending *pending;
	size_t pending_count;
	uint64_t *cursors; /* per block: where its next child starts */
	uint32_t *nodes;   /* room for a block's children */
	struct svg_layout *layout;
};

static bool is_wide(uint32_t node, uint64_t total, uint64_t min_ticks)
{
	return !node || (total && total >= min_ticks);
}

/* Per node its total; of a profile whose own is small, of four bytes. */
struct sums {
	void *totals;
	bool is_small;
};

static inline uint64_t sum_of(struct sums sums, uint32_t node)
{
	return sums.is_small ? ((const uint32_t *)sums.totals)[node]
			     : ((const uint64_t *)sums.totals)[node];
}

static inline void sum_add(struct sums sums, uint32_t node, uint64_t ticks)
{
	if (sums.is_small)
		((uint32_t *)sums.totals)[node] += (uint32_t)ticks;
	else
		((uint64_t *)sums.totals)[node] += ticks;
}

/* A parent may stand anywhere before its children: so many nodes ahead of its turn, what is kept for it is fetched. */
#define FETCHED_AHEAD 32

static inline void sum_fetch(struct sums sums, uint32_t node)
{
	__builtin_prefetch((const char *)sums.totals + (size_t)node * (sums.is_small ? 4 : 8));
}

/* Parents come before children, so one pass from the end gives totals. */
static inline void sum_nodes(const struct profile *profile, uint64_t min_ticks, struct sums sums,
			     struct drawn *drawn)
{
	const struct stack_node *nodes = profile_nodes(profile);

	for (uint32_t i = profile_node_count(profile); i-- > 0;) {
		uint64_t total;

		if (i > FETCHED_AHEAD)
			sum_fetch(sums, nodes[i - FETCHED_AHEAD].parent);
		sum_add(sums, i, nodes[i].self);
		total = sum_of(sums, i);
		drawn->count += is_wide(i, total, min_ticks);
		if (!i)
			break;
		sum_add(sums, nodes[i].parent, total);
		drawn->with_ticks += total > 0;
	}
}

/* A node's place may stand where its total did: that is not needed any more. */
static inline void choose_wide(const struct profile *profile, uint64_t min_ticks, struct sums sums,
			       struct drawn *drawn)
{
	const struct stack_node *nodes = profile_nodes(profile);
	uint32_t count = profile_node_count(profile);

	for (uint32_t i = 0, next = 0; i < count; i++) {
		uint64_t total = sum_of(sums, i);

		if (i + FETCHED_AHEAD < count)
			__builtin_prefetch(&drawn->places[nodes[i + FETCHED_AHEAD].parent]);
		if (is_wide(i, total, min_ticks)) {
			drawn->nodes[next] = i;
			drawn->totals[next] = total;
			drawn->places[i] = next++;
		} else {
			drawn->places[i] = drawn->places[nodes[i].parent];
			drawn->left_out[drawn->places[i]] += total > 0;
		}
	}
}

static int make_room(struct drawn *drawn)
{
	drawn->nodes = malloc(drawn->count * sizeof(*drawn->nodes));
	drawn->totals = malloc(drawn->count * sizeof(*drawn->totals));
	drawn->left_out = calloc(drawn->count, sizeof(*drawn->left_out));
	return drawn->nodes && drawn->totals && drawn->left_out ? 0 : -ENOMEM;
}

/* Where totals take four bytes, places stand in their stead. */
static int choose_of_small(const struct profile *profile, uint64_t min_ticks, struct drawn *drawn)
{
	const struct sums sums = { calloc(profile_node_count(profile), sizeof(uint32_t)), true };

	drawn->places = sums.totals;
	if (!sums.totals)
		return -ENOMEM;
	sum_nodes(profile, min_ticks, sums, drawn);
	if (make_room(drawn))
		return -ENOMEM;
	choose_wide(profile, min_ticks, sums, drawn);
	return 0;
}

static int choose_of_large(const struct profile *profile, uint64_t min_ticks, struct drawn *drawn)
{
	uint32_t count = profile_node_count(profile);
	_cleanup_free_ uint64_t *totals = calloc(count, sizeof(*totals));
	const struct sums sums = { totals, false };

	drawn->places = malloc(count * sizeof(*drawn->places));
	if (!totals || !drawn->places)
		return -ENOMEM;
	sum_nodes(profile, min_ticks, sums, drawn);
	if (make_room(drawn))
		return -ENOMEM;
	choose_wide(profile, min_ticks, sums, drawn);
	return 0;
}

static uint32_t parent_place(const struct profile *profile, const struct drawn *drawn,
			     uint32_t place)
{
	return drawn->places[profile_node(profile, drawn->nodes[place])->parent];
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
		uint32_t depth = i ? widths[parent_place(profile, drawn, i)].depth + 1 : 0;

		widths[i] = (struct width){ drawn->totals[i], depth, i };
	}
	qsort(widths, drawn->count, sizeof(*widths), compare_width);
}

/* Leaves out the places that do not stay: what lies on them lies on the one below from then on. */
static int drop_places(const struct profile *profile, struct drawn *drawn, const bool *stays)
{
	_cleanup_free_ uint32_t *moved = malloc(drawn->count * sizeof(*moved));
	uint32_t kept = 0;

	if (!moved)
		return -ENOMEM;
	for (uint32_t i = 0; i < drawn->count; i++) {
		uint32_t left_out = drawn->left_out[i];

		if (!stays[i]) {
			moved[i] = moved[parent_place(profile, drawn, i)];
			drawn->left_out[moved[i]] += left_out + 1;
			continue;
		}
		moved[i] = kept;
		drawn->nodes[kept] = drawn->nodes[i];
		drawn->totals[kept] = drawn->totals[i];
		drawn->left_out[kept++] = left_out;
	}
	drawn->count = kept;
	for (uint32_t i = 0; i < kept; i++)
		drawn->places[drawn->nodes[i]] = i;
	return 0;
}

static int keep_widest(const struct profile *profile, struct drawn *drawn, uint32_t most)
{
	_cleanup_free_ struct width *widths = malloc(drawn->count * sizeof(*widths));
	_cleanup_free_ bool *stays = calloc(drawn->count, sizeof(*stays));

	if (!widths || !stays)
		return -ENOMEM;
	sort_by_width(profile, drawn, widths);
	for (uint32_t i = 0; i < most; i++)
		stays[widths[i].place] = true;
	return drop_places(profile, drawn, stays);
}

/* Decides which frames are drawn: 0 or -ENOMEM. */
static int choose_nodes(const struct profile *profile, const struct svg_limits *limits,
			struct drawn *drawn)
{
	int error = profile_total(profile) <= UINT32_MAX
			    ? choose_of_small(profile, limits->min_ticks, drawn)
			    : choose_of_large(profile, limits->min_ticks, drawn);

	if (!error && drawn->count - 1 > limits->max_frames)
		error = keep_widest(profile, drawn, (uint32_t)limits->max_frames + 1);
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

/* The largest first; of equal ones the first by name. */
static int compare_totals(const void *left, const void *right, void *context)
{
	const struct layout_walk *walk = context;
	const struct drawn *drawn = walk->drawn;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	uint64_t a_total = drawn->totals[drawn->places[a]],
		 b_total = drawn->totals[drawn->places[b]];

	if (a_total != b_total)
		return (a_total < b_total) - (a_total > b_total);
	a = walk->ranks[profile_node(walk->profile, a)->frame];
	b = walk->ranks[profile_node(walk->profile, b)->frame];
	return (a > b) - (a < b);
}

/* What was left out goes under the others on the stack, so that it stands to their right. */
static void push_children(struct layout_walk *walk, uint32_t block, uint32_t place)
{
	const struct drawn *drawn = walk->drawn;
	uint32_t node = drawn->nodes[place], count;
	const uint32_t *children = stack_children_of(&drawn->children, place, &count);
	uint64_t left_out = drawn->totals[place] - profile_node(walk->profile, node)->self;

	for (uint32_t i = 0; i < count; i++) {
		walk->nodes[i] = drawn->nodes[children[i]];
		left_out -= drawn->totals[children[i]];
	}
	push_left_out(walk, block, left_out, drawn->left_out[place]);
	name_order_sort_nodes(walk->profile, walk->ranks, walk->nodes, count);
	if (walk->by_total && count > 1)
		qsort_r(walk->nodes, count, sizeof(*walk->nodes), compare_totals, walk);
	while (count--) {
		uint32_t child = drawn->places[walk->nodes[count]];

		walk->pending[walk->pending_count++] = (struct pending){
			.place = child, .parent = block, .total = drawn->totals[child]
		};
	}
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
				    .by_total = limits->order == RENDER_ORDER_TOTAL,
				    .layout = &layout };
	int error = choose_nodes(profile, limits, &drawn);

	if (!error && limits->order != RENDER_ORDER_TIME)
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
