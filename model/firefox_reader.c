/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firefox_reader.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/firefox_stacks.h"
#include "model/json_document.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"

#define NS_PER_MS 1e6
#define TOO_MUCH  9223372036854775808.0 /* 2^63 */

enum place {
	OTHER = JSON_OTHER,
	TOP = JSON_TOP,
	META,
	CATEGORIES,
	CATEGORY,
	LIBS,
	LIB,
	SHARED,
	THREADS,
	THREAD,
	STRINGS,
	STACKS,
	FRAMES,
	FUNCS,
	RESOURCES,
	SOURCES,
	SAMPLES,
	FIRST_COLUMN,
};

enum value {
	NOTHING = JSON_NOTHING,
	CLOCK,
	FOLLOWS,
	CATEGORY_NAME,
	LIB_NAME,
	THREAD_NAME,
	PID,
	TID,
	STRING,
	WEIGHT_TYPE,
	FIRST_CELL,
};

#define TABLES_IN(place)                                                                    \
	{ place, "stackTable", STACKS, NOTHING }, { place, "frameTable", FRAMES, NOTHING }, \
		{ place, "funcTable", FUNCS, NOTHING },                                     \
		{ place, "resourceTable", RESOURCES, NOTHING },                             \
		{ place, "sources", SOURCES, NOTHING },                                     \
	{                                                                                   \
		place, "stringArray", STRINGS, NOTHING                                      \
	}

/* Cells come first, for there are most of them. */
static const struct json_key keys[] = {
#define FIREFOX_COLUMN(name, table, key)                             \
	{ FIRST_COLUMN + (name), NULL, OTHER, FIRST_CELL + (name) }, \
		{ table, key, FIRST_COLUMN + (name), NOTHING },
#include "model/firefox_columns.def"
#undef FIREFOX_COLUMN
	{ STRINGS, NULL, OTHER, STRING },
	TABLES_IN(SHARED),
	TABLES_IN(THREAD),
	{ SAMPLES, "weightType", OTHER, WEIGHT_TYPE },
	{ THREAD, "samples", SAMPLES, NOTHING },
	{ THREAD, "name", OTHER, THREAD_NAME },
	{ THREAD, "pid", OTHER, PID },
	{ THREAD, "tid", OTHER, TID },
	{ TOP, "shared", SHARED, NOTHING },
	{ TOP, "threads", THREADS, NOTHING },
	{ THREADS, NULL, THREAD, NOTHING },
	{ TOP, "libs", LIBS, NOTHING },
	{ LIBS, NULL, LIB, NOTHING },
	{ LIB, "name", OTHER, LIB_NAME },
	{ TOP, "meta", META, NOTHING },
	{ META, "startTimeAsClockMonotonicNanosecondsSinceBoot", OTHER, CLOCK },
	{ META, "timesFollowWeights", OTHER, FOLLOWS },
	{ META, "categories", CATEGORIES, NOTHING },
	{ CATEGORIES, NULL, CATEGORY, NOTHING },
	{ CATEGORY, "name", OTHER, CATEGORY_NAME },
};

/* Columns of the whole profile, or of all threads, one behind the other. */
struct tables {
	struct buffer columns[FIREFOX_COLUMN_COUNT]; /* double; NAN: null */
	struct firefox_texts strings;
};

/* What samples weigh. */
static const struct weight_type {
	const char *name, *value, *unit;
	double factor;
} weight_types[] = {
	{ "samples", "samples", "count", 1 },
	{ "tracing-ms", "time", "nanoseconds", NS_PER_MS },
	{ "bytes", "bytes", "bytes", 1 },
};

struct thread {
	size_t ends
		[FIREFOX_COLUMN_COUNT]; /* in the threads' tables, in cells; where the one before ends it begins */
	size_t string_end;
	uint64_t offset;   /* in the input, where it ends */
	uint32_t pid, tid; /* PROFILE_NONE: not told */
	uint32_t name;     /* a string of the profile's, or PROFILE_NONE */
	const struct weight_type *weight;
};

