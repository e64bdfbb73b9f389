/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three passes over the nodes, whose parents always come before them. Downwards: what a node's stack has met so far, which only grows
 * (states). Upwards: which nodes a stack that is kept needs. Downwards again: the new tree.
 */
#include "model/shape.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/frame_copy.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "model/regexp.h"
#include "model/samples.h"
#include "model/shaping.h"
#include "model/top_frames.h"
#include "model/value_choice.h"
#include "model/value_move.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

/* A state is the traits of the frames down to a node, and this: the node is in the new tree. */
#define STATE_NEEDED (1 << 15)

#define FOCUS_BITS (((SHAPING_FOCUS << SHAPING_FOCUS_MAX) - 1) & ~(SHAPING_FOCUS - 1))
#define PROCESS_BITS \
	(FOCUS_BITS | SHAPING_IGNORE | SHAPING_BASE) /* traits that a process can have */

struct shape {
	const struct profile *from;
	const struct shaping *shaping;
	struct frame_copy copy; /* into the new profile */
	uint32_t *sources;      /* per frame of the new profile one that it is a copy of */
	uint16_t *traits;       /* per frame of the source */
	uint16_t *states;       /* per node of the source */
	uint32_t *nodes;        /* per node of the source: where its stack ends in the new tree */
	uint64_t found, passed_over;
};

/* --- which frames are meant --- */

/* What patterns look at, of one frame after the other. */
struct match_text {
	struct buffer name;
	struct buffer path; /* "MODULE/NAME"; empty where there is no module */
};

static void append_cut(struct buffer *to, const struct profile *profile, uint32_t string)
{
	size_t size;
	const char *bytes = profile_string(profile, string, &size);

	buffer_append(to, bytes, size < SHAPING_NAME_MAX ? size : SHAPING_NAME_MAX);
}

static int match_text_set(struct match_text *text, const struct profile *profile,
			  const struct frame *frame)
{
	buffer_clear(&text->name);
	buffer_clear(&text->path);
	append_cut(&text->name, profile, frame->name);
	if (frame->module != PROFILE_NONE) {
		append_cut(&text->path, profile, frame->module);
		buffer_append_char(&text->path, '/');
		buffer_append(&text->path, text->name.data, text->name.size);
	}
	return buffer_string(&text->name) && buffer_string(&text->path) ? 0 : -ENOMEM;
}

static int match_pattern(const struct shaping_pattern *pattern, struct match_text *text,
			 bool *ret_matches)
{
	int error;

	if (pattern->trait == SHAPING_BASE) {
		*ret_matches = !strcmp(pattern->text, text->name.data ? text->name.data : "");
		return 0;
	}
	error = regexp_matches(&pattern->regexp, buffer_string(&text->name), ret_matches);
	if (!error && !*ret_matches && text->path.size && strchr(pattern->text, '/'))
		error = regexp_matches(&pattern->regexp, buffer_string(&text->path), ret_matches);
	return error;
}

static uint16_t possible_traits(const struct frame *frame)
{
	if (frame->kind == FRAME_MARKER)
		return 0;
	return frame->kind == FRAME_PROCESS ? PROCESS_BITS : UINT16_MAX;
}

static int match_frame(struct shape *shape, uint32_t frame, struct match_text *text)
{
	const struct shaping *shaping = shape->shaping;
	const struct frame *entry = profile_frame(shape->from, frame);
	uint16_t possible = possible_traits(entry);
	int error = match_text_set(text, shape->from, entry);
	bool matches;

	for (size_t i = 0; !error && i < shaping->pattern_count; i++) {
		const struct shaping_pattern *pattern = &shaping->patterns[i];

		if (!possible)
			break;
		error = match_pattern(pattern, text, &matches);
		if (error || !matches)
			continue;
		if (!(pattern->trait & possible)) {
			shape->passed_over |= UINT64_C(1) << i;
			continue;
		}
		shape->traits[frame] |= pattern->trait;
		shape->found |= UINT64_C(1) << i;
	}
	if ((entry->kind == FRAME_KERNEL && shaping->no_kernel) ||
	    (entry->kind == FRAME_INLINED && shaping->no_inlines))
		shape->traits[frame] |= SHAPING_HIDE;
	return error;
}

