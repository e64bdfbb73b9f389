/* SPDX-License-Identifier: Apache-2.0 */
#include "model/top_frames.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/u64_map.h"
#include "model/profile.h"
#include "model/samples.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

struct heading {
	const struct profile *from;
	struct profile *to;
	const struct samples *samples;
	enum sample_label label;
	bool by_none;
	bool has_label;       /* a sample of which it is known was met */
	uint32_t *frames;     /* per frame of the source: its id in `to`, or PROFILE_NONE */
	uint32_t *label_sets; /* the same of label sets */
	struct u64_map nodes; /* top frame << 32 | node of the source -> node */
	struct buffer stack;  /* uint32_t: frames of the source, leaf first */
	struct buffer name;
};

/* --- copies --- */

static int copy_string(struct heading *heading, uint32_t string, uint32_t *ret_string)
{
	size_t size;
	const char *bytes;

	*ret_string = PROFILE_NONE;
	if (string == PROFILE_NONE)
		return 0;
	bytes = profile_string(heading->from, string, &size);
	return profile_intern(heading->to, bytes, size, ret_string);
}

static int copy_frame(struct heading *heading, uint32_t frame, uint32_t *ret_frame)
{
	struct frame copy = *profile_frame(heading->from, frame);
	int error = 0;

	if (heading->frames[frame] == PROFILE_NONE) {
		error = copy_string(heading, copy.name, &copy.name);
		if (!error)
			error = copy_string(heading, copy.module, &copy.module);
		if (!error)
			error = copy_string(heading, copy.file, &copy.file);
		if (!error)
			error = profile_add_frame(heading->to, copy, &heading->frames[frame]);
	}
	*ret_frame = heading->frames[frame];
	return error;
}

static int copy_labels(struct heading *heading, uint32_t labels, uint32_t *ret_labels)
{
	struct label_set set = *samples_labels(heading->samples, labels);
	int error = 0;

	*ret_labels = heading->label_sets[labels];
	if (*ret_labels != PROFILE_NONE)
		return 0;
	for (enum sample_label i = 0; i < SAMPLE_LABEL_COUNT && !error; i++)
		if (!sample_label_is_number(i))
			error = copy_string(heading, set.values[i], &set.values[i]);
	if (!error)
		error = profile_add_labels(heading->to, &set, ret_labels);
	heading->label_sets[labels] = *ret_labels;
	return error;
}

static int copy_values(struct heading *heading)
{
	struct value_type types[PROFILE_VALUES_MAX];
	uint32_t count;
	const struct value_type *from = profile_values(heading->from, &count);
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++) {
		error = copy_string(heading, from[i].name, &types[i].name);
		if (!error)
			error = copy_string(heading, from[i].unit, &types[i].unit);
	}
	return error || !count ? error : profile_set_values(heading->to, types, count);
}

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

static int add_stack(struct heading *heading, uint32_t top, uint32_t node, uint32_t *ret_node)
{
	const uint32_t *frames;
	uint32_t at = PROFILE_ROOT, frame;
	int error = take_stack(heading, node);

	if (!error)
		error = profile_add_child(heading->to, at, top, &at);
	frames = (const uint32_t *)heading->stack.data;
	for (size_t i = heading->stack.size / sizeof(*frames); i-- && !error;) {
		error = copy_frame(heading, frames[i], &frame);
		if (!error)
			error = profile_add_child(heading->to, at, frame, &at);
	}
	*ret_node = at;
	return error;
}

static int find_node(struct heading *heading, uint32_t top, uint32_t node, uint32_t *ret_node)
{
	uint64_t key = (uint64_t)top << 32 | node;
	int error;

	*ret_node = u64_map_get(&heading->nodes, key);
	if (*ret_node != U64_MAP_ABSENT)
		return 0;
	error = add_stack(heading, top, node, ret_node);
	return error ? error : u64_map_set(&heading->nodes, key, *ret_node);
}

static int add_sample(struct heading *heading, size_t index)
{
	struct sample sample = samples_get(heading->samples, index);
	uint64_t values[PROFILE_VALUES_MAX];
	uint32_t top = 0;
	int error = find_top(heading, &sample, &top);

	if (!error)
		error = find_node(heading, top, sample.node, &sample.node);
	if (!error)
		error = copy_labels(heading, sample.labels, &sample.labels);
	for (uint32_t i = 0; i < samples_value_count(heading->samples); i++)
		values[i] = samples_value(heading->samples, index, i);
	return error ? error : profile_add_sample(heading->to, &sample, values);
}

static int add_samples(struct heading *heading)
{
	int error = copy_values(heading);

	for (size_t i = 0; i < samples_count(heading->samples) && !error; i++)
		error = add_sample(heading, i);
	return !error && !heading->has_label ? -ENODATA : error;
}

/* --- all of it --- */

int top_frames_check(const char *by)
{
	enum sample_label label;

	return strcmp(by, TOP_FRAMES_NONE) ? sample_label_by_name(by, strlen(by), &label) : 0;
}

static uint32_t *new_ids(size_t count)
{
	uint32_t *ids = malloc((count + 1) * sizeof(*ids));

	if (ids)
		memset(ids, 0xff, count * sizeof(*ids)); /* every one PROFILE_NONE */
	return ids;
}

static void move_origin(struct profile *from, struct profile *to)
{
	*profile_origin(to) = *profile_origin(from);
	*profile_origin(from) = (struct profile_origin){ 0 };
}

int top_frames_set(struct profile *from, const char *by, struct profile **ret_profile)
{
	const struct samples *samples = profile_samples(from);
	_cleanup_(cleanup_profile) struct profile *to = profile_new();
	_cleanup_free_ uint32_t *frames = new_ids(profile_frame_count(from));
	_cleanup_free_ uint32_t *sets = new_ids(samples ? samples_labels_count(samples) : 0);
	struct heading heading = { from, to, samples, .frames = frames, .label_sets = sets };
	int error;

	heading.by_none = !strcmp(by, TOP_FRAMES_NONE);
	if (!heading.by_none && sample_label_by_name(by, strlen(by), &heading.label))
		return -EINVAL;
	if (!to || !frames || !sets)
		return -ENOMEM;
	u64_map_init(&heading.nodes);
	error = profile_keep_samples(to);
	if (!error && samples)
		error = add_samples(&heading);
	u64_map_release(&heading.nodes);
	buffer_release(&heading.stack);
	buffer_release(&heading.name);
	if (error)
		return error;
	move_origin(from, to);
	*ret_profile = take_ptr(to);
	return 0;
}
