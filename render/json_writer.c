/* SPDX-License-Identifier: Apache-2.0 */
#include "render/json_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json_string.h"
#include "model/fates.h"
#include "model/profile.h"

static void append_key(struct buffer *to, const char *ahead, const char *key)
{
	buffer_append_string(to, ahead);
	buffer_append_char(to, '"');
	buffer_append_string(to, key);
	buffer_append_string(to, "\":");
}

static void append_number(struct buffer *to, const char *ahead, const char *key, uint64_t value)
{
	append_key(to, ahead, key);
	buffer_append_u64(to, value);
}

static void append_string(struct buffer *to, const char *ahead, const char *key, const char *text)
{
	append_key(to, ahead, key);
	json_append_string(to, text, SIZE_MAX);
}

static void append_interned(struct buffer *to, const char *ahead, const char *key,
			    const struct profile *profile, uint32_t string)
{
	size_t size;
	const char *text;

	append_key(to, ahead, key);
	if (string == PROFILE_NONE) {
		buffer_append_string(to, "null");
		return;
	}
	text = profile_string(profile, string, &size);
	json_append_bytes(to, text, size, SIZE_MAX);
}

static void append_origin(struct buffer *to, const struct profile_origin *origin)
{
	append_key(to, ",\n ", "origin");
	append_string(to, "{", "command", origin->command);
	append_string(to, ",", "machine", origin->machine);
	append_number(to, ",", "time_unix_ns", origin->time_unix_ns);
	append_number(to, ",", "duration_ns", origin->duration_ns);
	append_number(to, ",", "rate_hz", origin->rate_hz);
	append_string(to, ",", "event", origin->event);
	buffer_append_char(to, '}');
}

/* What the numbers count. */
static void append_value(struct buffer *to, const struct profile *profile)
{
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);

	append_key(to, ",\n ", "value");
	if (count) {
		append_interned(to, "{", "name", profile, types[0].name);
		append_interned(to, ",", "unit", profile, types[0].unit);
	} else {
		append_string(to, "{", "name", "samples");
		append_string(to, ",", "unit", "count");
	}
	buffer_append_char(to, '}');
}

static void append_reasons(struct buffer *to, const struct profile *profile,
			   const struct fates *fates)
{
	append_key(to, ",", "reasons");
	buffer_append_char(to, '[');
	for (size_t i = 0; i < fates->reason_count; i++) {
		size_t size;
		const char *reason = fate_reason_text(profile, &fates->reasons[i], &size);

		append_string(to, i ? ",{" : "{", "fate", fate_name(fates->reasons[i].fate));
		append_key(to, ",", "reason");
		json_append_bytes(to, reason, size, SIZE_MAX);
		append_number(to, ",", "ticks", fates->reasons[i].ticks);
		buffer_append_char(to, '}');
	}
	buffer_append_char(to, ']');
}

static void append_split(struct buffer *to, uint64_t due, uint64_t truncated, uint64_t lost)
{
	append_number(to, "{", "due", due);
	append_number(to, ",", "complete", due - truncated - lost);
	append_number(to, ",", "truncated", truncated);
	append_number(to, ",", "lost", lost);
}

/* null: not known. */
static int append_fates(struct buffer *to, const struct profile *profile)
{
	const struct profile_origin *origin = profile_origin_of(profile);
	struct fates fates;
	int error = profile_fates(profile, &fates);

	if (error)
		return error;
	append_key(to, ",\n ", "fates");
	if (origin->fates_are_known) {
		append_split(to, fates.due, fates.truncated, fates.lost);
		append_reasons(to, profile, &fates);
		buffer_append_char(to, '}');
	} else {
		buffer_append_string(to, "null");
	}
	append_key(to, ",\n ", "before_shaping");
	if (!origin->before.due) {
		buffer_append_string(to, "null");
		return 0;
	}
	append_split(to, origin->before.due, origin->before.truncated, origin->before.lost);
	buffer_append_char(to, '}');
	return 0;
}

static void append_frames(struct buffer *to, const struct profile *profile)
{
	uint32_t count = profile_frame_count(profile);

	append_key(to, ",\n ", "frames");
	buffer_append_char(to, '[');
	for (uint32_t i = 0; i < count; i++) {
		const struct frame *frame = profile_frame(profile, i);

		append_interned(to, i ? ",\n  {" : "\n  {", "name", profile, frame->name);
		append_interned(to, ",", "module", profile, frame->module);
		append_string(to, ",", "kind", frame_kind_name(frame->kind));
		append_interned(to, ",", "file", profile, frame->file);
		append_number(to, ",", "line", frame->line);
		buffer_append_char(to, '}');
	}
	buffer_append_char(to, ']');
}

static void append_id(struct buffer *to, uint32_t id)
{
	if (id == PROFILE_NONE)
		buffer_append_string(to, "null");
	else
		buffer_append_u64(to, id);
}

static void append_nodes(struct buffer *to, const struct profile *profile)
{
	uint32_t count = profile_node_count(profile);

	append_key(to, ",\n ", "nodes");
	append_key(to, "{\n  ", "parent");
	for (uint32_t i = 0; i < count; i++) {
		buffer_append_char(to, i ? ',' : '[');
		append_id(to, profile_node(profile, i)->parent);
	}
	append_key(to, "],\n  ", "frame");
	for (uint32_t i = 0; i < count; i++) {
		buffer_append_char(to, i ? ',' : '[');
		append_id(to, profile_node(profile, i)->frame);
	}
	append_key(to, "],\n  ", "self");
	for (uint32_t i = 0; i < count; i++) {
		buffer_append_char(to, i ? ',' : '[');
		buffer_append_u64(to, profile_node(profile, i)->self);
	}
	buffer_append_string(to, "]}");
}

int json_write(const struct profile *profile, const struct render_options *options,
	       struct buffer *to)
{
	int error;

	(void)options;
	append_string(to, "{", "format", "hearth profile");
	append_number(to, ",", "version", JSON_PROFILE_VERSION);
	append_string(to, ",\n ", "generator", "hearth " HEARTH_VERSION);
	append_origin(to, profile_origin_of(profile));
	append_value(to, profile);
	append_number(to, ",\n ", "total", profile_total(profile));
	error = append_fates(to, profile);
	append_frames(to, profile);
	append_nodes(to, profile);
	buffer_append_string(to, "}\n");
	return error ? error : buffer_error(to);
}
