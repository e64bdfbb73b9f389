/* SPDX-License-Identifier: Apache-2.0 */
#include "model/foreign_kind.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *start, *kind;
} kinds[] = {
	{ "<svg", "SVG" },   { "<!doctype svg", "SVG" },
	{ "<html", "HTML" }, { "<!doctype html", "HTML" },
	{ "<?xml", "XML" },
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blanks(const char *bytes, size_t size, size_t at)
{
	while (at < size && is_blank(bytes[at]))
		at++;
	return at;
}

/* "[unknown];main 3" is none. */
static bool is_json(const char *bytes, size_t size)
{
	size_t at = skip_blanks(bytes, size, 1);

	return (*bytes == '{' || *bytes == '[') &&
	       (at == size || memchr("\"{[}]-0123456789", bytes[at], 16));
}

const char *foreign_kind(const char *bytes, size_t size)
{
	size_t at = skip_blanks(bytes, size, 0);

	if (size && memchr(bytes, '\0', size))
		return "binary data";
	if (at == size)
		return NULL;
	bytes += at;
	size -= at;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (size >= strlen(kinds[i].start) &&
		    !strncasecmp(bytes, kinds[i].start, strlen(kinds[i].start)))
			return kinds[i].kind;
	return is_json(bytes, size) ? "JSON of another kind" : NULL;
}
