/* SPDX-License-Identifier: Apache-2.0 */
#include "render/folded_token.h"

#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "model/fates.h"
#include "model/profile.h"

/* Clean text without what the format keeps for itself: semicolons, and blanks other than a space. */
static void append_clean_name(struct buffer *to, const char *bytes, size_t size)
{
	struct buffer plain;

	buffer_init(&plain);
	buffer_append(&plain, bytes, size);
	for (size_t i = 0; i < plain.size; i++) {
		if (plain.data[i] == ';')
			plain.data[i] = ':';
		else if (strchr("\n\r\t", plain.data[i]) && plain.data[i])
			plain.data[i] = ' ';
	}
	if (plain.failed)
		to->failed = true;
	utf8_append_clean(to, plain.data, plain.size, SIZE_MAX);
	buffer_release(&plain);
}

/* Readers trim a line's blanks, and take "name 3 7" for two counts. */
static void trim_name(struct buffer *name)
{
	size_t start = 0, last;

	while (name->size && name->data[name->size - 1] == ' ')
		name->size--;
	while (start < name->size && name->data[start] == ' ')
		start++;
	if (start)
		memmove(name->data, name->data + start, name->size -= start);
	for (last = name->size; last && strchr("0123456789.", name->data[last - 1]); last--)
		;
	if (last && last < name->size && name->data[last - 1] == ' ')
		name->data[last - 1] = '_';
	if (!name->size)
		buffer_append_string(name, FOLDED_EMPTY_NAME);
}

static bool is_bracketed(const struct buffer *name)
{
	return name->size >= 2 && name->data[0] == '[' && name->data[name->size - 1] == ']';
}

/* "_[k]" and its like at the end, where they would be read as a kind. */
static void disarm_suffix(struct buffer *name)
{
	for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++) {
		const char *suffix = frame_kind_suffix(kind);
		size_t length = strlen(suffix);

		if (!length || name->size <= length ||
		    memcmp(name->data + name->size - length, suffix, length))
			continue;
		name->data[name->size - length + 1] = '(';
		name->data[name->size - 1] = ')';
	}
}

/* "[lost:x" at depth 1, where with any "]" at the end it would be read as a marker. */
static void disarm_marker(struct buffer *token)
{
	const char *reason;
	size_t size;
	enum fate fate;

	if (!token->failed && fate_parse_marker(token->data, token->size, &fate, &reason, &size))
		token->data[reason - token->data - 1] = '_';
}

static void append_brackets(struct buffer *name)
{
	buffer_append_string(name, "  ");
	if (name->failed)
		return;
	memmove(name->data + 1, name->data, name->size - 2);
	name->data[0] = '[';
	name->data[name->size - 1] = ']';
}

/* Kinds without a suffix are told apart by their brackets alone. */
static void mark_kind(struct buffer *name, enum frame_kind kind)
{
	disarm_suffix(name);
	if (kind == FRAME_UNKNOWN || kind == FRAME_MARKER) {
		if (!is_bracketed(name))
			append_brackets(name);
	} else if (is_bracketed(name) && (name->size != strlen(FOLDED_EMPTY_NAME) ||
					  memcmp(name->data, FOLDED_EMPTY_NAME, name->size))) {
		name->data[0] = '(';
		name->data[name->size - 1] = ')';
	}
}

static bool is_marker(const struct buffer *name)
{
	const char *reason;
	size_t size;
	enum fate fate;

	return fate_parse_marker(name->data, name->size, &fate, &reason, &size);
}

void folded_token_make(const struct profile *profile, const struct frame *frame, size_t depth,
		       struct buffer *token)
{
	size_t size;
	const char *name = profile_string(profile, frame->name, &size);
	const char *suffix = frame_kind_suffix(frame->kind);

	buffer_clear(token);
	append_clean_name(token, name, size);
	if (!token->failed)
		trim_name(token);
	if (token->failed)
		return;
	if (frame->kind == FRAME_MARKER && depth == 1 && is_marker(token))
		return;
	if (*suffix)
		buffer_append_string(token, suffix);
	else if (depth > 0)
		mark_kind(token, frame->kind);
	if (depth == 1)
		disarm_marker(token);
}
