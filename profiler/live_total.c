/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/live_total.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/record_pool.h"
#include "model/frame_copy.h"
#include "model/profile.h"
#include "model/profile_merge.h"
#include "model/samples.h"

#define RARE "[rare]"

/* More samples than twice the nodes are worth adding up. */
#define SAMPLES_MIN 65536

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* --- what is rare --- */

/* Ticks of each node and all below it. */
static uint64_t *sum_nodes(const struct profile *from)
{
	uint32_t count = profile_node_count(from);
	uint64_t *sums = malloc((count + 1) * sizeof(*sums));

	if (!sums)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		sums[i] = profile_node(from, i)->self;
	for (uint32_t i = count - 1; i > 0; i--)
		sums[profile_node(from, i)->parent] += sums[i];
	return sums;
}

static uint64_t *sum_labels(const struct profile *from)
{
	const struct samples *samples = profile_samples(from);
	uint64_t *sums = calloc(samples_labels_count(samples) + 1, sizeof(*sums));

	for (size_t i = 0; sums && i < samples_count(samples); i++)
		sums[samples_get(samples, i).labels] += samples_value(samples, i, 0);
	return sums;
}

/* The fewest ticks with which no more than so many are left, as a power of two. */
static uint64_t find_bar(const uint64_t *sums, uint32_t count, uint32_t limit)
{
	for (uint64_t bar = 1;; bar *= 2) {
		uint32_t left = 0;

		for (uint32_t i = 0; i < count; i++)
			left += sums[i] >= bar;
		if (left <= limit)
			return bar;
	}
}

/* --- the smaller whole --- */

struct shrinking {
	const struct profile *from;
	struct profile *to;
	struct frame_copy frames;
	uint64_t *node_sums, *label_sums;
	uint64_t node_bar, label_bar;
	uint32_t *nodes, *labels;
	struct record_pool alike; /* struct alike */
};

/* Samples of one node and label set. */
struct alike {
	uint32_t node, labels;
	uint64_t ticks;
};

static void shrinking_release(struct shrinking *shrinking)
{
	frame_copy_release(&shrinking->frames);
	free(shrinking->node_sums);
	free(shrinking->label_sums);
	free(shrinking->nodes);
	free(shrinking->labels);
	record_pool_release(&shrinking->alike);
}

static int shrinking_init(struct shrinking *shrinking, const struct live_total_limits *limits)
{
	const struct profile *from = shrinking->from;
	uint32_t nodes = profile_node_count(from);
	uint32_t labels = samples_labels_count(profile_samples(from));

	record_pool_init(&shrinking->alike, sizeof(struct alike), 2 * sizeof(uint32_t));
	shrinking->node_sums = sum_nodes(from);
	shrinking->label_sums = sum_labels(from);
	shrinking->nodes = malloc((nodes + 1) * sizeof(*shrinking->nodes));
	shrinking->labels = malloc((labels + 1) * sizeof(*shrinking->labels));
	if (!shrinking->node_sums || !shrinking->label_sums || !shrinking->nodes ||
	    !shrinking->labels)
		return -ENOMEM;
	shrinking->node_bar = find_bar(shrinking->node_sums, nodes, limits->nodes);
	shrinking->label_bar = find_bar(shrinking->label_sums, labels, limits->labels);
	return frame_copy_init(&shrinking->frames, from, shrinking->to, FRAME_LINES_KEPT, false);
}

static bool is_rare(const struct shrinking *shrinking, uint32_t node)
{
	return shrinking->node_sums[node] < shrinking->node_bar;
}

/* Markers of fates stay, however rare they are. */
static bool is_marker(const struct shrinking *shrinking, const struct stack_node *node)
{
	enum frame_kind kind = profile_frame(shrinking->from, node->frame)->kind;

	return kind == FRAME_MARKER || kind == FRAME_UNLESS_ROOT;
}

static int copy_node(struct shrinking *shrinking, uint32_t id)
{
	const struct stack_node *node = profile_node(shrinking->from, id);
	uint32_t *to = &shrinking->nodes[id], frame;
	bool goes = is_rare(shrinking, id) && !is_marker(shrinking, node);
	int error;

	*to = shrinking->nodes[node->parent];
	if (!shrinking->node_sums[id] || (goes && is_rare(shrinking, node->parent)))
		return 0;
	if (goes)
		error = profile_add_named(
			shrinking->to, RARE, NULL,
			node->parent == PROFILE_ROOT ? FRAME_PROCESS : FRAME_UNKNOWN, &frame);
	else
		error = frame_copy_add(&shrinking->frames, node->frame, &frame);
	return error ? error : profile_add_child(shrinking->to, *to, frame, to);
}

