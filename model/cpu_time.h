/* SPDX-License-Identifier: Apache-2.0 */
/* Samples as the CPU time that they stand for, so that those of one rate and those of another compare. */
#ifndef HEARTH_MODEL_CPU_TIME_H
#define HEARTH_MODEL_CPU_TIME_H

struct profile;

/*
 * Two profiles that are to be compared, and were not taken at one rate: those of them that count samples count nanoseconds of CPU time from now on, where their rate is known. 0, -ENOMEM or -EOVERFLOW: both are
 * to be freed then.
 */
int cpu_time_settle(struct profile *one, struct profile *other);

#endif
