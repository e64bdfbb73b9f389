/* SPDX-License-Identifier: Apache-2.0 */
#include "model/value_move.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "model/samples.h"

static int move_string(const struct profile *from, struct profile *to, uint32_t *string)
{
	size_t size;
	const char *bytes = profile_string(from, *string, &size);

	return profile_intern(to, bytes, size, string);
}

/* Which values move: all, or one of them. */
struct values {
	uint32_t first, count;
	bool is_one;
};

static struct values all_values(const struct profile *from)
{
	struct values values = { 0 };

	profile_values(from, &values.count);
	return values;
}

static int move_types(const struct profile *from, struct profile *to, struct values values)
{
	struct value_type types[PROFILE_VALUES_MAX];
	uint32_t all;
	const struct value_type *old = profile_values(from, &all);

	if (!all)
		return 0;
	for (uint32_t i = 0; i < values.count; i++) {
		types[i] = old[values.first + i];
		if (move_string(from, to, &types[i].name) || move_string(from, to, &types[i].unit))
			return -ENOMEM;
	}
	return profile_set_values(to, types, values.count);
}

static int move_nodes(const struct profile *from, struct profile *to, const uint32_t *nodes)
{
	uint32_t count = profile_node_count(from);
	int error = 0;

	for (uint32_t i = 0; !error && i < count; i++)
		if (nodes[i] != PROFILE_NONE)
			error = profile_add_ticks(to, nodes[i], profile_node(from, i)->self);
	return error;
}

static int move_label_set(const struct profile *from, struct profile *to, struct label_set set,
			  uint32_t *ret_labels)
{
	for (enum sample_label label = 0; label < SAMPLE_LABEL_COUNT; label++)
		if (set.values[label] != PROFILE_NONE && !sample_label_is_number(label) &&
		    move_string(from, to, &set.values[label]))
			return -ENOMEM;
	return profile_add_labels(to, &set, ret_labels);
}

/* Per label set of `from` its id in `to`. */
static int move_labels(const struct profile *from, struct profile *to, uint32_t **ret_labels)
{
	const struct samples *samples = profile_samples(from);
	uint32_t count = samples_labels_count(samples);
	_cleanup_free_ uint32_t *labels = malloc((count + 1) * sizeof(*labels));
	int error = labels ? 0 : -ENOMEM;

	for (uint32_t i = 0; !error && i < count; i++)
		error = move_label_set(from, to, *samples_labels(samples, i), &labels[i]);
	if (!error)
		*ret_labels = take_ptr(labels);
	return error;
}

static int move_sample(const struct profile *from, struct profile *to, size_t index,
		       struct sample sample, struct values which)
{
	const struct samples *samples = profile_samples(from);
	uint32_t count = which.is_one ? 1 : samples_value_count(samples);
	uint64_t values[PROFILE_VALUES_MAX];

	for (uint32_t i = 0; i < count; i++)
		values[i] = samples_value(samples, index, which.first + i);
	return which.is_one && !values[0] ? 0 : profile_add_sample(to, &sample, values);
}

static int move_samples(const struct profile *from, struct profile *to, value_place_fn place,
			void *context, struct values which)
{
	const struct samples *samples = profile_samples(from);
	_cleanup_free_ uint32_t *labels = NULL;
	int error = move_labels(from, to, &labels);

	for (size_t i = 0; !error && i < samples_count(samples); i++) {
		struct sample sample = samples_get(samples, i);

		error = place(context, &sample, &sample.node);
		sample.labels = labels[sample.labels];
		if (!error && sample.node != PROFILE_NONE)
			error = move_sample(from, to, i, sample, which);
	}
	return error;
}

static int begin(const struct profile *from, struct profile *to, struct values which)
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

static int move_values(const struct profile *from, struct profile *to, const uint32_t *nodes,
		       struct values which)
{
	int error = begin(from, to, which);

	if (error)
		return error;
	return profile_samples(from) ? move_samples(from, to, place_by_node, (void *)nodes, which)
				     : move_nodes(from, to, nodes);
}

int value_move(const struct profile *from, struct profile *to, const uint32_t *nodes)
{
	return move_values(from, to, nodes, all_values(from));
}

int value_move_one(const struct profile *from, struct profile *to, const uint32_t *nodes,
		   uint32_t value)
{
	return move_values(from, to, nodes, (struct values){ value, 1, true });
}

int value_move_samples(const struct profile *from, struct profile *to, value_place_fn place,
		       void *context)
{
	struct values which = all_values(from);
	int error = begin(from, to, which);

	if (error || !profile_samples(from))
		return error;
	return move_samples(from, to, place, context, which);
}
