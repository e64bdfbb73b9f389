/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bpftrace_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "model/text_lines.h"

#define MAX_FRAMES     65536 /* of a key; one with more is left out */
#define KERNEL_ADDRESS (UINT64_C(1) << 63)
#define ADDRESS_DIGITS \
	8 /* at least, of what perf mode prints ahead of a symbol; behind a tab it may be shorter */
#define HEX_DIGITS 16 /* at most */

/* Where the kernel is entered: the outermost functions of its stacks. */
static const char *const kernel_roots[] = {
	"entry_SYSCALL_",  "entry_INT80_",     "entry_SYSENTER_",   "do_syscall_64",
	"asm_sysvec_",     "asm_exc_",         "asm_common_",       "ret_from_fork",
	"secondary_start", "common_startup_",  "cpu_startup_entry", "start_kernel",
	"el0t_",           "el0_sync",         "el0_svc",           "el1h_",
	"ret_to_user",     "__primary_switch", "kthread",
};

struct text {
	const char *start;
	size_t size;
};

struct key_frame {
	uint32_t name_end, object_end; /* in the texts; where the one before ends it begins */
	uint64_t address;              /* 0: not printed */
};

struct bpftrace_reader {
	struct text_lines lines;  /* the head */
	bool is_in_key, is_other; /* of another map */
	bool is_too_deep;
	struct buffer map; /* the name of the first one with stacks, with its "@" */
	bool has_map;
	struct buffer texts;  /* of the key's frames */
	struct buffer frames; /* struct key_frame, leaf first */
	struct buffer stacks; /* size_t: where the frames of each end */
	struct buffer comm;
	bool has_comm;
	uint32_t number_count;
	uint32_t number;
};

/* --- text --- */

static bool begins_with(struct text text, const char *what)
{
	return text.size >= strlen(what) && !memcmp(text.start, what, strlen(what));
}

static struct text skip(struct text text, size_t size)
{
	return (struct text){ text.start + size, text.size - size };
}

