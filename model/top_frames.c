/* SPDX-License-Identifier: Apache-2.0 */
#include "model/top_frames.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/u64_map.h"
#include "model/frame_copy.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "model/samples.h"
#include "model/value_move.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

#define SAMPLE_LABEL(name, type, meaning) #name ", "
const char top_frames_help[] = "head the stacks by what their samples tell, where they do: "
#include "model/sample_labels.def"
			       "or " TOP_FRAMES_NONE;
#undef SAMPLE_LABEL

struct heading {
	const struct profile *from;
	struct profile *to;
	const struct samples *samples;
	enum sample_label label;
	bool by_none;
	bool has_label; /* a sample of which it is known was met */
	struct frame_copy copy;
	struct u64_map nodes; /* label set << 32 | node of the source -> node */
	struct buffer stack;  /* uint32_t: frames of the source, leaf first */
	struct buffer name;
};

/* --- the frame at the top --- */

/* The node right below the root that a stack goes through. */
static uint32_t outermost(const struct profile *profile, uint32_t node)
{
	while (node != PROFILE_ROOT && profile_node(profile, node)->parent != PROFILE_ROOT)
		node = profile_node(profile, node)->parent;
	return node;
}

/* PROFILE_NONE: it is headed by code. */
static uint32_t process_of(const struct profile *profile, uint32_t node)
{
	const struct frame *frame;

	node = outermost(profile, node);
	if (node == PROFILE_ROOT)
		return PROFILE_NONE;
	frame = profile_frame(profile, profile_node(profile, node)->frame);
	return frame->kind == FRAME_PROCESS ? frame->name : PROFILE_NONE;
}

static void append_string(struct heading *heading, uint32_t string)
{
	size_t size;
	const char *text = profile_string(heading->from, string, &size);

	buffer_append(&heading->name, text, size);
}

/* As stackcollapse-perf.pl has them: "app-12", "app-12/14". */
static void append_task(struct heading *heading, const struct label_set *set, uint32_t comm)
{
	uint32_t pid = set->values[SAMPLE_LABEL_pid];

	if (comm != PROFILE_NONE)
		append_string(heading, comm);
	buffer_append_char(&heading->name, '-');
	if (pid == PROFILE_NONE)
		buffer_append_char(&heading->name, '?');
	else
		buffer_append_u64(&heading->name, pid);
	if (heading->label == SAMPLE_LABEL_tid) {
		buffer_append_char(&heading->name, '/');
		buffer_append_u64(&heading->name, set->values[SAMPLE_LABEL_tid]);
	}
}

static void append_label(struct heading *heading, const struct label_set *set, uint32_t comm)
{
	uint32_t value = heading->label == SAMPLE_LABEL_comm ? comm : set->values[heading->label];

	if (heading->by_none) {
		buffer_append_string(&heading->name, "all");
	} else if (value == PROFILE_NONE) {
		buffer_append_string(&heading->name, "[no ");
		buffer_append_string(&heading->name, sample_label_name(heading->label));
		buffer_append_char(&heading->name, ']');
	} else if (heading->label == SAMPLE_LABEL_pid || heading->label == SAMPLE_LABEL_tid) {
		append_task(heading, set, comm);
	} else if (sample_label_is_number(heading->label)) {
		buffer_append_string(&heading->name, "cpu-");
		buffer_append_u64(&heading->name, value);
	} else {
		append_string(heading, value);
	}
	heading->has_label |= heading->by_none || value != PROFILE_NONE;
}

static int find_top(struct heading *heading, const struct sample *sample, uint32_t *ret_frame)
{
	const struct label_set *set = samples_labels(heading->samples, sample->labels);
	struct frame frame = frame_of_kind(FRAME_PROCESS);
	uint32_t comm = set->values[SAMPLE_LABEL_comm];
	int error;

	if (comm == PROFILE_NONE)
		comm = process_of(heading->from, sample->node);
	buffer_clear(&heading->name);
	append_label(heading, set, comm);
	error = buffer_error(&heading->name);
	if (!error)
		error = profile_intern(heading->to, heading->name.data, heading->name.size,
				       &frame.name);
	return error ? error : profile_add_frame(heading->to, frame, ret_frame);
}

/* --- stacks --- */

/* Without its process. */
static int take_stack(struct heading *heading, uint32_t node)
{
	buffer_clear(&heading->stack);
	for (; node != PROFILE_ROOT; node = profile_node(heading->from, node)->parent) {
		const struct stack_node *entry = profile_node(heading->from, node);

		if (entry->parent == PROFILE_ROOT &&
		    profile_frame(heading->from, entry->frame)->kind == FRAME_PROCESS)
			break;
		buffer_append(&heading->stack, &entry->frame, sizeof(entry->frame));
	}
	return buffer_error(&heading->stack);
}

static int add_stack(struct heading *heading, const struct sample *sample, uint32_t *ret_node)
{
	const uint32_t *frames;
	uint32_t at = PROFILE_ROOT, frame;
	int error = find_top(heading, sample, &frame);

	if (!error)
		error = profile_add_child(heading->to, at, frame, &at);
	if (!error)
		error = take_stack(heading, sample->node);
	frames = (const uint32_t *)heading->stack.data;
	for (size_t i = heading->stack.size / sizeof(*frames); i-- && !error;) {
		error = frame_copy_add(&heading->copy, frames[i], &frame);
		if (!error)
			error = profile_add_child(heading->to, at, frame, &at);
	}
	*ret_node = at;
	return error;
}

static int place(void *context, const struct sample *sample, uint32_t *ret_node)
{
	struct heading *heading = context;
	uint64_t key = (uint64_t)sample->labels << 32 | sample->node;
	uint32_t node = u64_map_get(&heading->nodes, key);
	int error = 0;

	if (node == U64_MAP_ABSENT) {
		error = add_stack(heading, sample, &node);
		if (!error)
			error = u64_map_set(&heading->nodes, key, node);
	}
	*ret_node = node;
	return error;
}

/* --- all of it --- */

static bool has_name(const char *by, enum sample_label *ret_label)
{
	return !strcmp(by, TOP_FRAMES_NONE) || !sample_label_by_name(by, strlen(by), ret_label);
}

int top_frames_check(const char *by, const char **ret_why)
{
	enum sample_label label;

	if (has_name(by, &label))
		return 0;
	*ret_why = "no such label; --help tells them";
	return -EINVAL;
}

static int add_samples(struct heading *heading)
{
	int error = frame_copy_init(&heading->copy, heading->from, heading->to, FRAME_LINES_KEPT,
				    false);

	if (!error)
		error = value_move_samples(heading->from, heading->to, place, heading);
	if (!error && heading->samples && !heading->has_label)
		error = -ENODATA;
	return error ? error : origin_copy(heading->from, heading->to);
}

int top_frames_set(const struct profile *from, const char *by, struct profile **ret_profile)
{
	_cleanup_(cleanup_profile) struct profile *to = profile_new();
	struct heading heading = { from, to, profile_samples(from),
				   .by_none = !strcmp(by, TOP_FRAMES_NONE) };
	int error;

	if (!has_name(by, &heading.label))
		return -EINVAL;
	if (!to)
		return -ENOMEM;
	u64_map_init(&heading.nodes);
	error = add_samples(&heading);
	frame_copy_release(&heading.copy);
	u64_map_release(&heading.nodes);
	buffer_release(&heading.stack);
	buffer_release(&heading.name);
	if (!error)
		*ret_profile = take_ptr(to);
	return error;
}
