/* SPDX-License-Identifier: Apache-2.0 */
#include "render/pprof_locations.h"

#include <errno.h>
#include <stdlib.h>

#include "model/profile.h"

static const struct frame *frame_of(const struct profile *profile, uint32_t node)
{
	return profile_frame(profile, profile_node(profile, node)->frame);
}

/* Is it a call that was inlined into the code of its parent? */
static bool is_inlined(const struct profile *profile, uint32_t node)
{
	uint32_t parent = profile_node(profile, node)->parent;

	if (parent == PROFILE_ROOT || frame_of(profile, node)->kind != FRAME_INLINED)
		return false;
	return frame_of(profile, parent)->kind != FRAME_PROCESS &&
	       frame_of(profile, parent)->kind != FRAME_MARKER;
}

static int add_entry(struct pprof_locations *locations, uint32_t outer, uint32_t frame,
		     uint32_t *ret_id)
{
	struct pprof_location_entry added = { outer, frame };

	buffer_append(&locations->entries, &added, sizeof(added));
	*ret_id = (uint32_t)pprof_locations_count(locations);
	return buffer_error(&locations->entries);
}

static int find_inlined(struct pprof_locations *locations, uint32_t outer, uint32_t frame,
			uint32_t *ret_id)
{
	uint64_t key = (uint64_t)outer << 32 | frame;
	int error;

	*ret_id = u64_map_get(&locations->inlined, key);
	if (*ret_id != U64_MAP_ABSENT)
		return 0;
	error = add_entry(locations, outer, frame, ret_id);
	return error ? error : u64_map_set(&locations->inlined, key, *ret_id);
}

static int add_node(struct pprof_locations *locations, uint32_t node)
{
	const struct stack_node *entry = profile_node(locations->profile, node);
	uint32_t *id = &locations->of_frame[entry->frame];
	int error = 0;

	if (is_inlined(locations->profile, node))
		return find_inlined(locations, locations->of_node[entry->parent], entry->frame,
				    &locations->of_node[node]);
	if (!*id)
		error = add_entry(locations, 0, entry->frame, id);
	locations->of_node[node] = *id;
	return error;
}

int pprof_locations_init(struct pprof_locations *locations, const struct profile *profile)
{
	uint32_t count = profile_node_count(profile);
	int error = 0;

	*locations = (struct pprof_locations){ .profile = profile };
	u64_map_init(&locations->inlined);
	locations->of_node = calloc(count, sizeof(*locations->of_node));
	locations->of_frame =
		calloc((size_t)profile_frame_count(profile) + 1, sizeof(*locations->of_frame));
	if (!locations->of_node || !locations->of_frame)
		error = -ENOMEM;
	for (uint32_t i = PROFILE_ROOT + 1; i < count && !error; i++)
		error = add_node(locations, i);
	if (error)
		pprof_locations_release(locations);
	return error;
}

void pprof_locations_release(struct pprof_locations *locations)
{
	free(locations->of_node);
	free(locations->of_frame);
	locations->of_node = locations->of_frame = NULL;
	buffer_release(&locations->entries);
	u64_map_release(&locations->inlined);
}

size_t pprof_locations_count(const struct pprof_locations *locations)
{
	return locations->entries.size / sizeof(struct pprof_location_entry);
}

const struct pprof_location_entry *pprof_locations_get(const struct pprof_locations *locations,
						       uint32_t id)
{
	return (const struct pprof_location_entry *)locations->entries.data + id - 1;
}

uint32_t pprof_locations_caller(const struct pprof_locations *locations, uint32_t node)
{
	while (pprof_locations_get(locations, locations->of_node[node])->outer)
		node = profile_node(locations->profile, node)->parent;
	return profile_node(locations->profile, node)->parent;
}
