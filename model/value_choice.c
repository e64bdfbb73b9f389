/* SPDX-License-Identifier: Apache-2.0 */
#include "model/value_choice.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/counted_nodes.h"
#include "model/frame_copy.h"
#include "model/node_copy.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "model/value_move.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

int value_find(const struct profile *profile, const char *name, uint32_t *ret_value)
{
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(profile_string(profile, types[i].name, NULL), name)) {
			*ret_value = i;
			return 0;
		}
	if (count || strcmp(name, "samples") != 0)
		return -ENOENT;
	*ret_value = 0;
	return 0;
}

static int copy_counted(struct frame_copy *copy, uint32_t value)
{
	uint32_t count = profile_node_count(copy->from);
	_cleanup_free_ bool *counted = counted_nodes(copy->from, value);
	_cleanup_free_ uint32_t *nodes = malloc(count * sizeof(*nodes));
	int error;

	if (!counted || !nodes)
		return -ENOMEM;
	error = node_copy(copy, counted, nodes);
	return error ? error : value_move_one(copy->from, copy->to, nodes, value);
}

int value_choose(const struct profile *from, uint32_t value, struct profile **ret_profile)
{
	_cleanup_(cleanup_profile) struct profile *to = profile_new();
	struct frame_copy copy = { 0 };
	int error = to ? frame_copy_init(&copy, from, to, FRAME_LINES_KEPT, false) : -ENOMEM;

	if (!error)
		error = copy_counted(&copy, value);
	if (!error)
		error = origin_copy(from, to);
	frame_copy_release(&copy);
	if (!error)
		*ret_profile = take_ptr(to);
	return error;
}
