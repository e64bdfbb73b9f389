/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pprof.h"

#include <string.h>

#include "base/buffer.h"

/* Mappings in brackets that the kernel gives to processes: no code of its own. */
static const char *const user_mappings[] = { "[vdso]", "[vsyscall]", "[heap]", "[stack]",
					     "[anon]" };

static bool is_bracketed(const char *text, size_t size)
{
	return size > 2 && text[0] == '[' && text[size - 1] == ']';
}

static bool is_user_mapping(const char *text, size_t size)
{
	for (size_t i = 0; i < sizeof(user_mappings) / sizeof(*user_mappings); i++)
		if (strlen(user_mappings[i]) == size && !memcmp(user_mappings[i], text, size))
			return true;
	return false;
}

static void append_bracketed(struct buffer *to, const char *text, size_t size)
{
	buffer_append_char(to, '[');
	buffer_append(to, text, size);
	buffer_append_char(to, ']');
}

static bool is_kind_name(const char *text, size_t size, enum frame_kind *ret_kind)
{
	for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++) {
		const char *name = frame_kind_name(kind);

		if (strlen(name) == size && !memcmp(name, text, size)) {
			*ret_kind = kind;
			return true;
		}
	}
	return false;
}

/* Is its kind told by a plain file name? */
static bool is_plain(enum frame_kind kind, const char *module, size_t size)
{
	if (kind != FRAME_NATIVE && kind != FRAME_UNKNOWN)
		return false;
	return size && (*module != '[' || is_user_mapping(module, size));
}

void pprof_append_mapping(struct buffer *to, const struct profile *profile,
			  const struct frame *frame)
{
	const char *kind = frame_kind_name(frame->kind), *module = "";
	enum frame_kind other;
	size_t size = 0;

	if (frame->module != PROFILE_NONE)
		module = profile_string(profile, frame->module, &size);
	if (is_plain(frame->kind, module, size)) {
		buffer_append(to, module, size);
		return;
	}
	if (frame->kind == FRAME_KERNEL && is_bracketed(module, size)) {
		module++;
		size -= 2;
	}
	if (frame->kind == FRAME_KERNEL && size && !memchr(module, ']', size) &&
	    !is_kind_name(module, size, &other)) {
		append_bracketed(to, module, size);
		return;
	}
	append_bracketed(to, kind, strlen(kind));
	if (size) {
		buffer_append_char(to, ' ');
		buffer_append(to, module, size);
	}
}

static bool ends_with(const char *text, size_t size, const char *what)
{
	size_t length = strlen(what);

	return size >= length && !memcmp(text + size - length, what, length);
}

static bool begins_with(const char *text, size_t size, const char *what)
{
	size_t length = strlen(what);

	return size >= length && !memcmp(text, what, length);
}

/* Of "/tmp/perf-1234.map", "jitted-1234-5.so", "vmlinux-6.1", "nf_tables.ko". */
static enum frame_kind kind_of_file(const char *name, size_t size)
{
	if ((begins_with(name, size, "perf-") && ends_with(name, size, ".map")) ||
	    (begins_with(name, size, "jitted-") && ends_with(name, size, ".so")))
		return FRAME_JIT;
	if (begins_with(name, size, "vmlinux") || ends_with(name, size, ".ko"))
		return FRAME_KERNEL;
	return FRAME_NATIVE;
}

static enum frame_kind kind_of_path(const char *file, size_t size, const char **ret_module,
				    size_t *ret_module_size)
{
	const char *slash;

	if (ends_with(file, size, " (deleted)"))
		size -= strlen(" (deleted)");
	slash = memrchr(file, '/', size);
	if (slash) {
		size -= (size_t)(slash + 1 - file);
		file = slash + 1;
	}
	*ret_module = file;
	*ret_module_size = size;
	return kind_of_file(file, size);
}

enum frame_kind pprof_kind_of_mapping(const char *file, size_t size, const char **ret_module,
				      size_t *ret_module_size)
{
	const char *close = size && *file == '[' ? memchr(file, ']', size) : NULL;
	enum frame_kind kind;
	size_t inside = close ? (size_t)(close - file - 1) : 0, rest = size - inside - 2;

	*ret_module = file;
	*ret_module_size = 0;
	if (!size)
		return FRAME_NATIVE;
	if (!close || is_user_mapping(file, size))
		return kind_of_path(file, size, ret_module, ret_module_size);
	if (is_kind_name(file + 1, inside, &kind) && (!rest || close[1] == ' ')) {
		*ret_module = rest ? close + 2 : file;
		*ret_module_size = rest ? rest - 1 : 0;
		return kind;
	}
	if (rest) /* "[a]b.so" */
		return kind_of_path(file, size, ret_module, ret_module_size);
	*ret_module = file + 1;
	*ret_module_size = inside;
	return FRAME_KERNEL;
}