static struct text trim(struct text text)
{
	while (text.size && strchr(" \t\r", *text.start) && *text.start)
		text = skip(text, 1);
	while (text.size && strchr(" \t\r", text.start[text.size - 1]) && text.start[text.size - 1])
		text.size--;
	return text;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* How many digits, at most HEX_DIGITS, stand at its beginning. */
static size_t read_hex(struct text text, uint64_t *ret_number)
{
	size_t size = 0;

	*ret_number = 0;
	for (; size < text.size && size < HEX_DIGITS && hex_digit(text.start[size]) >= 0; size++)
		*ret_number = *ret_number << 4 | (uint64_t)hex_digit(text.start[size]);
	return size;
}

static bool read_count(struct text text, uint64_t *ret_count)
{
	uint64_t count = 0;

	for (size_t i = 0; i < text.size; i++) {
		uint64_t digit = (uint64_t)(text.start[i] - '0');

		if (text.start[i] < '0' || text.start[i] > '9' ||
		    count > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		count = count * 10 + digit;
	}
	*ret_count = count;
	return text.size > 0;
}

/* --- a key --- */

static void clear_key(struct bpftrace_reader *reader)
{
	buffer_clear(&reader->texts);
	buffer_clear(&reader->frames);
	buffer_clear(&reader->stacks);
	buffer_clear(&reader->comm);
	reader->has_comm = reader->is_too_deep = false;
	reader->number_count = 0;
}

static size_t frame_count(const struct bpftrace_reader *reader)
{
	return reader->frames.size / sizeof(struct key_frame);
}

/* "vfs_read+17" without the offset. */
static struct text without_offset(struct text symbol)
{
	size_t at = symbol.size;

	while (at && symbol.start[at - 1] >= '0' && symbol.start[at - 1] <= '9')
		at--;
	if (at > 1 && at < symbol.size && symbol.start[at - 1] == '+')
		symbol.size = at - 1;
	return symbol;
}

/* "readline+0 (/usr/bin/bash)": takes the object off. */
static struct text take_object(struct text *symbol)
{
	struct text object = { 0 };

	if (!symbol->size || symbol->start[symbol->size - 1] != ')')
		return object;
	for (size_t at = symbol->size - 1; at > 1; at--)
		if (symbol->start[at] == '(' && symbol->start[at - 1] == ' ' &&
		    strchr("/[", symbol->start[at + 1])) {
			object = (struct text){ symbol->start + at + 1, symbol->size - at - 2 };
			symbol->size = at - 1;
			break;
		}
	return object;
}

/* "    7f12 readline+0 (/bin/bash)", "    vfs_read+1", "    0x7f12" */
static int add_frame(struct bpftrace_reader *reader, struct text line)
{
	struct key_frame frame = { 0 };
	struct text symbol = trim(line), object;
	uint64_t number;
	size_t digits = read_hex(symbol, &number);

	reader->is_too_deep |=
		frame_count(reader) >= MAX_FRAMES || reader->texts.size > UINT32_MAX - line.size;
	if (reader->is_too_deep)
		return 0;
	if (digits >= (begins_with(line, "\t") ? 1 : ADDRESS_DIGITS) && digits < symbol.size &&
	    symbol.start[digits] == ' ') {
		frame.address = number;
		symbol = trim(skip(symbol, digits));
	}
	object = take_object(&symbol);
	if (begins_with(symbol, "0x") && read_hex(skip(symbol, 2), &number) == symbol.size - 2) {
		frame.address = number;
		symbol.size = 0;
	}
	symbol = without_offset(symbol);
	buffer_append(&reader->texts, symbol.start, symbol.size);
	frame.name_end = (uint32_t)reader->texts.size;
	buffer_append(&reader->texts, object.start, object.size);
	frame.object_end = (uint32_t)reader->texts.size;
	buffer_append(&reader->frames, &frame, sizeof(frame));
	return buffer_error(&reader->texts) ? -ENOMEM : buffer_error(&reader->frames);
}

static int end_stack(struct bpftrace_reader *reader)
{
	size_t end = frame_count(reader);

	buffer_append(&reader->stacks, &end, sizeof(end));
	return buffer_error(&reader->stacks);
}

/* What stands in a key besides stacks, "bash, 1234". */
static int add_part(struct bpftrace_reader *reader, struct text part)
{
	uint64_t number;

	while (part.size && part.start[part.size - 1] == ',')
		part.size--;
	if (!part.size)
		return 0;
	if (read_count(part, &number)) {
		reader->number = number < PROFILE_NONE ? (uint32_t)number : PROFILE_NONE;
		reader->number_count++;
		return 0;
	}
	if (reader->has_comm)
		return 0;
	reader->has_comm = true;
	buffer_append(&reader->comm, part.start, part.size);
	return buffer_error(&reader->comm);
}

static int add_parts(struct bpftrace_reader *reader, struct text parts)
{
	int error = 0;

	while (parts.size && !error) {
		const char *end = memmem(parts.start, parts.size, ", ", 2);
		size_t size = end ? (size_t)(end - parts.start) : parts.size;

		error = add_part(reader, trim((struct text){ parts.start, size }));
		parts = skip(parts, end ? size + 2 : size);
	}
	return error;
}

/* --- its stacks --- */

static struct text text_of(const struct bpftrace_reader *reader, size_t start, size_t end)
{
	return (struct text){ end > start ? reader->texts.data + start : "", end - start };
}

static struct text name_of(const struct bpftrace_reader *reader, size_t index)
{
	const struct key_frame *frames = (const struct key_frame *)reader->frames.data;

	return text_of(reader, index ? frames[index - 1].object_end : 0, frames[index].name_end);
}

enum side { SIDE_UNTOLD, SIDE_KERNEL, SIDE_USER };

static enum side side_of(const struct bpftrace_reader *reader, size_t from, size_t to)
{
	const struct key_frame *frames = (const struct key_frame *)reader->frames.data;

	for (size_t i = from; i < to; i++) {
		if (frames[i].address)
			return frames[i].address >= KERNEL_ADDRESS ? SIDE_KERNEL : SIDE_USER;
		if (frames[i].object_end > frames[i].name_end)
			return SIDE_USER;
	}
	for (size_t i = 0; to > from && i < sizeof(kernel_roots) / sizeof(*kernel_roots); i++)
		if (begins_with(name_of(reader, to - 1), kernel_roots[i]))
			return SIDE_KERNEL;
	return SIDE_UNTOLD;
}

static int intern_frame(struct bpftrace_reader *reader, size_t index, bool is_kernel,
			uint32_t *ret_frame)
{
	const struct key_frame *from = (const struct key_frame *)reader->frames.data + index;
	struct profile *profile = reader->lines.profile;
	struct frame frame = frame_of_kind(is_kernel ? FRAME_KERNEL : FRAME_NATIVE);
	struct text name = name_of(reader, index);
	struct text object = text_of(reader, from->name_end, from->object_end);
	const char *slash = object.size ? memrchr(object.start, '/', object.size) : NULL;
	struct buffer unknown = { 0 };
	int error = 0;

	if (slash)
		object = skip(object, (size_t)(slash + 1 - object.start));
	if (begins_with(object, "["))
		object.size = 0; /* "[unknown]" */
	if (object.size)
		error = profile_intern(profile, object.start, object.size, &frame.module);
	if (!name.size) {
		frame.kind = is_kernel ? FRAME_KERNEL : FRAME_UNKNOWN;
		buffer_printf(&unknown, "[%.*s]", object.size ? (int)object.size : 7,
			      object.size ? object.start : "unknown");
		error = error ? error : buffer_error(&unknown);
		name = (struct text){ unknown.data, unknown.size };
	}
	if (!error)
		error = profile_intern(profile, name.start, name.size, &frame.name);
	buffer_release(&unknown);
	return error ? error : profile_add_frame(profile, frame, ret_frame);
}

/* Onto a node, root first. */
static int add_stack(struct bpftrace_reader *reader, size_t from, size_t to, bool is_kernel,
		     uint32_t *node)
{
	int error = 0;

	for (size_t i = to; i-- > from && !error;) {
		uint32_t frame;

		error = intern_frame(reader, i, is_kernel, &frame);
		if (!error)
			error = profile_add_child(reader->lines.profile, *node, frame, node);
	}
	return error;
}

/* Those of one side. `is_first_kernel`: of several, of which none is told to be the kernel's, the first one. */
static int add_stacks(struct bpftrace_reader *reader, bool kernel, bool is_first_kernel,
		      uint32_t *node)
{
	const size_t *ends = (const size_t *)reader->stacks.data;
	size_t from = 0;
	int error = 0;

	for (size_t i = 0; i < reader->stacks.size / sizeof(*ends) && !error; i++) {
		enum side side = side_of(reader, from, ends[i]);
		bool is_kernel =
			side == SIDE_KERNEL || (side == SIDE_UNTOLD && is_first_kernel && i == 0);

		if (is_kernel == kernel)
			error = add_stack(reader, from, ends[i], is_kernel, node);
		from = ends[i];
	}
	return error;
}

static bool is_first_kernel(const struct bpftrace_reader *reader)
{
	const size_t *ends = (const size_t *)reader->stacks.data;
	size_t count = reader->stacks.size / sizeof(*ends), from = 0;

	for (size_t i = 0; i < count; i++) {
		if (side_of(reader, from, ends[i]) == SIDE_KERNEL)
			return false;
		from = ends[i];
	}
	return count > 1;
}

/* --- samples --- */

static int add_labels(struct bpftrace_reader *reader, uint32_t comm, struct sample *sample)
{
	struct label_set set;

	memset(&set, 0xff, sizeof(set)); /* every label PROFILE_NONE */
	set.values[SAMPLE_LABEL_comm] = comm;
	if (reader->has_comm && reader->number_count == 1)
		set.values[SAMPLE_LABEL_pid] = reader->number;
	return profile_add_labels(reader->lines.profile, &set, &sample->labels);
}

/* The comm heads the stack. */
static int add_comm(struct bpftrace_reader *reader, struct sample *sample)
{
	struct profile *profile = reader->lines.profile;
	struct frame process = frame_of_kind(FRAME_PROCESS);
	uint32_t frame, comm = PROFILE_NONE;
	int error = 0;

	if (reader->has_comm) {
		error = profile_intern(profile, reader->comm.data, reader->comm.size, &comm);
		process.name = comm;
		if (!error)
			error = profile_add_frame(profile, process, &frame);
		if (!error)
			error = profile_add_child(profile, PROFILE_ROOT, frame, &sample->node);
	}
	if (!error && profile_keeps_samples(profile))
		error = add_labels(reader, comm, sample);
	return error;
}

static int add_sample(struct bpftrace_reader *reader, uint64_t count)
{
	struct sample sample = { .node = PROFILE_ROOT,
				 .labels = LABELS_UNKNOWN,
				 .time_ns = SAMPLE_NO_TIME };
	int error = add_comm(reader, &sample);
	bool is_first = is_first_kernel(reader);

	if (!error)
		error = add_stacks(reader, false, is_first, &sample.node);
	if (!error)
		error = add_stacks(reader, true, is_first, &sample.node);
	if (!error)
		error = profile_add_sample(reader->lines.profile, &sample, &count);
	reader->lines.report->stacks += !error;
	return error;
}

static int leave_out(struct bpftrace_reader *reader, const char *why)
{
	read_report_add(reader->lines.report, reader->lines.report->lines, why);
	return 0;
}

/* Behind "]". */
static int end_key(struct bpftrace_reader *reader, struct text value)
{
	uint64_t count;
	int error;

	reader->is_in_key = false;
	if (reader->is_other) {
		reader->lines.report->others++;
		return 0;
	}
	if (!begins_with(value, ":") || !read_count(trim(skip(value, 1)), &count))
		return leave_out(reader, "a value that is no count");
	if (reader->is_too_deep)
		return leave_out(reader, "its stacks have more than 65,536 frames");
	error = add_sample(reader, count);
	return error == -EOVERFLOW ? leave_out(reader, "the counts add up to more than 2^63 - 1")
				   : error;
}

/* --- lines --- */

static bool is_name(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* Of "@name[...", the size of "@name"; else 0. */
static size_t map_name(struct text line)
{
	size_t size = 1;

	if (!begins_with(line, "@"))
		return 0;
	while (size < line.size && is_name(line.start[size]))
		size++;
	return size < line.size && line.start[size] == '[' ? size : 0;
}

/* "@name[", or "@name[bash, ", behind which a stack begins: the size of the name; else 0. */
static size_t begins_key(struct text line)
{
	struct text trimmed = trim(line);
	size_t size = map_name(line);

	return trimmed.size && (trimmed.size == size + 1 || trimmed.start[trimmed.size - 1] == ',')
		       ? size
		       : 0;
}

static int begin_key(struct bpftrace_reader *reader, struct text line, size_t name)
{
	clear_key(reader);
	reader->is_in_key = true;
	if (!reader->has_map) {
		reader->has_map = true;
		buffer_append(&reader->map, line.start, name);
		if (buffer_error(&reader->map))
			return -ENOMEM;
	}
	reader->is_other = reader->map.size != name || memcmp(reader->map.data, line.start, name);
	return add_parts(reader, skip(line, name + 1));
}

static bool is_frame(struct text line)
{
	return begins_with(line, "    ") || begins_with(line, "\t");
}

/* The "]" of "]: COUNT". A part may hold brackets: it is the last one with a value. */
static const char *find_close(struct text line)
{
	for (size_t i = line.size; i--;)
		if (line.start[i] == ']' && i + 1 < line.size && line.start[i + 1] == ':')
			return line.start + i;
	return NULL;
}

/* "@[bash, 1234, , ]: 5": a key of a map with stacks whose own stacks are empty. */
static bool is_whole_key(const struct bpftrace_reader *reader, struct text line)
{
	const char *close = find_close(line);
	size_t name = map_name(line), size;
	struct text parts;

	if (!name || !close)
		return false;
	if (reader->has_map)
		return reader->map.size == name && !memcmp(reader->map.data, line.start, name);
	parts = skip(line, name + 1);
	size = (size_t)(close - parts.start);
	return !size || *parts.start == ',' || parts.start[size - 1] == ' ' ||
	       memmem(parts.start, size, ", ,", 3);
}

static int take_whole_key(struct bpftrace_reader *reader, struct text line)
{
	size_t name = map_name(line);
	const char *close = find_close(line);
	size_t parts = (size_t)(close - line.start) - name - 1;
	int error = begin_key(reader, (struct text){ line.start, name + 1 }, name);

	if (!error)
		error = add_parts(reader, (struct text){ line.start + name + 1, parts });
	return error ? error : end_key(reader, trim(skip(line, (size_t)(close + 1 - line.start))));
}

/* Ends a stack: ", " and another one follows, or other parts do, or "]: COUNT". */
static int take_key_line(struct bpftrace_reader *reader, struct text line)
{
	const char *close = find_close(line);
	int error = end_stack(reader);

	if (!error)
		error = add_parts(reader,
				  (struct text){ line.start, close ? (size_t)(close - line.start)
								   : line.size });
	if (error || !close)
		return error;
	return end_key(reader, trim(skip(line, (size_t)(close + 1 - line.start))));
}

static int read_line(struct text_lines *lines, const char *bytes, size_t size)
{
	struct bpftrace_reader *reader = (struct bpftrace_reader *)lines;
	struct text line = { bytes, size };
	size_t name = begins_key(line);

	if (name) {
		if (reader->is_in_key)
			leave_out(reader, "a key in the midst of another one");
		return begin_key(reader, line, name);
	}
	if (!reader->is_in_key && is_whole_key(reader, line))
		return take_whole_key(reader, line);
	if (!reader->is_in_key || !trim(line).size)
		return 0;
	if (is_frame(line))
		return reader->is_other ? 0 : add_frame(reader, line);
	if (begins_with(line, ",") || begins_with(line, "]"))
		return take_key_line(reader, line);
	reader->is_in_key = false;
	return leave_out(reader, "neither a frame nor the end of a key");
}

static int end(struct text_lines *lines)
{
	struct bpftrace_reader *reader = (struct bpftrace_reader *)lines;

	return reader->is_in_key ? leave_out(reader, "a key without an end") : 0;
}

/* --- the format --- */

/* A key, and a frame or the end of an empty stack behind it. */
static bool recognises(const char *bytes, size_t size)
{
	bool is_key = false;

	while (size) {
		const char *end = memchr(bytes, '\n', size);
		struct text line = { bytes, end ? (size_t)(end - bytes) : size };

		if (is_key && (is_frame(line) || begins_with(line, ",") || begins_with(line, "]")))
			return true;
		is_key = begins_key(line) || (is_key && !trim(line).size);
		size -= line.size + (end != NULL);
		bytes += line.size + (end != NULL);
	}
	return false;
}

static void release(struct text_lines *lines)
{
	struct bpftrace_reader *reader = (struct bpftrace_reader *)lines;

	buffer_release(&reader->map);
	buffer_release(&reader->texts);
	buffer_release(&reader->frames);
	buffer_release(&reader->stacks);
	buffer_release(&reader->comm);
}

static const struct text_lines_ops line_ops = {
	.state_size = sizeof(struct bpftrace_reader),
	.line = read_line,
	.end = end,
	.release = release,
};

static void *begin(struct profile *profile, struct read_report *report)
{
	return text_lines_begin(&line_ops, profile, report);
}

const struct profile_format bpftrace_format = {
	.name = "bpftrace",
	.summary = "map with stacks as bpftrace prints it",
	.others = "keys of other maps than the first one",
	.recognises = recognises,
	.begin = begin,
	.feed = text_lines_feed,
	.finish = text_lines_finish,
	.free = text_lines_free,
};
