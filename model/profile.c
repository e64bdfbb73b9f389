/* SPDX-License-Identifier: Apache-2.0 */
#include "model/profile.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/string_pool.h"
#include "base/u64_map.h"

struct profile {
	struct string_pool strings;
	struct frame *frames;
	uint32_t frame_count, frame_capacity;
	struct stack_node *nodes;
	uint32_t node_count, node_capacity;
	struct u64_map frame_ids; /* hash of name, module and kind -> first frame with that hash */
	uint32_t *frame_chain;    /* per frame: the next with the same hash, or PROFILE_NONE */
	struct u64_map child_ids; /* parent << 32 | frame -> node */
	uint64_t total;
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

static int profile_reserve_node(struct profile *profile)
{
	uint32_t capacity = profile->node_capacity ? profile->node_capacity * 2 : 256;
	struct stack_node *nodes;

	if (profile->node_count < profile->node_capacity)
		return 0;
	if (profile->node_capacity > UINT32_MAX / 4)
		return -ENOMEM;
	nodes = realloc(profile->nodes, capacity * sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	profile->nodes = nodes;
	profile->node_capacity = capacity;
	return 0;
}

struct profile *profile_new(void)
{
	struct profile *profile = calloc(1, sizeof(*profile));

	if (!profile)
		return NULL;
	string_pool_init(&profile->strings);
	u64_map_init(&profile->frame_ids);
	u64_map_init(&profile->child_ids);
	if (profile_reserve_node(profile)) {
		profile_free(profile);
		return NULL;
	}
	profile->nodes[profile->node_count++] = (struct stack_node){
		.parent = PROFILE_NONE,
		.frame = PROFILE_NONE,
		.first_child = PROFILE_NONE,
		.last_child = PROFILE_NONE,
		.next_sibling = PROFILE_NONE,
	};
	return profile;
}

void profile_free(struct profile *profile)
{
	if (!profile)
		return;
	string_pool_release(&profile->strings);
	u64_map_release(&profile->frame_ids);
	u64_map_release(&profile->child_ids);
	free(profile->frames);
	free(profile->frame_chain);
	free(profile->nodes);
	free(profile->origin.command);
	free(profile->origin.machine);
	free(profile->origin.event);
	free(profile);
}

int profile_intern(struct profile *profile, const char *bytes, size_t size, uint32_t *ret_string)
{
	return string_pool_add(&profile->strings, bytes, size, ret_string);
}

const char *profile_string(const struct profile *profile, uint32_t string, size_t *ret_size)
{
	return string_pool_get(&profile->strings, string, ret_size);
}

static int profile_reserve_frame(struct profile *profile)
{
	uint32_t capacity = profile->frame_capacity ? profile->frame_capacity * 2 : 256;
	struct frame *frames;
	uint32_t *chain;

	if (profile->frame_count < profile->frame_capacity)
		return 0;
	if (profile->frame_capacity > UINT32_MAX / 4)
		return -ENOMEM;
	frames = realloc(profile->frames, capacity * sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	profile->frames = frames;
	chain = realloc(profile->frame_chain, capacity * sizeof(*chain));
	if (!chain)
		return -ENOMEM;
	profile->frame_chain = chain;
	profile->frame_capacity = capacity;
	return 0;
}

int profile_add_frame(struct profile *profile, struct frame frame, uint32_t *ret_frame)
{
	uint64_t key = hash_u64((uint64_t)frame.name << 32 | frame.module) ^ (uint64_t)frame.kind;
	uint32_t first = u64_map_get(&profile->frame_ids, key);
	uint32_t id = profile->frame_count;

	for (uint32_t i = first; i != PROFILE_NONE; i = profile->frame_chain[i]) {
		const struct frame *known = &profile->frames[i];

		if (known->name == frame.name && known->module == frame.module &&
		    known->kind == frame.kind) {
			*ret_frame = i;
			return 0;
		}
	}
	if (profile_reserve_frame(profile) || u64_map_set(&profile->frame_ids, key, id))
		return -ENOMEM;
	profile->frames[id] = frame;
	profile->frame_chain[id] = first;
	profile->frame_count++;
	*ret_frame = id;
	return 0;
}

int profile_add_named(struct profile *profile, const char *name, const char *module,
		      enum frame_kind kind, uint32_t *ret_frame)
{
	struct frame frame = { .module = PROFILE_NONE, .kind = kind };
	int err = profile_intern(profile, name, strlen(name), &frame.name);

	if (!err && module)
		err = profile_intern(profile, module, strlen(module), &frame.module);
	return err ? err : profile_add_frame(profile, frame, ret_frame);
}

const struct frame *profile_frame(const struct profile *profile, uint32_t frame)
{
	return &profile->frames[frame];
}

uint32_t profile_frame_count(const struct profile *profile)
{
	return profile->frame_count;
}

static void profile_link_child(struct profile *profile, uint32_t parent, uint32_t child)
{
	struct stack_node *node = &profile->nodes[parent];

	if (node->last_child == PROFILE_NONE)
		node->first_child = child;
	else
		profile->nodes[node->last_child].next_sibling = child;
	node->last_child = child;
}

int profile_add_child(struct profile *profile, uint32_t parent, uint32_t frame, uint32_t *ret_node)
{
	uint64_t key = (uint64_t)parent << 32 | frame;
	uint32_t node = u64_map_get(&profile->child_ids, key);

	if (node == U64_MAP_ABSENT) {
		node = profile->node_count;
		if (profile_reserve_node(profile) || u64_map_set(&profile->child_ids, key, node))
			return -ENOMEM;
		profile->nodes[node] = (struct stack_node){
			.parent = parent,
			.frame = frame,
			.first_child = PROFILE_NONE,
			.last_child = PROFILE_NONE,
			.next_sibling = PROFILE_NONE,
		};
		profile->node_count++;
		profile_link_child(profile, parent, node);
	}
	*ret_node = node;
	return 0;
}

const struct stack_node *profile_node(const struct profile *profile, uint32_t node)
{
	return &profile->nodes[node];
}

uint32_t profile_node_count(const struct profile *profile)
{
	return profile->node_count;
}

int profile_add_ticks(struct profile *profile, uint32_t node, uint64_t ticks)
{
	if (ticks > (uint64_t)INT64_MAX - profile->total)
		return -EOVERFLOW;
	profile->nodes[node].self += ticks;
	profile->total += ticks;
	return 0;
}

uint64_t profile_total(const struct profile *profile)
{
	return profile->total;
}

struct profile_origin *profile_origin(struct profile *profile)
{
	return &profile->origin;
}

const struct profile_origin *profile_origin_of(const struct profile *profile)
{
	return &profile->origin;
}
