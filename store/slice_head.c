/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_head.h"

#include <errno.h>
#include <string.h>

#include "model/differential.h"
#include "model/profile.h"
#include "store/column.h"

/* --- writing --- */

static void append_text(struct buffer *to, const char *text)
{
	size_t size = text ? strlen(text) : 0;

	number_append(to, size);
	buffer_append(to, text, size);
}

int slice_head_append(const struct profile *profile, struct buffer *to)
{
	const struct profile_origin *origin = profile_origin_of(profile);
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	number_append(to, origin->fates_are_known);
	append_text(to, origin->command);
	append_text(to, origin->machine);
	append_text(to, origin->event);
	number_append(to, count);
	for (uint32_t i = 0; i < count; i++) {
		append_text(to, profile_string(profile, types[i].name, NULL));
		append_text(to, profile_string(profile, types[i].unit, NULL));
	}
	return buffer_error(to);
}

/* --- reading --- */

static struct bytes take_text(struct byte_reader *reader)
{
	return byte_reader_take(reader, byte_reader_uleb128(reader));
}

/* None is NULL. */
static int take_origin_text(struct byte_reader *reader, char **ret_text)
{
	struct bytes text = take_text(reader);

	if (!text.size)
		return 0;
	*ret_text = strndup((const char *)text.data, text.size);
	return *ret_text ? 0 : -ENOMEM;
}

static int take_word(struct byte_reader *reader, struct profile *profile, uint32_t *ret_string)
{
	struct bytes text = take_text(reader);

	return profile_intern(profile, (const char *)text.data, text.size, ret_string);
}

static int take_values(struct byte_reader *reader, struct profile *profile)
{
	struct value_type types[PROFILE_VALUES_MAX];
	uint64_t count = byte_reader_uleb128(reader);
	int error = count > PROFILE_VALUES_MAX ? -EBADMSG : 0;

	for (uint64_t i = 0; i < count && !error; i++) {
		error = take_word(reader, profile, &types[i].name);
		if (!error)
			error = take_word(reader, profile, &types[i].unit);
	}
	if (error || reader->failed || !count)
		return error;
	return profile_set_values(profile, types, (uint32_t)count) ? -EBADMSG : 0;
}

int slice_head_take(struct bytes body, struct profile *profile)
{
	struct profile_origin *origin = profile_origin(profile);
	struct byte_reader reader;
	int error;

	byte_reader_init(&reader, body);
	origin->fates_are_known = byte_reader_uleb128(&reader) != 0;
	error = take_origin_text(&reader, &origin->command);
	if (!error)
		error = take_origin_text(&reader, &origin->machine);
	if (!error)
		error = take_origin_text(&reader, &origin->event);
	if (!error)
		error = take_values(&reader, profile);
	if (!error && (reader.failed || reader.offset != body.size))
		error = -EBADMSG;
	/* The counts before a change are of its samples alone. */
	return !error && differential_is(profile) ? profile_keep_samples(profile) : error;
}
