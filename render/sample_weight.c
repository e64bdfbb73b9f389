/* SPDX-License-Identifier: Apache-2.0 */
#include "render/sample_weight.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "model/profile.h"
#include "render/readable.h"

/* Units that speedscope knows besides "none". */
static const char *const units[] = { "nanoseconds", "microseconds", "milliseconds", "seconds",
				     "bytes" };

static bool is_unit(const struct profile *profile, uint32_t string, const char *unit)
{
	return !strcmp(profile_string(profile, string, NULL), unit);
}

struct sample_weight sample_weight_choose(const struct profile *profile)
{
	struct sample_weight weight = { .unit = "none" };
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	if (!count && profile_origin_of(profile)->rate_hz) {
		weight.rate_hz = profile_origin_of(profile)->rate_hz;
		weight.unit = "nanoseconds";
	}
	for (uint32_t i = 0; i < count && profile_samples(profile); i++)
		if (is_unit(profile, types[i].unit, "nanoseconds"))
			weight.value = i;
	for (size_t i = 0; count && i < sizeof(units) / sizeof(*units); i++)
		if (is_unit(profile, types[weight.value].unit, units[i]))
			weight.unit = units[i];
	return weight;
}

uint64_t sample_weight_of(const struct sample_weight *weight, uint64_t value)
{
	return weight->rate_hz ? readable_ticks_ns(value, weight->rate_hz) : value;
}

uint64_t sample_weight_add(uint64_t sum, uint64_t weight)
{
	return weight > INT64_MAX - sum ? INT64_MAX : sum + weight;
}
