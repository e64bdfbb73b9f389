/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A differential profile: of each stack how often it was met after a change, and how often before. What is drawn are the counts after it, as
 * flamegraph.pl draws them; those before are a second value.
 */
#ifndef HEARTH_MODEL_DIFFERENTIAL_H
#define HEARTH_MODEL_DIFFERENTIAL_H

#include <stdbool.h>

struct profile;

/* Its values, in this order. */
enum differential_value { DIFFERENTIAL_AFTER, DIFFERENTIAL_BEFORE, DIFFERENTIAL_VALUES };

/* Makes a profile one, before anything is counted, of counts in this unit; it keeps its samples: 0, -EINVAL or -ENOMEM. */
int differential_begin(struct profile *profile, const char *unit);

/* Are its values those? */
bool differential_is(const struct profile *profile);

/*
 * A new one of two profiles, by their first values. Samples keep their labels and, of those after, their times; those before lose them in `before` already, for they are of another time
 * than what is drawn. Where it comes from is what is known of the one after. 0, -ENOMEM, -EINVAL: the first values are not the same, or -EOVERFLOW.
 */
int differential_make(struct profile *before, const struct profile *after,
		      struct profile **ret_profile);

#endif
