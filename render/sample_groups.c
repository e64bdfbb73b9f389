/* SPDX-License-Identifier: Apache-2.0 */
#include "render/sample_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/samples.h"

static int compare_labels(const void *left, const void *right, void *context)
{
	const struct samples *samples = context;
	uint32_t a = samples_get(samples, *(const uint32_t *)left).labels;
	uint32_t b = samples_get(samples, *(const uint32_t *)right).labels;

	return (a > b) - (a < b);
}

/* A counting sort by node, then each node's samples by their labels. */
static void sort_samples(struct sample_groups *groups, uint32_t nodes)
{
	uint32_t *first = groups->first;
	size_t count = samples_count(groups->samples);

	for (size_t i = 0; i < count; i++)
		first[samples_get(groups->samples, i).node + 1]++;
	for (uint32_t i = 0; i < nodes; i++)
		first[i + 1] += first[i];
	/* Where the next one goes is kept in `first`, which so ends up one place too far. */
	for (size_t i = 0; i < count; i++)
		groups->order[first[samples_get(groups->samples, i).node]++] = (uint32_t)i;
	for (uint32_t i = nodes; i > 0; i--)
		first[i] = first[i - 1];
	first[0] = 0;
	for (uint32_t i = 0; i < nodes; i++)
		if (first[i + 1] - first[i] > 1)
			qsort_r(groups->order + first[i], first[i + 1] - first[i],
				sizeof(*groups->order), compare_labels, (void *)groups->samples);
}

static bool has_any(const struct sample_groups *groups, uint32_t node)
{
	return groups->samples ? groups->first[node + 1] > groups->first[node]
			       : profile_nodes(groups->profile)[node].self > 0;
}

/* How many of the nodes at and below each have any. */
static uint32_t *count_below(const struct sample_groups *groups, uint32_t count)
{
	uint32_t *below = calloc(count, sizeof(*below));

	for (uint32_t i = count; below && i--;) {
		below[i] += has_any(groups, i);
		if (i != PROFILE_ROOT)
			below[profile_node(groups->profile, i)->parent] += below[i];
	}
	return below;
}

/*
 * Parents come before children, so that from the numbers below them each one's place is known. Where the next child's begins is kept in its
 * parent's number, which is not needed any more.
 */
static void place_nodes(struct sample_groups *groups, uint32_t *below, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t parent = profile_node(groups->profile, i)->parent, place = 0;

		if (i != PROFILE_ROOT) {
			place = below[parent];
			below[parent] += below[i];
		}
		below[i] = place;
		if (has_any(groups, i))
			groups->nodes[below[i]++] = i;
	}
}

static int order_nodes(struct sample_groups *groups)
{
	uint32_t count = profile_node_count(groups->profile);
	_cleanup_free_ uint32_t *below = NULL;

	if (profile_has_walk_order(groups->profile)) {
		groups->node_count = count;
		return 0;
	}
	below = count_below(groups, count);
	if (!below)
		return -ENOMEM;
	groups->node_count = below[PROFILE_ROOT];
	groups->nodes = malloc(((size_t)groups->node_count + 1) * sizeof(*groups->nodes));
	if (!groups->nodes)
		return -ENOMEM;
	place_nodes(groups, below, count);
	return 0;
}

static int order_samples(struct sample_groups *groups)
{
	uint32_t nodes = profile_node_count(groups->profile);

	groups->first = calloc((size_t)nodes + 1, sizeof(*groups->first));
	groups->order = malloc((samples_count(groups->samples) + 1) * sizeof(*groups->order));
	if (!groups->first || !groups->order)
		return -ENOMEM;
	sort_samples(groups, nodes);
	return 0;
}

int sample_groups_init(struct sample_groups *groups, const struct profile *profile)
{
	int error = samples_check_sums(profile_samples(profile));

	*groups = (struct sample_groups){ .profile = profile, .samples = profile_samples(profile) };
	if (groups->samples && !samples_tell_more(groups->samples))
		groups->samples = NULL;
	if (!error && groups->samples)
		error = order_samples(groups);
	if (!error)
		error = order_nodes(groups);
	if (error)
		sample_groups_release(groups);
	return error;
}

void sample_groups_release(struct sample_groups *groups)
{
	free(groups->first);
	free(groups->order);
	free(groups->nodes);
	groups->first = groups->order = groups->nodes = NULL;
}

uint32_t sample_groups_values(const struct sample_groups *groups)
{
	return groups->samples ? samples_value_count(groups->samples) : 1;
}

static void add_values(const struct sample_groups *groups, size_t sample,
		       struct sample_group *group)
{
	for (uint32_t i = 0; i < sample_groups_values(groups); i++)
		group->values[i] += samples_value(groups->samples, sample, i);
}

/* The samples of the next label set, of those that are left of a node. */
static void take_label_set(struct sample_groups *groups, struct sample_group *group)
{
	group->labels = samples_get(groups->samples, groups->order[groups->at]).labels;
	memset(group->values, 0, sample_groups_values(groups) * sizeof(*group->values));
	for (; groups->at < groups->end; groups->at++) {
		uint32_t sample = groups->order[groups->at];

		if (samples_get(groups->samples, sample).labels != group->labels)
			break;
		add_values(groups, sample, group);
	}
}

/* Without a list: passes over nodes that have none. */
static void skip_empty(struct sample_groups *groups)
{
	const struct stack_node *nodes = profile_nodes(groups->profile);

	if (groups->samples)
		while (groups->next < groups->node_count && !has_any(groups, groups->next))
			groups->next++;
	else
		while (groups->next < groups->node_count && !nodes[groups->next].self)
			groups->next++;
}

bool sample_groups_next(struct sample_groups *groups, struct sample_group *ret_group)
{
	uint32_t node;

	if (!groups->nodes)
		skip_empty(groups);
	if (groups->next == groups->node_count)
		return false;
	node = ret_group->node = groups->nodes ? groups->nodes[groups->next] : groups->next;
	ret_group->labels = LABELS_UNKNOWN;
	if (groups->samples) {
		if (groups->at == groups->end) {
			groups->at = groups->first[node];
			groups->end = groups->first[node + 1];
		}
		take_label_set(groups, ret_group);
	} else {
		ret_group->values[0] = profile_nodes(groups->profile)[node].self;
	}
	groups->next += groups->at == groups->end;
	return true;
}
