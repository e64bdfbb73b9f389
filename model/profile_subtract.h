/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile less another one, stack by stack: what `go tool pprof -base` makes of two cumulative profiles, the later one less the earlier one. Counts of a stack are taken first from its samples that have the
 * same labels, and what these lack from its others, in their order, whatever their times. No count becomes less than 0: what could not be taken is told.
 *
 * Values are the same if name and unit are; of a value that only one of the two has nothing is taken.
 */
#ifndef HEARTH_MODEL_PROFILE_SUBTRACT_H
#define HEARTH_MODEL_PROFILE_SUBTRACT_H

#include <stdint.h>

struct profile;

struct subtracted {
	uint32_t lacking;     /* bit i: what was taken away has no value i of the profile */
	uint64_t stacks;      /* of which more was to be taken than there was, of any value */
	uint64_t missing[32]; /* per value of the profile how much that was; 2^64 - 1 at most */
};

/*
 * `ret_left` is a new profile of the stacks that are left, whose origin is that of `from` and says how much there was (`before`). `from` is used up, and is to be freed, whatever
 * happens. Linear in the nodes and samples of both. 0, -ENOMEM, or -EINVAL: the first values are not the same.
 */
int profile_subtract(struct profile *from, const struct profile *other, struct profile **ret_left,
		     struct subtracted *ret_subtracted);

#endif
