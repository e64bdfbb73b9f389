/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/value_names.h"

#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8.h"
#include "model/profile.h"

#define NAME_MAX_BYTES 128 /* of one that are said */

static void append_clean(struct buffer *to, const struct profile *profile, uint32_t string)
{
	size_t size;
	const char *text = profile_string(profile, string, &size);

	utf8_append_clean(to, text, size, NAME_MAX_BYTES);
}

void value_names_append(struct buffer *to, const struct profile *profile, uint32_t value)
{
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	if (!count) {
		buffer_append_string(to, "samples");
		return;
	}
	append_clean(to, profile, types[value].name);
	if (!strcmp(profile_string(profile, types[value].unit, NULL), "count"))
		return;
	buffer_append_string(to, " in ");
	append_clean(to, profile, types[value].unit);
}

void value_names_append_some(struct buffer *to, const struct profile *profile, uint32_t bits)
{
	for (uint32_t i = 0, said = 0; i < PROFILE_VALUES_MAX; i++) {
		if (!(bits >> i & 1))
			continue;
		buffer_append_string(to, said++ ? ", " : "");
		value_names_append(to, profile, i);
	}
}

void value_names_log_unknown(const char *ahead, const char *value, const struct profile *profile)
{
	_cleanup_(buffer_release) struct buffer names = { 0 };
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	for (uint32_t i = 0; i < count; i++) {
		buffer_append_string(&names, i ? ", " : "");
		append_clean(&names, profile, types[i].name);
	}
	log_error("%s--value %s: there is no such value, but %s", ahead, value,
		  names.size ? buffer_string(&names) : "samples");
}
