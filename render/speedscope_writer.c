/* SPDX-License-Identifier: Apache-2.0 */
#include "render/speedscope_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json_string.h"
#include "base/u64_map.h"
#include "base/u64_sort.h"
#include "model/profile.h"
#include "model/samples.h"
#include "model/thread_name.h"
#include "render/folded_token.h"
#include "render/render_options.h"
#include "render/sample_groups.h"
#include "render/sample_weight.h"
#include "render/thread_order.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

struct speedscope_writer {
	const struct profile *profile;
	struct sample_weight weight;
	bool has_times;       /* profiles are in their order */
	uint32_t *of_node;    /* the index of its frame */
	struct u64_map known; /* frame << 32 | depth class -> index */
	uint32_t frame_count;
	struct buffer token;
	struct buffer stack; /* uint32_t: of a sample, leaf first */
	struct buffer *to;
};

/* --- frames --- */

static void append_frame(struct speedscope_writer *writer, const struct frame *frame, size_t depth)
{
	struct buffer *to = writer->to;

	folded_token_make(writer->profile, frame, depth, &writer->token);
	buffer_append_string(to, writer->frame_count ? ",\n{\"name\":" : "\n{\"name\":");
	json_append_string(to, buffer_string(&writer->token), SIZE_MAX);
	if (frame->file != PROFILE_NONE) {
		buffer_append_string(to, ",\"file\":");
		json_append_string(to, profile_string(writer->profile, frame->file, NULL),
				   SIZE_MAX);
		if (frame->line)
			buffer_printf(to, ",\"line\":%u", frame->line);
	}
	if (!depth)
		buffer_append_string(to, ",\"isProcess\":1");
	buffer_append_char(to, '}');
	to->failed |= writer->token.failed;
}

/* At which a token may differ: 0, of processes alone, 1, and all others. */
static size_t depth_class(const struct profile *profile, uint32_t node)
{
	uint32_t parent = profile_node(profile, node)->parent;
	const struct frame *frame = profile_frame(profile, profile_node(profile, node)->frame);

	if (parent == PROFILE_ROOT)
		return frame->kind == FRAME_PROCESS ? 0 : FOLDED_SHARED_DEPTH;
	return profile_node(profile, parent)->parent == PROFILE_ROOT ? 1 : FOLDED_SHARED_DEPTH;
}

static int add_frame(struct speedscope_writer *writer, uint32_t node)
{
	uint32_t frame = profile_node(writer->profile, node)->frame;
	size_t depth = depth_class(writer->profile, node);
	uint64_t key = (uint64_t)frame << 32 | depth;
	uint32_t index = u64_map_get(&writer->known, key);

	if (index == U64_MAP_ABSENT) {
		append_frame(writer, profile_frame(writer->profile, frame), depth);
		index = writer->frame_count++;
		if (u64_map_set(&writer->known, key, index))
			return -ENOMEM;
	}
	writer->of_node[node] = index;
	return 0;
}

static int append_frames(struct speedscope_writer *writer)
{
	uint32_t count = profile_node_count(writer->profile);
	int error = 0;

	buffer_append_string(writer->to, "\"shared\":{\"frames\":[");
	for (uint32_t i = PROFILE_ROOT + 1; i < count && !error; i++)
		error = add_frame(writer, i);
	buffer_append_string(writer->to, "\n]},\n");
	return error;
}

/* --- profiles --- */

static void append_stack(struct speedscope_writer *writer, uint32_t node, bool is_first)
{
	const uint32_t *stack;
	size_t depth;

	buffer_clear(&writer->stack);
	for (; node != PROFILE_ROOT; node = profile_node(writer->profile, node)->parent)
		buffer_append(&writer->stack, &writer->of_node[node], sizeof(*stack));
	stack = (const uint32_t *)writer->stack.data;
	depth = writer->stack.size / sizeof(*stack);
	buffer_append_string(writer->to, is_first ? "[" : ",\n[");
	for (size_t i = depth; i--;) {
		buffer_append_u64(writer->to, stack[i]);
		if (i)
			buffer_append_char(writer->to, ',');
	}
	buffer_append_char(writer->to, ']');
	writer->to->failed |= writer->stack.failed;
}

/* The name is a JSON string already. */
static void open_profile(struct speedscope_writer *writer, const struct buffer *name,
			 uint64_t total)
{
	buffer_append_string(writer->to, "{\"type\":\"sampled\",\"name\":");
	buffer_append(writer->to, name->data, name->size);
	if (!writer->has_times)
		buffer_append_string(writer->to, ",\"timesFollowWeights\":1");
	buffer_printf(writer->to, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%llu,\n",
		      writer->weight.unit, (unsigned long long)total);
	writer->to->failed |= name->failed;
	buffer_append_string(writer->to, "\"samples\":[");
}