static int match_frames(struct shape *shape)
{
	uint32_t count = profile_frame_count(shape->from);
	struct match_text text = { 0 };
	int error = 0;

	for (uint32_t i = 0; !error && i < count; i++)
		error = match_frame(shape, i, &text);
	buffer_release(&text.name);
	buffer_release(&text.path);
	return error;
}

/* --- which nodes are needed --- */

/* Is a stack that ends in a node of this state kept? */
static bool is_kept(const struct shape *shape, uint16_t state)
{
	uint16_t wanted = shape->shaping->asked & (FOCUS_BITS | SHAPING_FROM);

	return (state & wanted) == wanted && !(state & SHAPING_IGNORE);
}

/* Is it the outermost function that --base means? Then nothing of its callers is needed for it. */
static bool is_base_start(const struct shape *shape, uint32_t node)
{
	const struct stack_node *entry = profile_node(shape->from, node);

	return shape->traits[entry->frame] & SHAPING_BASE &&
	       !(shape->states[entry->parent] & SHAPING_BASE);
}

static void need_if_kept(struct shape *shape, uint32_t node)
{
	if (is_kept(shape, shape->states[node]))
		shape->states[node] |= STATE_NEEDED;
}

static size_t sample_count(const struct profile *profile)
{
	const struct samples *samples = profile_samples(profile);

	return samples ? samples_count(samples) : 0;
}

static void set_states(struct shape *shape)
{
	uint32_t count = profile_node_count(shape->from);

	for (uint32_t i = 0; i < count; i++) {
		const struct stack_node *node = profile_node(shape->from, i);
		uint16_t state = 0;

		if (i)
			state = (shape->states[node->parent] & ~STATE_NEEDED) |
				(shape->traits[node->frame] & ~SHAPING_HIDE);
		shape->states[i] = state;
		if (node->self)
			need_if_kept(shape, i);
	}
	/* Of a node's samples the first values may be 0, but not the others. */
	for (size_t i = 0; i < sample_count(shape->from); i++)
		need_if_kept(shape, samples_get(profile_samples(shape->from), i).node);
	for (uint32_t i = count - 1; i > 0; i--)
		if (!is_base_start(shape, i))
			shape->states[profile_node(shape->from, i)->parent] |=
				shape->states[i] & STATE_NEEDED;
}

/* --- the new tree --- */

/* Where a stack starts whose callers are cut off and with them its process: behind the marker of its fate, if it has one. */
static int find_base_start(struct shape *shape, uint32_t node, uint32_t *ret_node)
{
	uint32_t frame;
	int error;

	*ret_node = PROFILE_ROOT;
	for (uint32_t at = node; at != PROFILE_ROOT; at = profile_node(shape->from, at)->parent) {
		frame = profile_node(shape->from, at)->frame;
		if (profile_frame(shape->from, frame)->kind != FRAME_MARKER)
			continue;
		error = frame_copy_add(&shape->copy, frame, &frame);
		return error ? error
			     : profile_add_child(shape->copy.to, PROFILE_ROOT, frame, ret_node);
	}
	return 0;
}

/* Does the frame become a part of its caller? `state` is its node's. */
static bool is_taken_out(const struct shape *shape, const struct stack_node *node, uint16_t state)
{
	enum frame_kind kind = profile_frame(shape->from, node->frame)->kind;

	if (kind == FRAME_PROCESS || kind == FRAME_MARKER)
		return false;
	if (shape->shaping->asked & SHAPING_FROM && !(state & SHAPING_FROM))
		return true;
	return shape->traits[node->frame] & SHAPING_HIDE;
}

static bool is_code(const struct frame *frame)
{
	return frame->kind != FRAME_PROCESS && frame->kind != FRAME_MARKER;
}

/* Is a frame of the source the same function as its caller in the new profile, the node `at`? At whatever line: names may say these by now. */
static bool is_recursion(const struct shape *shape, uint32_t at, uint32_t frame)
{
	const struct frame *caller, *callee = profile_frame(shape->from, frame);
	uint32_t placed = profile_node(shape->copy.to, at)->frame;

	if (at == PROFILE_ROOT || !is_code(callee) ||
	    !is_code(profile_frame(shape->copy.to, placed)))
		return false;
	caller = profile_frame(shape->from, shape->sources[placed]);
	return caller->name == callee->name &&
	       (shape->shaping->strip_modules || caller->module == callee->module);
}

