/* SPDX-License-Identifier: Apache-2.0 */
/* The options that say what is to be profiled (targets.h), and the command behind them, of the commands that record. */
#ifndef HEARTH_PROFILER_TARGET_OPTIONS_H
#define HEARTH_PROFILER_TARGET_OPTIONS_H

#include <stddef.h>

#include "profiler/options.h"

struct targets;

/* Their context is a struct targets; texts are the caller's words. */
extern const struct option_row target_rows[];
extern const size_t target_row_count;

/*
 * The operands: nothing, or a command behind "--" or behind the options, which is then the target unless the whole machine is. `name`: of the hearth command, for messages.
 * 0, or -EINVAL after logging. `ret_command` is left alone where there is none.
 */
int target_options_take_command(struct targets *targets, const char *name, int argc, char **argv,
				int operand, char ***ret_command);

/* What excludes each other: 0, or -EINVAL after logging. */
int target_options_check(const struct targets *targets);

#endif
