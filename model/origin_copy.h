/* SPDX-License-Identifier: Apache-2.0 */
/* Where a profile comes from, said by one that was made of it, or of several. */
#ifndef HEARTH_MODEL_ORIGIN_COPY_H
#define HEARTH_MODEL_ORIGIN_COPY_H

#include <stdbool.h>

struct profile;

struct profile_before;

int origin_copy(const struct profile *from, struct profile *to); /* 0 or -ENOMEM */

/* The same once all is counted in `to`, of the same kind: where it holds less than `from`, its origin says how much that was (`before`). */
int origin_copy_with_before(const struct profile *from, struct profile *to);

/* All ticks of a profile and their fates, before any were taken out: 0 or -ENOMEM. */
int origin_all_ticks(const struct profile *profile, struct profile_before *ret_all);

/* Of two profiles that are added, before they are: what both say alike stays, the beginning is the earlier one, the duration that of both. 0, -ENOMEM or -EOVERFLOW. */
int origin_merge(struct profile *into, const struct profile *from);

/* Event or rate are known of both, and are not the same. */
bool origin_differs(const struct profile *a, const struct profile *b);

#endif
