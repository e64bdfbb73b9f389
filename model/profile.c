/* SPDX-License-Identifier: Apache-2.0 */
#include "model/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/record_pool.h"
#include "base/string_pool.h"
#include "model/samples.h"
#include "model/stack_tree.h"

struct profile {
	struct string_pool strings;
	struct record_pool frames; /* struct frame, all of it the key */
	struct record_pool places; /* struct frame_place, the same */
	struct stack_tree tree;
	uint64_t total;
	bool keeps_samples;
	struct samples *samples; /* NULL: none yet */
	struct value_type values[PROFILE_VALUES_MAX];
	uint32_t value_count;
	struct profile_origin origin;
};

static const struct {
	const char *name, *suffix;
} frame_kinds[] = {
#define FRAME_KIND(constant, name, suffix, meaning) [constant] = { name, suffix },
#include "model/frame_kind.def"
#undef FRAME_KIND
};

const char *frame_kind_name(enum frame_kind kind)
{
	return frame_kinds[kind].name;
}

const char *frame_kind_suffix(enum frame_kind kind)
{
	return frame_kinds[kind].suffix;
}

struct profile *profile_new(void)
{
	struct profile *profile = calloc(1, sizeof(*profile));

	if (!profile)
		return NULL;
	string_pool_init(&profile->strings);
	record_pool_init(&profile->frames, sizeof(struct frame), sizeof(struct frame));
	record_pool_init(&profile->places, sizeof(struct frame_place), sizeof(struct frame_place));
	if (stack_tree_init(&profile->tree)) {
		profile_free(profile);
		return NULL;
	}
	return profile;
}

void profile_free(struct profile *profile)
{
	if (!profile)
		return;
	string_pool_release(&profile->strings);
	record_pool_release(&profile->frames);
	record_pool_release(&profile->places);
	samples_free(profile->samples);
	stack_tree_release(&profile->tree);
	free(profile->origin.command);
	free(profile->origin.machine);
	free(profile->origin.event);
	free(profile);
}

void profile_swap(struct profile *a, struct profile *b)
{
	struct profile held = *a;

	*a = *b;
	*b = held;
}

int profile_intern(struct profile *profile, const char *bytes, size_t size, uint32_t *ret_string)
{
	return string_pool_add(&profile->strings, bytes, size, ret_string);
}

uint32_t profile_string_count(const struct profile *profile)
{
	return profile->strings.count;
}

const char *profile_string(const struct profile *profile, uint32_t string, size_t *ret_size)
{
	return string_pool_get(&profile->strings, string, ret_size);
}

int profile_copy_string(struct profile *profile, const struct profile *from, uint32_t *string)
{
	size_t size;
	const char *bytes;

	if (*string == PROFILE_NONE)
		return 0;
	bytes = profile_string(from, *string, &size);
	return profile_intern(profile, bytes, size, string);
}

int profile_add_frame(struct profile *profile, struct frame frame, uint32_t *ret_frame)
{
	return record_pool_add(&profile->frames, &frame, ret_frame);
}

int profile_add_placed(struct profile *profile, const char *name, const char *module,
		       enum frame_kind kind, const char *file, uint32_t line, uint32_t *ret_frame)
{
	struct frame frame = frame_of_kind(kind);
	int err = profile_intern(profile, name, strlen(name), &frame.name);

	if (!err && module)
		err = profile_intern(profile, module, strlen(module), &frame.module);
	if (!err && file)
		err = profile_intern(profile, file, strlen(file), &frame.file);
	frame.line = file ? line : 0;
	return err ? err : profile_add_frame(profile, frame, ret_frame);
}

int profile_add_named(struct profile *profile, const char *name, const char *module,
		      enum frame_kind kind, uint32_t *ret_frame)
{
	return profile_add_placed(profile, name, module, kind, NULL, 0, ret_frame);
}

static struct frame unnamed_frame(uint32_t place)
{
	struct frame frame = frame_of_kind(FRAME_UNNAMED);

