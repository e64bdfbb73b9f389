/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes from the root to one node of a profile, for whoever goes from one node to the next: what the paths of both share stays. Where nodes are
 * visited in their order or in that of a walk, most of it does, and all visits together take no longer than reading the stacks did.
 */
#ifndef HEARTH_MODEL_STACK_PATH_H
#define HEARTH_MODEL_STACK_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/profile.h"

/* Zeroed at first, when it leads to the root. */
struct stack_path {
	uint32_t *steps; /* the nodes, without the root; ascending */
	size_t count, capacity;
	uint32_t *further; /* those that are to be added, leaf first */
	size_t further_count, further_capacity;
};

void stack_path_release(struct stack_path *path);

/*
 * Finds the way to `node`: the first `*ret_kept` steps stay, and the others, which are still there, are replaced when it is taken. 0 or -ENOMEM.
 */
int stack_path_find(struct stack_path *path, const struct profile *profile, uint32_t node,
		    size_t *ret_kept);

/* Goes there: 0 or -ENOMEM. */
int stack_path_take(struct stack_path *path, size_t kept);

/* The same where that is one step more: false, and nothing is done, where it is not. `parent` is the node's. */
static inline bool stack_path_step(struct stack_path *path, uint32_t parent, uint32_t node)
{
	uint32_t last = path->count ? path->steps[path->count - 1] : PROFILE_ROOT;

	if (parent != last || path->count == path->capacity)
		return false;
	path->steps[path->count++] = node;
	return true;
}

#endif
