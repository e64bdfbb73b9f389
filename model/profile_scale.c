/* SPDX-License-Identifier: Apache-2.0 */
#include "model/profile_scale.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "model/profile.h"
#include "model/samples.h"

struct scale {
	uint64_t numerator, denominator;
	uint32_t value; /* the one that is being scaled */
	uint64_t *own;  /* per node what its own samples count; later where the next child begins */
	uint64_t *
		at; /* per node what it counts in all; later the running sum before its next sample */
};

static int add_up_to(uint64_t *sum, uint64_t more)
{
	if (more > (uint64_t)INT64_MAX - *sum)
		return -EOVERFLOW;
	*sum += more;
	return 0;
}

static int sum_up(const struct profile *profile, const struct scale *scale)
{
	const struct samples *samples = profile_samples(profile);
	const struct stack_node *nodes = profile_nodes(profile);
	uint32_t count = profile_node_count(profile);
	int error = 0;

	for (uint32_t i = 0; i < count; i++)
		scale->own[i] = samples ? 0 : nodes[i].self;
	for (size_t i = 0; samples && i < samples_count(samples) && !error; i++)
		error = add_up_to(&scale->own[samples_get(samples, i).node],
				  samples_value(samples, i, scale->value));
	for (uint32_t i = 0; i < count; i++)
		scale->at[i] = scale->own[i];
	for (uint32_t i = count - 1; i > 0 && !error; i--)
		error = add_up_to(&scale->at[nodes[i].parent], scale->at[i]);
	return error;
}

/* A node's own samples come first, then its children, one behind the other. */
static void place(const struct profile *profile, const struct scale *scale)
{
	const struct stack_node *nodes = profile_nodes(profile);

	scale->at[PROFILE_ROOT] = 0;
	for (uint32_t i = 1; i < profile_node_count(profile); i++) {
		uint64_t *next = &scale->own[nodes[i].parent], begin = *next;

		*next += scale->at[i];
		scale->at[i] = begin;
		scale->own[i] += begin;
	}
}

static unsigned __int128 scaled(const struct scale *scale, uint64_t sum)
{
	return ((unsigned __int128)sum * scale->numerator * 2 + scale->denominator) /
	       ((unsigned __int128)scale->denominator * 2);
}

static void change(void *context, const struct sample *sample, uint64_t *values)
{
	const struct scale *scale = context;
	uint64_t begin = scale->at[sample->node], end = begin + values[scale->value];

	scale->at[sample->node] = end;
	values[scale->value] = (uint64_t)(scaled(scale, end) - scaled(scale, begin));
}

static int scale_value(struct profile *profile, struct scale *scale)
{
	int error = sum_up(profile, scale);

	if (!error && scaled(scale, scale->at[PROFILE_ROOT]) > INT64_MAX)
		error = -EOVERFLOW;
	if (error)
		return error;
	place(profile, scale);
	return profile_change_values(profile, change, scale);
}

int profile_scale(struct profile *profile, uint64_t numerator, uint64_t denominator)
{
	uint32_t count = profile_node_count(profile), value_count;
	_cleanup_free_ uint64_t *own = malloc(count * sizeof(*own));
	_cleanup_free_ uint64_t *at = malloc(count * sizeof(*at));
	struct scale scale = { numerator, denominator, 0, own, at };
	int error = own && at ? 0 : -ENOMEM;

	profile_values(profile, &value_count);
	if (!value_count || !profile_samples(profile))
		value_count = 1;
	for (; scale.value < value_count && !error; scale.value++)
		error = scale_value(profile, &scale);
	return error;
}
