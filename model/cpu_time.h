/* SPDX-License-Identifier: Apache-2.0 */
/* Samples as the CPU time that they stand for, so that those of one rate and those of another compare. */
#ifndef HEARTH_MODEL_CPU_TIME_H
#define HEARTH_MODEL_CPU_TIME_H

#include <stdbool.h>

struct profile;

/* Does it count samples, all taken at one rate, which is known? */
bool cpu_time_is_countable(const struct profile *profile);

/* Such a profile counts nanoseconds of CPU time from now on, and has no rate. 0, -ENOMEM or -EOVERFLOW: it is to be freed then. */
int cpu_time_count(struct profile *profile);

#endif
