/* SPDX-License-Identifier: Apache-2.0 */
/* --max-cpu and --max-memory, of commands that record without end. Their context is a struct budget_limits. */
#ifndef HEARTH_PROFILER_BUDGET_OPTIONS_H
#define HEARTH_PROFILER_BUDGET_OPTIONS_H

#include <stddef.h>

#include "profiler/options.h"

extern const struct option_row budget_rows[];
extern const size_t budget_row_count;

#endif
