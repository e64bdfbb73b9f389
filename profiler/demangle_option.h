/* SPDX-License-Identifier: Apache-2.0 */
/* --demangle MODE, of all commands that name functions; where it takes addr2line's place, with the styles that this has. */
#ifndef HEARTH_PROFILER_DEMANGLE_OPTION_H
#define HEARTH_PROFILER_DEMANGLE_OPTION_H

#include <stdbool.h>

#include "symbolize/demangle.h"

#define DEMANGLE_OPTION_ARGUMENT "MODE"
#define DEMANGLE_OPTION_HELP                                                                               \
	"how C++, Rust and D functions are named: full (default), short (without parameters) or none (as " \
	"in the file)"

/* The option's value: 0, or -EINVAL and why. */
int demangle_option_set(const char *value, enum demangle_mode *mode, const char **ret_why);

/* The same, or one of addr2line's styles, or NULL: it has none. */
int demangle_option_set_style(const char *value, enum demangle_mode *mode, const char **ret_why);

/* Is it a mode (and no style, nor the address that follows an option without a value)? */
bool demangle_option_is_mode(const char *word);

#endif