	frame.name = PROFILE_NONE;
	frame.place = place;
	return frame;
}

int profile_add_place(struct profile *profile, struct frame_place place, uint32_t *ret_frame)
{
	uint32_t id;
	int error = record_pool_add(&profile->places, &place, &id);

	return error ? error : profile_add_frame(profile, unnamed_frame(id), ret_frame);
}

int profile_add_unnamed(struct profile *profile, const char *module, const char *build_id,
			uint64_t offset, uint32_t *ret_frame)
{
	struct frame_place place = { offset, PROFILE_NONE, PROFILE_NONE };
	int error = 0;

	if (module)
		error = profile_intern(profile, module, strlen(module), &place.module);
	if (!error && build_id)
		error = profile_intern(profile, build_id, strlen(build_id), &place.build_id);
	return error ? error : profile_add_place(profile, place, ret_frame);
}

/* PROFILE_NONE for NULL. */
static bool find_string(const struct profile *profile, const char *text, uint32_t *ret_string)
{
	*ret_string = PROFILE_NONE;
	return !text || string_pool_find(&profile->strings, text, strlen(text), ret_string);
}

bool profile_find_unnamed(const struct profile *profile, const char *module, const char *build_id,
			  uint64_t offset, uint32_t *ret_frame)
{
	struct frame_place place = { .offset = offset };
	struct frame frame;
	uint32_t id;

	if (!find_string(profile, module, &place.module) ||
	    !find_string(profile, build_id, &place.build_id) ||
	    !record_pool_find(&profile->places, &place, &id))
		return false;
	frame = unnamed_frame(id);
	return record_pool_find(&profile->frames, &frame, ret_frame);
}

const struct frame_place *profile_place(const struct profile *profile, uint32_t frame)
{
	return record_pool_get(&profile->places, profile_frame(profile, frame)->place);
}

const struct frame *profile_frame(const struct profile *profile, uint32_t frame)
{
	return record_pool_get(&profile->frames, frame);
}

uint32_t profile_frame_count(const struct profile *profile)
{
	return profile->frames.count;
}

/* --- stacks --- */

struct stack_tree *profile_tree(struct profile *profile)
{
	return &profile->tree;
}

void profile_settle(struct profile *profile)
{
	stack_tree_settle(&profile->tree);
}

int profile_reserve_branches(struct profile *profile, uint32_t branches)
{
	return stack_tree_reserve_branches(&profile->tree, branches);
}

int profile_add_child(struct profile *profile, uint32_t parent, uint32_t frame, uint32_t *ret_node)
{
	return stack_tree_add(&profile->tree, parent, frame, ret_node);
}

int profile_append_child(struct profile *profile, uint32_t parent, uint32_t frame,
			 uint32_t *ret_node)
{
	return stack_tree_append(&profile->tree, parent, frame, ret_node);
}

const struct stack_node *profile_node(const struct profile *profile, uint32_t node)
{
	return &profile->tree.nodes[node];
}

const struct stack_node *profile_nodes(const struct profile *profile)
{
	return profile->tree.nodes;
}

bool profile_has_walk_order(const struct profile *profile)
{
	return profile->tree.has_walk_order;
}

uint32_t profile_node_count(const struct profile *profile)
{
	return profile->tree.node_count;
}

static int count_ticks(struct profile *profile, uint32_t node, uint64_t ticks)
{
	if (ticks > (uint64_t)INT64_MAX - profile->total)
		return -EOVERFLOW;
	profile->tree.nodes[node].self += ticks;
	profile->total += ticks;
	return 0;
}

int profile_add_ticks(struct profile *profile, uint32_t node, uint64_t ticks)
{
	uint64_t values[PROFILE_VALUES_MAX] = { ticks };
	struct sample sample = { node, LABELS_UNKNOWN, SAMPLE_NO_TIME };

	if (!profile->keeps_samples)
		return count_ticks(profile, node, ticks);
	return ticks ? profile_add_sample(profile, &sample, values) : 0;
}

