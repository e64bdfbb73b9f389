/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/demangle.h"

#include <errno.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "symbolize/d_name.h"

/* DMGL_NO_RECURSE_LIMIT is left out of all options on purpose. */
static const struct {
	const char *name;
	int options;
} modes[] = {
#define DEMANGLE_MODE(constant, name, options) [DEMANGLE_##constant] = { name, options },
#include "symbolize/demangle_modes.def"
#undef DEMANGLE_MODE
};

struct output {
	struct buffer *to;
	size_t start;
	jmp_buf stop;
};

typedef int (*demangler)(const char *, int, demangle_callbackref, void *);

/*
 * libiberty hands its output over in pieces and offers no way to stop it, while a short name can make it
 * go on for hours. So we leave it by longjmp(): with a callback it keeps its state on the stack (only a
 * Rust identifier in punycode that is being written at that moment is lost, a few KiB at most).
 */
static void collect(const char *piece, size_t size, void *context)
{
	struct output *output = context;

	if (size > DEMANGLE_MAX_BYTES - (output->to->size - output->start))
		longjmp(output->stop, 1);
	buffer_append(output->to, piece, size);
}

static bool try_options(demangler demangle, const char *name, enum demangle_mode mode,
			struct buffer *to)
{
	struct output output = { .to = to, .start = to->size };

	if (!setjmp(output.stop) && demangle(name, modes[mode].options, collect, &output) &&
	    to->size > output.start)
		return true;
	to->size = output.start;
	return false;
}

/* Without parameters libiberty stops behind the name, whatever follows: only in full it sees whether all of it is one. */
static bool try_demangler(demangler demangle, const char *name, enum demangle_mode mode,
			  struct buffer *to)
{
	size_t start = to->size;

	if (!try_options(demangle, name, DEMANGLE_FULL, to))
		return false;
	if (mode == DEMANGLE_FULL)
		return true;
	to->size = start;
	return try_options(demangle, name, mode, to);
}

static bool looks_mangled(const char *name)
{
	return !strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2) || !strncmp(name, "_D", 2) ||
	       !strncmp(name, "_GLOBAL_", 8);
}

/* Rust's legacy names have a hash as their last part: 16 digits, of which their length tells. */
static bool can_be_of_rust(const char *name)
{
	return !strncmp(name, "_R", 2) || strstr(name, "17h");
}

/* Rust first: its legacy names are valid C++ ones, with the hash as one more part. */
static bool append_demangled(struct buffer *to, const char *name, enum demangle_mode mode)
{
	if (mode == DEMANGLE_NONE || !looks_mangled(name) || strlen(name) > DEMANGLE_MAX_MANGLED)
		return false;
	if (!strncmp(name, "_D", 2))
		return d_name_append(to, name);
	return (can_be_of_rust(name) && try_demangler(rust_demangle_callback, name, mode, to)) ||
	       try_demangler(cplus_demangle_v3_callback, name, mode, to);
}

static size_t plt_suffix(const char *name, size_t size)
{
	static const char suffix[] = "@plt";
	size_t length = sizeof(suffix) - 1;

	return size > length && !strcmp(name + size - length, suffix) ? length : 0;
}

static bool append_of_plt(struct buffer *to, const char *name, size_t size, enum demangle_mode mode)
{
	_cleanup_free_ char *own = strndup(name, size);

	return own && append_demangled(to, own, mode);
}

void demangle_append(struct buffer *to, const char *name, enum demangle_mode mode)
{
	size_t size = strlen(name), suffix = plt_suffix(name, size);

	if (suffix && append_of_plt(to, name, size - suffix, mode))
		buffer_append(to, name + size - suffix, suffix);
	else if (suffix || !append_demangled(to, name, mode))
		buffer_append_string(to, name);
}

int demangle_mode_by_name(const char *name, enum demangle_mode *ret_mode)
{
	for (enum demangle_mode mode = 0; mode < DEMANGLE_MODE_COUNT; mode++) {
		if (!strcmp(name, modes[mode].name)) {
			*ret_mode = mode;
			return 0;
		}
	}
	return -EINVAL;
}
