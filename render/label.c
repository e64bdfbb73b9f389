/* SPDX-License-Identifier: Apache-2.0 */
#include "render/label.h"

#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* Combining marks, joiners and variation selectors that names really hold. */
static bool is_narrowest(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200d) ||
	       (c >= 0x64b && c <= 0x65f) || (c >= 0xfe00 && c <= 0xfe0f);
}

/* East Asian wide and full width, and pictures; coarse on purpose, a column too many is harmless. */
static bool is_wide(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
	       (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
	       (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	       (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

/* Length of the code point at `at`, and how many columns it takes. */
static size_t step(const char *text, size_t size, size_t at, size_t *ret_columns)
{
	uint32_t c = 0;
	size_t length = utf8_decode(text + at, size - at, &c);

	*ret_columns = is_narrowest(c) ? 0 : is_wide(c) ? 2 : 1;
	return length ? length : 1;
}

size_t label_columns(const char *text, size_t size)
{
	size_t columns = 0, width;

	for (size_t at = 0; at < size; columns += width)
		at += step(text, size, at, &width);
	return columns;
}

/* How many bytes of the start fit into `columns`. */
static size_t head_size(const char *text, size_t size, size_t columns)
{
	size_t at = 0, width;

	while (at < size) {
		size_t length = step(text, size, at, &width);

		if (width > columns)
			break;
		columns -= width;
		at += length;
	}
	return at;
}

/* Where the longest end starts that fits into `columns`. */
static size_t tail_start(const char *text, size_t size, size_t columns)
{
	size_t whole = label_columns(text, size), at = 0, width;

	while (at < size && whole > columns) {
		at += step(text, size, at, &width);
		whole -= width;
	}
	return at;
}

/* Behind an argument list: nothing, or words such as " const" and " [clone .cold]". */
static bool are_qualifiers(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] == ':' || text[i] == '>' || text[i] == '}')
			return false;
	return !size || text[0] == ' ';
}

/* No list are the two brackets of a call operator, those of "(anonymous namespace)" or of Go's "a.(*T)". */
static bool takes_arguments(const char *name, size_t size)
{
	static const char call[] = "operator";
	size_t length = strlen(call);

	if (!size || name[size - 1] == ':' || name[size - 1] == '.')
		return false;
	return size < length || memcmp(name + size - length, call, length);
}

/* The size of a name up to the argument list at its end; all of it where there is none. */
static size_t without_arguments(const char *text, size_t size)
{
	const char *close = memrchr(text, ')', size);
	size_t open = close ? (size_t)(close - text) + 1 : 0;
	unsigned int depth = 0;

	if (!close || !are_qualifiers(close + 1, size - open))
		return size;
	do {
		open--;
		depth += text[open] == ')';
		depth -= text[open] == '(';
	} while (open && depth);
	while (open && text[open - 1] == ' ')
		open--;
	return takes_arguments(text, open) ? open : size;
}

/* Where the part behind the next namespace starts ("::" or "/" outside brackets); 0: no more. */
static size_t next_part(const char *text, size_t size, size_t from)
{
	unsigned int depth = 0;

	for (size_t i = from; i < size; i++) {
		char c = text[i];

		if (c == '<' || c == '(' || c == '[' || c == '{')
			depth++;
		else if (depth && (c == ')' || c == ']' || c == '}' || c == '>'))
			depth--;
		else if (!depth && c == '/' && i + 1 < size)
			return i + 1;
		else if (!depth && c == ':' && i + 2 < size && text[i + 1] == ':')
			return i + 2;
	}
	return 0;
}

static void cut_middle(struct buffer *to, const char *text, size_t size, size_t columns)
{
	size_t tail_columns = columns * 2 / 5;
	size_t head = head_size(text, size, columns - 1 - tail_columns);
	size_t tail = tail_start(text, size, tail_columns);

	buffer_append(to, text, head);
	buffer_append_string(to, ELLIPSIS);
	buffer_append(to, text + tail, size - tail);
}

void label_fit(struct buffer *to, const char *text, size_t size, size_t columns, bool cut_right)
{
	size_t at = 0, next;

	if (label_columns(text, size) <= columns) {
		buffer_append(to, text, size);
		return;
	}
	if (columns < LABEL_MIN_COLUMNS)
		return;
	if (cut_right) {
		buffer_append(to, text, head_size(text, size, columns - 1));
		buffer_append_string(to, ELLIPSIS);
		return;
	}
	size = without_arguments(text, size);
	while (label_columns(text + at, size - at) > columns) {
		next = next_part(text, size, at);
		if (!next) {
			cut_middle(to, text + at, size - at, columns);
			return;
		}
		at = next;
	}
	buffer_append(to, text + at, size - at);
}