struct firefox_reader {
	struct json_document document; /* the head */
	struct tables shared, own;     /* of the profile, of its threads */
	struct firefox_texts libs, categories;
	struct buffer threads; /* struct thread */
	struct thread thread;  /* that is being read */
	bool is_in_thread;
	bool follows_weights; /* times are none */
	double clock_ns;      /* of time 0 */
};

/* --- the document --- */

static int append(struct buffer *to, const void *item, size_t size)
{
	buffer_append(to, item, size);
	return buffer_error(to);
}

static int end_text(struct firefox_texts *texts)
{
	return append(&texts->ends, &texts->bytes.size, sizeof(texts->bytes.size));
}

static size_t last_end(const struct firefox_texts *texts)
{
	return texts->ends.size
		       ? ((const size_t *)texts->ends.data)[texts->ends.size / sizeof(size_t) - 1]
		       : 0;
}

/* The text that is not ended yet: of several the last one. */
static int set_text(struct firefox_texts *texts, const char *text, size_t size)
{
	texts->bytes.size = last_end(texts);
	return append(&texts->bytes, text, size);
}

static struct tables *tables_of(struct firefox_reader *reader)
{
	return reader->is_in_thread ? &reader->own : &reader->shared;
}

static int open_value(struct json_document *document, uint8_t place)
{
	struct firefox_reader *reader = (struct firefox_reader *)document;

	if (place == THREAD) {
		reader->is_in_thread = true;
		reader->thread.pid = reader->thread.tid = reader->thread.name = PROFILE_NONE;
		reader->thread.weight = &weight_types[0];
	}
	return 0;
}

/* A thread without samples is none: what it had is forgotten. */
static void forget_thread(struct firefox_reader *reader)
{
	const struct thread *thread = &reader->thread;
	struct firefox_texts *strings = &reader->own.strings;

	for (size_t i = 0; i < FIREFOX_COLUMN_COUNT; i++)
		reader->own.columns[i].size = thread->ends[i] * sizeof(double);
	strings->ends.size = thread->string_end * sizeof(size_t);
	strings->bytes.size = last_end(strings);
}

static int end_thread(struct firefox_reader *reader)
{
	struct thread *thread = &reader->thread;

	reader->is_in_thread = false;
	if (reader->own.columns[SAMPLE_STACK].size / sizeof(double) == thread->ends[SAMPLE_STACK]) {
		forget_thread(reader);
		return 0;
	}
	for (size_t i = 0; i < FIREFOX_COLUMN_COUNT; i++)
		thread->ends[i] = reader->own.columns[i].size / sizeof(double);
	thread->string_end = reader->own.strings.ends.size / sizeof(size_t);
	thread->offset = json_document_offset(&reader->document);
	return append(&reader->threads, thread, sizeof(*thread));
}

static int close_value(struct json_document *document, uint8_t place)
{
	struct firefox_reader *reader = (struct firefox_reader *)document;

	switch (place) {
	case THREAD:
		return end_thread(reader);
	case LIB:
		return end_text(&reader->libs);
	case CATEGORY:
		return end_text(&reader->categories);
	default:
		return 0;
	}
}

static int take_number(struct json_document *document, uint8_t value, double number)
{
	struct firefox_reader *reader = (struct firefox_reader *)document;

	if (value >= FIRST_CELL)
		return append(&tables_of(reader)->columns[value - FIRST_CELL], &number,
			      sizeof(number));
	switch (value) {
	case STRING:
		return end_text(&tables_of(reader)->strings);
	case CLOCK:
		reader->clock_ns = number >= 0 && number < TOO_MUCH ? number : 0;
		break;
	case FOLLOWS:
		reader->follows_weights = number == 1;
		break;
	case PID:
		reader->thread.pid = firefox_index(number);
		break;
	case TID:
		reader->thread.tid = firefox_index(number);
		break;
	}
	return 0;
}

