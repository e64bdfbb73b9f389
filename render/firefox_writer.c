/* SPDX-License-Identifier: Apache-2.0 */
#include "render/firefox_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json_string.h"
#include "base/record_pool.h"
#include "base/u64_map.h"
#include "base/u64_sort.h"
#include "model/profile.h"
#include "model/samples.h"
#include "render/render_options.h"
#include "render/thread_order.h"

#define VERSION 70 /* PROCESSED_PROFILE_VERSION */
#define GECKO_VERSION \
	36 /* of the format that Firefox itself writes, which the meta data name besides */
#define NS_PER_MS 1000000u
#define NS_PER_S  UINT64_C(1000000000)

/* A colour for each kind; "grey" is the default category's alone. */
static const char *const colors[FRAME_KIND_COUNT] = {
	[FRAME_NATIVE] = "yellow", [FRAME_KERNEL] = "orange",    [FRAME_INLINED] = "lightblue",
	[FRAME_JIT] = "green",     [FRAME_UNKNOWN] = "darkgrey", [FRAME_PROCESS] = "purple",
	[FRAME_MARKER] = "red",
};

/* Frames of one function, which may be at several lines of it. No padding. */
struct function {
	uint32_t name, module, file, kind;
};

/* Strings of the profile's in an order of their own. */
struct list {
	struct buffer strings; /* uint32_t: IDs */
	struct u64_map places; /* ID -> index */
};

struct firefox_writer {
	const struct profile *profile;
	const struct thread_order *order;
	struct list strings, modules, files;
	struct record_pool functions; /* struct function */
	uint32_t *of_frame;           /* per frame: its function */
	bool has_times;
	uint64_t start_ns;    /* the first sample's time */
	uint64_t interval_ns; /* between two samples, where times are not known */
	const char *weight_type;
	struct buffer *to;
};

/* --- lists --- */

static int list_add(struct list *list, uint32_t string)
{
	uint32_t count = (uint32_t)(list->strings.size / sizeof(string));

	if (string == PROFILE_NONE || u64_map_get(&list->places, string) != U64_MAP_ABSENT)
		return 0;
	buffer_append(&list->strings, &string, sizeof(string));
	return buffer_error(&list->strings) ? -ENOMEM : u64_map_set(&list->places, string, count);
}

static uint32_t list_count(const struct list *list)
{
	return (uint32_t)(list->strings.size / sizeof(uint32_t));
}

static uint32_t list_get(const struct list *list, uint32_t index)
{
	return ((const uint32_t *)list->strings.data)[index];
}

static int add_function(struct firefox_writer *writer, uint32_t index)
{
	const struct frame *frame = profile_frame(writer->profile, index);
	struct function function = { frame->name, frame->module, frame->file, frame->kind };
	int error = record_pool_add(&writer->functions, &function, &writer->of_frame[index]);

	if (!error)
		error = list_add(&writer->strings, frame->name);
	if (!error)
		error = list_add(&writer->strings, frame->module);
	if (!error)
		error = list_add(&writer->strings, frame->file);
	if (!error)
		error = list_add(&writer->modules, frame->module);
	return error ? error : list_add(&writer->files, frame->file);
}

/* --- columns --- */

typedef void (*cell_fn)(struct firefox_writer *writer, uint32_t row);

static void append_column(struct firefox_writer *writer, const char *key, uint32_t count,
			  cell_fn cell)
{
	buffer_append_char(writer->to, '"');
	buffer_append_string(writer->to, key);
	buffer_append_string(writer->to, "\":[");
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			buffer_append_char(writer->to, ',');
		cell(writer, i);
	}
	buffer_append_string(writer->to, "],\n");
}

static void append_length(struct firefox_writer *writer, uint32_t count)
{
	buffer_append_string(writer->to, "\"length\":");
	buffer_append_u64(writer->to, count);
	buffer_append_char(writer->to, '}');
}

static void cell_null(struct firefox_writer *writer, uint32_t row)
{
	(void)row;
	buffer_append_string(writer->to, "null");
}

static void cell_none(struct firefox_writer *writer, uint32_t row)
{
	(void)row;
	buffer_append_string(writer->to, "-1");
}

static void cell_zero(struct firefox_writer *writer, uint32_t row)
{
	(void)row;
	buffer_append_char(writer->to, '0');
}

static void cell_one(struct firefox_writer *writer, uint32_t row)
{
	(void)row;
	buffer_append_char(writer->to, '1');
}

static void cell_false(struct firefox_writer *writer, uint32_t row)
{
	(void)row;
	buffer_append_string(writer->to, "false");
}

