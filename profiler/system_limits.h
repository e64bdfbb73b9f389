/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that the system keeps in files of one number each. */
#ifndef HEARTH_PROFILER_SYSTEM_LIMITS_H
#define HEARTH_PROFILER_SYSTEM_LIMITS_H

#include <stdint.h>

/* 0, or -errno (-EINVAL: not a number); the value is untouched then. */
int system_limit_read(const char *path, uint64_t *ret_value);

#endif