/* IDs may be strings, "1234" or whatever makes them unique: "1234.1". */
static uint32_t parse_id(const char *text, size_t size)
{
	uint64_t id = 0;

	for (size_t i = 0; i < size && text[i] != '.'; i++) {
		if (text[i] < '0' || text[i] > '9' || id > UINT32_MAX)
			return PROFILE_NONE;
		id = id * 10 + (uint64_t)(text[i] - '0');
	}
	return size && id < PROFILE_NONE ? (uint32_t)id : PROFILE_NONE;
}

static void set_weight(struct firefox_reader *reader, const char *text, size_t size)
{
	for (size_t i = 0; i < sizeof(weight_types) / sizeof(*weight_types); i++)
		if (strlen(weight_types[i].name) == size &&
		    !memcmp(weight_types[i].name, text, size))
			reader->thread.weight = &weight_types[i];
}

static int take_string(struct json_document *document, uint8_t value, const char *text, size_t size)
{
	struct firefox_reader *reader = (struct firefox_reader *)document;
	struct firefox_texts *strings = &tables_of(reader)->strings;
	double none = NAN;

	if (value >= FIRST_CELL)
		return take_number(document, value, none);
	switch (value) {
	case STRING:
		return append(&strings->bytes, text, size) ? -ENOMEM : end_text(strings);
	case LIB_NAME:
		return set_text(&reader->libs, text, size);
	case CATEGORY_NAME:
		return set_text(&reader->categories, text, size);
	case THREAD_NAME:
		return profile_intern(document->profile, text, size, &reader->thread.name);
	case WEIGHT_TYPE:
		set_weight(reader, text, size);
		break;
	case PID:
		reader->thread.pid = parse_id(text, size);
		break;
	case TID:
		reader->thread.tid = parse_id(text, size);
		break;
	}
	return 0;
}

/* --- a thread's tables --- */

static struct firefox_part part_of(const struct buffer *column, size_t from, size_t to)
{
	return (struct firefox_part){ column->data ? (const double *)column->data + from : NULL,
				      to - from };
}

static struct firefox_part own_part(const struct firefox_reader *reader,
				    const struct thread *thread, bool is_first,
				    enum firefox_column column)
{
	return part_of(&reader->own.columns[column], is_first ? 0 : thread[-1].ends[column],
		       thread->ends[column]);
}

static size_t strings_in(const struct firefox_texts *texts)
{
	return texts->ends.size / sizeof(size_t);
}

static struct firefox_part shared_part(const struct firefox_reader *reader,
				       enum firefox_column column)
{
	const struct buffer *cells = &reader->shared.columns[column];

	return part_of(cells, 0, cells->size / sizeof(double));
}

static struct firefox_stacks stacks_of(const struct firefox_reader *reader)
{
	return (struct firefox_stacks){ .profile = reader->document.profile,
					.libs = &reader->libs,
					.categories = &reader->categories };
}

static void view_shared(const struct firefox_reader *reader, struct firefox_stacks *view)
{
	for (size_t i = 0; i < FIREFOX_COLUMN_COUNT; i++)
		view->columns[i] = shared_part(reader, i);
	view->strings = &reader->shared.strings;
	view->string_from = 0;
	view->string_count = strings_in(view->strings);
}

/* The tables of a thread. Strings and sources may be the profile's. */
static void view_own(const struct firefox_reader *reader, struct firefox_stacks *view,
		     const struct thread *thread, bool is_first)
{
	size_t from = is_first ? 0 : thread[-1].string_end;

	view_shared(reader, view);
	for (size_t i = 0; i < FIREFOX_COLUMN_COUNT; i++) {
		struct firefox_part own = own_part(reader, thread, is_first, i);

		if (own.count || i != SOURCE_FILE)
			view->columns[i] = own;
	}
	if (thread->string_end > from) {
		view->strings = &reader->own.strings;
		view->string_from = from;
		view->string_count = thread->string_end - from;
	}
}