/* `none` where the string is none. */
static void append_place(struct firefox_writer *writer, const struct list *list, uint32_t string,
			 const char *none)
{
	if (string == PROFILE_NONE)
		buffer_append_string(writer->to, none);
	else
		buffer_append_u64(writer->to, u64_map_get(&list->places, string));
}

static void append_string(struct firefox_writer *writer, uint32_t string)
{
	size_t size;
	const char *text = profile_string(writer->profile, string, &size);

	json_append_bytes(writer->to, text, size, SIZE_MAX);
}

/* --- the tables that all threads share --- */

/* Row i is node i + 1: the root is none. */
static void cell_stack_frame(struct firefox_writer *writer, uint32_t row)
{
	buffer_append_u64(writer->to, profile_node(writer->profile, row + 1)->frame);
}

static void cell_stack_offset(struct firefox_writer *writer, uint32_t row)
{
	uint32_t parent = profile_node(writer->profile, row + 1)->parent;

	buffer_append_u64(writer->to, parent == PROFILE_ROOT ? 0 : row + 1 - parent);
}

static void append_stacks(struct firefox_writer *writer)
{
	uint32_t count = profile_node_count(writer->profile) - 1;

	buffer_append_string(writer->to, "\"stackTable\":{");
	append_column(writer, "frame", count, cell_stack_frame);
	append_column(writer, "prefixOffset", count, cell_stack_offset);
	append_length(writer, count);
}

static void cell_frame_func(struct firefox_writer *writer, uint32_t row)
{
	buffer_append_u64(writer->to, writer->of_frame[row]);
}

static void cell_frame_lib(struct firefox_writer *writer, uint32_t row)
{
	append_place(writer, &writer->modules, profile_frame(writer->profile, row)->module, "-1");
}

/* Category 0 is the default one. */
static void cell_frame_category(struct firefox_writer *writer, uint32_t row)
{
	buffer_append_u64(writer->to, profile_frame(writer->profile, row)->kind + 1);
}

static void cell_frame_line(struct firefox_writer *writer, uint32_t row)
{
	uint32_t line = profile_frame(writer->profile, row)->line;

	if (line)
		buffer_append_u64(writer->to, line);
	else
		cell_null(writer, row);
}

static void append_frames(struct firefox_writer *writer)
{
	uint32_t count = profile_frame_count(writer->profile);

	buffer_append_string(writer->to, ",\n\"frameTable\":{");
	append_column(writer, "address", count, cell_none);
	append_column(writer, "lib", count, cell_frame_lib);
	append_column(writer, "inlineDepth", count, cell_zero);
	append_column(writer, "category", count, cell_frame_category);
	append_column(writer, "subcategory", count, cell_zero);
	append_column(writer, "func", count, cell_frame_func);
	append_column(writer, "nativeSymbol", count, cell_null);
	append_column(writer, "innerWindowID", count, cell_null);
	append_column(writer, "line", count, cell_frame_line);
	append_column(writer, "column", count, cell_null);
	append_column(writer, "originalLocation", count, cell_null);
	append_length(writer, count);
}

static const struct function *function_at(struct firefox_writer *writer, uint32_t row)
{
	return record_pool_get(&writer->functions, row);
}

static void cell_func_name(struct firefox_writer *writer, uint32_t row)
{
	append_place(writer, &writer->strings, function_at(writer, row)->name, "0");
}

static void cell_func_resource(struct firefox_writer *writer, uint32_t row)
{
	append_place(writer, &writer->modules, function_at(writer, row)->module, "-1");
}

static void cell_func_source(struct firefox_writer *writer, uint32_t row)
{
	append_place(writer, &writer->files, function_at(writer, row)->file, "null");
}

static void append_functions(struct firefox_writer *writer)
{
	uint32_t count = writer->functions.count;

	buffer_append_string(writer->to, ",\n\"funcTable\":{");
	append_column(writer, "name", count, cell_func_name);
	append_column(writer, "isJS", count, cell_false);
	append_column(writer, "relevantForJS", count, cell_false);
	append_column(writer, "resource", count, cell_func_resource);
	append_column(writer, "source", count, cell_func_source);
	append_column(writer, "lineNumber", count, cell_null);
	append_column(writer, "columnNumber", count, cell_null);
	append_column(writer, "originalLocation", count, cell_null);
	append_length(writer, count);
}

static void cell_module_name(struct firefox_writer *writer, uint32_t row)
{
	append_place(writer, &writer->strings, list_get(&writer->modules, row), "0");
}

