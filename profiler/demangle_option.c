/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/demangle_option.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* libiberty's. Which language it is shows in the name itself, so that a style for one of ours asks for no more than the full name. */
static const struct {
	const char *name;
	bool is_read;
} styles[] = {
	{ "auto", true },  { "gnu-v3", true }, { "rust", true },
	{ "dlang", true }, { "java", false },  { "gnat", false },
};

#define STYLE_COUNT (sizeof(styles) / sizeof(styles[0]))

int demangle_option_set(const char *value, enum demangle_mode *mode, const char **ret_why)
{
	int error = demangle_mode_by_name(value, mode);

	if (error)
		*ret_why = "one of full, short, none";
	return error;
}

int demangle_option_set_style(const char *value, enum demangle_mode *mode, const char **ret_why)
{
	size_t i = 0;

	if (!value || !demangle_mode_by_name(value, mode)) {
		*mode = value ? *mode : DEMANGLE_FULL;
		return 0;
	}
	while (i < STYLE_COUNT && strcmp(value, styles[i].name) != 0)
		i++;
	if (i < STYLE_COUNT && styles[i].is_read) {
		*mode = DEMANGLE_FULL;
		return 0;
	}
	*ret_why =
		i < STYLE_COUNT
			? "names of that language are not read; auto, gnu-v3, rust and dlang are"
			: "one of full, short, none, or of addr2line's auto, gnu-v3, rust, dlang";
	return -EINVAL;
}

bool demangle_option_is_mode(const char *word)
{
	enum demangle_mode mode;

	return !demangle_mode_by_name(word, &mode);
}
