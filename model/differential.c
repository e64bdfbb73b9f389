/* SPDX-License-Identifier: Apache-2.0 */
#include "model/differential.h"

#include <stdint.h>
#include <string.h>

#include "model/profile.h"

static const char *const names[DIFFERENTIAL_VALUES] = {
	[DIFFERENTIAL_AFTER] = "after",
	[DIFFERENTIAL_BEFORE] = "before",
};

#define UNIT "samples"

int differential_begin(struct profile *profile)
{
	struct value_type types[DIFFERENTIAL_VALUES];
	int error = 0;

	for (size_t i = 0; i < DIFFERENTIAL_VALUES && !error; i++) {
		error = profile_intern(profile, names[i], strlen(names[i]), &types[i].name);
		if (!error)
			error = profile_intern(profile, UNIT, strlen(UNIT), &types[i].unit);
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
