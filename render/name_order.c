/* SPDX-License-Identifier: Apache-2.0 */
#include "render/name_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/profile.h"

static int compare_strings(const struct profile *profile, uint32_t a, uint32_t b)
{
	size_t a_size, b_size;
	const char *a_bytes, *b_bytes;
	int order;

	if (a == b || a == PROFILE_NONE || b == PROFILE_NONE)
		return (a < b) - (a > b); /* PROFILE_NONE is the greatest id and comes first */
	a_bytes = profile_string(profile, a, &a_size);
	b_bytes = profile_string(profile, b, &b_size);
	order = memcmp(a_bytes, b_bytes, a_size < b_size ? a_size : b_size);
	return order ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_frames(const void *left, const void *right, void *context)
{
	const struct profile *profile = context;
	const struct frame *a = profile_frame(profile, *(const uint32_t *)left);
	const struct frame *b = profile_frame(profile, *(const uint32_t *)right);
	int order = compare_strings(profile, a->name, b->name);

	if (!order)
		order = (a->kind > b->kind) - (a->kind < b->kind);
	if (!order)
		order = compare_strings(profile, a->module, b->module);
	if (!order)
		order = compare_strings(profile, a->file, b->file);
	return order ? order : (a->line > b->line) - (a->line < b->line);
}

int name_order_ranks(const struct profile *profile, uint32_t **ret_ranks)
{
	uint32_t count = profile_frame_count(profile);
	_cleanup_free_ uint32_t *order = malloc((count + 1) * sizeof(*order));
	uint32_t *ranks = malloc((count + 1) * sizeof(*ranks));

	if (!order || !ranks) {
		free(ranks);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_frames, (void *)profile);
	for (uint32_t i = 0; i < count; i++)
		ranks[order[i]] = i;
	*ret_ranks = ranks;
	return 0;
}

struct node_order {
	const struct profile *profile;
	const uint32_t *ranks;
};

static int compare_nodes(const void *left, const void *right, void *context)
{
	const struct node_order *order = context;
	uint32_t a = order->ranks[profile_node(order->profile, *(const uint32_t *)left)->frame];
	uint32_t b = order->ranks[profile_node(order->profile, *(const uint32_t *)right)->frame];

	return (a > b) - (a < b);
}

void name_order_sort_nodes(const struct profile *profile, const uint32_t *ranks, uint32_t *nodes,
			   size_t count)
{
	struct node_order order = { profile, ranks };

	if (ranks && count > 1)
		qsort_r(nodes, count, sizeof(*nodes), compare_nodes, &order);
}
