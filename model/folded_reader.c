/* SPDX-License-Identifier: Apache-2.0 */
#include "model/folded_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/string_pool.h"
#include "model/differential.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "model/stack_batch.h"
#include "model/text_lines.h"

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
	const char *space = memrchr(span.start, ' ', span.size);
	const char *word = space ? space + 1 : span.start;
	const char *tab = memrchr(word, '\t', (size_t)(span.start + span.size - word));

	return (size_t)((tab ? tab + 1 : word) - span.start);
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

/* What a line says. */
struct folded_line {
	struct span stack;
	uint64_t count, before; /* the last number, and the one ahead of it */
	bool is_differential;   /* there are two */
};

/* Takes the number at the end off: NULL, or why there is none. */
static const char *take_count(struct span *line, uint64_t *ret_count)
{
	size_t at = last_word(*line);
	const char *why =
		parse_count((struct span){ line->start + at, line->size - at }, ret_count);

	*line = span_trim((struct span){ line->start, at });
	return why;
}

/* Splits "stack count" or "stack before count": NULL, or why the line is not of that form. */
static const char *split_line(struct span line, struct folded_line *ret_line)
{
	struct folded_line read = { .stack = line };
	const char *why = line.size && memchr(line.start, '\0', line.size)
				  ? "a NUL byte, which no text has"
				  : take_count(&read.stack, &read.count);
	size_t before;

	if (why)
		return why;
	before = last_word(read.stack);
	read.is_differential = before && is_number((struct span){ read.stack.start + before,
								  read.stack.size - before });
	if (read.is_differential)
		why = take_count(&read.stack, &read.before);
	if (!why && !read.stack.size)
		why = "a count without a stack";
	*ret_line = read;
	return why;
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

/* --- stacks --- */

/* What a line says besides its stack. */
struct counted_line {
	uint64_t line, count, before;
};

/*
 * Lines of one input are much alike. So a text that was seen keeps its frame, and what a line has in common with the one before it is
 * not looked at again.
 */
struct folded_reader {
	struct text_lines lines;                 /* the head */
	struct string_pool texts[FOLDED_DEPTHS]; /* by depth: from the last on they mean the same */
	struct buffer frames[FOLDED_DEPTHS];     /* uint32_t per text */
	bool has_begun, is_differential;         /* by the first line with a stack */
	struct buffer before;                    /* the stack of the line before */
	struct buffer ends;                      /* size_t: where each of its frames ends in it */
	struct stack_batch batch;
	struct buffer counted; /* struct counted_line: of its stacks, by their numbers */
};

int folded_add_frame(struct profile *profile, const char *text, size_t size, size_t depth,
		     uint32_t *ret_frame)
{
	struct frame frame = frame_of_kind(FRAME_NATIVE);
	struct span name = { text, size };
	int error;

	if (!name.size)
		name = (struct span){ "[empty]", strlen("[empty]") };
	frame.kind = classify(&name, depth);
	if (frame.kind == FRAME_MARKER)
		profile_origin(profile)->fates_are_known = true;
	error = profile_intern(profile, name.start, name.size, &frame.name);
	return error ? error : profile_add_frame(profile, frame, ret_frame);
}

static int find_frame(struct folded_reader *reader, struct span name, size_t depth,
		      uint32_t *ret_frame)
{
	size_t kind = depth < FOLDED_DEPTHS ? depth : FOLDED_DEPTHS - 1;
	struct buffer *frames = &reader->frames[kind];
	uint32_t text, frame;
	int error = string_pool_add(&reader->texts[kind], name.start, name.size, &text);

	if (error)
		return error;
	if (text == frames->size / sizeof(frame)) {
		error = folded_add_frame(reader->lines.profile, name.start, name.size, depth,
					 &frame);
		if (error)
			return error;
		buffer_append(frames, &frame, sizeof(frame));
		if (buffer_error(frames))
			return -ENOMEM;
	}
	*ret_frame = ((const uint32_t *)frames->data)[text];
	return 0;
}

/* How many bytes both begin with. */
static size_t common_size(struct span a, struct span b)
{
	size_t most = a.size < b.size ? a.size : b.size, at = 0;

	while (at + sizeof(uint64_t) <= most &&
	       !memcmp(a.start + at, b.start + at, sizeof(uint64_t)))
		at += sizeof(uint64_t);
	while (at < most && a.start[at] == b.start[at])
		at++;
	return at;
}

/* Of the line before, the frames that are this one's, too: how many, each with the semicolon behind it. */
static size_t common_frames(const struct folded_reader *reader, struct span stack)
{
	const size_t *ends = (const size_t *)reader->ends.data;
	size_t count = reader->ends.size / sizeof(*ends), kept = 0;
	size_t size = common_size(stack, (struct span){ reader->before.data, reader->before.size });

	while (kept < count && ends[kept] < size)
		kept++;
	return kept;
}

static int put_stack(struct folded_reader *reader, struct span stack)
{
	size_t depth = common_frames(reader, stack), at = 0;
	uint32_t frame;
	int error;

	if (depth)
		at = ((const size_t *)reader->ends.data)[depth - 1] + 1;
	reader->ends.size = depth * sizeof(at);
	stack_batch_keep(&reader->batch, depth);
	for (; at <= stack.size; depth++) {
		const char *start = stack.start + at;
		const char *end = memchr(start, ';', stack.size - at);
		size_t size = end ? (size_t)(end - start) : stack.size - at;

		error = find_frame(reader, (struct span){ start, size }, depth, &frame);
		if (error)
			return error;
		stack_batch_push(&reader->batch, frame);
		at += size;
		buffer_append(&reader->ends, &at, sizeof(at));
		at++;
	}
	buffer_clear(&reader->before);
	buffer_append(&reader->before, stack.start, stack.size);
	return buffer_error(&reader->ends) || buffer_error(&reader->before) || reader->batch.failed
		       ? -ENOMEM
		       : 0;
}

static int add_counts(struct folded_reader *reader, uint32_t node,
		      const struct counted_line *counted)
{
	const uint64_t values[DIFFERENTIAL_VALUES] = {
		[DIFFERENTIAL_AFTER] = counted->count, [DIFFERENTIAL_BEFORE] = counted->before
	};
	const struct sample sample = { node, LABELS_UNKNOWN, SAMPLE_NO_TIME };

	if (!reader->is_differential)
		return profile_add_ticks(reader->lines.profile, node, counted->count);
	if (!counted->count && !counted->before)
		return 0;
	return profile_add_sample(reader->lines.profile, &sample, values);
}

static int count_line(void *context, uint32_t number, uint32_t node)
{
	struct folded_reader *reader = context;
	const struct counted_line *counted =
		(const struct counted_line *)reader->counted.data + number;
	struct read_report *report = reader->lines.report;
	int error = add_counts(reader, node, counted);

	if (error != -EOVERFLOW)
		return error;
	report->stacks--;
	read_report_add(report, counted->line, "the counts add up to more than 2^63 - 1");
	return 0;
}

static int add_all(struct text_lines *lines)
{
	return stack_batch_add_all(&((struct folded_reader *)lines)->batch);
}

static int leave_out(struct text_lines *lines, const char *why)
{
	int error = add_all(lines); /* the report is in the order of lines */

	read_report_add(lines->report, lines->report->lines, why);
	return error;
}

/* All lines are of the kind that the first one is: NULL, or why this one is left out. */
static const char *judge_kind(struct folded_reader *reader, const struct folded_line *line,
			      int *ret_error)
{
	if (!reader->has_begun && line->is_differential)
		*ret_error = differential_begin(reader->lines.profile, "samples");
	if (!reader->has_begun)
		reader->is_differential = line->is_differential;
	reader->has_begun = true;
	if (line->is_differential == reader->is_differential)
		return NULL;
	return line->is_differential ? "two counts, where the first line has one"
				     : "one count, where the first line has two";
}

/* What is told of it when it is added. */
static int put_counts(struct folded_reader *reader, const struct folded_line *line)
{
	struct buffer *all = &reader->counted;
	uint32_t number = stack_batch_number(&reader->batch);
	size_t end = (number + (size_t)1) * sizeof(struct counted_line);

	if (buffer_make_size(all, end))
		return -ENOMEM;
	((struct counted_line *)all->data)[number] =
		(struct counted_line){ reader->lines.report->lines, line->count, line->before };
	return 0;
}

static int read_line(struct text_lines *lines, const char *bytes, size_t size)
{
	struct folded_reader *reader = (struct folded_reader *)lines;
	struct span text = span_trim((struct span){ bytes, size });
	struct folded_line line;
	const char *why;
	int error = 0;

	if (!text.size)
		return 0;
	why = split_line(text, &line);
	if (!why)
		why = judge_kind(reader, &line, &error);
	if (!error && why)
		return leave_out(lines, why);
	if (!error)
		error = put_stack(reader, line.stack);
	if (error)
		return error;
	error = put_counts(reader, &line);
	if (error)
		return error;
	lines->report->stacks++; /* until it turns out that it cannot be counted */
	return stack_batch_end(&reader->batch);
}

/* --- the format --- */

static bool recognises(const char *bytes, size_t size)
{
	(void)bytes;
	(void)size;
	return true;
}

static void release(struct text_lines *lines)
{
	struct folded_reader *reader = (struct folded_reader *)lines;

	for (size_t i = 0; i < FOLDED_DEPTHS; i++) {
		string_pool_release(&reader->texts[i]);
		buffer_release(&reader->frames[i]);
	}
	buffer_release(&reader->before);
	buffer_release(&reader->ends);
	buffer_release(&reader->counted);
	stack_batch_release(&reader->batch);
}

static const struct text_lines_ops line_ops = {
	.state_size = sizeof(struct folded_reader),
	.line = read_line,
	.end = add_all,
	.release = release,
};

static void *begin(struct profile *profile, struct read_report *report)
{
	struct folded_reader *reader = text_lines_begin(&line_ops, profile, report);

	if (!reader)
		return NULL;
	for (size_t i = 0; i < FOLDED_DEPTHS; i++)
		string_pool_init(&reader->texts[i]);
	if (!stack_batch_init(&reader->batch, profile, count_line, reader))
		return reader;
	text_lines_free(reader);
	return NULL;
}

const struct profile_format folded_format = {
	.name = "folded",
	.summary = "folded stacks (\"a;b;c COUNT\" a line)",
	.takes_anything = true,
	.recognises = recognises,
	.begin = begin,
	.feed = text_lines_feed,
	.finish = text_lines_finish,
	.free = text_lines_free,
};
