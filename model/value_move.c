/* SPDX-License-Identifier: Apache-2.0 */
#include "model/value_move.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/label_copy.h"
#include "model/profile.h"
#include "model/samples.h"

/* Which values move. */
struct values {
	uint32_t of
		[PROFILE_VALUES_MAX]; /* per value of the new profile the old one's, or PROFILE_NONE */
	uint32_t count;
	bool is_one; /* what is 0 of it does not move */
};

static struct values all_values(const struct profile *from)
{
	struct values values = { .count = profile_value_count(from) };

	for (uint32_t i = 0; i < values.count; i++)
		values.of[i] = i;
	return values;
}

static int move_types(const struct profile *from, struct profile *to, const struct values *which)
{
	struct value_type types[PROFILE_VALUES_MAX];
	uint32_t all;
	const struct value_type *old = profile_values(from, &all);

	if (!all)
		return 0;
	for (uint32_t i = 0; i < which->count; i++) {
		types[i] = old[which->of[i]];
		if (profile_copy_string(to, from, &types[i].name) ||
		    profile_copy_string(to, from, &types[i].unit))
			return -ENOMEM;
	}
	return profile_set_values(to, types, which->count);
}

static int move_nodes(const struct profile *from, struct profile *to, const uint32_t *nodes,
		      const struct values *which)
{
	uint32_t count = profile_node_count(from);
	uint64_t values[PROFILE_VALUES_MAX] = { 0 };
	int error = 0;

	for (uint32_t i = 0; !error && i < count; i++) {
		struct sample sample = { nodes[i], LABELS_UNKNOWN, SAMPLE_NO_TIME };
		uint64_t self = profile_node(from, i)->self;

		if (!self || nodes[i] == PROFILE_NONE)
			continue;
		for (uint32_t value = 0; value < which->count; value++)
			values[value] = which->of[value] == 0 ? self : 0;
		error = profile_add_sample(to, &sample, values);
	}
	return error;
}

static int move_sample(const struct profile *from, struct profile *to, size_t index,
		       struct sample sample, const struct values *which)
{
	const struct samples *samples = profile_samples(from);
	uint64_t values[PROFILE_VALUES_MAX];

	for (uint32_t i = 0; i < which->count; i++)
		values[i] = which->of[i] == PROFILE_NONE
				    ? 0
				    : samples_value(samples, index, which->of[i]);
	return which->is_one && !values[0] ? 0 : profile_add_sample(to, &sample, values);
}

static int move_samples(const struct profile *from, struct profile *to, value_place_fn place,
			void *context, const struct values *which)
{
	const struct samples *samples = profile_samples(from);
	_cleanup_free_ uint32_t *labels = NULL;
	int error = label_copy(from, to, &labels);

	for (size_t i = 0; !error && i < samples_count(samples); i++) {
		struct sample sample = samples_get(samples, i);

		error = place(context, &sample, &sample.node);
		sample.labels = labels[sample.labels];
		if (!error && sample.node != PROFILE_NONE)
			error = move_sample(from, to, i, sample, which);
	}
	return error;
}

static int begin(const struct profile *from, struct profile *to, const struct values *which)
{
	int error = move_types(from, to, which);

	return !error && profile_keeps_samples(from) ? profile_keep_samples(to) : error;
}

static int place_by_node(void *context, const struct sample *sample, uint32_t *ret_node)
{
	const uint32_t *nodes = context;

	*ret_node = nodes[sample->node];
	return 0;
}

static int add_values(const struct profile *from, struct profile *to, const uint32_t *nodes,
		      const struct values *which)
{
	return profile_samples(from) && profile_keeps_samples(to)
		       ? move_samples(from, to, place_by_node, (void *)nodes, which)
		       : move_nodes(from, to, nodes, which);
}

static int move_values(const struct profile *from, struct profile *to, const uint32_t *nodes,
		       const struct values *which)
{
	int error = begin(from, to, which);

	return error ? error : add_values(from, to, nodes, which);
}

int value_move(const struct profile *from, struct profile *to, const uint32_t *nodes)
{
	const struct values which = all_values(from);

	return move_values(from, to, nodes, &which);
}

int value_move_one(const struct profile *from, struct profile *to, const uint32_t *nodes,
		   uint32_t value)
{
	return move_values(from, to, nodes,
			   &(struct values){ .of = { value }, .count = 1, .is_one = true });
}

int value_move_samples(const struct profile *from, struct profile *to, value_place_fn place,
		       void *context)
{
	const struct values which = all_values(from);
	int error = begin(from, to, &which);

	if (error || !profile_samples(from))
		return error;
	return move_samples(from, to, place, context, &which);
}

int value_add(const struct profile *from, struct profile *to, const uint32_t *nodes,
	      const uint32_t *values)
{
	struct values which = { .count = profile_value_count(to) };

	memcpy(which.of, values, which.count * sizeof(*values));
	return add_values(from, to, nodes, &which);
}
