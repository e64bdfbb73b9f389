/* SPDX-License-Identifier: Apache-2.0 */
#include "model/cpu_time.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "model/profile.h"

#define NS_PER_SECOND 1000000000u

/* Samples, all taken at one rate, which is known. */
static bool is_countable(const struct profile *profile)
{
	const uint64_t rate_hz = profile_origin_of(profile)->rate_hz;
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	return rate_hz && rate_hz <= NS_PER_SECOND &&
	       (!count ||
		(count == 1 && !strcmp(profile_string(profile, types[0].name, NULL), "samples")));
}

/* What is too much becomes the most, of which no profile takes two. */
static void weigh(void *context, const struct sample *sample, uint64_t *values)
{
	(void)sample;
	if (__builtin_mul_overflow(values[0], *(const uint64_t *)context, &values[0]))
		values[0] = UINT64_MAX;
}

static int count_time(struct profile *profile)
{
	uint64_t sample_ns = NS_PER_SECOND / profile_origin_of(profile)->rate_hz;
	struct value_type type;
	int error = profile_intern(profile, "cpu", 3, &type.name);

	if (!error)
		error = profile_intern(profile, "nanoseconds", 11, &type.unit);
	if (!error)
		error = profile_change_values(profile, weigh, &sample_ns);
	if (!error)
		error = profile_extend_values(profile, &type, 1);
	profile_origin(profile)->rate_hz = 0;
	return error;
}

int cpu_time_settle(struct profile *one, struct profile *other)
{
	const bool differ = profile_origin_of(one)->rate_hz != profile_origin_of(other)->rate_hz;
	int error = 0;

	if (differ && is_countable(one))
		error = count_time(one);
	if (!error && differ && is_countable(other))
		error = count_time(other);
	return error;
}
