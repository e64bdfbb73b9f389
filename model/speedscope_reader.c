/* SPDX-License-Identifier: Apache-2.0 */
#include "model/speedscope_reader.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "model/folded_reader.h"
#include "model/json_document.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "model/thread_name.h"

/* Where in the document a value stands. */
enum place {
	OTHER = JSON_OTHER,
	TOP = JSON_TOP,
	SHARED,
	FRAMES,
	FRAME,
	PROFILES,
	PROFILE,
	SAMPLES,
	STACK,
	WEIGHTS,
	EVENTS,
	EVENT,
};

enum value {
	NOTHING = JSON_NOTHING,
	NAME,
	THREAD,
	UNIT,
	START,
	FOLLOWS,
	STACKED,
	WEIGHT,
	TYPE,
	AT,
	INDEX,
	SOURCE,
	LINE,
	PROCESS,
};

static const struct json_key keys[] = {
	{ TOP, "shared", SHARED, NOTHING },
	{ SHARED, "frames", FRAMES, NOTHING },
	{ FRAMES, NULL, FRAME, NOTHING },
	{ FRAME, "name", OTHER, NAME },
	{ FRAME, "file", OTHER, SOURCE },
	{ FRAME, "line", OTHER, LINE },
	{ FRAME, "isProcess", OTHER, PROCESS },
	{ TOP, "profiles", PROFILES, NOTHING },
	{ PROFILES, NULL, PROFILE, NOTHING },
	{ PROFILE, "name", OTHER, THREAD },
	{ PROFILE, "unit", OTHER, UNIT },
	{ PROFILE, "startValue", OTHER, START },
	{ PROFILE, "timesFollowWeights", OTHER, FOLLOWS },
	{ PROFILE, "samples", SAMPLES, NOTHING },
	{ SAMPLES, NULL, STACK, NOTHING },
	{ STACK, NULL, OTHER, STACKED },
	{ PROFILE, "weights", WEIGHTS, NOTHING },
	{ WEIGHTS, NULL, OTHER, WEIGHT },
	{ PROFILE, "events", EVENTS, NOTHING },
	{ EVENTS, NULL, EVENT, NOTHING },
	{ EVENT, "type", OTHER, TYPE },
	{ EVENT, "at", OTHER, AT },
	{ EVENT, "frame", OTHER, INDEX },
};

/* A unit, how much of what is counted it is, and what that is called. */
static const struct unit {
	const char *name, *counted, *value;
	double factor;
} units[] = {
	{ "none", "count", "samples", 1 },
	{ "bytes", "bytes", "memory", 1 },
	{ "nanoseconds", "nanoseconds", "time", 1 },
	{ "microseconds", "nanoseconds", "time", 1e3 },
	{ "milliseconds", "nanoseconds", "time", 1e6 },
	{ "seconds", "nanoseconds", "time", 1e9 },
};

struct event {
	uint64_t offset; /* in the input, where it ends */
	double at;
	uint32_t frame;
	char type; /* 'O', 'C'; 0: none */
};

/* One of `frames`: its parts of the buffers end here. */
struct read_frame {
	size_t name_end, file_end;
	uint32_t line;   /* 0: unknown */
	bool is_process; /* where it is outermost */
};

/* A stack of a sample. */
struct read_stack {
	size_t end;      /* of its part of `indexes`, in bytes */
	uint64_t offset; /* in the input, where it ends */
};

/* One of `profiles`: its parts of the buffers end here. */
struct read_profile {
	const struct unit *unit; /* NULL: none that is known */
	double start;            /* when it begins, if that is a time */
	bool follows_weights;    /* its order is not that of time */
	size_t name_end, stack_end, weight_end, event_end;
};

struct speedscope_reader {
	struct json_document document; /* the head */
	struct buffer names;           /* of frames, one behind the other */
	struct buffer files;           /* so are these, empty where they are not known */
	struct buffer frames;          /* struct read_frame */
	struct buffer indexes;         /* uint32_t: stacks of samples, root first */
	struct buffer stacks;          /* struct read_stack */
	struct buffer weights;         /* double */
	struct buffer events;          /* struct event */
	struct buffer threads;         /* names of profiles, one behind the other */
	struct buffer profiles;        /* struct read_profile */
	struct read_frame frame;
	struct event event;
	struct read_profile current;
};

