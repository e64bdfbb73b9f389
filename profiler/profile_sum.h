/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs that are added up, one after the other as they are read (profile_merge.h), and what is to be said of those that are not alike: in values, in what a sample
 * stands for, in the clocks of their times.
 */
#ifndef HEARTH_PROFILER_PROFILE_SUM_H
#define HEARTH_PROFILER_PROFILE_SUM_H

#include <stdbool.h>

struct output;
struct profile;
struct profile_format;

struct profile_sum {
	const struct output
		*output;         /* what it is for: of what that has no place for nothing is said */
	struct profile *profile; /* NULL: there is none yet */
	const struct profile_format *timed; /* of the last one with times */
	bool has_no_clock; /* there were times that cannot be compared: none are kept */
};

void profile_sum_release(struct profile_sum *sum);

/*
 * Adds one, which is called so and was read in this format; it becomes the sum's, or is not there any more, whatever happens. 0, or -errno
 * after logging.
 */
int profile_sum_add(struct profile_sum *sum, struct profile *profile, const char *name,
		    const struct profile_format *format);

#endif
