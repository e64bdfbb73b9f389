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

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* Frames that are one, while it is found out whether they are of one file. */
struct function {
	struct frame key; /* of no file and line */
	uint32_t file;
	uint32_t is_met;
};

struct settling {
	const struct profile *from;
	struct profile *to;
	struct record_pool functions; /* struct function; empty by line */
	uint32_t *frames;             /* per frame of the source: its id in `to` */
	uint32_t *nodes;              /* the same of nodes */
};

static bool has_lines(const struct profile *profile)
{
	uint32_t count = profile_frame_count(profile);

	for (uint32_t i = 0; i < count; i++)
		if (profile_frame(profile, i)->file != PROFILE_NONE)
			return true;
	return false;
}

static struct frame function_key(const struct frame *frame)
{
	struct frame key = *frame;

	key.file = PROFILE_NONE;
	key.line = 0;
	return key;
}

/* Of a frame whose file is not known nothing follows for the others. */
static int note_file(struct settling *settling, const struct frame *frame)
{
	const struct frame key = function_key(frame);
	struct function *function;
	uint32_t id;
	int error = record_pool_add(&settling->functions, &key, &id);

	if (error || frame->file == PROFILE_NONE)
		return error;
	function = record_pool_get(&settling->functions, id);
	if (!function->is_met)
		function->file = frame->file;
	else if (function->file != frame->file)
		function->file = PROFILE_NONE;
	function->is_met = true;
	return 0;
}

static int note_files(struct settling *settling)
{
	uint32_t count = profile_frame_count(settling->from);
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++)
		error = note_file(settling, profile_frame(settling->from, i));
	return error;
}

static int copy_string(struct settling *settling, uint32_t *string)
{
	size_t size;
	const char *bytes;

	if (*string == PROFILE_NONE)
		return 0;
	bytes = profile_string(settling->from, *string, &size);
	return profile_intern(settling->to, bytes, size, string);
}

/* The frame of the function that this one is of. */
static int settle_function(struct settling *settling, struct frame *frame)
{
	const struct function *function;
	uint32_t id;
	int error;

	*frame = function_key(frame);
	if (!record_pool_find(&settling->functions, frame, &id))
		return -ENOMEM; /* all were noted */
	function = record_pool_get(&settling->functions, id);
	if (function->is_met)
		frame->file = function->file;
	error = copy_string(settling, &frame->name);
	return error ? error : copy_string(settling, &frame->file);
}

static int add_place(struct settling *settling, const struct frame *frame, struct buffer *name)
{
	size_t size;
	const char *path = profile_string(settling->from, frame->file, &size);
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
static int settle_line(struct settling *settling, struct frame *frame)
{
	_cleanup_(buffer_release) struct buffer name = { 0 };
	size_t size;
	const char *bytes = profile_string(settling->from, frame->name, &size);
	int error;

	if (frame->file == PROFILE_NONE)
		return copy_string(settling, &frame->name);
	buffer_append(&name, bytes, size);
	error = add_place(settling, frame, &name);
	if (!error)
		error = profile_intern(settling->to, name.data, name.size, &frame->name);
	frame->file = PROFILE_NONE;
	frame->line = 0;
	return error;
}

static int settle_frames(struct settling *settling, bool by_line)
{
	uint32_t count = profile_frame_count(settling->from);
	int error = by_line ? 0 : note_files(settling);

	for (uint32_t i = 0; i < count && !error; i++) {
		struct frame frame = *profile_frame(settling->from, i);

		error = by_line ? settle_line(settling, &frame) : settle_function(settling, &frame);
		if (!error)
			error = copy_string(settling, &frame.module);
		if (!error)
			error = profile_add_frame(settling->to, frame, &settling->frames[i]);
	}
	return error;
}

/* A node's parent came before it. */
static int copy_nodes(struct settling *settling)
{
	uint32_t count = profile_node_count(settling->from);
	int error = 0;

	settling->nodes[PROFILE_ROOT] = PROFILE_ROOT;
	for (uint32_t i = 0; i < count && !error; i++) {
		const struct stack_node *node = profile_node(settling->from, i);

		if (i)
			error = profile_add_child(settling->to, settling->nodes[node->parent],
						  settling->frames[node->frame],
						  &settling->nodes[i]);
		if (!error)
			error = profile_add_ticks(settling->to, settling->nodes[i], node->self);
	}
	return error;
}

static int settle(struct settling *settling, bool by_line)
{
	int error;

	record_pool_init(&settling->functions, sizeof(struct function), sizeof(struct frame));
	error = settle_frames(settling, by_line);
	record_pool_release(&settling->functions);
	return error ? error : copy_nodes(settling);
}

int frame_lines_settle(const struct profile *profile, bool by_line, struct profile **ret_settled)
{
	_cleanup_(cleanup_profile) struct profile *to = NULL;
	_cleanup_free_ uint32_t *frames = NULL, *nodes = NULL;
	struct settling settling;
	int error;

	*ret_settled = NULL;
	if (!has_lines(profile))
		return 0;
	to = profile_new();
	frames = malloc((profile_frame_count(profile) + (size_t)1) * sizeof(*frames));
	nodes = malloc(profile_node_count(profile) * sizeof(*nodes));
	if (!to || !frames || !nodes)
		return -ENOMEM;
	settling = (struct settling){ profile, to, .frames = frames, .nodes = nodes };
	error = settle(&settling, by_line);
	if (!error)
		*ret_settled = take_ptr(to);
	return error;
}
