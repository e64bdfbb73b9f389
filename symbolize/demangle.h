/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols as their programmers wrote them: C++ (Itanium ABI), Rust (v0; legacy without its hash), D (d_name.h).
 *
 * A mangled name can be made to stand for an output of any size, so the output is stopped at a limit,
 * and a name that is too long, does not parse or hits the limit stays as it is.
 */
#ifndef HEARTH_SYMBOLIZE_DEMANGLE_H
#define HEARTH_SYMBOLIZE_DEMANGLE_H

/* A longer mangled name stays raw. (libiberty itself gives up beyond 1 KiB of C++: its limit on recursion.) */
#define DEMANGLE_MAX_MANGLED 4096

/* A name that would become longer stays raw. */
#define DEMANGLE_MAX_BYTES (16u << 10)

struct buffer;

enum demangle_mode {
#define DEMANGLE_MODE(constant, name, options) DEMANGLE_##constant,
#include "symbolize/demangle_modes.def"
#undef DEMANGLE_MODE
	DEMANGLE_MODE_COUNT
};

/* Appends `name`, demangled where that can be done; an "@plt" behind it stays. Out of memory shows in the buffer. */
void demangle_append(struct buffer *to, const char *name, enum demangle_mode mode);

/* A row of demangle_modes.def: 0, or -EINVAL: there is no such mode. */
int demangle_mode_by_name(const char *name, enum demangle_mode *ret_mode);

#endif