uint64_t profile_total(const struct profile *profile)
{
	return profile->total;
}

/* --- samples --- */

int profile_set_values(struct profile *profile, const struct value_type *types, uint32_t count)
{
	if (profile->samples || profile->total || !count || count > PROFILE_VALUES_MAX)
		return -EINVAL;
	memcpy(profile->values, types, count * sizeof(*types));
	profile->value_count = count;
	return 0;
}

int profile_extend_values(struct profile *profile, const struct value_type *types, uint32_t count)
{
	if (!count || count < profile->value_count || count > PROFILE_VALUES_MAX)
		return -EINVAL;
	if (profile->samples && samples_extend_values(profile->samples, count))
		return -ENOMEM;
	memcpy(profile->values, types, count * sizeof(*types));
	profile->value_count = count;
	return 0;
}

const struct value_type *profile_values(const struct profile *profile, uint32_t *ret_count)
{
	*ret_count = profile->value_count;
	return profile->values;
}

uint32_t profile_value_count(const struct profile *profile)
{
	return profile->value_count ? profile->value_count : 1;
}

int profile_keep_samples(struct profile *profile)
{
	if (profile->total)
		return -EINVAL;
	profile->keeps_samples = true;
	return 0;
}

bool profile_keeps_samples(const struct profile *profile)
{
	return profile->keeps_samples;
}

const struct samples *profile_samples(const struct profile *profile)
{
	return profile->samples;
}

static int begin_samples(struct profile *profile)
{
	if (!profile->samples)
		profile->samples = samples_new(profile->value_count ? profile->value_count : 1);
	return profile->samples ? 0 : -ENOMEM;
}

int profile_add_labels(struct profile *profile, const struct label_set *set, uint32_t *ret_labels)
{
	int error = begin_samples(profile);

	return error ? error : samples_add_labels(profile->samples, set, ret_labels);
}

int profile_add_sample(struct profile *profile, const struct sample *sample, const uint64_t *values)
{
	int error = profile->keeps_samples ? begin_samples(profile) : 0;

	if (!error && values[0] > (uint64_t)INT64_MAX - profile->total)
		error = -EOVERFLOW;
	if (!error && profile->keeps_samples)
		error = samples_add(profile->samples, *sample, values);
	return error ? error : count_ticks(profile, sample->node, values[0]);
}

/* From what its samples count by their first value. */
static int count_again(struct profile *profile)
{
	int error = 0;

	for (uint32_t i = 0; i < profile->tree.node_count; i++)
		profile->tree.nodes[i].self = 0;
	profile->total = 0;
	for (size_t i = 0; i < samples_count(profile->samples) && !error; i++)
		error = count_ticks(profile, samples_get(profile->samples, i).node,
				    samples_value(profile->samples, i, 0));
	return error;
}

static int change_nodes(struct profile *profile, sample_change_fn change, void *context)
{
	int error = 0;

	profile->total = 0;
	for (uint32_t i = 0; i < profile->tree.node_count && !error; i++) {
		const struct sample sample = { i, LABELS_UNKNOWN, SAMPLE_NO_TIME };
		uint64_t values[PROFILE_VALUES_MAX] = { profile->tree.nodes[i].self };

		if (!values[0])
			continue;
		change(context, &sample, values);
		profile->tree.nodes[i].self = 0;
		error = count_ticks(profile, i, values[0]);
	}
	return error;
}

int profile_change_values(struct profile *profile, sample_change_fn change, void *context)
{
	int error;

	if (!profile->samples)
		return change_nodes(profile, change, context);
	error = samples_change(profile->samples, change, context);
	return error ? error : count_again(profile);
}

void profile_forget_times(struct profile *profile)
{
	if (profile->samples)
		samples_forget_times(profile->samples);
}

struct profile_origin *profile_origin(struct profile *profile)
{
	return &profile->origin;
}

const struct profile_origin *profile_origin_of(const struct profile *profile)
{
	return &profile->origin;
}
