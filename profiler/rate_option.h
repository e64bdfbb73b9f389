/* SPDX-License-Identifier: Apache-2.0 */
/* The option --rate of the commands that record. */
#ifndef HEARTH_PROFILER_RATE_OPTION_H
#define HEARTH_PROFILER_RATE_OPTION_H

#include <stdint.h>

/* As option_row.set has it. */
int rate_option_parse(const char *value, uint64_t *ret_hz, const char **ret_why);

/* Does the kernel take it? 0, or -EINVAL after logging. */
int rate_option_check(uint64_t rate_hz);

#endif
