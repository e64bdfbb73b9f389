/* SPDX-License-Identifier: Apache-2.0 */
#include "render/callgrind_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/record_pool.h"
#include "base/string_pool.h"
#include "base/u64_sort.h"
#include "base/utf8.h"
#include "model/function_totals.h"
#include "model/profile.h"
#include "model/samples.h"

#define UNKNOWN    "???" /* callgrind's own word */
#define NO_NAME    "[empty]"
#define ROOT_NAME  "all"
#define NOBODY     UINT32_MAX /* called, where a cost is a function's own */
#define NAME_BYTES 4096       /* of a name */

/* A line of costs: a function's own at one of its lines, or of a call from there. No padding. */
struct cost_key {
	uint32_t function, line, called, unused;
};

/* Its costs, one a value, follow. */
struct cost {
	struct cost_key key;
	uint64_t values[];
};

struct callgrind_writer {
	const struct profile *profile;
	struct function_nodes functions;
	uint32_t *files; /* per function: its source file, a string's ID, or PROFILE_NONE */
	uint32_t value_count;
	uint64_t *sums;              /* per node its values, with those below it */
	struct record_pool costs;    /* struct cost */
	struct string_pool names[3]; /* that have a number: files, objects, functions */
	struct buffer name;
	struct buffer *to;
};

enum names { FILES, OBJECTS, FUNCTIONS };

/* --- costs --- */

/* The root's is behind all others. */
static uint32_t function_of(const struct callgrind_writer *writer, uint32_t node)
{
	return node == PROFILE_ROOT
		       ? writer->functions.totals.count
		       : writer->functions.of_frame[profile_node(writer->profile, node)->frame];
}

/* 0 unless it is one of the file that the function is shown in. */
static uint32_t line_of(const struct callgrind_writer *writer, uint32_t node)
{
	const struct frame *frame;

	if (node == PROFILE_ROOT)
		return 0;
	frame = profile_frame(writer->profile, profile_node(writer->profile, node)->frame);
	return frame->file == writer->files[function_of(writer, node)] ? frame->line : 0;
}

static int add_cost(struct callgrind_writer *writer, uint32_t node, uint32_t called,
		    const uint64_t *values)
{
	struct cost_key key = { function_of(writer, node), line_of(writer, node), called, 0 };
	struct cost *cost;
	uint32_t id;
	int error = record_pool_add(&writer->costs, &key, &id);

	if (error)
		return error;
	cost = record_pool_get(&writer->costs, id);
	for (uint32_t i = 0; i < writer->value_count && values; i++)
		cost->values[i] += values[i];
	return 0;
}

static void add_values(uint64_t *sums, const uint64_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		sums[i] += values[i];
}

/* What ended at each node. */
static void take_own(struct callgrind_writer *writer)
{
	const struct samples *samples = profile_samples(writer->profile);
	uint32_t nodes = profile_node_count(writer->profile), count = writer->value_count;

	for (size_t i = 0; samples && i < samples_count(samples); i++)
		for (uint32_t value = 0; value < count; value++) {
			uint64_t one = samples_value(samples, i, value);

			add_values(
				&writer->sums[(size_t)samples_get(samples, i).node * count + value],
				&one, 1);
		}
	for (uint32_t i = 0; !samples && i < nodes; i++)
		writer->sums[i] = profile_node(writer->profile, i)->self;
}

static int add_own(struct callgrind_writer *writer)
{
	int error = 0;

	for (uint32_t i = 0; i < profile_node_count(writer->profile) && !error; i++) {
		const uint64_t *own = writer->sums + (size_t)i * writer->value_count;
		bool is_any = false;

		for (uint32_t value = 0; value < writer->value_count; value++)
			is_any |= own[value] != 0;
		if (is_any)
			error = add_cost(writer, i, NOBODY, own);
	}
	return error;
}

/* Callees come behind their callers, so that from behind all sums are whole. */
static int add_calls(struct callgrind_writer *writer)
{
	uint32_t count = writer->value_count;
	int error = 0;

	for (uint32_t i = profile_node_count(writer->profile); --i > 0 && !error;) {
		uint32_t parent = profile_node(writer->profile, i)->parent;
		const uint64_t *sums = writer->sums + (size_t)i * count;

		add_values(writer->sums + (size_t)parent * count, sums, count);
		error = add_cost(writer, parent, function_of(writer, i),
				 writer->functions.is_outermost[i] ? sums : NULL);
	}
	return error;
}