static void append_resources(struct firefox_writer *writer)
{
	uint32_t count = list_count(&writer->modules);

	buffer_append_string(writer->to, ",\n\"resourceTable\":{");
	append_column(writer, "name", count, cell_module_name);
	append_column(writer, "host", count, cell_null);
	append_column(writer, "type", count, cell_one); /* a library */
	append_length(writer, count);
}

static void cell_file_name(struct firefox_writer *writer, uint32_t row)
{
	append_place(writer, &writer->strings, list_get(&writer->files, row), "0");
}

static void append_sources(struct firefox_writer *writer)
{
	uint32_t count = list_count(&writer->files);

	buffer_append_string(writer->to, ",\n\"sources\":{");
	append_column(writer, "id", count, cell_null);
	append_column(writer, "filename", count, cell_file_name);
	append_column(writer, "startLine", count, cell_one);
	append_column(writer, "startColumn", count, cell_one);
	append_column(writer, "sourceMapURL", count, cell_null);
	append_column(writer, "content", count, cell_null);
	append_length(writer, count);
}

static void append_strings(struct firefox_writer *writer)
{
	for (uint32_t i = 0; i < list_count(&writer->strings); i++) {
		buffer_append_string(writer->to, i ? ",\n" : "");
		append_string(writer, list_get(&writer->strings, i));
	}
}

static void append_shared(struct firefox_writer *writer)
{
	buffer_append_string(writer->to, ",\n\"shared\":{");
	append_stacks(writer);
	append_frames(writer);
	append_functions(writer);
	append_resources(writer);
	buffer_append_string(
		writer->to,
		",\n\"nativeSymbols\":{\"libIndex\":[],\"address\":[],\"name\":[],\"functionSize\":[],\"length\":0}");
	append_sources(writer);
	buffer_append_string(
		writer->to,
		",\n\"sourceLocationTable\":{\"source\":[],\"line\":[],\"column\":[],\"length\":0},\n\"stringArray\":[");
	append_strings(writer);
	buffer_append_string(writer->to, "]}");
}

/* --- the head --- */

static void append_ms(struct buffer *to, uint64_t ns)
{
	buffer_append_u64(to, ns / NS_PER_MS);
	if (ns % NS_PER_MS)
		buffer_printf(to, ".%06u", (unsigned int)(ns % NS_PER_MS));
}

static void append_categories(struct buffer *to)
{
	buffer_append_string(
		to,
		"\"categories\":[{\"name\":\"Other\",\"color\":\"grey\",\"subcategories\":[\"Other\"]}");
	for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++)
		buffer_printf(to,
			      ",\n{\"name\":\"%s\",\"color\":\"%s\",\"subcategories\":[\"Other\"]}",
			      frame_kind_name(kind), colors[kind]);
	buffer_append_string(to, "],\n");
}

static void append_meta(struct firefox_writer *writer, const char *title)
{
	const struct profile_origin *origin = profile_origin_of(writer->profile);
	struct buffer *to = writer->to;

	buffer_printf(to,
		      "{\"meta\":{\"preprocessedProfileVersion\":%u,\"version\":%u,"
		      "\"product\":\"hearth\",\"importedFrom\":\"hearth " HEARTH_VERSION "\",",
		      VERSION, GECKO_VERSION);
	buffer_append_string(to, "\"fileName\":");
	json_append_string(to, title, SIZE_MAX);
	if (origin->command) {
		buffer_append_string(to, ",\"arguments\":");
		json_append_string(to, origin->command, SIZE_MAX);
	}
	buffer_append_string(to, ",\n\"interval\":");
	append_ms(to, writer->interval_ns > 1 ? writer->interval_ns : NS_PER_MS);
	buffer_append_string(to, ",\"startTime\":");
	append_ms(to, origin->time_unix_ns);
	if (writer->has_times) {
		buffer_append_string(to, ",\"startTimeAsClockMonotonicNanosecondsSinceBoot\":");
		buffer_append_u64(to, writer->start_ns);
	} else {
		buffer_append_string(to, ",\"timesFollowWeights\":1");
	}
	buffer_append_string(to, ",\"processType\":0,\"stackwalk\":1,\"debug\":false,\n"
				 "\"symbolicated\":true,\"usesOnlyOneStackType\":true,"
				 "\"sourceCodeIsNotOnSearchfox\":true,\"markerSchema\":[],\n");
	append_categories(to);
	buffer_append_string(to, "\"extra\":[]},\n\"libs\":[");
}