static int place_node(struct shape *shape, uint32_t i)
{
	const struct stack_node *node = profile_node(shape->from, i);
	uint32_t at, frame;
	int error = 0;

	if (is_base_start(shape, i))
		error = find_base_start(shape, i, &at);
	else
		at = shape->nodes[node->parent];
	if (!error && !is_taken_out(shape, node, shape->states[i]) &&
	    !(shape->shaping->collapse_recursion && is_recursion(shape, at, node->frame))) {
		error = frame_copy_add(&shape->copy, node->frame, &frame);
		if (!error)
			error = profile_add_child(shape->copy.to, at, frame, &at);
		if (!error)
			shape->sources[frame] = node->frame;
	}
	if (!error)
		shape->nodes[i] = at;
	return error;
}

static int build_tree(struct shape *shape)
{
	uint32_t count = profile_node_count(shape->from);

	shape->nodes[PROFILE_ROOT] = PROFILE_ROOT;
	for (uint32_t i = 0; i < count; i++) {
		int error = 0;

		if (!(shape->states[i] & STATE_NEEDED))
			continue;
		if (i)
			error = place_node(shape, i);
		if (error)
			return error;
	}
	for (uint32_t i = 0; i < count; i++)
		if (!(shape->states[i] & STATE_NEEDED) || !is_kept(shape, shape->states[i]))
			shape->nodes[i] = PROFILE_NONE;
	return value_move(shape->from, shape->copy.to, shape->nodes);
}

static int build(struct shape *shape)
{
	uint32_t frames = profile_frame_count(shape->from);
	uint32_t nodes = profile_node_count(shape->from);
	_cleanup_free_ uint16_t *traits = calloc((size_t)frames + 1, sizeof(*traits));
	_cleanup_free_ uint16_t *states = malloc(nodes * sizeof(*states));
	/* A frame of the new profile is a copy of one of the source. */
	_cleanup_free_ uint32_t *sources = calloc((size_t)frames + 1, sizeof(*sources));
	int error = traits && states && sources ? 0 : -ENOMEM;

	shape->sources = sources;
	shape->traits = traits;
	shape->states = states;
	if (!error)
		error = match_frames(shape);
	if (error)
		return error;
	set_states(shape);
	return build_tree(shape);
}

static enum frame_lines_way way_of(const struct shaping *shaping)
{
	if (shaping->lines)
		return FRAME_LINES_NAMED;
	return shaping->keeps_lines ? FRAME_LINES_KEPT : FRAME_LINES_MERGED;
}

static int shape_forward(const struct profile *from, const struct shaping *shaping,
			 struct shaped *ret_shaped)
{
	_cleanup_(cleanup_profile) struct profile *to = profile_new();
	_cleanup_free_ uint32_t *nodes = malloc(profile_node_count(from) * sizeof(*nodes));
	struct shape shape = { .from = from, .shaping = shaping, .nodes = nodes };
	int error = to && nodes ? frame_copy_init(&shape.copy, from, to, way_of(shaping),
						  shaping->strip_modules)
				: -ENOMEM;

	if (!error)
		error = build(&shape);
	if (!error)
		error = origin_copy_with_before(from, to);
	frame_copy_release(&shape.copy);
	if (!error)
		*ret_shaped = (struct shaped){ take_ptr(to), take_ptr(nodes), shape.found,
					       shape.passed_over };
	return error;
}

/* --- the other way round --- */

static int reverse_stack(struct frame_copy *copy, uint32_t node, uint32_t *ret_node)
{
	uint32_t at = PROFILE_ROOT, frame;
	int error = 0;

	for (uint32_t i = node; !error && i != PROFILE_ROOT;
	     i = profile_node(copy->from, i)->parent) {
		error = frame_copy_add(copy, profile_node(copy->from, i)->frame, &frame);
		if (!error)
			error = profile_add_child(copy->to, at, frame, &at);
	}
	if (!error)
		*ret_node = at;
	return error;
}

