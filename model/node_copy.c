/* SPDX-License-Identifier: Apache-2.0 */
#include "model/node_copy.h"

#include "model/frame_copy.h"
#include "model/profile.h"

int node_copy(struct frame_copy *copy, const bool *wanted, uint32_t *nodes)
{
	uint32_t count = profile_node_count(copy->from), frame;
	int error = 0;

	nodes[PROFILE_ROOT] = PROFILE_ROOT;
	for (uint32_t i = 1; i < count && !error; i++) {
		const struct stack_node *node = profile_node(copy->from, i);

		nodes[i] = PROFILE_NONE;
		if (!wanted[i])
			continue;
		error = frame_copy_add(copy, node->frame, &frame);
		if (!error)
			error = profile_add_child(copy->to, nodes[node->parent], frame, &nodes[i]);
	}
	return error;
}
