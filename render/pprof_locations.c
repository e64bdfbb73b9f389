/* SPDX-License-Identifier: Apache-2.0 */
#include "render/pprof_locations.h"

#include <errno.h>
#include <stdlib.h>

/* Is it a call that was inlined into the code of its parent? */
static bool is_inlined(const struct pprof_locations *locations, const struct stack_node *node)
{
	uint8_t caller;

	if (locations->kinds[node->frame] != FRAME_INLINED || node->parent == PROFILE_ROOT)
		return false;
	caller = locations->kinds[profile_node(locations->profile, node->parent)->frame];
	return caller != FRAME_PROCESS && caller != FRAME_MARKER;
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

int pprof_locations_add(struct pprof_locations *locations, uint32_t node, uint32_t outer,
			uint32_t *ret_id, bool *ret_is_inlined)
{
	const struct stack_node *entry = profile_node(locations->profile, node);
	uint32_t *id = &locations->of_frame[entry->frame];
	int error = 0;

	*ret_is_inlined = is_inlined(locations, entry);
	if (locations->kinds[entry->frame] == FRAME_INLINED)
		return find_inlined(locations, *ret_is_inlined ? outer : 0, entry->frame, ret_id);
	if (!*id)
		error = add_entry(locations, 0, entry->frame, id);
	*ret_id = *id;
	return error;
}

int pprof_locations_init(struct pprof_locations *locations, const struct profile *profile)
{
	uint32_t count = profile_frame_count(profile);

	*locations = (struct pprof_locations){ .profile = profile };
	u64_map_init(&locations->inlined);
	locations->kinds = malloc((size_t)count + 1);
	locations->of_frame = calloc((size_t)count + 1, sizeof(*locations->of_frame));
	if (!locations->kinds || !locations->of_frame) {
		pprof_locations_release(locations);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++)
		locations->kinds[i] = (uint8_t)profile_frame(profile, i)->kind;
	return 0;
}

void pprof_locations_release(struct pprof_locations *locations)
{
	free(locations->kinds);
	free(locations->of_frame);
	locations->of_frame = NULL;
	locations->kinds = NULL;
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
