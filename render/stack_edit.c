/* SPDX-License-Identifier: Apache-2.0 */
#include "render/stack_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/frame_lines.h"
#include "model/profile.h"
#include "render/render_options.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* A stack being rebuilt: the frames of one node of the source, leaf first. */
struct edit {
	const struct profile *from;
	struct profile *to;
	uint32_t *frames; /* per frame of the source: its id in `to`, or PROFILE_NONE */
	bool *is_base;    /* per frame of the source; NULL without base functions */
	bool reverse;
	uint32_t *stack; /* room for the deepest stack */
};

static int copy_string(struct edit *edit, uint32_t string, uint32_t *ret_string)
{
	size_t size;
	const char *bytes;

	if (string == PROFILE_NONE) {
		*ret_string = PROFILE_NONE;
		return 0;
	}
	bytes = profile_string(edit->from, string, &size);
	return profile_intern(edit->to, bytes, size, ret_string);
}

static int copy_frame(struct edit *edit, uint32_t frame, uint32_t *ret_frame)
{
	struct frame copy = *profile_frame(edit->from, frame);
	int error = 0;

	if (edit->frames[frame] == PROFILE_NONE) {
		error = copy_string(edit, copy.name, &copy.name);
		if (!error)
			error = copy_string(edit, copy.module, &copy.module);
		if (!error)
			error = copy_string(edit, copy.file, &copy.file);
		if (!error)
			error = profile_add_frame(edit->to, copy, &edit->frames[frame]);
	}
	if (!error)
		*ret_frame = edit->frames[frame];
	return error;
}

/* The frames from `node` down to its root, or to the outermost base function. Gives their number. */
static size_t take_stack(struct edit *edit, uint32_t node)
{
	size_t depth = 0, base = 0;

	for (uint32_t at = node; at != PROFILE_ROOT; at = profile_node(edit->from, at)->parent) {
		uint32_t frame = profile_node(edit->from, at)->frame;

		edit->stack[depth++] = frame;
		if (edit->is_base && edit->is_base[frame])
			base = depth;
	}
	return base ? base : depth;
}

static int edit_stack(struct edit *edit, uint32_t node)
{
	size_t depth = take_stack(edit, node);
	uint32_t at = PROFILE_ROOT;

	for (size_t i = 0; i < depth; i++) {
		uint32_t frame;
		int error =
			copy_frame(edit, edit->stack[edit->reverse ? i : depth - 1 - i], &frame);

		if (!error)
			error = profile_add_child(edit->to, at, frame, &at);
		if (error)
			return error;
	}
	return profile_add_ticks(edit->to, at, profile_node(edit->from, node)->self);
}

static bool is_named(const struct profile *profile, uint32_t frame, const char *name)
{
	return !strcmp(profile_string(profile, profile_frame(profile, frame)->name, NULL), name);
}

bool stack_edit_finds_base(const struct profile *profile, const char *name)
{
	for (uint32_t i = 0; i < profile_frame_count(profile); i++)
		if (is_named(profile, i, name))
			return true;
	return false;
}

static bool *find_base(const struct profile *profile, const struct render_list *base)
{
	uint32_t count = profile_frame_count(profile);
	bool *is_base = calloc(count + 1, sizeof(*is_base));

	for (uint32_t i = 0; is_base && i < count; i++)
		for (size_t j = 0; j < base->count; j++)
			is_base[i] |= is_named(profile, i, base->items[j]);
	return is_base;
}

int stack_edit_keeping_lines(const struct profile *profile, const struct render_options *options,
			     struct profile **ret_edited)
{
	_cleanup_(cleanup_profile) struct profile *to = NULL;
	_cleanup_free_ uint32_t *frames = NULL, *stack = NULL;
	_cleanup_free_ bool *is_base = NULL;
	uint32_t frame_count = profile_frame_count(profile), nodes = profile_node_count(profile);
	struct edit edit;

	*ret_edited = NULL;
	if (!options || (!options->reverse && !options->base.count))
		return 0;
	to = profile_new();
	frames = malloc((frame_count + 1) * sizeof(*frames));
	stack = malloc(nodes * sizeof(*stack));
	is_base = options->base.count ? find_base(profile, &options->base) : NULL;
	if (!to || !frames || !stack || (options->base.count && !is_base))
		return -ENOMEM;
	memset(frames, 0xff, frame_count * sizeof(*frames)); /* every one PROFILE_NONE */
	edit = (struct edit){ profile, to, frames, is_base, options->reverse, stack };
	for (uint32_t i = 0; i < nodes; i++) {
		int error = profile_node(profile, i)->self ? edit_stack(&edit, i) : 0;

		if (error)
			return error;
	}
	*ret_edited = take_ptr(to);
	return 0;
}

/* Lines come last: functions are asked for by their names alone. */
int stack_edit(const struct profile *profile, const struct render_options *options,
	       struct profile **ret_edited)
{
	struct profile *edited, *settled;
	int error = stack_edit_keeping_lines(profile, options, &edited);

	if (!error)
		error = frame_lines_settle(edited ? edited : profile, options && options->lines,
					   &settled);
	if (!error && settled) {
		profile_free(edited);
		edited = settled;
	}
	if (error)
		profile_free(edited);
	else
		*ret_edited = edited;
	return error;
}
