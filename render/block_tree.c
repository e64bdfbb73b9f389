/* SPDX-License-Identifier: Apache-2.0 */
/* The stacks of a block: a walk from the root over the nodes below which ticks ended, children in the order in which they came. */
#include "render/block_sections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/profile.h"
#include "model/stack_children.h"
#include "render/profile_block.h"

struct tree_walk {
	const struct profile *profile;
	const uint32_t *ranks;
	uint32_t *nodes;   /* those with ticks, ascending, the root first */
	uint32_t *places;  /* per node of the profile: its index in `nodes` */
	uint32_t count;    /* of `nodes` */
	uint32_t *depths;  /* per place */
	uint32_t *pending; /* places to visit, the next one last */
	size_t pending_count;
	struct stack_children children;
	struct buffer ups, frames, selfs;
	uint32_t *walked; /* per node of the profile, the caller's */
};

static void walk_release(struct tree_walk *walk)
{
	free(walk->nodes);
	free(walk->places);
	free(walk->depths);
	free(walk->pending);
	stack_children_release(&walk->children);
	buffer_release(&walk->ups);
	buffer_release(&walk->frames);
	buffer_release(&walk->selfs);
}

/* Marks in `has_ticks` each node below which a tick ended: parents come before children. */
static void mark_ticks(const struct profile *profile, uint8_t *has_ticks)
{
	for (uint32_t i = profile_node_count(profile) - 1; i > 0; i--) {
		const struct stack_node *node = profile_node(profile, i);

		if (node->self)
			has_ticks[i] = 1;
		if (has_ticks[i])
			has_ticks[node->parent] = 1;
	}
	has_ticks[PROFILE_ROOT] = 1;
}

static int choose_nodes(struct tree_walk *walk)
{
	uint32_t count = profile_node_count(walk->profile);
	_cleanup_free_ uint8_t *has_ticks = calloc(count, 1);

	walk->nodes = malloc(count * sizeof(*walk->nodes));
	walk->places = malloc(count * sizeof(*walk->places));
	if (!has_ticks || !walk->nodes || !walk->places)
		return -ENOMEM;
	mark_ticks(walk->profile, has_ticks);
	for (uint32_t i = 0; i < count; i++) {
		walk->places[i] = walk->count;
		if (has_ticks[i])
			walk->nodes[walk->count++] = i;
	}
	walk->depths = calloc(walk->count, sizeof(*walk->depths));
	walk->pending = malloc(walk->count * sizeof(*walk->pending));
	if (!walk->depths || !walk->pending)
		return -ENOMEM;
	return stack_children_init(&walk->children, walk->profile, walk->nodes, walk->count,
				   walk->places);
}

/* The children of a place on the stack of what is to be visited, the first of them on top. */
static void push_children(struct tree_walk *walk, uint32_t place)
{
	uint32_t *first = walk->pending + walk->pending_count, count;
	const uint32_t *children = stack_children_of(&walk->children, place, &count);

	for (uint32_t i = 0; i < count; i++) {
		first[count - 1 - i] = children[i];
		walk->depths[children[i]] = walk->depths[place] + 1;
	}
	walk->pending_count += count;
}

static void walk_tree(struct tree_walk *walk)
{
	uint32_t depth = 0; /* of the node before */
	uint32_t count = 0;

	push_children(walk, 0);
	while (walk->pending_count) {
		uint32_t place = walk->pending[--walk->pending_count];
		const struct stack_node *node = profile_node(walk->profile, walk->nodes[place]);

		profile_block_number(&walk->ups, depth + 1 - walk->depths[place]);
		profile_block_number(&walk->frames, walk->ranks[node->frame]);
		profile_block_number(&walk->selfs, node->self);
		depth = walk->depths[place];
		walk->walked[walk->nodes[place]] = ++count;
		push_children(walk, place);
	}
}

int block_tree_write(const struct profile *profile, const uint32_t *ranks, struct buffer *to,
		     uint32_t *ret_places)
{
	struct tree_walk walk = { .profile = profile, .ranks = ranks, .walked = ret_places };
	_cleanup_(buffer_release) struct buffer content = { 0 };
	int error = choose_nodes(&walk);

	memset(ret_places, 0xff,
	       profile_node_count(profile) * sizeof(*ret_places)); /* PROFILE_NONE */
	ret_places[PROFILE_ROOT] = 0;
	if (!error) {
		walk_tree(&walk);
		profile_block_number(&content, profile_node(profile, PROFILE_ROOT)->self);
		profile_block_number(&content, walk.count - 1);
		profile_block_column(&content, &walk.ups);
		profile_block_column(&content, &walk.frames);
		profile_block_column(&content, &walk.selfs);
		profile_block_section(to, "tree", &content);
	}
	walk_release(&walk);
	return error;
}