static int collect(struct callgrind_writer *writer)
{
	uint32_t rows = writer->functions.totals.count;

	writer->files = malloc(((size_t)rows + 1) * sizeof(*writer->files));
	writer->sums = calloc((size_t)profile_node_count(writer->profile) * writer->value_count,
			      sizeof(*writer->sums));
	if (!writer->files || !writer->sums)
		return -ENOMEM;
	for (uint32_t i = 0; i <= rows; i++)
		writer->files[i] = PROFILE_NONE;
	for (uint32_t i = profile_frame_count(writer->profile); i--;) {
		const struct frame *frame = profile_frame(writer->profile, i);

		if (frame->file != PROFILE_NONE)
			writer->files[writer->functions.of_frame[i]] = frame->file;
	}
	take_own(writer);
	return add_own(writer) ? -ENOMEM : add_calls(writer);
}

/* --- names --- */

/* "fl=(3) main.c"; known already: "fl=(3)". */
static int append_name(struct callgrind_writer *writer, const char *key, enum names of,
		       const char *text, size_t size)
{
	struct string_pool *names = &writer->names[of];
	uint32_t known = names->count, id;
	int error;

	buffer_clear(&writer->name);
	utf8_append_clean(&writer->name, text, size, NAME_BYTES);
	if (!writer->name.size)
		buffer_append_string(&writer->name, NO_NAME);
	error = buffer_error(&writer->name);
	if (!error)
		error = string_pool_add(names, writer->name.data, writer->name.size, &id);
	if (error)
		return error;
	buffer_printf(writer->to, id < known ? "%s=(%u)" : "%s=(%u) ", key, id + 1);
	if (id >= known)
		buffer_append(writer->to, writer->name.data, writer->name.size);
	buffer_append_char(writer->to, '\n');
	return 0;
}

static int append_string(struct callgrind_writer *writer, const char *key, enum names of,
			 uint32_t string)
{
	size_t size = strlen(UNKNOWN);
	const char *text =
		string == PROFILE_NONE ? UNKNOWN : profile_string(writer->profile, string, &size);

	return append_name(writer, key, of, text, size);
}

/* What tells it from a function of the same name: readers go by file and name. */
static const char *place_of(enum frame_kind kind)
{
	return kind == FRAME_PROCESS ? "[process]" : kind == FRAME_MARKER ? "[marker]" : NULL;
}

/* A function's object, file and name: with the prefix "c", as one that is called. */
static int append_function(struct callgrind_writer *writer, uint32_t function,
			   const char *const keys[3])
{
	const struct function_total *row = &writer->functions.totals.rows[function];
	bool is_root = function == writer->functions.totals.count;
	const char *place = is_root ? "[all]" : place_of(row->kind);
	int error;

	if (place)
		error = append_name(writer, keys[0], OBJECTS, place, strlen(place));
	else if (row->module == PROFILE_NONE && row->kind == FRAME_KERNEL)
		error = append_name(writer, keys[0], OBJECTS, "[kernel]", strlen("[kernel]"));
	else
		error = append_string(writer, keys[0], OBJECTS, row->module);
	if (!error && place)
		error = append_name(writer, keys[1], FILES, place, strlen(place));
	else if (!error)
		error = append_string(writer, keys[1], FILES, writer->files[function]);
	if (error)
		return error;
	return is_root ? append_name(writer, keys[2], FUNCTIONS, ROOT_NAME, strlen(ROOT_NAME))
		       : append_string(writer, keys[2], FUNCTIONS, row->name);
}

/* --- the file --- */

static void append_costs(struct callgrind_writer *writer, uint32_t line, const uint64_t *values)
{
	buffer_append_u64(writer->to, line);
	for (uint32_t i = 0; i < writer->value_count; i++) {
		buffer_append_char(writer->to, ' ');
		buffer_append_u64(writer->to, values[i]);
	}
	buffer_append_char(writer->to, '\n');
}