/* --- samples --- */

static int leave_out(struct firefox_reader *reader, const struct thread *thread, const char *why)
{
	read_report_add(reader->document.report, thread->offset, why);
	return 0;
}

static uint64_t time_of(const struct firefox_reader *reader, double ms)
{
	double ns = round(ms * NS_PER_MS + reader->clock_ns);

	return !reader->follows_weights && ns >= 0 && ns < TOO_MUCH ? (uint64_t)ns : SAMPLE_NO_TIME;
}

static int add_sample(struct firefox_reader *reader, const struct firefox_stacks *view,
		      const struct thread *thread, struct sample sample, size_t row)
{
	double weight = 1;
	uint64_t value;
	int error;

	if (view->columns[SAMPLE_WEIGHT].count)
		weight = round(firefox_cell(view, SAMPLE_WEIGHT, row) * thread->weight->factor);
	if (!(weight >= 0 && weight < TOO_MUCH))
		return leave_out(reader, thread, "a sample with a weight that is none");
	value = (uint64_t)weight;
	error = profile_add_sample(reader->document.profile, &sample, &value);
	if (error == -EOVERFLOW)
		return leave_out(reader, thread, "the weights add up to more than 2^63 - 1");
	reader->document.report->stacks += !error;
	return error;
}

static int add_labels(struct firefox_reader *reader, const struct thread *thread,
		      uint32_t *ret_labels)
{
	struct label_set set;

	memset(&set, 0xff, sizeof(set)); /* every label PROFILE_NONE */
	set.values[SAMPLE_LABEL_comm] = thread->name;
	set.values[SAMPLE_LABEL_pid] = thread->pid;
	set.values[SAMPLE_LABEL_tid] = thread->tid;
	return profile_add_labels(reader->document.profile, &set, ret_labels);
}

static int add_samples(struct firefox_reader *reader, const struct firefox_stacks *view,
		       const struct thread *thread)
{
	struct sample sample = { .labels = LABELS_UNKNOWN };
	bool has_times = view->columns[SAMPLE_TIME].count;
	double now = 0;
	int error = 0;

	if (profile_keeps_samples(reader->document.profile))
		error = add_labels(reader, thread, &sample.labels);
	for (size_t i = 0; i < view->columns[SAMPLE_STACK].count && !error; i++) {
		double delta = firefox_cell(view, SAMPLE_DELTA, i),
		       number = firefox_cell(view, SAMPLE_STACK, i);
		uint32_t stack = firefox_index(number);

		now += isfinite(delta) ? delta : 0;
		reader->document.report->lines++;
		sample.time_ns = time_of(reader, has_times ? firefox_cell(view, SAMPLE_TIME, i)
						 : view->columns[SAMPLE_DELTA].count ? now
										     : NAN);
		sample.node = PROFILE_ROOT;
		if (!isnan(number))
			sample.node = stack < view->columns[STACK_FRAME].count ? view->nodes[stack]
									       : PROFILE_NONE;
		if (sample.node == PROFILE_NONE)
			leave_out(reader, thread, "a sample of a stack that is not there");
		else
			error = add_sample(reader, view, thread, sample, i);
	}
	return error;
}

/* --- threads --- */

static const struct thread *threads_of(const struct firefox_reader *reader, size_t *ret_count)
{
	*ret_count = reader->threads.size / sizeof(struct thread);
	return (const struct thread *)reader->threads.data;
}

static bool has_own_stacks(const struct thread *thread, bool is_first)
{
	return thread->ends[STACK_FRAME] > (is_first ? 0 : thread[-1].ends[STACK_FRAME]);
}

/* A thread's samples are its own, whatever tables they refer to. */
static void view_samples(const struct firefox_reader *reader, struct firefox_stacks *view,
			 const struct thread *thread, bool is_first)
{
	static const enum firefox_column columns[] = { SAMPLE_STACK, SAMPLE_TIME, SAMPLE_DELTA,
						       SAMPLE_WEIGHT };

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		view->columns[columns[i]] = own_part(reader, thread, is_first, columns[i]);
}

