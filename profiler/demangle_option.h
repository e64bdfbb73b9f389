/* SPDX-License-Identifier: Apache-2.0 */
/* --demangle MODE, of all commands that name functions. */
#ifndef HEARTH_PROFILER_DEMANGLE_OPTION_H
#define HEARTH_PROFILER_DEMANGLE_OPTION_H

#include "symbolize/demangle.h"

#define DEMANGLE_OPTION_ARGUMENT "MODE"
#define DEMANGLE_OPTION_HELP                                                                               \
	"how C++, Rust and D functions are named: full (default), short (without parameters) or none (as " \
	"in the file)"

/* The option's value: 0, or -EINVAL and why. */
int demangle_option_set(const char *value, enum demangle_mode *mode, const char **ret_why);

#endif
