/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The locations of a pprof profile: a frame that is called, with those that are inlined into it. So a stack has one for each of its frames that
 * is not inlined into another one. Private to render/pprof_*.c.
 */
#ifndef HEARTH_RENDER_PPROF_LOCATIONS_H
#define HEARTH_RENDER_PPROF_LOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/u64_map.h"
#include "model/profile.h"

/* IDs count from 1. */
struct pprof_location_entry {
	uint32_t outer; /* the location that its innermost frame is inlined into; 0: none */
	uint32_t frame; /* the innermost one */
};

/* Those that stacks asked for, in that order. */
struct pprof_locations {
	const struct profile *profile;
	struct buffer entries; /* struct pprof_location_entry, by ID - 1 */
	uint8_t *kinds;        /* per frame: enum frame_kind */
	uint32_t *
		of_frame; /* the ID of a frame that is inlined into none; 0: none yet, or it may be inlined */
	struct u64_map
		inlined; /* outer << 32 | frame -> ID, of frames that may be inlined; outer 0: into none */
};

/* 0 or -ENOMEM. */
int pprof_locations_init(struct pprof_locations *locations, const struct profile *profile);
void pprof_locations_release(struct pprof_locations *locations);

size_t pprof_locations_count(const struct pprof_locations *locations);
const struct pprof_location_entry *pprof_locations_get(const struct pprof_locations *locations,
						       uint32_t id);

/* Where it is not known yet, or may be inlined; serves the next one. */
int pprof_locations_add(struct pprof_locations *locations, uint32_t node, uint32_t outer,
			uint32_t *ret_id, bool *ret_is_inlined);

/* The location of a node, whose parent's is `outer`, and whether its frame is inlined into that one: 0 or -ENOMEM. */
static inline int pprof_locations_find(struct pprof_locations *locations, uint32_t node,
				       uint32_t outer, uint32_t *ret_id, bool *ret_is_inlined)
{
	uint32_t frame = profile_nodes(locations->profile)[node].frame;

	if (!locations->of_frame[frame])
		return pprof_locations_add(locations, node, outer, ret_id, ret_is_inlined);
	*ret_id = locations->of_frame[frame];
	*ret_is_inlined = false;
	return 0;
}

#endif