static int reverse_stacks(struct frame_copy *copy, uint32_t *nodes)
{
	uint32_t count = profile_node_count(copy->from);
	size_t samples = sample_count(copy->from);
	int error = 0;

	for (uint32_t i = 0; !error && i < count; i++) {
		nodes[i] = PROFILE_NONE;
		if (profile_node(copy->from, i)->self)
			error = reverse_stack(copy, i, &nodes[i]);
	}
	for (size_t i = 0; !error && i < samples; i++) {
		uint32_t node = samples_get(profile_samples(copy->from), i).node;

		if (nodes[node] == PROFILE_NONE)
			error = reverse_stack(copy, node, &nodes[node]);
	}
	return error ? error : value_move(copy->from, copy->to, nodes);
}

static int reverse(const struct profile *from, struct shaped *ret_shaped)
{
	_cleanup_(cleanup_profile) struct profile *to = profile_new();
	_cleanup_free_ uint32_t *nodes = malloc(profile_node_count(from) * sizeof(*nodes));
	struct frame_copy copy = { 0 };
	int error =
		to && nodes ? frame_copy_init(&copy, from, to, FRAME_LINES_KEPT, false) : -ENOMEM;

	if (!error)
		error = reverse_stacks(&copy, nodes);
	if (!error)
		error = origin_copy_with_before(from, to);
	frame_copy_release(&copy);
	if (!error)
		*ret_shaped = (struct shaped){ take_ptr(to), take_ptr(nodes), 0, 0 };
	return error;
}

/* What was shaped is reversed as well. */
static int reverse_shaped(struct shaped *shaped, uint32_t node_count)
{
	struct shaped reversed;
	int error = reverse(shaped->profile, &reversed);

	if (error)
		return error;
	for (uint32_t i = 0; i < node_count; i++)
		if (shaped->nodes[i] != PROFILE_NONE)
			shaped->nodes[i] = reversed.nodes[shaped->nodes[i]];
	free(reversed.nodes);
	profile_free(shaped->profile);
	shaped->profile = reversed.profile;
	return 0;
}

static int shape_frames(const struct profile *from, const struct shaping *shaping,
			struct shaped *ret_shaped)
{
	struct shaped shaped;
	int error = shape_forward(from, shaping, &shaped);

	if (!error && shaping->reverse) {
		error = reverse_shaped(&shaped, profile_node_count(from));
		if (error)
			shaped_release(&shaped);
	}
	if (!error)
		*ret_shaped = shaped;
	return error;
}

/* The stacks are headed and counted as is asked, before their frames are looked at: `ret_profile` is NULL where they are already. */
static int prepare(const struct profile *from, const struct shaping *shaping,
		   struct profile **ret_profile)
{
	_cleanup_(cleanup_profile) struct profile *chosen = NULL;
	uint32_t value = 0, count;
	int error = shaping->value ? value_find(from, shaping->value, &value) : 0;

	*ret_profile = NULL;
	profile_values(from, &count);
	if (!error && shaping->value && count > 1)
		error = value_choose(from, value, &chosen);
	if (!error && shaping->by)
		return top_frames_set(chosen ? chosen : from, shaping->by, ret_profile);
	if (!error)
		*ret_profile = take_ptr(chosen);
	return error;
}

int shape_profile(const struct profile *from, const struct shaping *shaping,
		  struct shaped *ret_shaped)
{
	_cleanup_(cleanup_profile) struct profile *prepared = NULL;
	struct shaping others = *shaping;
	int error = prepare(from, shaping, &prepared);

	if (error || !prepared)
		return error ? error : shape_frames(from, shaping, ret_shaped);
	others.by = others.value = NULL;
	if (!shape_is_needed(prepared, &others)) {
		*ret_shaped = (struct shaped){ .profile = take_ptr(prepared) };
		return 0;
	}
	error = shape_frames(prepared, &others, ret_shaped);
	if (!error) {
		free(ret_shaped->nodes);
		ret_shaped->nodes = NULL;
	}
	return error;
}

void shaped_release(struct shaped *shaped)
{
	profile_free(shaped->profile);
	free(shaped->nodes);
	*shaped = (struct shaped){ 0 };
}

bool shape_is_needed(const struct profile *profile, const struct shaping *shaping)
{
	return shaping_is_asked(shaping) ||
	       (!shaping->keeps_lines && frame_lines_are_known(profile));
}
