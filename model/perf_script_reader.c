/* SPDX-License-Identifier: Apache-2.0 */
#include "model/perf_script_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/string_pool.h"
#include "base/u64_map.h"
#include "model/perf_script_line.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "model/script_events.h"
#include "model/text_lines.h"

#define MAX_FRAMES (1u << 24) /* of a stack; one with more is left out and said */

enum state {
	BETWEEN,   /* samples */
	IN_SAMPLE, /* that counts */
	IN_OTHER,  /* that does not: of another event, or its first line was none */
};

struct perf_script_reader {
	struct text_lines lines; /* the head */
	enum state state;
	struct string_pool texts; /* of symbols and objects, as they are printed */
	struct buffer stack;      /* uint32_t, leaf first */
	struct script_events events;
	struct script_event
		*event;       /* of the sample; its map is of symbol << 32 | object to a frame */
	uint32_t process;     /* frame of the sample's comm */
	struct sample sample; /* where samples are kept: but its node */
	uint64_t values[2];   /* of it */
	uint32_t object;      /* of the line before, and its text */
	struct buffer object_text; /* nearly always that of this line, too */
};

/* --- frames --- */

static bool is(struct script_text text, const char *what)
{
	return text.size == strlen(what) && !memcmp(text.start, what, text.size);
}

static bool ends_with(struct script_text text, const char *what)
{
	size_t size = strlen(what);

	return text.size >= size && !memcmp(text.start + text.size - size, what, size);
}

static struct script_text base_name(struct script_text object)
{
	const char *slash;

	if (ends_with(object, " (deleted)"))
		object.size -= strlen(" (deleted)");
	slash = object.size ? memrchr(object.start, '/', object.size) : NULL;
	if (slash)
		object = (struct script_text){ slash + 1,
					       object.size - (size_t)(slash + 1 - object.start) };
	return object;
}

/* "[kernel.kallsyms]", "[guest.kernel.kallsyms]_text", "[nf_tables]", "/usr/lib/debug/boot/vmlinux-6.1"; "[vdso]", "[heap]" and the like are not its. */
static bool is_kernel(struct script_text object)
{
	struct script_text name = base_name(object);

	if (script_text_begins(name, "vmlinux") || ends_with(name, ".ko") ||
	    ends_with(name, ".ko.xz") || ends_with(name, ".ko.zst") || ends_with(name, ".ko.gz"))
		return true;
	return script_text_begins(object, "[") && !is(object, "[vdso]") &&
	       !is(object, "[unknown]") && !is(object, "[heap]") && !is(object, "[vsyscall]") &&
	       !is(object, "[stack]") && !is(object, "[anon]");
}

/* "/tmp/perf-1234.map", "jitted-1234-5.so". */
static bool is_jit(struct script_text object)
{
	struct script_text name = base_name(object);

	return (script_text_begins(name, "perf-") && ends_with(name, ".map")) ||
	       (script_text_begins(name, "jitted-") && ends_with(name, ".so"));
}

static enum frame_kind kind_of(const struct script_frame *from)
{
	return is(from->object, "inlined") ? FRAME_INLINED
	       : is_kernel(from->object)   ? FRAME_KERNEL
	       : is_jit(from->object)      ? FRAME_JIT
					   : FRAME_NATIVE;
}

static bool is_unknown(struct script_text text)
{
	return !text.size || is(text, "[unknown]");
}

/* Without a symbol its object in brackets, as everywhere. */
static int intern_unknown(struct profile *profile, struct script_text object, uint32_t *ret_name)
{
	struct script_text name = base_name(object);
	struct buffer text = { 0 };
	int error;

	buffer_append_char(&text, '[');
	if (is_unknown(object))
		buffer_append_string(&text, "unknown");
	else if (script_text_begins(name, "[") && ends_with(name, "]"))
		buffer_append(&text, name.start + 1, name.size - 2);
	else
		buffer_append(&text, name.start, name.size);
	buffer_append_char(&text, ']');
	error = buffer_error(&text);
	if (!error)
		error = profile_intern(profile, text.data, text.size, ret_name);
	buffer_release(&text);
	return error;
}

static int make_frame(struct profile *profile, const struct script_frame *from, uint32_t *ret_frame)
{
	struct frame frame = frame_of_kind(kind_of(from));
	struct script_text module = base_name(from->object);
	bool has_module = frame.kind != FRAME_INLINED && !is_unknown(from->object);
	int error;

	if (is_unknown(from->symbol)) {
		frame.kind = frame.kind == FRAME_KERNEL ? FRAME_KERNEL : FRAME_UNKNOWN;
		error = intern_unknown(profile, from->object, &frame.name);
	} else {
		error = profile_intern(profile, from->symbol.start, from->symbol.size, &frame.name);
	}
	if (!error && has_module && frame.kind != FRAME_JIT)
		error = profile_intern(profile, module.start, module.size, &frame.module);
	return error ? error : profile_add_frame(profile, frame, ret_frame);
}

