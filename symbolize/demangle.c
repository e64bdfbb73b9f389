/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"

/* Like addr2line -C: parameters, const and the like. DMGL_NO_RECURSE_LIMIT is left out on purpose. */
#define OPTIONS (DMGL_PARAMS | DMGL_ANSI)

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

static bool try_demangler(demangler demangle, const char *name, struct buffer *to)
{
	struct output output = { .to = to, .start = to->size };

	if (!setjmp(output.stop) && demangle(name, OPTIONS, collect, &output) &&
	    to->size > output.start)
		return true;
	to->size = output.start;
	return false;
}

static bool looks_mangled(const char *name)
{
	return !strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2) || !strncmp(name, "_GLOBAL_", 8);
}

/* Rust's legacy names have a hash as their last part: 16 digits, of which their length tells. */
static bool can_be_of_rust(const char *name)
{
	return !strncmp(name, "_R", 2) || strstr(name, "17h");
}

/* Rust first: its legacy names are valid C++ ones, with the hash as one more part. */
static bool append_demangled(struct buffer *to, const char *name)
{
	if (!looks_mangled(name) || strlen(name) > DEMANGLE_MAX_MANGLED)
		return false;
	return (can_be_of_rust(name) && try_demangler(rust_demangle_callback, name, to)) ||
	       try_demangler(cplus_demangle_v3_callback, name, to);
}

static size_t plt_suffix(const char *name, size_t size)
{
	static const char suffix[] = "@plt";
	size_t length = sizeof(suffix) - 1;

	return size > length && !strcmp(name + size - length, suffix) ? length : 0;
}

static bool append_of_plt(struct buffer *to, const char *name, size_t size)
{
	_cleanup_free_ char *own = strndup(name, size);

	return own && append_demangled(to, own);
}

void demangle_append(struct buffer *to, const char *name)
{
	size_t size = strlen(name), suffix = plt_suffix(name, size);

	if (suffix && append_of_plt(to, name, size - suffix))
		buffer_append(to, name + size - suffix, suffix);
	else if (suffix || !append_demangled(to, name))
		buffer_append_string(to, name);
}
