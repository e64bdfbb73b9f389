/* SPDX-License-Identifier: Apache-2.0 */
#include "model/differential.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "model/profile_merge.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

static const char *const names[DIFFERENTIAL_VALUES] = {
	[DIFFERENTIAL_AFTER] = "after",
	[DIFFERENTIAL_BEFORE] = "before",
};

int differential_begin(struct profile *profile, const char *unit)
{
	struct value_type types[DIFFERENTIAL_VALUES];
	int error = 0;

	for (size_t i = 0; i < DIFFERENTIAL_VALUES && !error; i++) {
		error = profile_intern(profile, names[i], strlen(names[i]), &types[i].name);
		if (!error)
			error = profile_intern(profile, unit, strlen(unit), &types[i].unit);
	}
	if (!error)
		error = profile_set_values(profile, types, DIFFERENTIAL_VALUES);
	return error ? error : profile_keep_samples(profile);
}

bool differential_is(const struct profile *profile)
{
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	for (size_t i = 0; i < DIFFERENTIAL_VALUES && count == DIFFERENTIAL_VALUES; i++) {
		size_t size;
		const char *name = profile_string(profile, types[i].name, &size);

		if (size != strlen(names[i]) || memcmp(name, names[i], size) != 0)
			return false;
	}
	return count == DIFFERENTIAL_VALUES;
}

/* What is counted is the unit of counts: "objects"; of amounts it is their own. */
static const char *unit_of(const struct profile *profile)
{
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);
	const char *unit = count ? profile_string(profile, types->unit, NULL) : "";

	if (!count)
		return "samples";
	return *unit && strcmp(unit, "count") != 0 ? unit
						   : profile_string(profile, types->name, NULL);
}

static int add_as(struct profile *to, const struct profile *from, enum differential_value as)
{
	uint32_t values[DIFFERENTIAL_VALUES] = { PROFILE_NONE, PROFILE_NONE };

	values[as] = 0;
	return profile_merge_values(to, from, values);
}

int differential_make(struct profile *before, const struct profile *after,
		      struct profile **ret_profile)
{
	_cleanup_(cleanup_profile) struct profile *to = profile_new();
	int error = to ? 0 : -ENOMEM;

	if (!error && !profile_merge_is_possible(after, before))
		error = -EINVAL;
	if (!error)
		error = differential_begin(to, unit_of(profile_total(after) ? after : before));
	profile_forget_times(before);
	if (!error)
		error = add_as(to, after, DIFFERENTIAL_AFTER);
	if (!error)
		error = add_as(to, before, DIFFERENTIAL_BEFORE);
	if (!error)
		error = origin_copy(after, to);
	if (!error) {
		profile_settle(to);
		*ret_profile = take_ptr(to);
	}
	return error;
}
