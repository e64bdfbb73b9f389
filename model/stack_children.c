/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stack_children.h"

#include <errno.h>
#include <stdlib.h>

#include "model/profile.h"

static uint32_t parent_place(const struct profile *profile, uint32_t node, const uint32_t *places)
{
	uint32_t parent = profile_node(profile, node)->parent;

	return places ? places[parent] : parent;
}

static uint32_t node_at(const struct stack_children *children, uint32_t place)
{
	return children->nodes ? children->nodes[place] : place;
}

/* Counts them, and from their numbers knows where each one's begin. */
static void lay_out(struct stack_children *children, const struct profile *profile,
		    const uint32_t *places)
{
	for (uint32_t i = 1; i < children->count; i++)
		children->first[parent_place(profile, node_at(children, i), places) + 1]++;
	for (uint32_t i = 0; i < children->count; i++)
		children->first[i + 1] += children->first[i];
}

int stack_children_init(struct stack_children *children, const struct profile *profile,
			const uint32_t *nodes, uint32_t count, const uint32_t *places)
{
	*children = (struct stack_children){
		.nodes = nodes,
		.count = count,
		.first = calloc((size_t)count + 2, sizeof(*children->first)),
		.children = malloc(((size_t)count + 1) * sizeof(*children->children)),
	};
	if (!children->first || !children->children) {
		stack_children_release(children);
		return -ENOMEM;
	}
	lay_out(children, profile, places);
	/* Where the next one goes is kept in `first`, which so ends up one place too far. */
	for (uint32_t i = 1; i < count; i++) {
		uint32_t parent = parent_place(profile, node_at(children, i), places);

		children->children[children->first[parent]++] = i;
	}
	for (uint32_t i = count; i > 0; i--)
		children->first[i] = children->first[i - 1];
	children->first[0] = 0;
	return 0;
}

void stack_children_release(struct stack_children *children)
{
	free(children->first);
	free(children->children);
	*children = (struct stack_children){ 0 };
}

const uint32_t *stack_children_of(const struct stack_children *children, uint32_t place,
				  uint32_t *ret_count)
{
	*ret_count = children->first[place + 1] - children->first[place];
	return children->children + children->first[place];
}
