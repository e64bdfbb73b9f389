/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/place_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/record_pool.h"
#include "base/string_pool.h"
#include "model/label_copy.h"
#include "model/profile.h"
#include "model/samples.h"

/* Of files that are gone names never come: the places that were met first are no more asked for, until they are met again. */
#define MAX_PENDING (PLACE_NAMES_MAX / 8)

struct place_key {
	uint64_t offset;
	uint32_t build_id, module; /* strings, or PROFILE_NONE */
};

struct known_place {
	struct place_key key;
	const struct frame_name *names; /* in the arena, as its strings are */
	uint32_t count;
	bool is_told, is_pending, is_root;
};

struct place_names {
	struct record_pool places; /* struct known_place */
	struct string_pool strings;
	struct arena arena;
	struct buffer pending; /* IDs: uint32_t */
};

static void open_pools(struct place_names *names)
{
	record_pool_init(&names->places, sizeof(struct known_place), sizeof(struct place_key));
	string_pool_init(&names->strings);
	arena_init(&names->arena);
	buffer_init(&names->pending);
}

static void release_pools(struct place_names *names)
{
	record_pool_release(&names->places);
	string_pool_release(&names->strings);
	arena_release(&names->arena);
	buffer_release(&names->pending);
}

struct place_names *place_names_new(void)
{
	struct place_names *names = calloc(1, sizeof(*names));

	if (names)
		open_pools(names);
	return names;
}

void place_names_free(struct place_names *names)
{
	if (!names)
		return;
	release_pools(names);
	free(names);
}

/* --- which lack names --- */

static int add_string(struct place_names *names, const struct profile *from, uint32_t string,
		      uint32_t *ret_string)
{
	size_t size;
	const char *bytes;

	*ret_string = PROFILE_NONE;
	if (string == PROFILE_NONE)
		return 0;
	bytes = profile_string(from, string, &size);
	return string_pool_add(&names->strings, bytes, size, ret_string);
}

static struct known_place *place_at(const struct place_names *names, uint32_t id)
{
	return record_pool_get(&names->places, id);
}

static int meet(struct place_names *names, const struct profile *window,
		const struct frame_place *place)
{
	struct place_key key = { .offset = place->offset };
	int error = add_string(names, window, place->build_id, &key.build_id);
	struct known_place *known;
	uint32_t id;

	if (!error)
		error = add_string(names, window, place->module, &key.module);
	if (!error)
		error = record_pool_add(&names->places, &key, &id);
	if (error)
		return error;
	known = place_at(names, id);
	if (known->is_told || known->is_pending)
		return 0;
	known->is_pending = true;
	buffer_append(&names->pending, &id, sizeof(id));
	return buffer_error(&names->pending);
}

int place_names_meet(struct place_names *names, const struct profile *window)
{
	int error = 0;

	if (names->places.count >= PLACE_NAMES_MAX) {
		release_pools(names);
		open_pools(names);
	}
	for (uint32_t i = 0; i < profile_frame_count(window) && !error; i++)
		if (profile_frame(window, i)->kind == FRAME_UNNAMED)
			error = meet(names, window, profile_place(window, i));
	return error;
}

bool place_names_lack(const struct place_names *names)
{
	return names->pending.size;
}

/* Takes those off the list that were told, and the first ones if it is too long. */
static void tidy_pending(struct place_names *names)
{
	uint32_t *ids = (uint32_t *)names->pending.data;
	size_t count = names->pending.size / sizeof(*ids), kept = 0;
	size_t first = count > MAX_PENDING ? count - MAX_PENDING : 0;

	for (size_t i = 0; i < count; i++) {
		struct known_place *known = place_at(names, ids[i]);

		if (known->is_told || i < first)
			known->is_pending = false;
		else
			ids[kept++] = ids[i];
	}
	names->pending.size = kept * sizeof(*ids);
}

static const char *string_of(const struct place_names *names, uint32_t string)
{
	return string == PROFILE_NONE ? NULL : string_pool_get(&names->strings, string, NULL);
}

static int each_unnamed(void *context, frame_address_fn take, void *take_context)
{
	struct place_names *names = context;
	const uint32_t *ids;
	int result = 0;

	tidy_pending(names);
	ids = (const uint32_t *)names->pending.data;
	for (size_t i = 0; i < names->pending.size / sizeof(*ids) && !result; i++) {
		const struct known_place *known = place_at(names, ids[i]);
		const struct frame_address address = {
			.module = string_of(names, known->key.module),
			.build_id = string_of(names, known->key.build_id),
			.offset = known->key.offset,
		};

		result = take(take_context, &address);
	}
	return result;
}

