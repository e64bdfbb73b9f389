/* SPDX-License-Identifier: Apache-2.0 */
#include "model/perf_script_line.h"

#include <string.h>

bool script_text_begins(struct script_text text, const char *with)
{
	return text.size >= strlen(with) && !memcmp(text.start, with, strlen(with));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static struct script_text trim(struct script_text text)
{
	while (text.size && is_blank(*text.start)) {
		text.start++;
		text.size--;
	}
	while (text.size &&
	       (is_blank(text.start[text.size - 1]) || text.start[text.size - 1] == '\r'))
		text.size--;
	return text;
}

static struct script_text skip(struct script_text text, size_t size)
{
	return (struct script_text){ text.start + size, text.size - size };
}

/* Takes the last word off a trimmed text. */
static struct script_text take_last_word(struct script_text *text)
{
	size_t at = text->size;
	struct script_text word;

	while (at && !is_blank(text->start[at - 1]))
		at--;
	word = (struct script_text){ text->start + at, text->size - at };
	*text = trim((struct script_text){ text->start, at });
	return word;
}

/* --- the first line of a sample --- */

/* "1333", or "-1" of a task that was gone already. */
static bool is_id(struct script_text word)
{
	size_t sign = word.size && *word.start == '-';

	for (size_t i = sign; i < word.size; i++)
		if (!is_digit(word.start[i]))
			return false;
	return word.size > sign;
}

/* "1333", "1333/1336". */
static bool is_process(struct script_text word)
{
	const char *slash = word.size ? memchr(word.start, '/', word.size) : NULL;
	size_t size = slash ? (size_t)(slash - word.start) : word.size;

	return is_id((struct script_text){ word.start, size }) &&
	       (!slash || is_id(skip(word, size + 1)));
}

/* "[010]". */
static bool is_cpu(struct script_text word)
{
	if (word.size < 3 || word.start[0] != '[' || word.start[word.size - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < word.size; i++)
		if (!is_digit(word.start[i]))
			return false;
	return true;
}

/* "1000.000022:". */
static bool is_time(struct script_text word)
{
	size_t points = 0;

	if (word.size < 4 || word.start[word.size - 1] != ':' || !is_digit(word.start[0]))
		return false;
	for (size_t i = 1; i + 1 < word.size; i++) {
		points += word.start[i] == '.';
		if (!is_digit(word.start[i]) && word.start[i] != '.')
			return false;
	}
	return points == 1;
}

/* Where the time stands, the end of the line: there is none. */
static size_t find_time(struct script_text line, size_t *ret_end)
{
	for (size_t at = 0, end; at < line.size; at = end) {
		while (at < line.size && is_blank(line.start[at]))
			at++;
		for (end = at; end < line.size && !is_blank(line.start[end]);)
			end++;
		*ret_end = end;
		if (at && is_time((struct script_text){ line.start + at, end - at }))
			return at;
	}
	return line.size;
}

static bool is_address(struct script_text text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!is_hex(text.start[i]))
			return false;
	return true;
}

/* "1001001 cpu-clock:", "cycles:u:", and what other fields may follow it. */
static void split_event(struct script_text rest, struct script_sample *sample)
{
	size_t end;

	sample->rest = rest;
	rest = trim(rest);
	for (end = 0; end < rest.size && is_digit(rest.start[end]);)
		end++;
	if (end && end < rest.size && is_blank(rest.start[end])) {
		sample->period = (struct script_text){ rest.start, end };
		rest = trim(skip(rest, end));
	}
	for (end = 0; end < rest.size && !is_blank(rest.start[end]);)
		end++;
	if (end && rest.start[end - 1] == ':') {
		sample->event = (struct script_text){ rest.start, end - 1 };
		sample->rest = skip(rest, end);
	} else if (end && !is_address(rest, end)) {
		sample->period.size = 0; /* without an event it is the address of a frame */
	}
}

/* The mode of the CPU and what else `-F misc` has: "K", "KE". */
static bool is_misc(struct script_text word)
{
	for (size_t i = 0; i < word.size; i++)
		if (!strchr("KUHGgMESp", word.start[i]) || !word.start[i])
			return false;
	return word.size && word.size <= 4;
}

static struct script_text without_misc(struct script_text task)
{
	struct script_text left = task, before;

	if (!is_misc(take_last_word(&left)))
		return task;
	before = left;
	before = take_last_word(&before);
	return is_cpu(before) || is_process(before) ? left : task;
}

/*
 * "comm process [cpu]", of which some may be missing: a time and an event are enough beside one of them. A process without a comm is called by its
 * numbers.
 */
static bool split_task(struct script_text task, struct script_sample *sample)
{
	struct script_text left = without_misc(task), word;
	bool is_certain = sample->time.size && sample->event.size;

	task = left;
	word = take_last_word(&left);
	if (is_cpu(word)) {
		sample->cpu = word;
		task = left;
		word = take_last_word(&left);
	}
	sample->comm = task;
	if (is_process(word) && (left.size || sample->cpu.size || is_certain)) {
		sample->process = word;
		sample->comm = left.size ? left : word;
	}
	return sample->comm.size && (sample->cpu.size || sample->process.size || is_certain);
}

/* At least, of a number and the blanks ahead of it: perf script sets periods to the right in 10 columns, IDs in fewer. */
#define PERIOD_WIDTH 11

/* Does a number behind these words stand for a period? That of a process is, too. */
static bool is_period(struct script_text before, struct script_text number)
{
	size_t width = (size_t)(number.start + number.size - (before.start + before.size));
	struct script_text left = without_misc(before), word = take_last_word(&left);

	if (!left.size || !is_process(number) || memchr(number.start, '/', number.size))
		return false;
	return is_cpu(word) || (is_process(word) && (width >= PERIOD_WIDTH ||
						     memchr(word.start, '/', word.size) != NULL));
}

/* Without a time the event is the first word with a colon behind a process or a CPU. */
static bool split_without_time(struct script_text text, struct script_sample *ret_sample)
{
	for (size_t at = 0, end; at < text.size; at = end) {
		struct script_sample sample = { .rest = skip(text, text.size) };
		struct script_text left, number;

		while (at < text.size && is_blank(text.start[at]))
			at++;
		for (end = at; end < text.size && !is_blank(text.start[end]);)
			end++;
		if (!at || end == at || text.start[end - 1] != ':')
			continue;
		left = trim((struct script_text){ text.start, at });
		number = take_last_word(&left);
		if (is_period(left, number))
			sample.period = number;
		else
			left = trim((struct script_text){ text.start, at });
		if (!split_task(left, &sample))
			continue;
		sample.event = (struct script_text){ text.start + at, end - at - 1 };
		sample.rest = skip(text, end);
		*ret_sample = sample;
		return true;
	}
	return false;
}

bool perf_script_sample(struct script_text line, struct script_sample *ret_sample)
{
	struct script_text text = trim(line);
	struct script_sample sample = { .event = skip(text, text.size),
					.rest = skip(text, text.size) };
	size_t end = text.size, at = find_time(text, &end);

	if (at == text.size && split_without_time(text, ret_sample))
		return true;
	if (at < text.size) {
		sample.time = (struct script_text){ text.start + at, end - at };
		split_event(skip(text, end), &sample);
		if (sample.event.size && sample.event.start[sample.event.size - 1] == ':')
			sample.event.size--; /* of a tracepoint without a name */
	}
	if (!split_task(trim((struct script_text){ text.start, at }), &sample))
		return false;
	*ret_sample = sample;
	return true;
}

bool perf_script_is_record(const struct script_sample *sample)
{
	return script_text_begins(sample->event, "PERF_RECORD_") ||
	       script_text_begins(trim(sample->rest), "PERF_RECORD_");
}

/* --- its numbers --- */

/* Takes the digits ahead off a text: their number, UINT64_MAX: none, or too large. */
static uint64_t take_number(struct script_text *text)
{
	uint64_t number = 0;
	size_t at = 0;

	for (; at < text->size && is_digit(text->start[at]); at++) {
		if (number > (INT64_MAX - 9) / 10)
			return UINT64_MAX;
		number = number * 10 + (uint64_t)(text->start[at] - '0');
	}
	if (!at)
		return UINT64_MAX;
	*text = (struct script_text){ text->start + at, text->size - at };
	return number;
}

/* "-1" is none. */
static uint32_t take_id(struct script_text *text)
{
	bool is_none = text->size && *text->start == '-';
	uint64_t number;

	if (is_none)
		*text = skip(*text, 1);
	number = take_number(text);
	return !is_none && number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static void skip_char(struct script_text *text)
{
	*text = skip(*text, 1);
}

#define NS_DIGITS     9 /* of a second's fraction */
#define NS_PER_SECOND 1000000000u

/* "1000.000022:" in nanoseconds. */
static uint64_t time_of(struct script_text text)
{
	uint64_t seconds = take_number(&text), ns = 0;

	if (seconds > INT64_MAX / NS_PER_SECOND - 1 || !text.size)
		return UINT64_MAX;
	skip_char(&text);
	for (size_t i = 0; i < NS_DIGITS; i++)
		ns = ns * 10 + (i < text.size && is_digit(text.start[i])
					? (uint64_t)(text.start[i] - '0')
					: 0);
	return seconds * NS_PER_SECOND + ns;
}

uint64_t perf_script_lost(const struct script_sample *record)
{
	static const char lost[] = "PERF_RECORD_LOST lost ";
	struct script_text text = trim(record->rest);
	uint64_t number;

	if (!script_text_begins(text, lost))
		return 0;
	text = skip(text, strlen(lost));
	number = take_number(&text);
	return number == UINT64_MAX ? 0 : number;
}

struct script_numbers perf_script_numbers(const struct script_sample *sample)
{
	struct script_numbers numbers = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX,
					  UINT64_MAX };
	struct script_text process = sample->process, cpu = sample->cpu, period = sample->period;

	numbers.tid = take_id(&process);
	if (process.size) {
		numbers.pid = numbers.tid;
		skip_char(&process);
		numbers.tid = take_id(&process);
	}
	if (cpu.size) {
		skip_char(&cpu);
		numbers.cpu = take_id(&cpu);
	}
	if (sample->time.size)
		numbers.time_ns = time_of(sample->time);
	numbers.period = take_number(&period);
	return numbers;
}

/* --- a frame --- */

/*
 * Where its last parentheses open. "/usr/bin/app (deleted)" has its own, and so may a folder have: what opens behind "(/" belongs to
 * that.
 */
static size_t find_object(struct script_text text)
{
	const char *found = NULL;

	for (const char *open = memrchr(text.start, '(', text.size); open;
	     open = memrchr(text.start, '(', (size_t)(open - text.start))) {
		bool is_first = open == text.start || is_blank(open[-1]);
		bool is_path = open + 1 < text.start + text.size && open[1] == '/';

		if (is_first && (!found || is_path))
			found = open;
		if (is_first && is_path)
			break;
	}
	return found ? (size_t)(found - text.start) : text.size;
}

static bool has_digit(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (is_digit(text[i]))
			return true;
	return false;
}

/* "main+0x16" is main. */
static struct script_text without_offset(struct script_text name)
{
	size_t at = name.size;

	while (at && is_hex(name.start[at - 1]))
		at--;
	if (at > 3 && at < name.size && !memcmp(name.start + at - 3, "+0x", 3))
		name.size = at - 3;
	return name;
}

bool perf_script_frame(struct script_text line, struct script_frame *ret_frame)
{
	struct script_text text = trim(line);
	struct script_frame frame = { .object = { text.start, 0 } };
	size_t end = 0;

	while (end < text.size && is_hex(text.start[end]))
		end++;
	frame.symbol = text;
	if (end && end < text.size && is_blank(text.start[end])) {
		frame.symbol = trim((struct script_text){ text.start + end, text.size - end });
		frame.has_address = true;
	} else if (end && end == text.size) {
		frame.symbol.size = 0;
		frame.has_address = true;
	}
	if (frame.symbol.size && frame.symbol.start[frame.symbol.size - 1] == ')') {
		size_t at = find_object(frame.symbol);

		if (at < frame.symbol.size) {
			frame.object = (struct script_text){ frame.symbol.start + at + 1,
							     frame.symbol.size - at - 2 };
			frame.object = without_offset(frame.object); /* -F +dsoff */
			frame.symbol = trim((struct script_text){ frame.symbol.start, at });
		}
	}
	if (!frame.has_address && !frame.object.size)
		return false;
	/* Without addresses a symbol may look like one: "add (libc.so)"; none of those has no digit. */
	if (frame.has_address && !frame.symbol.size && frame.object.size &&
	    !has_digit(text.start, end))
		frame.symbol = (struct script_text){ text.start, end };
	frame.symbol = without_offset(frame.symbol);
	*ret_frame = frame;
	return true;
}

/* --- a frame on the line of its sample --- */

#define ADDRESS_WIDTH 16 /* in which perf script sets an address to the right */

/* Where the last address ahead of a symbol stands, for others (-F addr) may stand before it; the end of the text: there is none. */
static size_t find_address(struct script_text text)
{
	size_t found = text.size;

	for (size_t at = 0, end; at < text.size; at = end) {
		while (at < text.size && is_blank(text.start[at]))
			at++;
		if (at < text.size && text.start[at] == '(')
			break;
		for (end = at; end < text.size && !is_blank(text.start[end]);)
			end++;
		if (is_address(skip(text, at), end - at) && has_digit(text.start + at, end - at))
			found = at;
	}
	return found;
}

static bool is_file(struct script_text object)
{
	return object.size && (*object.start == '/' || *object.start == '[');
}

/* Of what an event tells of itself, words may look like an address, but none of them is set to the right or ends in a file. */
bool perf_script_own_frame(const struct script_sample *sample, struct script_frame *ret_frame)
{
	struct script_text rest = sample->rest;
	struct script_frame frame;
	size_t at = find_address(rest), end = at;

	while (end < rest.size && is_hex(rest.start[end]))
		end++;
	if (!perf_script_frame(skip(rest, at), &frame) || !frame.has_address ||
	    !(is_file(frame.object) || end >= ADDRESS_WIDTH))
		return false;
	if (!sample->event.size && !frame.symbol.size && !frame.object.size)
		return false; /* a period without an event */
	*ret_frame = frame;
	return true;
}
