/* SPDX-License-Identifier: Apache-2.0 */
#include "model/node_copy.h"

#include "model/frame_copy.h"
#include "model/profile.h"

int node_copy(struct frame_copy *copy, const bool *wanted, uint32_t *nodes)
{
	uint32_t count = profile_node_count(copy->from), frame;
	/* Frames that differ do so in an empty tree, too: no two nodes become one. */
	const bool all_differ = copy->lines.way == FRAME_LINES_KEPT &&
				!copy->lines.strips_modules && profile_node_count(copy->to) == 1;
	int error = 0;

	nodes[PROFILE_ROOT] = PROFILE_ROOT;
	for (uint32_t i = 1; i < count && !error; i++) {
		const struct stack_node *node = profile_node(copy->from, i);

		nodes[i] = PROFILE_NONE;
		if (!wanted[i])
			continue;
		error = frame_copy_add(copy, node->frame, &frame);
		if (!error)
			error = (all_differ ? profile_append_child : profile_add_child)(
				copy->to, nodes[node->parent], frame, &nodes[i]);
	}
	return error;
}
