/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firefox_stacks.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/profile.h"

#define LIBRARY_TYPE 1 /* of a resource: ResourceType */

uint32_t firefox_index(double number)
{
	return number >= 0 && number < PROFILE_NONE ? (uint32_t)number : PROFILE_NONE;
}

double firefox_cell(const struct firefox_stacks *stacks, enum firefox_column column, size_t row)
{
	return row < stacks->columns[column].count ? stacks->columns[column].cells[row] : NAN;
}

static uint32_t index_in(const struct firefox_stacks *stacks, enum firefox_column column,
			 size_t row)
{
	return firefox_index(firefox_cell(stacks, column, row));
}

/* False: there is none of that number. */
static bool text_at(const struct firefox_texts *texts, size_t index, const char **ret_text,
		    size_t *ret_size)
{
	const size_t *ends = (const size_t *)texts->ends.data;
	size_t start;

	if (index >= texts->ends.size / sizeof(*ends))
		return false;
	start = index ? ends[index - 1] : 0;
	*ret_size = ends[index] - start;
	*ret_text = *ret_size ? texts->bytes.data + start : "";
	return true;
}

static bool string_at(const struct firefox_stacks *stacks, uint32_t index, const char **ret_text,
		      size_t *ret_size)
{
	return index < stacks->string_count &&
	       text_at(stacks->strings, stacks->string_from + index, ret_text, ret_size);
}

/* --- frames --- */

static enum frame_kind kind_of(const struct firefox_stacks *stacks, uint32_t frame)
{
	const char *name;
	size_t size;

	if (!text_at(stacks->categories, index_in(stacks, FRAME_CATEGORY, frame), &name, &size))
		return FRAME_NATIVE;
	for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++)
		if (strlen(frame_kind_name(kind)) == size &&
		    !strncasecmp(frame_kind_name(kind), name, size))
			return kind;
	return FRAME_NATIVE;
}

static int set_module(const struct firefox_stacks *stacks, uint32_t index, uint32_t func,
		      struct frame *frame)
{
	struct profile *profile = stacks->profile;
	uint32_t resource = index_in(stacks, FUNC_RESOURCE, func);
	const char *name;
	size_t size;

	if (text_at(stacks->libs, index_in(stacks, FRAME_LIB, index), &name, &size) ||
	    (firefox_cell(stacks, RESOURCE_TYPE, resource) == LIBRARY_TYPE &&
	     string_at(stacks, index_in(stacks, RESOURCE_NAME, resource), &name, &size)))
		return profile_intern(profile, name, size, &frame->module);
	return 0;
}

static int set_place(const struct firefox_stacks *stacks, uint32_t index, uint32_t func,
		     struct frame *frame)
{
	uint32_t file = index_in(stacks, FUNC_FILE, func);
	uint32_t line = index_in(stacks, FRAME_LINE, index);
	const char *name;
	size_t size;

	if (file == PROFILE_NONE)
		file = index_in(stacks, SOURCE_FILE, index_in(stacks, FUNC_SOURCE, func));
	if (line == PROFILE_NONE)
		line = index_in(stacks, FUNC_LINE, func);
	if (!string_at(stacks, file, &name, &size))
		return 0;
	frame->line = line == PROFILE_NONE ? 0 : line;
	return profile_intern(stacks->profile, name, size, &frame->file);
}

static int make_frame(const struct firefox_stacks *stacks, uint32_t index, uint32_t *ret_frame)
{
	struct profile *profile = stacks->profile;
	struct frame frame = frame_of_kind(kind_of(stacks, index));
	uint32_t func = index_in(stacks, FRAME_FUNC, index);
	const char *name = "[unknown]";
	size_t size = strlen(name);
	int error;

	if (!string_at(stacks, index_in(stacks, FUNC_NAME, func), &name, &size))
		frame.kind = FRAME_UNKNOWN;
	if (frame.kind == FRAME_MARKER)
		profile_origin(profile)->fates_are_known = true;
	error = profile_intern(profile, name, size, &frame.name);
	if (!error)
		error = set_module(stacks, index, func, &frame);
	if (!error)
		error = set_place(stacks, index, func, &frame);
	return error ? error : profile_add_frame(profile, frame, ret_frame);
}