static void append_weight(struct speedscope_writer *writer, uint64_t weight, bool is_first)
{
	if (!is_first)
		buffer_append_char(writer->to, ',');
	buffer_append_u64(writer->to, weight);
}

/* Of everything: stacks in order of a walk. */
static int append_whole(struct speedscope_writer *writer)
{
	_cleanup_(sample_groups_release) struct sample_groups groups = { 0 };
	_cleanup_(buffer_release) struct buffer name = { 0 };
	struct sample_group group;
	uint64_t total = 0;
	int error = sample_groups_init(&groups, writer->profile);

	if (error)
		return error;
	buffer_append_string(&name, "\"all\"");
	while (sample_groups_next(&groups, &group))
		total = sample_weight_add(total,
					  sample_weight_of(&writer->weight, group.values[0]));
	open_profile(writer, &name, total);
	groups.next = 0;
	for (bool is_first = true; sample_groups_next(&groups, &group); is_first = false)
		append_stack(writer, group.node, is_first);
	buffer_append_string(writer->to, "],\n\"weights\":[");
	groups.next = 0;
	for (bool is_first = true; sample_groups_next(&groups, &group); is_first = false)
		append_weight(writer, sample_weight_of(&writer->weight, group.values[0]), is_first);
	buffer_append_string(writer->to, "]}");
	return 0;
}

/* "app (pid 12, tid 14)" */
static void name_thread(const struct speedscope_writer *writer, const struct thread_part *thread,
			struct buffer *name)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct thread_name parts = { .pid = thread->pid, .tid = thread->tid };

	if (thread->comm != PROFILE_NONE)
		parts.comm = profile_string(writer->profile, thread->comm, &parts.comm_size);
	thread_name_append(&text, &parts);
	if (!text.size)
		buffer_append_string(&text, "all");
	buffer_clear(name);
	json_append_string(name, buffer_string(&text), SIZE_MAX);
	name->failed |= text.failed;
}

static void append_thread(struct speedscope_writer *writer, const struct thread_order *order,
			  const struct thread_part *thread, const struct buffer *name)
{
	const struct samples *samples = profile_samples(writer->profile);
	const struct u64_item *items = order->items + thread->first;
	uint64_t total = 0;

	for (size_t i = 0; i < thread->count; i++)
		total = sample_weight_add(
			total,
			sample_weight_of(&writer->weight, samples_value(samples, items[i].value,
									writer->weight.value)));
	open_profile(writer, name, total);
	for (size_t i = 0; i < thread->count; i++)
		append_stack(writer, samples_get(samples, items[i].value).node, !i);
	buffer_append_string(writer->to, "],\n\"weights\":[");
	for (size_t i = 0; i < thread->count; i++)
		append_weight(
			writer,
			sample_weight_of(&writer->weight, samples_value(samples, items[i].value,
									writer->weight.value)),
			!i);
	buffer_append_string(writer->to, "]}");
}

static int append_threads(struct speedscope_writer *writer)
{
	_cleanup_(thread_order_release) struct thread_order order = { 0 };
	_cleanup_(buffer_release) struct buffer name = { 0 };
	int error = thread_order_init(&order, writer->profile);

	for (size_t i = 0; i < order.thread_count && !error; i++) {
		if (i)
			buffer_append_string(writer->to, ",\n");
		name_thread(writer, &order.threads[i], &name);
		append_thread(writer, &order, &order.threads[i], &name);
	}
	return error;
}

/* --- all of it --- */

static int write_all(struct speedscope_writer *writer, const struct render_options *options)
{
	const char *title = options && options->title ? options->title : "hearth";
	int error;

	buffer_append_string(writer->to, "{\"$schema\":\"" SCHEMA
					 "\",\"exporter\":\"hearth " HEARTH_VERSION "\",\"name\":");
	json_append_string(writer->to, title, SIZE_MAX);
	buffer_append_string(writer->to, ",\n");
	error = append_frames(writer);
	buffer_append_string(writer->to, "\"profiles\":[\n");
	if (!error)
		error = profile_samples(writer->profile) ? append_threads(writer)
							 : append_whole(writer);
	buffer_append_string(writer->to, "\n]}\n");
	return error ? error : buffer_error(writer->to);
}

int speedscope_write(const struct profile *profile, const struct render_options *options,
		     struct buffer *to)
{
	const struct samples *samples = profile_samples(profile);
	struct speedscope_writer writer = {
		.profile = profile,
		.weight = sample_weight_choose(profile),
		.has_times = samples && samples_have_times(samples),
		.of_node = calloc(profile_node_count(profile), sizeof(uint32_t)),
		.to = to,
	};
	int error = -ENOMEM;

	u64_map_init(&writer.known);
	if (writer.of_node)
		error = write_all(&writer, options);
	free(writer.of_node);
	u64_map_release(&writer.known);
	buffer_release(&writer.token);
	buffer_release(&writer.stack);
	return error;
}