/* Words without blanks. */
static void append_events(struct callgrind_writer *writer)
{
	uint32_t count;
	const struct value_type *types = profile_values(writer->profile, &count);

	buffer_append_string(writer->to, "positions: line\nevents:");
	for (uint32_t i = 0; i < writer->value_count; i++) {
		size_t size = strlen("samples");
		const char *name =
			count ? profile_string(writer->profile, types[i].name, &size) : "samples";

		buffer_clear(&writer->name);
		utf8_append_clean(&writer->name, name, size, NAME_BYTES);
		for (size_t at = 0; at < writer->name.size; at++)
			if (strchr(" \t\r\n", writer->name.data[at]))
				writer->name.data[at] = '_';
		buffer_append_char(writer->to, ' ');
		buffer_append(writer->to, writer->name.data, writer->name.size);
		if (!writer->name.size)
			buffer_printf(writer->to, "value_%u", i);
	}
	writer->to->failed |= writer->name.failed;
	buffer_append_char(writer->to, '\n');
}

static void append_head(struct callgrind_writer *writer)
{
	const char *command = profile_origin_of(writer->profile)->command;

	buffer_append_string(
		writer->to, "# callgrind format\nversion: 1\ncreator: hearth " HEARTH_VERSION "\n");
	if (command) {
		buffer_append_string(writer->to, "cmd: ");
		utf8_append_clean(writer->to, command, strlen(command), NAME_BYTES);
		buffer_append_char(writer->to, '\n');
	}
	append_events(writer);
	buffer_append_string(writer->to, "summary:");
	for (uint32_t i = 0; i < writer->value_count; i++) {
		buffer_append_char(writer->to, ' ');
		buffer_append_u64(writer->to, writer->sums[i]);
	}
	buffer_append_char(writer->to, '\n');
}

static int append_cost(struct callgrind_writer *writer, const struct cost *cost)
{
	static const char *const keys[] = { "cob", "cfi", "cfn" };
	int error = 0;

	if (cost->key.called != NOBODY) {
		error = append_function(writer, cost->key.called, keys);
		buffer_append_string(writer->to, "calls=1 0\n");
	}
	if (!error)
		append_costs(writer, cost->key.line, cost->values);
	return error;
}

/* By function, and of each in the order of their arrival: its own costs first. */
static int append_functions(struct callgrind_writer *writer)
{
	static const char *const keys[] = { "ob", "fl", "fn" };
	uint32_t count = writer->costs.count, before = NOBODY;
	_cleanup_free_ struct u64_item *order = malloc(((size_t)count + 1) * sizeof(*order));
	int error = order ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < count && !error; i++) {
		const struct cost *cost = record_pool_get(&writer->costs, i);

		order[i] = (struct u64_item){ cost->key.function, i };
	}
	if (!error)
		error = u64_sort(order, count);
	for (uint32_t i = 0; i < count && !error; i++) {
		const struct cost *cost = record_pool_get(&writer->costs, (uint32_t)order[i].value);

		if (cost->key.function != before) {
			before = cost->key.function;
			buffer_append_char(writer->to, '\n');
			error = append_function(writer, before, keys);
		}
		if (!error)
			error = append_cost(writer, cost);
	}
	return error;
}

static void release(struct callgrind_writer *writer)
{
	function_nodes_release(&writer->functions);
	free(writer->files);
	free(writer->sums);
	record_pool_release(&writer->costs);
	for (size_t i = 0; i < sizeof(writer->names) / sizeof(*writer->names); i++)
		string_pool_release(&writer->names[i]);
	buffer_release(&writer->name);
}

int callgrind_write(const struct profile *profile, const struct render_options *options,
		    struct buffer *to)
{
	_cleanup_(release) struct callgrind_writer writer = { .profile = profile, .to = to };
	const struct samples *samples = profile_samples(profile);
	int error = samples_check_sums(samples);

	if (!error)
		error = function_nodes_build(profile, &writer.functions);
	(void)options;
	writer.value_count = samples ? samples_value_count(samples) : 1;
	record_pool_init(&writer.costs, sizeof(struct cost) + writer.value_count * sizeof(uint64_t),
			 sizeof(struct cost_key));
	for (size_t i = 0; i < sizeof(writer.names) / sizeof(*writer.names); i++)
		string_pool_init(&writer.names[i]);
	if (!error)
		error = collect(&writer);
	if (error)
		return error;
	append_head(&writer);
	error = append_functions(&writer);
	return error ? error : buffer_error(to);
}
