/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack tree from the root downwards: of some of a profile's nodes, the children among them. With a node its parent is always there.
 */
#ifndef HEARTH_MODEL_STACK_CHILDREN_H
#define HEARTH_MODEL_STACK_CHILDREN_H

#include <stddef.h>
#include <stdint.h>

struct profile;

/* Places are indexes in `nodes`; the root's is 0. */
struct stack_children {
	const uint32_t
		*nodes; /* ascending, the root first; the caller's; NULL: all of the profile's */
	uint32_t count;
	uint32_t *
		first; /* per place: where its children begin in `children`; those of the next one, where they end */
	uint32_t *children; /* places, of one parent in order of arrival */
};

/* `places`: per node of the profile its place, anything for one that is not among them; NULL with `nodes`: all are, each at its own. 0 or -ENOMEM. */
int stack_children_init(struct stack_children *children, const struct profile *profile,
			const uint32_t *nodes, uint32_t count, const uint32_t *places);
void stack_children_release(struct stack_children *children);

/* The children of the node at a place. */
const uint32_t *stack_children_of(const struct stack_children *children, uint32_t place,
				  uint32_t *ret_count);

#endif
