/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/profile_sides.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "model/differential.h"
#include "model/profile.h"
#include "model/profile_scale.h"
#include "model/value_choice.h"
#include "model/profile_subtract.h"
#include "profiler/value_names.h"

void profile_sides_init(struct profile_sides *sides, const struct output *output,
			bool is_normalized)
{
	*sides = (struct profile_sides){
		.names = { [SIDE_BEFORE] = "--before", [SIDE_SUBTRACTED] = "--subtract" },
		.is_normalized = is_normalized,
	};
	for (size_t i = 0; i < SIDE_COUNT; i++)
		sides->sums[i].output = output;
}

void profile_sides_release(struct profile_sides *sides)
{
	for (size_t i = 0; i < SIDE_COUNT; i++)
		profile_sum_release(&sides->sums[i]);
}

static void log_other_value(const struct profile_sides *sides, enum profile_side side)
{
	_cleanup_(buffer_release) struct buffer own = { 0 };
	_cleanup_(buffer_release) struct buffer rendered = { 0 };

	value_names_append(&own, sides->sums[side].profile, 0);
	value_names_append(&rendered, sides->sums[SIDE_RENDERED].profile, 0);
	log_error("%s: it counts %s, and the input %s; --value NAME takes one that both have",
		  sides->names[side], buffer_string(&own), buffer_string(&rendered));
}

static int fail(const struct profile_sides *sides, enum profile_side side, int error)
{
	if (error == -EINVAL)
		log_other_value(sides, side);
	else if (error == -EOVERFLOW)
		log_error("%s: it adds up to more than 2^63 - 1", sides->names[side]);
	else
		log_error("%s: %s", sides->names[side], strerror(-error));
	return error;
}

static void replace(struct profile **profile, struct profile *by)
{
	profile_free(*profile);
	*profile = by;
}

/* What counts is all that is compared. */
static int drop_other_values(struct profile **profile)
{
	struct profile *chosen;
	uint32_t count;
	int error;

	profile_values(*profile, &count);
	error = count > 1 ? value_choose(*profile, 0, &chosen) : 0;
	if (!error && count > 1)
		replace(profile, chosen);
	return error;
}

/* To as much as there is after. */
static int normalize(struct profile **before, const struct profile *after)
{
	uint64_t total = profile_total(*before);
	int error = drop_other_values(before);

	return error || !total ? error : profile_scale(*before, profile_total(after), total);
}

static int compare(struct profile_sides *sides)
{
	struct profile **after = &sides->sums[SIDE_RENDERED].profile, *made;
	struct profile **before = &sides->sums[SIDE_BEFORE].profile;
	int error = sides->is_normalized ? normalize(before, *after) : 0;

	if (!error)
		error = differential_make(*before, *after, &made);
	if (!error)
		replace(after, made);
	return error;
}

static void append_missing(struct buffer *to, const struct profile *profile,
			   const struct subtracted *what)
{
	uint32_t said = 0;

	for (uint32_t i = 0; i < PROFILE_VALUES_MAX; i++) {
		if (!what->missing[i])
			continue;
		buffer_append_string(to, said++ ? ", " : "");
		buffer_append_u64(to, what->missing[i]);
		buffer_append_char(to, ' ');
		value_names_append(to, profile, i);
	}
}

static void tell(const struct profile *profile, const struct subtracted *what)
{
	_cleanup_(buffer_release) struct buffer lacking = { 0 };
	_cleanup_(buffer_release) struct buffer missing = { 0 };

	value_names_append_some(&lacking, profile, what->lacking);
	append_missing(&missing, profile, what);
	if (lacking.size)
		log_warning("--subtract: it has no %s: nothing of that is taken away",
			    buffer_string(&lacking));
	if (what->stacks)
		log_warning(
			"--subtract: of %llu stacks more is to be taken away than there is, %s in all: they count 0",
			(unsigned long long)what->stacks, buffer_string(&missing));
}

static int subtract(struct profile_sides *sides)
{
	struct profile **from = &sides->sums[SIDE_RENDERED].profile, *left;
	struct subtracted what;
	int error = profile_subtract(*from, sides->sums[SIDE_SUBTRACTED].profile, &left, &what);

	if (error)
		return error;
	replace(from, left);
	tell(left, &what);
	return 0;
}

static int (*const ways[SIDE_COUNT])(struct profile_sides *sides) = {
	[SIDE_BEFORE] = compare,
	[SIDE_SUBTRACTED] = subtract,
};

int profile_sides_join(struct profile_sides *sides)
{
	int error = 0;

	for (enum profile_side side = 0; side < SIDE_COUNT && !error; side++) {
		if (!ways[side] || !sides->sums[side].profile)
			continue;
		error = ways[side](sides);
		if (error)
			return fail(sides, side, error);
		replace(&sides->sums[side].profile, NULL);
	}
	return error;
}