static void append_libraries(struct firefox_writer *writer)
{
	static const char *const keys[] = { "name", "path", "debugName", "debugPath" };

	for (uint32_t i = 0; i < list_count(&writer->modules); i++) {
		buffer_append_string(writer->to, i ? ",\n{" : "{");
		for (size_t key = 0; key < sizeof(keys) / sizeof(*keys); key++) {
			buffer_printf(writer->to, "\"%s\":", keys[key]);
			append_string(writer, list_get(&writer->modules, i));
			buffer_append_char(writer->to, ',');
		}
		buffer_append_string(writer->to,
				     "\"arch\":\"\",\"breakpadId\":\"\",\"codeId\":null}");
	}
	buffer_append_char(writer->to, ']');
}

/* --- threads --- */

/* Some samples of the profile's: of its order from `next` on, or, where it keeps none, all nodes that have ticks. */
struct walk {
	const struct firefox_writer *writer;
	size_t next, end;
	uint64_t now_ns; /* since the start */
};

struct step {
	uint32_t node;
	uint64_t weight, time_ns;
};

static struct walk walk_of(const struct firefox_writer *writer, const struct thread_part *thread)
{
	if (thread)
		return (struct walk){ writer, thread->first, thread->first + thread->count, 0 };
	return (struct walk){ writer, 0, profile_node_count(writer->profile), 0 };
}

/* Where the next one is, if times are not known: it stops at the greatest. */
static void go_on(struct walk *walk, uint64_t weight)
{
	uint64_t interval = walk->writer->interval_ns;
	uint64_t room = (INT64_MAX - walk->now_ns) / interval;

	walk->now_ns = weight < room ? walk->now_ns + weight * interval : INT64_MAX;
}

static bool walk_samples(struct walk *walk, struct step *ret_step)
{
	const struct firefox_writer *writer = walk->writer;
	const struct samples *samples = profile_samples(writer->profile);
	struct sample sample;
	size_t index;

	if (walk->next == walk->end)
		return false;
	index = writer->order->items[walk->next++].value;
	sample = samples_get(samples, index);
	if (writer->has_times && sample.time_ns != SAMPLE_NO_TIME)
		walk->now_ns = sample.time_ns - writer->start_ns;
	*ret_step = (struct step){ sample.node, samples_value(samples, index, 0), walk->now_ns };
	if (!writer->has_times)
		go_on(walk, ret_step->weight);
	return true;
}

static bool walk_nodes(struct walk *walk, struct step *ret_step)
{
	while (walk->next < walk->end) {
		uint32_t node = (uint32_t)walk->next++;
		uint64_t ticks = profile_node(walk->writer->profile, node)->self;

		if (!ticks)
			continue;
		*ret_step = (struct step){ node, ticks, walk->now_ns };
		go_on(walk, ticks);
		return true;
	}
	return false;
}

static bool walk_next(struct walk *walk, struct step *ret_step)
{
	return profile_samples(walk->writer->profile) ? walk_samples(walk, ret_step)
						      : walk_nodes(walk, ret_step);
}

enum sample_column { STACKS, TIMES, WEIGHTS };

static void append_step(struct firefox_writer *writer, enum sample_column column,
			const struct step *step)
{
	if (column == TIMES)
		append_ms(writer->to, step->time_ns);
	else if (column == WEIGHTS && !strcmp(writer->weight_type, "tracing-ms"))
		append_ms(writer->to, step->weight);
	else if (column == WEIGHTS)
		buffer_append_u64(writer->to, step->weight);
	else if (step->node == PROFILE_ROOT)
		cell_null(writer, 0);
	else
		buffer_append_u64(writer->to, step->node - 1);
}

static uint32_t append_samples(struct firefox_writer *writer, const struct thread_part *thread,
			       const char *key, enum sample_column column)
{
	struct walk walk = walk_of(writer, thread);
	struct step step;
	uint32_t count = 0;

	buffer_append_string(writer->to, key);
	for (; walk_next(&walk, &step); count++) {
		if (count)
			buffer_append_char(writer->to, ',');
		append_step(writer, column, &step);
	}
	buffer_append_string(writer->to, "],\n");
	return count;
}

static void append_id(struct firefox_writer *writer, uint32_t id)
{
	if (id == PROFILE_NONE)
		buffer_append_string(writer->to, "\"?\"");
	else
		buffer_printf(writer->to, "\"%u\"", id);
}