static int add_own(struct firefox_reader *reader, const struct thread *thread, bool is_first)
{
	_cleanup_(firefox_stacks_release) struct firefox_stacks view = stacks_of(reader);
	int error;

	view_own(reader, &view, thread, is_first);
	error = firefox_stacks_reserve(&view);
	if (!error) {
		firefox_stacks_use(&view, &view.columns[SAMPLE_STACK]);
		error = firefox_stacks_add(&view);
	}
	return error ? error : add_samples(reader, &view, thread);
}

/* The profile's stacks, once for all threads that use them. */
static int add_shared(struct firefox_reader *reader, struct firefox_stacks *view)
{
	size_t count;
	const struct thread *threads = threads_of(reader, &count);
	int error;

	view_shared(reader, view);
	error = firefox_stacks_reserve(view);
	for (size_t i = 0; i < count && !error; i++) {
		struct firefox_part samples = own_part(reader, &threads[i], !i, SAMPLE_STACK);

		if (!has_own_stacks(&threads[i], !i))
			firefox_stacks_use(view, &samples);
	}
	return error ? error : firefox_stacks_add(view);
}

static int add_threads(struct firefox_reader *reader)
{
	_cleanup_(firefox_stacks_release) struct firefox_stacks shared = stacks_of(reader);
	size_t count;
	const struct thread *threads = threads_of(reader, &count);
	int error = add_shared(reader, &shared);

	for (size_t i = 0; i < count && !error; i++) {
		if (threads[i].weight != threads[0].weight) {
			reader->document.report->others++;
		} else if (has_own_stacks(&threads[i], !i)) {
			error = add_own(reader, &threads[i], !i);
		} else {
			view_samples(reader, &shared, &threads[i], !i);
			error = add_samples(reader, &shared, &threads[i]);
		}
	}
	return error;
}

static int add_all(struct json_document *document)
{
	struct firefox_reader *reader = (struct firefox_reader *)document;
	size_t count;
	const struct thread *threads = threads_of(reader, &count);
	const struct weight_type *weight = count ? threads[0].weight : &weight_types[0];
	struct value_type type;
	int error =
		profile_intern(document->profile, weight->value, strlen(weight->value), &type.name);

	if (!error)
		error = profile_intern(document->profile, weight->unit, strlen(weight->unit),
				       &type.unit);
	if (!error)
		error = profile_set_values(document->profile, &type, 1);
	return error ? error : add_threads(reader);
}

/* --- the format --- */

static bool recognises(const char *bytes, size_t size)
{
	return json_begins_as_map(bytes, size) &&
	       json_has(bytes, size, "\"preprocessedProfileVersion\"");
}

static void release_texts(struct firefox_texts *texts)
{
	buffer_release(&texts->bytes);
	buffer_release(&texts->ends);
}

static void release_tables(struct tables *tables)
{
	for (size_t i = 0; i < FIREFOX_COLUMN_COUNT; i++)
		buffer_release(&tables->columns[i]);
	release_texts(&tables->strings);
}

static void release(struct json_document *document)
{
	struct firefox_reader *reader = (struct firefox_reader *)document;

	release_tables(&reader->shared);
	release_tables(&reader->own);
	release_texts(&reader->libs);
	release_texts(&reader->categories);
	buffer_release(&reader->threads);
}

static const struct json_document_ops document_ops = {
	.state_size = sizeof(struct firefox_reader),
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

const struct profile_format firefox_format = {
	.name = "firefox",
	.summary = "processed profile of profiler.firefox.com's",
	.counts_bytes = true,
	.others = "threads of another unit than the first one",
	.recognises = recognises,
	.begin = begin,
	.feed = json_document_feed,
	.finish = json_document_finish,
	.free = json_document_free,
};