/* --- the document --- */

static int append(struct buffer *to, const void *item, size_t size)
{
	buffer_append(to, item, size);
	return buffer_error(to);
}

static int open_value(struct json_document *document, uint8_t place)
{
	struct speedscope_reader *reader = (struct speedscope_reader *)document;

	if (place == PROFILE) {
		reader->current.unit = NULL;
		reader->current.start = 0;
		reader->current.follows_weights = false;
	}
	if (place == FRAME)
		reader->frame = (struct read_frame){ 0 };
	if (place == EVENT)
		reader->event = (struct event){ .frame = UINT32_MAX };
	return 0;
}

/* A frame without a name, a stack, an event or a profile is complete. */
static int close_value(struct json_document *document, uint8_t place)
{
	struct speedscope_reader *reader = (struct speedscope_reader *)document;
	struct read_stack stack = { reader->indexes.size, json_document_offset(document) };

	switch (place) {
	case FRAME:
		reader->frame.name_end = reader->names.size;
		reader->frame.file_end = reader->files.size;
		return append(&reader->frames, &reader->frame, sizeof(reader->frame));
	case STACK:
		return append(&reader->stacks, &stack, sizeof(stack));
	case EVENT:
		reader->event.offset = json_document_offset(document);
		return append(&reader->events, &reader->event, sizeof(reader->event));
	case PROFILE:
		reader->current.name_end = reader->threads.size;
		reader->current.stack_end = reader->stacks.size / sizeof(struct read_stack);
		reader->current.weight_end = reader->weights.size / sizeof(double);
		reader->current.event_end = reader->events.size / sizeof(struct event);
		return append(&reader->profiles, &reader->current, sizeof(reader->current));
	default:
		return 0;
	}
}

static int take_string(struct json_document *document, uint8_t value, const char *text, size_t size)
{
	struct speedscope_reader *reader = (struct speedscope_reader *)document;

	if (value == NAME)
		return append(&reader->names, text, size);
	if (value == SOURCE)
		return append(&reader->files, text, size);
	if (value == THREAD) {
		reader->threads.size = reader->current.name_end; /* of the one before */
		return append(&reader->threads, text, size);
	}
	if (value == TYPE)
		reader->event.type = size == 1 ? *text : 0;
	for (size_t i = 0; value == UNIT && i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i].name) == size && !memcmp(units[i].name, text, size))
			reader->current.unit = &units[i];
	return 0;
}

static int take_number(struct json_document *document, uint8_t value, double number)
{
	struct speedscope_reader *reader = (struct speedscope_reader *)document;
	uint32_t index = number >= 0 && number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;

	if (value == STACKED)
		return append(&reader->indexes, &index, sizeof(index));
	if (value == WEIGHT)
		return append(&reader->weights, &number, sizeof(number));
	if (value == START)
		reader->current.start = number;
	if (value == FOLLOWS)
		reader->current.follows_weights = number != 0;
	if (value == LINE)
		reader->frame.line = index == UINT32_MAX ? 0 : index;
	if (value == PROCESS)
		reader->frame.is_process = number != 0;
	if (value == AT)
		reader->event.at = number;
	if (value == INDEX)
		reader->event.frame = index;
	return 0;
}

/* --- the profile --- */

/* While the samples of one are added. */
struct adding {
	struct speedscope_reader *reader;
	const struct unit *unit;
	bool is_timed;                   /* the unit is one of time, by which its samples stand */
	double first_ns;                 /* where the first sample of all begins, at most 0 */
	double last_ns;                  /* where the last one does */
	uint32_t labels;                 /* where samples are kept: of the thread */
	uint32_t *frames[FOLDED_DEPTHS]; /* per frame and depth: its ID, or PROFILE_NONE */
	size_t frame_count;
};

/* A part of a buffer, which may be empty. */
static const char *part_of(const struct buffer *buffer, size_t start)
{
	return start < buffer->size ? buffer->data + start : "";
}

/* The same frame at its place in the source. */
static int place_frame(struct profile *profile, const char *file, size_t size, uint32_t line,
		       uint32_t *frame)
{
	struct frame placed = *profile_frame(profile, *frame);
	int error = profile_intern(profile, file, size, &placed.file);

	placed.line = line;
	return error ? error : profile_add_frame(profile, placed, frame);
}