static int find_object(struct perf_script_reader *reader, struct script_text object)
{
	struct buffer *before = &reader->object_text;
	int error;

	if (before->size == object.size && object.size &&
	    !memcmp(before->data, object.start, object.size))
		return 0;
	error = string_pool_add(&reader->texts, object.start, object.size, &reader->object);
	buffer_clear(before);
	buffer_append(before, object.start, object.size);
	return error ? error : buffer_error(before);
}

static int find_frame(struct perf_script_reader *reader, const struct script_frame *from,
		      uint32_t *ret_frame)
{
	uint32_t symbol, frame;
	uint64_t key;
	int error = find_object(reader, from->object);

	if (!error)
		error = string_pool_add(&reader->texts, from->symbol.start, from->symbol.size,
					&symbol);
	if (error)
		return error;
	key = (uint64_t)symbol << 32 | reader->object;
	frame = u64_map_get(&reader->event->frames, key);
	if (frame == U64_MAP_ABSENT) {
		error = make_frame(reader->event->profile, from, &frame);
		if (!error)
			error = u64_map_set(&reader->event->frames, key, frame);
		if (error)
			return error;
	}
	*ret_frame = frame;
	return 0;
}

/* --- samples --- */

static int end_sample(struct perf_script_reader *reader)
{
	const uint32_t *frames = (const uint32_t *)reader->stack.data;
	struct profile *profile = reader->event ? reader->event->profile : NULL;
	enum state state = reader->state;
	uint32_t node = PROFILE_ROOT;
	int error;

	reader->state = BETWEEN;
	if (state != IN_SAMPLE)
		return 0;
	error = profile_add_child(profile, PROFILE_ROOT, reader->process, &node);
	for (size_t i = reader->stack.size / sizeof(*frames); i-- && !error;)
		error = profile_add_child(profile, node, frames[i], &node);
	buffer_clear(&reader->stack);
	reader->sample.node = node;
	if (!error)
		error = profile_add_sample(profile, &reader->sample, reader->values);
	reader->event->stacks += !error;
	reader->lines.report->stacks += !error;
	return error;
}

/* Beside the samples themselves the periods add up, where they are printed. An event that is asked for is called as it was asked for. */
static int name_values(struct perf_script_reader *reader, const struct script_sample *first)
{
	struct profile *profile = reader->event->profile;
	const char *wanted = reader->events.wanted;
	bool has_periods = first->period.size;
	const struct script_text none = { NULL, 0 };
	const char *samples = wanted && !has_periods ? wanted : "samples";
	struct value_type types[2];
	int error = script_event_type(profile, none, samples, &types[0]);

	if (!error)
		error = script_event_type(profile, first->event, wanted, &types[1]);
	return error ? error : profile_set_values(profile, types, has_periods ? 2 : 1);
}

/* What is known of a sample besides its stack. */
static int keep_sample(struct perf_script_reader *reader, const struct script_sample *from,
		       uint32_t comm)
{
	struct script_numbers numbers = perf_script_numbers(from);
	struct label_set set;

	memset(&set, 0xff, sizeof(set)); /* every label PROFILE_NONE */
	set.values[SAMPLE_LABEL_comm] = comm;
	set.values[SAMPLE_LABEL_pid] = numbers.pid;
	set.values[SAMPLE_LABEL_tid] = numbers.tid;
	set.values[SAMPLE_LABEL_cpu] = numbers.cpu;
	reader->sample.time_ns = numbers.time_ns;
	reader->values[1] = numbers.period == UINT64_MAX ? 0 : numbers.period;
	return profile_add_labels(reader->event->profile, &set, &reader->sample.labels);
}

static int add_frame(struct perf_script_reader *reader, const struct script_frame *from)
{
	uint32_t frame;
	int error;

	if (reader->state == IN_OTHER)
		return 0;
	if (reader->stack.size >= MAX_FRAMES * sizeof(frame)) {
		reader->state = IN_OTHER;
		buffer_clear(&reader->stack);
		read_report_add(reader->lines.report, reader->lines.report->lines,
				"the stack has more than 16,777,216 frames");
		return 0;
	}
	error = find_frame(reader, from, &frame);
	if (error)
		return error;
	buffer_append(&reader->stack, &frame, sizeof(frame));
	return buffer_error(&reader->stack);
}

static int begin_counted(struct perf_script_reader *reader, const struct script_sample *sample)
{
	struct profile *profile = reader->event->profile;
	struct frame process = frame_of_kind(FRAME_PROCESS);
	struct script_frame own;
	int error = profile_intern(profile, sample->comm.start, sample->comm.size, &process.name);

	reader->state = IN_SAMPLE;
	if (!error && reader->event->samples == 1)
		error = name_values(reader, sample);
	if (!error && profile_keeps_samples(profile))
		error = keep_sample(reader, sample, process.name);
	if (!error)
		error = profile_add_frame(profile, process, &reader->process);
	return error || !perf_script_own_frame(sample, &own) ? error : add_frame(reader, &own);
}

