/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of D (https://dlang.org/spec/abi.html, name mangling), without parameters, and with what templates were made for left out:
 * std.algorithm.map!(...).
 *
 * libiberty's demangler for D has no limit: a name of 200 bytes can keep it for hours, for it tries again what did not fit,
 * on each level, and follows references to types, which may refer further. Here types are only passed over, references in them
 * are not followed, and what is left of trying again has a limit.
 */
#ifndef HEARTH_SYMBOLIZE_D_NAME_H
#define HEARTH_SYMBOLIZE_D_NAME_H

#include <stdbool.h>

struct buffer;

/* Appends the name; false, and nothing is appended: it is none of D's, or takes too long. */
bool d_name_append(struct buffer *to, const char *mangled);

#endif