static int add_frame(struct adding *adding, uint32_t index, size_t depth, uint32_t *ret_frame)
{
	struct speedscope_reader *reader = adding->reader;
	struct profile *profile = reader->document.profile;
	const struct read_frame *frames = (const struct read_frame *)reader->frames.data;
	struct read_frame before = index ? frames[index - 1] : (struct read_frame){ 0 };
	size_t file_size = frames[index].file_end - before.file_end;
	uint32_t *known;
	int error = 0;

	/* Other tools' outermost frames are functions like any other. */
	if (depth >= FOLDED_DEPTHS || (!depth && !frames[index].is_process))
		depth = FOLDED_DEPTHS - 1;
	known = &adding->frames[depth][index];
	if (*known == PROFILE_NONE) {
		error = folded_add_frame(profile, part_of(&reader->names, before.name_end),
					 frames[index].name_end - before.name_end, depth, known);
		if (!error && file_size)
			error = place_frame(profile, part_of(&reader->files, before.file_end),
					    file_size, frames[index].line, known);
	}
	*ret_frame = *known;
	return error;
}

/* NULL; or why it is left out. */
static const char *weigh(const struct adding *adding, double weight, uint64_t *ret_weight)
{
	weight = round(weight * adding->unit->factor);
	if (!(weight >= 0))
		return "a negative weight";
	if (weight >= 9223372036854775808.0)
		return "a weight of more than 2^63 - 1";
	*ret_weight = (uint64_t)weight;
	return NULL;
}

static int leave_out(struct adding *adding, uint64_t offset, const char *why)
{
	adding->reader->document.report->lines++;
	read_report_add(adding->reader->document.report, offset, why);
	return 0;
}

static int add_child(struct adding *adding, uint32_t index, size_t depth, uint32_t *node)
{
	uint32_t frame;
	int error = add_frame(adding, index, depth, &frame);

	return error ? error
		     : profile_add_child(adding->reader->document.profile, *node, frame, node);
}

static bool has_times(const struct read_profile *profile)
{
	return profile->unit && !strcmp(profile->unit->counted, "nanoseconds") &&
	       !profile->follows_weights;
}

static double place_ns(const struct unit *unit, double place)
{
	return round(place * unit->factor);
}

/* A place on the axis, in the unit: if it is a time, that. An axis that begins before 0 is moved, of all profiles alike. One that is too long tells no times. */
static uint64_t time_of(const struct adding *adding, double place)
{
	if (!adding->is_timed || !(adding->last_ns - adding->first_ns < 9223372036854775808.0))
		return SAMPLE_NO_TIME;
	return (uint64_t)(place_ns(adding->unit, place) - adding->first_ns);
}

static void take_place(struct adding *adding, const struct unit *unit, double place)
{
	adding->first_ns = fmin(adding->first_ns, place_ns(unit, place));
	adding->last_ns = fmax(adding->last_ns, place_ns(unit, place));
}

static void find_axis(struct adding *adding)
{
	const struct speedscope_reader *reader = adding->reader;
	const struct read_profile *profiles = (const struct read_profile *)reader->profiles.data;
	const double *weights = (const double *)reader->weights.data;
	const struct event *events = (const struct event *)reader->events.data;
	size_t count = reader->profiles.size / sizeof(*profiles), weight = 0, event = 0;

	for (size_t i = 0; i < count; i++) {
		bool is_timed = has_times(&profiles[i]);
		double place = profiles[i].start;

		for (; weight < profiles[i].weight_end; weight++) {
			if (is_timed)
				take_place(adding, profiles[i].unit, place);
			place += weights[weight] > 0 ? weights[weight] : 0;
		}
		for (; event < profiles[i].event_end; event++)
			if (is_timed)
				take_place(adding, profiles[i].unit, events[event].at);
	}
}

/* What is at `place` and lasts so long. */
static int add_weight(struct adding *adding, uint32_t node, double place, double weight,
		      uint64_t offset)
{
	struct profile *profile = adding->reader->document.profile;
	const struct sample sample = { node, adding->labels, time_of(adding, place) };
	uint64_t ticks = 0;
	const char *why = weigh(adding, weight, &ticks);
	int error;

	if (why)
		return leave_out(adding, offset, why);
	error = ticks ? profile_add_sample(profile, &sample, &ticks) : 0;
	if (error == -EOVERFLOW)
		return leave_out(adding, offset, "the weights add up to more than 2^63 - 1");
	adding->reader->document.report->lines += !error;
	adding->reader->document.report->stacks += !error;
	return error;
}