/* --- names --- */

static const char *keep_string(struct place_names *names, const char *string)
{
	return string ? arena_string(&names->arena, string, strlen(string)) : NULL;
}

static int keep_chain(struct place_names *names, const struct address_names *told,
		      struct known_place *known)
{
	struct frame_name *chain = arena_alloc(&names->arena, told->count * sizeof(*chain) + 1);

	if (!chain)
		return -ENOMEM;
	for (size_t i = 0; i < told->count; i++) {
		const struct frame_name *name = &told->names[i];

		chain[i] = (struct frame_name){ keep_string(names, name->function),
						keep_string(names, name->file), name->line };
		if (!chain[i].function || (name->file && !chain[i].file))
			return -ENOMEM;
	}
	known->names = chain;
	known->count = (uint32_t)told->count;
	known->is_root = told->is_root;
	known->is_told = true;
	return 0;
}

static bool find_string(const struct place_names *names, const char *string, uint32_t *ret_string)
{
	*ret_string = PROFILE_NONE;
	return !string || string_pool_find(&names->strings, string, strlen(string), ret_string);
}

static bool find_place(const struct place_names *names, const struct frame_address *address,
		       uint32_t *ret_id)
{
	struct place_key key = { .offset = address->offset };

	return find_string(names, address->build_id, &key.build_id) &&
	       find_string(names, address->module, &key.module) &&
	       record_pool_find(&names->places, &key, ret_id);
}

static int add_names(void *context, const struct address_names *told, size_t count)
{
	struct place_names *names = context;
	int error = 0;
	uint32_t id;

	for (size_t i = 0; i < count && !error; i++)
		if (find_place(names, &told[i].address, &id))
			error = keep_chain(names, &told[i], place_at(names, id));
	return error;
}

struct window_shelf place_names_shelf(struct place_names *names)
{
	return (struct window_shelf){
		.each_unnamed = each_unnamed,
		.add_names = add_names,
		.context = names,
	};
}

/* --- profiles with names --- */

/* Of a frame of the source: what stands for it. */
struct named_frame_of {
	uint32_t frame;               /* the outermost one, PROFILE_NONE: not made yet */
	const struct known_place *of; /* whose inlined calls follow, NULL: none does */
};

struct naming_copy {
	const struct place_names *names;
	const struct profile *from;
	struct profile *to;
	struct named_frame_of *frames;
	uint32_t *nodes,
		*proven; /* per node of the source; where what is below hangs, if a root is proven */
};

static void naming_copy_release(struct naming_copy *copy)
{
	free(copy->frames);
	free(copy->nodes);
	free(copy->proven);
}

static const char *string_at(const struct profile *from, uint32_t string)
{
	return string == PROFILE_NONE ? NULL : profile_string(from, string, NULL);
}

/* What is not told yet says where it lies, so that it is told from its neighbours. */
static int add_nameless(struct naming_copy *copy, const struct frame_place *place, bool is_told,
			uint32_t *ret_frame)
{
	const char *module = string_at(copy->from, place->module);
	char name[320];

	if (!module)
		snprintf(name, sizeof(name), "[unknown]");
	else if (is_told)
		snprintf(name, sizeof(name), "[%s]", module);
	else
		snprintf(name, sizeof(name), "%s+0x%" PRIx64, module, place->offset);
	return profile_add_named(copy->to, name, module, FRAME_UNKNOWN, ret_frame);
}

static const struct known_place *find_known(const struct naming_copy *copy,
					    const struct frame_place *place)
{
	const struct frame_address address = {
		.module = string_at(copy->from, place->module),
		.build_id = string_at(copy->from, place->build_id),
		.offset = place->offset,
	};
	uint32_t id;

	return find_place(copy->names, &address, &id) ? place_at(copy->names, id) : NULL;
}

static int add_place(struct naming_copy *copy, uint32_t frame, struct named_frame_of *made)
{
	const struct frame_place *place = profile_place(copy->from, frame);
	const struct known_place *known = find_known(copy, place);

	if (!known || !known->count)
		return add_nameless(copy, place, known && known->is_told, &made->frame);
	made->of = known;
	return profile_add_placed(copy->to, known->names[0].function,
				  string_at(copy->from, place->module), FRAME_NATIVE,
				  known->names[0].file, known->names[0].line, &made->frame);
}