/* Of a rare one nothing is told but that. */
static int copy_set(const struct shrinking *shrinking, const struct label_set *from,
		    bool is_rare_set, uint32_t *ret_labels)
{
	struct label_set set = *from;
	int error = 0;

	if (is_rare_set) {
		memset(&set, 0xff, sizeof(set)); /* every label PROFILE_NONE */
		error = profile_intern(shrinking->to, RARE, strlen(RARE),
				       &set.values[SAMPLE_LABEL_comm]);
	}
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT && !is_rare_set && !error;
	     label++)
		if (!sample_label_is_number(label))
			error = profile_copy_string(shrinking->to, shrinking->from,
						    &set.values[label]);
	return error ? error : profile_add_labels(shrinking->to, &set, ret_labels);
}

static int copy_labels(struct shrinking *shrinking)
{
	const struct samples *samples = profile_samples(shrinking->from);
	int error = 0;

	for (uint32_t i = 0; i < samples_labels_count(samples) && !error; i++)
		if (shrinking->label_sums[i])
			error = copy_set(shrinking, samples_labels(samples, i),
					 shrinking->label_sums[i] < shrinking->label_bar,
					 &shrinking->labels[i]);
	return error;
}

static int add_alike(struct shrinking *shrinking, struct sample sample, uint64_t ticks)
{
	const struct alike key = { shrinking->nodes[sample.node],
				   shrinking->labels[sample.labels] };
	struct alike *alike;
	uint32_t id;
	int error = record_pool_add(&shrinking->alike, &key, &id);

	if (error)
		return error;
	alike = record_pool_get(&shrinking->alike, id);
	alike->ticks += ticks;
	return 0;
}

static int copy_samples(struct shrinking *shrinking)
{
	const struct samples *samples = profile_samples(shrinking->from);
	int error = 0;

	for (size_t i = 0; i < samples_count(samples) && !error; i++)
		error = add_alike(shrinking, samples_get(samples, i), samples_value(samples, i, 0));
	for (uint32_t i = 0; i < shrinking->alike.count && !error; i++) {
		const struct alike *alike = record_pool_get(&shrinking->alike, i);
		const struct sample sample = { alike->node, alike->labels, SAMPLE_NO_TIME };

		error = profile_add_sample(shrinking->to, &sample, &alike->ticks);
	}
	return error;
}

static int shrink(struct profile **total, const struct live_total_limits *limits)
{
	_cleanup_(cleanup_profile) struct profile *to = profile_new();
	_cleanup_(shrinking_release) struct shrinking shrinking = { .from = *total, .to = to };
	int error = to ? profile_keep_samples(to) : -ENOMEM;

	if (!error)
		error = shrinking_init(&shrinking, limits);
	if (error)
		return error;
	shrinking.nodes[PROFILE_ROOT] = PROFILE_ROOT;
	for (uint32_t i = 1; i < profile_node_count(*total) && !error; i++)
		error = copy_node(&shrinking, i);
	if (!error)
		error = copy_labels(&shrinking);
	if (!error)
		error = copy_samples(&shrinking);
	if (error)
		return error;
	profile_swap(to, *total);
	return 0;
}

static bool is_due(const struct profile *total, const struct live_total_limits *limits)
{
	const struct samples *samples = profile_samples(total);
	size_t worth = 2 * (size_t)profile_node_count(total);

	if (!samples)
		return false;
	return profile_node_count(total) > 2 * (uint64_t)limits->nodes ||
	       samples_labels_count(samples) > 2 * (uint64_t)limits->labels ||
	       samples_count(samples) > (worth > SAMPLES_MIN ? worth : SAMPLES_MIN);
}

int live_total_add(struct profile **total, const struct profile *window,
		   const struct live_total_limits *limits)
{
	struct merged merged;
	int error = profile_merge(*total, window, &merged);

	if (error || !is_due(*total, limits))
		return error;
	return shrink(total, limits);
}
