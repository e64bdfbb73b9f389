/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `hearth render` makes of several inputs, and `hearth query` of two spans. Each is on a side, and those of one side are added up: what is rendered, what it is compared with (--before), what is taken
 * away from it (--subtract).
 */
#ifndef HEARTH_PROFILER_PROFILE_SIDES_H
#define HEARTH_PROFILER_PROFILE_SIDES_H

#include <stdbool.h>

#include "profiler/profile_sum.h"

enum profile_side { SIDE_RENDERED, SIDE_BEFORE, SIDE_SUBTRACTED, SIDE_COUNT };

struct profile_sides {
	struct profile_sum sums[SIDE_COUNT];
	const char *names[SIDE_COUNT]; /* the options that put something there, for messages */
	bool is_normalized;            /* what was before is scaled to as much as there is after */
};

void profile_sides_init(struct profile_sides *sides, const struct output *output,
			bool is_normalized);
void profile_sides_release(struct profile_sides *sides);

/* Once all are read: what there is of all sides becomes one, the profile of SIDE_RENDERED. 0, or -errno after logging. */
int profile_sides_join(struct profile_sides *sides);

#endif
