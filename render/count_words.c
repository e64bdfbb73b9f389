/* SPDX-License-Identifier: Apache-2.0 */
#include "render/count_words.h"

#include <stddef.h>
#include <string.h>

#include "model/profile.h"
#include "render/render_options.h"

static const struct {
	const char *name;
	uint64_t per_second;
} units_of_time[] = {
	{ "nanoseconds", 1000000000 },
	{ "microseconds", 1000000 },
	{ "milliseconds", 1000 },
	{ "seconds", 1 },
};

/* Things that are counted are called by what they are, amounts by their unit. */
static struct count_words words_of_type(const struct profile *profile,
					const struct value_type *type)
{
	const char *name = profile_string(profile, type->name, NULL);
	const char *unit = profile_string(profile, type->unit, NULL);
	struct count_words words = { .name = unit };

	if (!*unit || !strcmp(unit, "count"))
		words.name = name;
	if (!strcmp(words.name, "samples"))
		words.per_second = profile_origin_of(profile)->rate_hz;
	for (size_t i = 0; i < sizeof(units_of_time) / sizeof(*units_of_time); i++)
		if (!strcmp(unit, units_of_time[i].name))
			words.per_second = units_of_time[i].per_second;
	return words;
}

struct count_words count_words_of(const struct profile *profile,
				  const struct render_options *options)
{
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);
	struct count_words words = { "samples", profile_origin_of(profile)->rate_hz };

	if (count)
		words = words_of_type(profile, types);
	if (options->countname)
		words.name = options->countname;
	return words;
}