static int add_sample(struct adding *adding, size_t sample, double place, double weight)
{
	const uint32_t *indexes = (const uint32_t *)adding->reader->indexes.data;
	const struct read_stack *stacks = (const struct read_stack *)adding->reader->stacks.data;
	size_t start = sample ? stacks[sample - 1].end / sizeof(*indexes) : 0;
	size_t depth = stacks[sample].end / sizeof(*indexes) - start;
	uint32_t node = PROFILE_ROOT;
	int error = 0;

	for (size_t i = 0; i < depth; i++)
		if (indexes[start + i] >= adding->frame_count)
			return leave_out(adding, stacks[sample].offset,
					 "a frame that is not there");
	for (size_t i = 0; i < depth && !error; i++)
		error = add_child(adding, indexes[start + i], i, &node);
	return error ? error : add_weight(adding, node, place, weight, stacks[sample].offset);
}

/* Each begins where the one before ends. */
static int add_samples(struct adding *adding, const struct read_profile *from,
		       const struct read_profile *to)
{
	const struct read_stack *stacks = (const struct read_stack *)adding->reader->stacks.data;
	const double *weights = (const double *)adding->reader->weights.data;
	size_t weight = from->weight_end;
	double place = to->start;
	int error = 0;

	for (size_t i = from->stack_end; i < to->stack_end && !error; i++, weight++) {
		if (weight >= to->weight_end) {
			error = leave_out(adding, stacks[i].offset, "a sample without a weight");
			continue;
		}
		error = add_sample(adding, i, place, weights[weight]);
		if (weights[weight] > 0)
			place += weights[weight];
	}
	return error;
}

/* The nodes of the frames that are open: `open`, uint32_t. */
static int take_event(struct adding *adding, const struct event *event, struct buffer *open)
{
	size_t depth = open->size / sizeof(uint32_t);
	uint32_t node = depth ? ((const uint32_t *)open->data)[depth - 1] : PROFILE_ROOT;
	int error;

	if (event->type == 'C' && depth) {
		open->size -= sizeof(node);
		return 0;
	}
	if (event->type != 'O' || event->frame >= adding->frame_count)
		return leave_out(adding, event->offset, "an event that opens and closes nothing");
	error = add_child(adding, event->frame, depth, &node);
	buffer_append(open, &node, sizeof(node));
	return error ? error : buffer_error(open);
}

/* What lies between two events is the innermost open frame's. Frames are closed in the reverse order of their opening. */
static int add_events(struct adding *adding, const struct read_profile *from,
		      const struct read_profile *to)
{
	const struct event *events = (const struct event *)adding->reader->events.data;
	struct buffer open = { 0 };
	int error = 0;

	for (size_t i = from->event_end; i < to->event_end && !error; i++) {
		const uint32_t *nodes = (const uint32_t *)open.data;
		size_t depth = open.size / sizeof(*nodes);

		if (depth && events[i].at != events[i - 1].at)
			error = add_weight(adding, nodes[depth - 1], events[i - 1].at,
					   events[i].at - events[i - 1].at, events[i].offset);
		if (!error)
			error = take_event(adding, &events[i], &open);
	}
	buffer_release(&open);
	return error;
}

static int name_values(struct profile *profile, const struct unit *unit)
{
	struct value_type type;
	int error = profile_intern(profile, unit->value, strlen(unit->value), &type.name);

	if (!error)
		error = profile_intern(profile, unit->counted, strlen(unit->counted), &type.unit);
	return error ? error : profile_set_values(profile, &type, 1);
}

