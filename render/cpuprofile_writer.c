/* SPDX-License-Identifier: Apache-2.0 */
#include "render/cpuprofile_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/json_string.h"
#include "base/u64_sort.h"
#include "model/profile.h"
#include "model/samples.h"
#include "model/stack_children.h"
#include "render/folded_token.h"
#include "render/sample_weight.h"
#include "render/thread_order.h"

#define NS_PER_US 1000u

struct cpuprofile_writer {
	const struct profile *profile;
	struct sample_weight weight;
	bool is_time; /* weights are nanoseconds */
	struct stack_children children;
	struct buffer token;
	struct buffer *to;
};

/* IDs are not 0. */
static uint32_t id_of(uint32_t node)
{
	return node + 1;
}

/* --- nodes --- */

/* Its number as the frame of a stack, 0 of processes alone; all beyond are alike. */
static size_t depth_of(const struct profile *profile, uint32_t node)
{
	const struct frame *frame = profile_frame(profile, profile_node(profile, node)->frame);
	size_t depth = 0;

	if (profile_node(profile, node)->parent == PROFILE_ROOT && frame->kind != FRAME_PROCESS)
		return FOLDED_SHARED_DEPTH;

	for (node = profile_node(profile, node)->parent;
	     node != PROFILE_ROOT && depth < FOLDED_SHARED_DEPTH;
	     node = profile_node(profile, node)->parent)
		depth++;
	return depth;
}

static void append_frame(struct cpuprofile_writer *writer, uint32_t node)
{
	const struct frame *frame =
		profile_frame(writer->profile, profile_node(writer->profile, node)->frame);
	const char *file = frame->file == PROFILE_NONE
				   ? ""
				   : profile_string(writer->profile, frame->file, NULL);

	size_t depth = depth_of(writer->profile, node);

	folded_token_make(writer->profile, frame, depth, &writer->token);
	buffer_append_string(writer->to, "{\"functionName\":");
	json_append_string(writer->to, buffer_string(&writer->token), SIZE_MAX);
	buffer_append_string(writer->to, ",\"scriptId\":\"0\",\"url\":");
	json_append_string(writer->to, file, SIZE_MAX);
	buffer_printf(writer->to, ",\"lineNumber\":%lld,\"columnNumber\":-1%s}",
		      (long long)frame->line - 1, depth ? "" : ",\"isProcess\":1");
	writer->to->failed |= writer->token.failed;
}

static void append_root(struct cpuprofile_writer *writer)
{
	buffer_append_string(writer->to,
			     "{\"functionName\":\"(root)\",\"scriptId\":\"0\",\"url\":\"\","
			     "\"lineNumber\":-1,\"columnNumber\":-1}");
}

static void append_children(struct cpuprofile_writer *writer, uint32_t node)
{
	uint32_t count;
	const uint32_t *children = stack_children_of(&writer->children, node, &count);

	for (uint32_t i = 0; i < count; i++) {
		buffer_append_string(writer->to, i ? "," : ",\"children\":[");
		buffer_append_u64(writer->to, id_of(children[i]));
	}
	if (count)
		buffer_append_char(writer->to, ']');
}

static void append_nodes(struct cpuprofile_writer *writer)
{
	uint32_t count = profile_node_count(writer->profile);

	for (uint32_t i = 0; i < count; i++) {
		buffer_append_string(writer->to, i ? ",\n{\"id\":" : "{\"nodes\":[\n{\"id\":");
		buffer_append_u64(writer->to, id_of(i));
		buffer_append_string(writer->to, ",\"callFrame\":");
		if (i == PROFILE_ROOT)
			append_root(writer);
		else
			append_frame(writer, i);
		buffer_append_string(writer->to, ",\"hitCount\":");
		buffer_append_u64(writer->to, profile_node(writer->profile, i)->self);
		append_children(writer, i);
		buffer_append_char(writer->to, '}');
	}
	buffer_append_string(writer->to, "\n],\n");
}

/* --- samples --- */