static int begin_sample(struct perf_script_reader *reader, struct script_text line)
{
	struct script_sample sample;
	int error;

	if (!perf_script_sample(line, &sample)) {
		reader->state = IN_OTHER;
		read_report_add(reader->lines.report, reader->lines.report->lines,
				"neither a sample nor a frame of one");
		return 0;
	}
	if (perf_script_is_record(&sample)) {
		reader->lines.report->lost += perf_script_lost(&sample);
		return 0;
	}
	error = script_events_add(&reader->events, sample.event, &reader->event);
	if (error)
		return error;
	if (reader->event && reader->event->profile)
		return begin_counted(reader, &sample);
	reader->state = IN_OTHER;
	return 0;
}

/* Where no stacks are printed, samples have no blank line between them. A frame is set behind a tab. */
static bool is_next_sample(struct script_text line)
{
	struct script_sample sample;

	return *line.start != '\t' && perf_script_sample(line, &sample) &&
	       (sample.time.size || sample.event.size);
}

static bool is_comment(struct script_text line)
{
	return *line.start == '#' && !is_next_sample(line);
}

static int read_line(struct text_lines *lines, const char *bytes, size_t size)
{
	struct perf_script_reader *reader = (struct perf_script_reader *)lines;
	struct script_text line = { bytes, size };
	struct script_frame frame;
	size_t blanks = 0;
	int error;

	while (blanks < size &&
	       (bytes[blanks] == ' ' || bytes[blanks] == '\t' || bytes[blanks] == '\r'))
		blanks++;
	if (blanks == size)
		return end_sample(reader);
	if (is_comment(line))
		return 0;
	if (reader->state != BETWEEN && !is_next_sample(line))
		return blanks && perf_script_frame(line, &frame) ? add_frame(reader, &frame)
								 : 0; /* a line of the source */
	error = end_sample(reader);
	return error ? error : begin_sample(reader, line);
}

/* --- the format --- */

static bool is_frame(struct script_text line)
{
	bool is_behind_tab = *line.start == '\t';
	struct script_frame frame;

	return (is_behind_tab || *line.start == ' ') && perf_script_frame(line, &frame) &&
	       (frame.object.size || (is_behind_tab && frame.has_address && frame.symbol.size));
}

static bool is_certain(const struct script_sample *sample)
{
	struct script_frame frame;

	return (sample->time.size && sample->event.size) || perf_script_own_frame(sample, &frame);
}

/* The first lines that are no comment and no PERF_RECORD_: a sample with a time and an event, or with a frame of its own or
 * on the next line. */
static bool recognises(const char *bytes, size_t size)
{
	struct script_sample sample;
	bool is_sample = false, is_record = false;

	while (size) {
		const char *end = memchr(bytes, '\n', size);
		struct script_text line = { bytes, end ? (size_t)(end - bytes) : size };
		bool is_empty = !line.size || (line.size == 1 && *bytes == '\r');

		if (is_sample)
			return line.size && is_frame(line);
		if (!is_empty && !is_comment(line)) {
			if (!perf_script_sample(line, &sample))
				return is_record && !end; /* cut */
			is_record = perf_script_is_record(&sample);
			if (!is_record && is_certain(&sample))
				return true;
			is_sample = !is_record;
		}
		size -= line.size + (end != NULL);
		bytes += line.size + (end != NULL);
	}
	return is_record;
}

static int end(struct text_lines *lines)
{
	struct perf_script_reader *reader = (struct perf_script_reader *)lines;
	int error = end_sample(reader);

	return error ? error : script_events_end(&reader->events, lines->report);
}

static void release(struct text_lines *lines)
{
	struct perf_script_reader *reader = (struct perf_script_reader *)lines;

	string_pool_release(&reader->texts);
	buffer_release(&reader->stack);
	script_events_release(&reader->events);
	buffer_release(&reader->object_text);
}

static const struct text_lines_ops line_ops = {
	.state_size = sizeof(struct perf_script_reader),
	.line = read_line,
	.end = end,
	.release = release,
};

/* "samples" are those of any event. */
static const char *wanted_event(const struct read_report *report)
{
	return report->wanted && strcmp(report->wanted, "samples") != 0 ? report->wanted : NULL;
}

static void *begin(struct profile *profile, struct read_report *report)
{
	struct perf_script_reader *reader = text_lines_begin(&line_ops, profile, report);

	if (!reader)
		return NULL;
	string_pool_init(&reader->texts);
	script_events_init(&reader->events, profile, wanted_event(report));
	reader->sample.time_ns = SAMPLE_NO_TIME;
	reader->values[0] = 1;
	return reader;
}

const struct profile_format perf_script_format = {
	.name = "perf-script",
	.summary = "samples as perf script prints them",
	.has_machine_clock = true,
	.recognises = recognises,
	.begin = begin,
	.feed = text_lines_feed,
	.finish = text_lines_finish,
	.free = text_lines_free,
};