/* `thread` NULL: everything. */
static void append_thread(struct firefox_writer *writer, const struct thread_part *thread)
{
	struct thread_part part =
		thread ? *thread
		       : (struct thread_part){ PROFILE_NONE, PROFILE_NONE, PROFILE_NONE, 0, 0 };

	buffer_append_string(writer->to, "{\"processType\":\"default\",\"processStartupTime\":0,"
					 "\"processShutdownTime\":null,\"registerTime\":0,"
					 "\"unregisterTime\":null,\"pausedRanges\":[],\n\"name\":");
	if (part.comm == PROFILE_NONE)
		buffer_append_string(writer->to, "\"all\"");
	else
		append_string(writer, part.comm);
	buffer_printf(writer->to,
		      ",\"isMainThread\":%s,\"pid\":", part.pid == part.tid ? "true" : "false");
	append_id(writer, part.pid);
	buffer_append_string(writer->to, ",\"tid\":");
	append_id(writer, part.tid);
	buffer_append_string(writer->to, ",\n\"samples\":{");
	append_samples(writer, thread, "\"stack\":[", STACKS);
	append_samples(writer, thread, "\"time\":[", TIMES);
	part.count = append_samples(writer, thread, "\"weight\":[", WEIGHTS);
	buffer_printf(writer->to, "\"weightType\":\"%s\",", writer->weight_type);
	append_length(writer, (uint32_t)part.count);
	buffer_append_string(
		writer->to,
		",\n\"markers\":{\"data\":[],\"name\":[],\"startTime\":[],\"endTime\":[],"
		"\"phase\":[],\"category\":[],\"length\":0}}");
}

static void append_threads(struct firefox_writer *writer)
{
	buffer_append_string(writer->to, ",\n\"threads\":[\n");
	for (size_t i = 0; i < writer->order->thread_count; i++) {
		if (i)
			buffer_append_string(writer->to, ",\n");
		append_thread(writer, &writer->order->threads[i]);
	}
	if (!profile_samples(writer->profile))
		append_thread(writer, NULL);
	buffer_append_string(writer->to, "]}\n");
}

/* --- all of it --- */

static const char *weight_type_of(const struct profile *profile)
{
	uint32_t count;
	const struct value_type *types = profile_values(profile, &count);
	const char *unit = count ? profile_string(profile, types[0].unit, NULL) : "count";

	return !strcmp(unit, "nanoseconds") ? "tracing-ms"
	       : !strcmp(unit, "bytes")     ? "bytes"
					    : "samples";
}

static void look_at_times(struct firefox_writer *writer)
{
	const struct samples *samples = profile_samples(writer->profile);
	uint64_t rate_hz = profile_origin_of(writer->profile)->rate_hz;

	/* In time nothing is weighed but time. */
	writer->interval_ns = !strcmp(writer->weight_type, "tracing-ms") ? 1
			      : rate_hz && rate_hz <= NS_PER_S           ? NS_PER_S / rate_hz
									 : NS_PER_MS;
	writer->has_times = samples && samples_have_times(samples);
	writer->start_ns = SAMPLE_NO_TIME;
	for (size_t i = 0; writer->has_times && i < samples_count(samples); i++)
		if (samples_get(samples, i).time_ns < writer->start_ns)
			writer->start_ns = samples_get(samples, i).time_ns;
}

static int collect(struct firefox_writer *writer)
{
	uint32_t count = profile_frame_count(writer->profile);
	int error;

	writer->of_frame = malloc(((size_t)count + 1) * sizeof(*writer->of_frame));
	error = writer->of_frame ? 0 : -ENOMEM;
	for (uint32_t i = 0; i < count && !error; i++)
		error = add_function(writer, i);
	return error;
}

static void list_release(struct list *list)
{
	buffer_release(&list->strings);
	u64_map_release(&list->places);
}

static void release(struct firefox_writer *writer)
{
	list_release(&writer->strings);
	list_release(&writer->modules);
	list_release(&writer->files);
	record_pool_release(&writer->functions);
	free(writer->of_frame);
}

int firefox_write(const struct profile *profile, const struct render_options *options,
		  struct buffer *to)
{
	_cleanup_(thread_order_release) struct thread_order order = { 0 };
	_cleanup_(release) struct firefox_writer writer = {
		.profile = profile,
		.order = &order,
		.weight_type = weight_type_of(profile),
		.to = to,
	};
	int error = thread_order_init(&order, profile);

	record_pool_init(&writer.functions, sizeof(struct function), sizeof(struct function));
	if (!error)
		error = collect(&writer);
	if (error)
		return error;
	look_at_times(&writer);
	append_meta(&writer, options && options->title ? options->title : "hearth");
	append_libraries(&writer);
	append_shared(&writer);
	append_threads(&writer);
	return buffer_error(to);
}