/* --- stacks --- */

/* PROFILE_NONE: it is a root, or `ret_is_good` says that its caller is none. */
static uint32_t caller_of(const struct firefox_stacks *stacks, size_t stack, bool *ret_is_good)
{
	uint32_t offset = index_in(stacks, STACK_OFFSET, stack);
	uint32_t prefix = index_in(stacks, STACK_PREFIX, stack);

	if (stacks->columns[STACK_OFFSET].count) {
		*ret_is_good = offset <= stack;
		return offset && offset <= stack ? (uint32_t)stack - offset : PROFILE_NONE;
	}
	*ret_is_good = prefix == PROFILE_NONE || prefix < stack;
	return prefix < stack ? prefix : PROFILE_NONE;
}

void firefox_stacks_use(struct firefox_stacks *stacks, const struct firefox_part *samples)
{
	for (size_t i = 0; i < samples->count; i++) {
		uint32_t stack = firefox_index(samples->cells[i]);

		if (stack < stacks->columns[STACK_FRAME].count)
			stacks->is_used[stack] = true;
	}
}

/* Callers stand before what they call. */
static void mark_callers(struct firefox_stacks *stacks)
{
	for (size_t i = stacks->columns[STACK_FRAME].count; i--;) {
		bool is_good;
		uint32_t caller = caller_of(stacks, i, &is_good);

		if (stacks->is_used[i] && caller != PROFILE_NONE)
			stacks->is_used[caller] = true;
	}
}

static int add_stack(struct firefox_stacks *stacks, size_t stack)
{
	struct profile *profile = stacks->profile;
	uint32_t index = index_in(stacks, STACK_FRAME, stack), node = PROFILE_ROOT;
	bool is_good;
	uint32_t caller = caller_of(stacks, stack, &is_good);
	int error = 0;

	if (caller != PROFILE_NONE)
		node = stacks->nodes[caller];
	if (!is_good || node == PROFILE_NONE || index >= stacks->columns[FRAME_FUNC].count)
		return 0;
	if (stacks->frames[index] == PROFILE_NONE)
		error = make_frame(stacks, index, &stacks->frames[index]);
	return error ? error
		     : profile_add_child(profile, node, stacks->frames[index],
					 &stacks->nodes[stack]);
}

int firefox_stacks_add(struct firefox_stacks *stacks)
{
	int error = 0;

	mark_callers(stacks);
	for (size_t i = 0; i < stacks->columns[STACK_FRAME].count && !error; i++)
		if (stacks->is_used[i])
			error = add_stack(stacks, i);
	return error;
}

void firefox_stacks_release(struct firefox_stacks *stacks)
{
	free(stacks->frames);
	free(stacks->nodes);
	free(stacks->is_used);
	stacks->frames = stacks->nodes = NULL;
	stacks->is_used = NULL;
}

/* Room for the nodes of its stacks. */
int firefox_stacks_reserve(struct firefox_stacks *stacks)
{
	size_t frames = (stacks->columns[FRAME_FUNC].count + 1) * sizeof(*stacks->frames);
	size_t nodes = (stacks->columns[STACK_FRAME].count + 1) * sizeof(*stacks->nodes);

	stacks->frames = malloc(frames);
	stacks->nodes = malloc(nodes);
	stacks->is_used = calloc(stacks->columns[STACK_FRAME].count + 1, sizeof(*stacks->is_used));
	if (!stacks->frames || !stacks->nodes || !stacks->is_used)
		return -ENOMEM;
	memset(stacks->frames, 0xff, frames); /* every one PROFILE_NONE */
	memset(stacks->nodes, 0xff, nodes);
	return 0;
}
