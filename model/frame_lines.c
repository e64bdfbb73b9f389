/* SPDX-License-Identifier: Apache-2.0 */
#include "model/frame_lines.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/record_pool.h"
#include "model/profile.h"

/* Frames that are one, while it is found out whether they are of one file. */
struct function {
	struct frame key; /* of no file and line */
	uint32_t file;
	uint32_t is_met;
};

bool frame_lines_are_known(const struct profile *profile)
{
	uint32_t count = profile_frame_count(profile);

	for (uint32_t i = 0; i < count; i++)
		if (profile_frame(profile, i)->file != PROFILE_NONE)
			return true;
	return false;
}

static struct frame function_key(const struct frame_lines *lines, const struct frame *frame)
{
	struct frame key = *frame;

	key.file = PROFILE_NONE;
	key.line = 0;
	if (lines->strips_modules)
		key.module = PROFILE_NONE;
	return key;
}

/* Of a frame whose file is not known nothing follows for the others. */
static int note_file(struct frame_lines *lines, const struct frame *frame)
{
	const struct frame key = function_key(lines, frame);
	struct function *function;
	uint32_t id;
	int error = record_pool_add(&lines->functions, &key, &id);

	if (error || frame->file == PROFILE_NONE)
		return error;
	function = record_pool_get(&lines->functions, id);
	if (!function->is_met)
		function->file = frame->file;
	else if (function->file != frame->file)
		function->file = PROFILE_NONE;
	function->is_met = true;
	return 0;
}

int frame_lines_init(struct frame_lines *lines, const struct profile *from,
		     enum frame_lines_way way, bool strips_modules)
{
	uint32_t count = profile_frame_count(from);
	int error = 0;

	*lines = (struct frame_lines){ from, way, strips_modules };
	record_pool_init(&lines->functions, sizeof(struct function), sizeof(struct frame));
	for (uint32_t i = 0; way == FRAME_LINES_MERGED && i < count && !error; i++)
		error = note_file(lines, profile_frame(from, i));
	return error;
}

void frame_lines_release(struct frame_lines *lines)
{
	record_pool_release(&lines->functions);
}

static int copy_strings(const struct frame_lines *lines, struct profile *to, struct frame *frame)
{
	int error = profile_copy_string(to, lines->from, &frame->name);

	return error ? error : profile_copy_string(to, lines->from, &frame->file);
}

/* The frame of the function that this one is of. */
static int settle_function(const struct frame_lines *lines, struct profile *to, struct frame *frame)
{
	const struct frame key = function_key(lines, frame);
	const struct function *function;
	uint32_t id;

	if (!record_pool_find(&lines->functions, &key, &id))
		return -ENOMEM; /* all were noted */
	function = record_pool_get(&lines->functions, id);
	frame->file = function->is_met ? function->file : PROFILE_NONE;
	frame->line = 0;
	return copy_strings(lines, to, frame);
}

static int add_place(const struct frame_lines *lines, const struct frame *frame,
		     struct buffer *name)
{
	size_t size;
	const char *path = profile_string(lines->from, frame->file, &size);
	const char *slash = memrchr(path, '/', size);
	size_t start = slash && slash + 1 < path + size ? (size_t)(slash - path) + 1 : 0;

	buffer_append_string(name, " (");
	buffer_append(name, path + start, size - start);
	if (frame->line) {
		buffer_append_char(name, ':');
		buffer_append_u64(name, frame->line);
	}
	buffer_append_char(name, ')');
	return buffer_error(name);
}

/* The frame whose name says the line. */
static int settle_line(const struct frame_lines *lines, struct profile *to, struct frame *frame)
{
	_cleanup_(buffer_release) struct buffer name = { 0 };
	size_t size;
	const char *bytes = profile_string(lines->from, frame->name, &size);
	int error;

	if (frame->file == PROFILE_NONE)
		return profile_copy_string(to, lines->from, &frame->name);
	buffer_append(&name, bytes, size);
	error = add_place(lines, frame, &name);
	if (!error)
		error = profile_intern(to, name.data, name.size, &frame->name);
	frame->file = PROFILE_NONE;
	frame->line = 0;
	return error;
}

int frame_lines_settle(const struct frame_lines *lines, struct profile *to, struct frame *frame)
{
	switch (lines->way) {
	case FRAME_LINES_MERGED:
		return settle_function(lines, to, frame);
	case FRAME_LINES_NAMED:
		return settle_line(lines, to, frame);
	case FRAME_LINES_KEPT:
		break;
	}
	return copy_strings(lines, to, frame);
}