/* In microseconds: of nanoseconds with the rest as a fraction, of anything else as it is. */
static void append_weight(const struct cpuprofile_writer *writer, uint64_t weight)
{
	uint64_t rest = writer->is_time ? weight % NS_PER_US : 0;

	buffer_append_u64(writer->to, writer->is_time ? weight / NS_PER_US : weight);
	if (rest)
		buffer_printf(writer->to, ".%03u", (unsigned int)rest);
}

/* The samples in their order: of a profile that keeps none, the nodes that have ticks. */
struct walk {
	const struct cpuprofile_writer *writer;
	const struct thread_order *order;
	size_t next;
};

static bool next_sample(struct walk *walk, uint32_t *ret_node, uint64_t *ret_weight)
{
	const struct cpuprofile_writer *writer = walk->writer;
	const struct samples *samples = profile_samples(writer->profile);
	size_t sample;

	if (samples) {
		if (walk->next == samples_count(samples))
			return false;
		sample = walk->order->items[walk->next++].value;
		*ret_node = samples_get(samples, sample).node;
		*ret_weight = sample_weight_of(
			&writer->weight, samples_value(samples, sample, writer->weight.value));
		return true;
	}
	for (; walk->next < profile_node_count(writer->profile); walk->next++)
		if (profile_node(writer->profile, (uint32_t)walk->next)->self) {
			*ret_node = (uint32_t)walk->next++;
			*ret_weight = sample_weight_of(
				&writer->weight, profile_node(writer->profile, *ret_node)->self);
			return true;
		}
	return false;
}

/* That of the first sample, if weights are time like it. */
static uint64_t start_of(const struct cpuprofile_writer *writer, const struct thread_order *order)
{
	const struct samples *samples = profile_samples(writer->profile);
	uint64_t start = SAMPLE_NO_TIME;

	if (samples && samples_count(samples))
		start = samples_get(samples, order->items[0].value).time_ns;
	return writer->is_time && start <= INT64_MAX ? start : 0;
}

static void append_samples(struct cpuprofile_writer *writer, const struct thread_order *order)
{
	struct walk nodes = { writer, order, 0 }, weights = nodes;
	uint64_t weight, sum = start_of(writer, order);
	uint32_t node;

	buffer_append_string(writer->to, "\"startTime\":");
	append_weight(writer, sum);
	buffer_append_string(writer->to, ",\"samples\":[");
	while (next_sample(&nodes, &node, &weight)) {
		buffer_append_u64(writer->to, id_of(node));
		buffer_append_char(writer->to, ',');
	}
	buffer_append_u64(writer->to, id_of(PROFILE_ROOT));
	buffer_append_string(writer->to, "],\n\"timeDeltas\":[0");
	while (next_sample(&weights, &node, &weight)) {
		buffer_append_char(writer->to, ',');
		append_weight(writer, weight);
		sum = sample_weight_add(sum, weight);
	}
	buffer_append_string(writer->to, "],\n\"endTime\":");
	append_weight(writer, sum);
	if (!writer->is_time)
		buffer_printf(writer->to, ",\"weightUnit\":\"%s\"", writer->weight.unit);
	buffer_append_string(writer->to, "}\n");
}

int cpuprofile_write(const struct profile *profile, const struct render_options *options,
		     struct buffer *to)
{
	_cleanup_(thread_order_release) struct thread_order order = { 0 };
	struct cpuprofile_writer writer = {
		.profile = profile,
		.weight = sample_weight_choose(profile),
		.to = to,
	};
	int error = thread_order_init(&order, profile);

	(void)options;
	writer.is_time = !strcmp(writer.weight.unit, "nanoseconds");
	if (!error)
		error = stack_children_init(&writer.children, profile, NULL,
					    profile_node_count(profile), NULL);
	if (!error) {
		append_nodes(&writer);
		append_samples(&writer, &order);
		error = buffer_error(to);
	}
	stack_children_release(&writer.children);
	buffer_release(&writer.token);
	return error;
}
