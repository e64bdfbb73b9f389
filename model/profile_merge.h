/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile added to another one: stacks of the same frames become one, whose counts add up. Frames are the same if all is that is known of them, so that a
 * function whose module only one of the two knows stands there twice.
 *
 * Values are the same if name and unit are. The first one, by which nodes count, has to be; of the others, what one of the two lacks is 0 of its samples. These
 * move with their labels and times if both profiles keep them. Of where they come from (profile_origin) stays what both say alike; the beginning is the
 * earlier one, the duration that of both together. Fates are known if they are of both: a tick of which nobody told its fate is not complete for that.
 *
 * A profile without any node but the root says nothing of all that, and the other one's holds. Stacks that count nothing are not added: added to nothing,
 * a profile is rid of them.
 */
#ifndef HEARTH_MODEL_PROFILE_MERGE_H
#define HEARTH_MODEL_PROFILE_MERGE_H

#include <stdbool.h>
#include <stdint.h>

struct profile;

/* What was not alike. */
struct merged {
	uint32_t lacking;   /* bit i: what was added has no value i of the whole */
	uint32_t extending; /* bit i: what was there before had none */
	bool differs; /* a sample stands for something else: event and rate are known of both, and are not the same */
};

/* May they be added: is the first value the same? */
bool profile_merge_is_possible(const struct profile *into, const struct profile *from);

/*
 * Linear in the nodes and samples of `from`, which stays as it is; besides 5 bytes for each of its nodes nothing is needed. 0, -ENOMEM, -EINVAL: the first values are not the same, -E2BIG: they have more than PROFILE_VALUES_MAX kinds of values
 * together, or -EOVERFLOW: they count more than a profile may. After an error `into` may have a part.
 */
int profile_merge(struct profile *into, const struct profile *from, struct merged *ret_merged);

/*
 * The nodes of `from` in `into`, made where they are not there, and nothing counted: `nodes` has room for each, and is PROFILE_NONE of those that count nothing themselves and
 * below. 0 or -ENOMEM.
 */
int profile_merge_nodes(struct profile *into, const struct profile *from, uint32_t *nodes);

/*
 * Adds what `from` counts by values of its own as values of `into`: `values` tells of each of these which one of `from` it is, PROFILE_NONE: none. 0, -ENOMEM or -EOVERFLOW.
 */
int profile_merge_values(struct profile *into, const struct profile *from, const uint32_t *values);

/* Per value of `into` the one of `from` of that name and unit, or PROFILE_NONE: room for PROFILE_VALUES_MAX. */
void profile_merge_map(const struct profile *into, const struct profile *from, uint32_t *values);

#endif