static int add_other(struct naming_copy *copy, struct frame frame, uint32_t *ret_frame)
{
	int error = profile_copy_string(copy->to, copy->from, &frame.name);

	if (frame.kind == FRAME_UNLESS_ROOT)
		frame.kind = FRAME_MARKER;
	if (!error)
		error = profile_copy_string(copy->to, copy->from, &frame.module);
	if (!error)
		error = profile_copy_string(copy->to, copy->from, &frame.file);
	return error ? error : profile_add_frame(copy->to, frame, ret_frame);
}

static int make_frame(struct naming_copy *copy, uint32_t frame)
{
	struct named_frame_of *made = &copy->frames[frame];

	if (made->frame != PROFILE_NONE)
		return 0;
	if (profile_frame(copy->from, frame)->kind == FRAME_UNNAMED)
		return add_place(copy, frame, made);
	return add_other(copy, *profile_frame(copy->from, frame), &made->frame);
}

static int add_inlined(struct naming_copy *copy, const struct named_frame_of *made,
		       const char *module, uint32_t *node)
{
	int error = 0;

	for (uint32_t i = 1; made->of && i < made->of->count && !error; i++) {
		const struct frame_name *name = &made->of->names[i];
		uint32_t frame;

		error = profile_add_placed(copy->to, name->function, module, FRAME_INLINED,
					   name->file, name->line, &frame);
		if (!error)
			error = profile_add_child(copy->to, *node, frame, node);
	}
	return error;
}

static const char *module_of(const struct naming_copy *copy, uint32_t frame)
{
	if (profile_frame(copy->from, frame)->kind != FRAME_UNNAMED)
		return NULL;
	return string_at(copy->from, profile_place(copy->from, frame)->module);
}

static int copy_node(struct naming_copy *copy, uint32_t id)
{
	const struct stack_node *node = profile_node(copy->from, id);
	const struct named_frame_of *made = &copy->frames[node->frame];
	int error = make_frame(copy, node->frame);
	bool is_root = made->of && made->of->is_root;
	uint32_t parent = is_root ? copy->proven[node->parent] : copy->nodes[node->parent];

	if (error)
		return error;
	error = profile_add_child(copy->to, parent, made->frame, &copy->nodes[id]);
	if (!error)
		error = add_inlined(copy, made, module_of(copy, node->frame), &copy->nodes[id]);
	copy->proven[id] = profile_frame(copy->from, node->frame)->kind == FRAME_UNLESS_ROOT
				   ? parent
				   : copy->nodes[id];
	return error;
}

static int copy_samples(const struct naming_copy *copy)
{
	const struct samples *samples = profile_samples(copy->from);
	_cleanup_free_ uint32_t *labels = NULL;
	size_t count = samples ? samples_count(samples) : 0;
	int error = count ? label_copy(copy->from, copy->to, &labels) : 0;

	for (size_t i = 0; i < count && !error; i++) {
		struct sample sample = samples_get(samples, i);
		uint64_t value = samples_value(samples, i, 0);

		sample.node = copy->nodes[sample.node];
		sample.labels = labels[sample.labels];
		sample.time_ns = SAMPLE_NO_TIME;
		error = profile_add_sample(copy->to, &sample, &value);
	}
	return error;
}

int place_names_add_profile(const struct place_names *names, const struct profile *from,
			    struct profile *to)
{
	uint32_t frames = profile_frame_count(from), nodes = profile_node_count(from);
	_cleanup_(naming_copy_release) struct naming_copy copy = {
		.names = names,
		.from = from,
		.to = to,
		.frames = calloc(frames + 1, sizeof(*copy.frames)),
		.nodes = calloc(nodes + 1, sizeof(*copy.nodes)),
		.proven = calloc(nodes + 1, sizeof(*copy.proven)),
	};
	int error = copy.frames && copy.nodes && copy.proven ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < frames && !error; i++)
		copy.frames[i].frame = PROFILE_NONE;
	for (uint32_t i = 1; i < nodes && !error; i++)
		error = copy_node(&copy, i);
	return error ? error : copy_samples(&copy);
}