/* Of a profile that is one of a thread its name tells which; of several ones that tell no IDs, the names are the threads'. */
static int find_labels(struct adding *adding, const struct read_profile *from,
		       const struct read_profile *to, bool is_alone)
{
	struct profile *profile = adding->reader->document.profile;
	struct thread_name name;
	struct label_set set;

	adding->labels = LABELS_UNKNOWN;
	if (!profile_keeps_samples(profile) || to->name_end == from->name_end)
		return 0;
	name = thread_name_parse(adding->reader->threads.data + from->name_end,
				 to->name_end - from->name_end);
	if (!is_alone && name.pid == PROFILE_NONE && name.tid == PROFILE_NONE) {
		name.comm = adding->reader->threads.data + from->name_end;
		name.comm_size = to->name_end - from->name_end;
	}
	memset(&set, 0xff, sizeof(set)); /* every label PROFILE_NONE */
	set.values[SAMPLE_LABEL_pid] = name.pid;
	set.values[SAMPLE_LABEL_tid] = name.tid;
	if (name.comm_size &&
	    profile_intern(profile, name.comm, name.comm_size, &set.values[SAMPLE_LABEL_comm]))
		return -ENOMEM;
	return profile_add_labels(profile, &set, &adding->labels);
}

static int add_profiles(struct adding *adding)
{
	const struct speedscope_reader *reader = adding->reader;
	const struct read_profile *profiles = (const struct read_profile *)reader->profiles.data;
	size_t count = reader->profiles.size / sizeof(*profiles);
	const struct unit *first = NULL;
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		struct read_profile before = i ? profiles[i - 1] : (struct read_profile){ 0 };
		const struct unit *unit = profiles[i].unit ? profiles[i].unit : &units[0];

		if (!first) {
			first = unit;
			error = name_values(reader->document.profile, unit);
		}
		if (strcmp(unit->counted, first->counted) != 0) {
			reader->document.report->others++;
			continue;
		}
		adding->unit = unit;
		adding->is_timed = has_times(&profiles[i]);
		if (!error)
			error = find_labels(adding, &before, &profiles[i], count == 1);
		if (!error)
			error = add_samples(adding, &before, &profiles[i]);
		if (!error)
			error = add_events(adding, &before, &profiles[i]);
	}
	return error;
}

static int add_all(struct json_document *document)
{
	struct speedscope_reader *reader = (struct speedscope_reader *)document;
	struct adding adding = { reader, .last_ns = -INFINITY,
				 .frame_count = reader->frames.size / sizeof(struct read_frame) };
	size_t size = (adding.frame_count + 1) * sizeof(uint32_t);
	int error = 0;

	for (size_t i = 0; i < FOLDED_DEPTHS; i++) {
		adding.frames[i] = malloc(size);
		if (!adding.frames[i])
			error = -ENOMEM;
		else
			memset(adding.frames[i], 0xff, size); /* every one PROFILE_NONE */
	}
	find_axis(&adding);
	if (!error)
		error = add_profiles(&adding);
	for (size_t i = 0; i < FOLDED_DEPTHS; i++)
		free(adding.frames[i]);
	return error;
}

/* --- the format --- */

/* JSON with what only these files have. */
static bool recognises(const char *bytes, size_t size)
{
	return json_begins_as_map(bytes, size) &&
	       (json_has(bytes, size, "speedscope.app/file-format-schema.json") ||
		json_has(bytes, size, "\"speedscope@") ||
		(json_has(bytes, size, "\"profiles\"") && json_has(bytes, size, "\"evented\"")));
}

static void release(struct json_document *document)
{
	struct speedscope_reader *reader = (struct speedscope_reader *)document;

	buffer_release(&reader->names);
	buffer_release(&reader->files);
	buffer_release(&reader->frames);
	buffer_release(&reader->indexes);
	buffer_release(&reader->stacks);
	buffer_release(&reader->weights);
	buffer_release(&reader->events);
	buffer_release(&reader->threads);
	buffer_release(&reader->profiles);
}

static const struct json_document_ops document_ops = {
	.state_size = sizeof(struct speedscope_reader),
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(*keys),
	.open = open_value,
	.close = close_value,
	.number = take_number,
	.string = take_string,
	.end = add_all,
	.release = release,
};

static void *begin(struct profile *profile, struct read_report *report)
{
	return json_document_begin(&document_ops, profile, report);
}

const struct profile_format speedscope_format = {
	.name = "speedscope",
	.summary = "file of speedscope's",
	.counts_bytes = true,
	.others = "profiles of another unit than the first one",
	.recognises = recognises,
	.begin = begin,
	.feed = json_document_feed,
	.finish = json_document_finish,
	.free = json_document_free,
};
