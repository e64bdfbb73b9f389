/* SPDX-License-Identifier: Apache-2.0 */
#include "model/folded_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "model/fates.h"
#include "model/profile.h"

/* A run of text inside the input. */
struct span {
	const char *start;
	size_t size;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct span span_trim(struct span span)
{
	while (span.size && is_blank(span.start[0])) {
		span.start++;
		span.size--;
	}
	while (span.size &&
	       (is_blank(span.start[span.size - 1]) || span.start[span.size - 1] == '\r'))
		span.size--;
	return span;
}

/* Where the last word of a trimmed span starts; 0 when it is one word. */
static size_t last_word(struct span span)
{
	size_t at = span.size;

	while (at && !is_blank(span.start[at - 1]))
		at--;
	return at;
}

static bool is_number(struct span word)
{
	bool digits = false;

	for (size_t i = 0; i < word.size; i++) {
		if (is_digit(word.start[i]))
			digits = true;
		else if (word.start[i] != '.')
			return false;
	}
	return digits;
}

static const char *parse_count(struct span word, uint64_t *ret_count)
{
	uint64_t count = 0;

	if (!word.size)
		return "no count at the end";
	for (size_t i = 0; i < word.size; i++) {
		uint64_t digit = (uint64_t)(word.start[i] - '0');

		if (word.start[i] == '.' && is_number(word))
			return "the count is not an integer";
		if (!is_digit(word.start[i]))
			return "no count at the end";
		if (count > ((uint64_t)INT64_MAX - digit) / 10)
			return "the count is too large";
		count = count * 10 + digit;
	}
	*ret_count = count;
	return NULL;
}

/* Splits "stack count": NULL, or why the line is not of that form. */
static const char *split_line(struct span line, struct span *ret_stack, uint64_t *ret_count)
{
	size_t at = last_word(line);
	struct span count = { line.start + at, line.size - at };
	struct span stack = span_trim((struct span){ line.start, at });
	const char *why = line.size && memchr(line.start, '\0', line.size)
				  ? "a NUL byte, which no text has"
				  : parse_count(count, ret_count);
	size_t before;

	if (why)
		return why;
	if (!stack.size)
		return "a count without a stack";
	before = last_word(stack);
	if (before && is_number((struct span){ stack.start + before, stack.size - before }))
		return "two counts: a differential profile";
	*ret_stack = stack;
	return NULL;
}

static bool span_ends_with(struct span span, const char *suffix)
{
	size_t length = strlen(suffix);

	return span.size > length && !memcmp(span.start + span.size - length, suffix, length);
}

static enum frame_kind classify(struct span *name, size_t depth)
{
	const char *reason;
	size_t reason_size;
	enum fate fate;

	if (depth == 0)
		return FRAME_PROCESS;
	if (depth == 1 && fate_parse_marker(name->start, name->size, &fate, &reason, &reason_size))
		return FRAME_MARKER;
	for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++) {
		const char *suffix = frame_kind_suffix(kind);

		if (*suffix && span_ends_with(*name, suffix)) {
			name->size -= strlen(suffix);
			return kind;
		}
	}
	if (name->size >= 2 && name->start[0] == '[' && name->start[name->size - 1] == ']')
		return FRAME_UNKNOWN;
	return FRAME_NATIVE;
}

static int add_frame(struct profile *profile, struct span name, size_t depth, uint32_t *node)
{
	struct frame frame = { .module = PROFILE_NONE };
	uint32_t id;
	int error;

	if (!name.size)
		name = (struct span){ "[empty]", strlen("[empty]") };
	frame.kind = classify(&name, depth);
	if (frame.kind == FRAME_MARKER)
		profile_origin(profile)->fates_are_known = true;
	error = profile_intern(profile, name.start, name.size, &frame.name);
	if (!error)
		error = profile_add_frame(profile, frame, &id);
	return error ? error : profile_add_child(profile, *node, id, node);
}

static int add_stack(struct profile *profile, struct span stack, uint64_t count)
{
	uint32_t node = PROFILE_ROOT;

	for (size_t depth = 0, at = 0; at <= stack.size; depth++) {
		const char *end = memchr(stack.start + at, ';', stack.size - at);
		size_t size = end ? (size_t)(end - stack.start) - at : stack.size - at;
		int error =
			add_frame(profile, (struct span){ stack.start + at, size }, depth, &node);

		if (error)
			return error;
		at += size + 1;
	}
	return profile_add_ticks(profile, node, count);
}

static void report_bad(struct folded_report *report, const char *why)
{
	if (report->bad_lines < FOLDED_BAD_LINES_NAMED)
		report->bad[report->bad_lines] =
			(struct folded_bad_line){ .line = report->lines, .why = why };
	report->bad_lines++;
}

static int read_line(struct profile *profile, struct span line, struct folded_report *report)
{
	struct span stack;
	uint64_t count;
	const char *why;
	int error;

	report->lines++;
	line = span_trim(line);
	if (!line.size)
		return 0;
	why = split_line(line, &stack, &count);
	if (why) {
		report_bad(report, why);
		return 0;
	}
	error = add_stack(profile, stack, count);
	if (error == -EOVERFLOW) {
		report_bad(report, "the counts add up to more than 2^63 - 1");
		return 0;
	}
	report->stacks += !error;
	return error;
}

int folded_read(struct profile *profile, const char *bytes, size_t size,
		struct folded_report *ret_report)
{
	struct folded_report report = { 0 };

	for (size_t at = 0; at < size;) {
		const char *end = memchr(bytes + at, '\n', size - at);
		size_t length = end ? (size_t)(end - bytes) - at : size - at;
		int error = read_line(profile, (struct span){ bytes + at, length }, &report);

		if (error)
			return error;
		at += length + 1;
	}
	*ret_report = report;
	return 0;
}
