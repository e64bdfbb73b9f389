/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/namer.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/samples.h"
#include "profiler/aggregator.h"
#include "profiler/frame_names.h"
#include "profiler/task_labels.h"
#include "profiler/tick_runs.h"
#include "profiler/unnamed_frames.h"

_Static_assert(REASON_COUNT <= 32, "struct tick_fates has room for every reason");

static const struct {
	const char *name;
	enum tick_fate fate;
} reasons[] = {
#define REASON(constant, fate, name, meaning) [constant] = { name, TICK_##fate },
#include "bpf/fates.def"
#undef REASON
};

const char *tick_reason_name(unsigned int reason)
{
	return reasons[reason].name;
}

unsigned int tick_reason_fate(unsigned int reason)
{
	return reasons[reason].fate;
}

struct namer {
	const struct aggregator *aggregator;
	struct frame_names *names;
	struct tick_runs runs;
	struct task_labels labels; /* where the profile keeps samples */
	struct profile *profile;
	struct unnamed_frames *unnamed;
	uint64_t inlined;   /* nodes of inlined calls */
	bool is_full;       /* there are NAMER_MAX_INLINED of them, and the stack comes without, */
	bool lacks_inlined; /* of which it has some */
};

static int process_node(struct namer *namer, uint32_t process, uint32_t *ret_node)
{
	char comm[EVENT_COMM_SIZE + 1] = "[unknown]";
	uint32_t frame;
	int error;

	if (process != AGGREGATOR_NONE)
		snprintf(comm, sizeof(comm), "%.*s", EVENT_COMM_SIZE,
			 aggregator_process(namer->aggregator, process)->comm);
	error = profile_add_named(namer->profile, comm, NULL, FRAME_PROCESS, &frame);
	return error ? error : profile_add_child(namer->profile, PROFILE_ROOT, frame, ret_node);
}

static int add_marker(struct namer *namer, unsigned int reason, bool is_unproven, uint32_t *node)
{
	char name[64];
	uint32_t frame;
	int error;

	snprintf(name, sizeof(name), "[%s:%s]",
		 fate_name(reasons[reason].fate == TICK_LOST ? FATE_LOST : FATE_TRUNCATED),
		 reasons[reason].name);
	error = profile_add_named(namer->profile, name, NULL,
				  is_unproven ? FRAME_UNLESS_ROOT : FRAME_MARKER, &frame);
	return error ? error : profile_add_child(namer->profile, *node, frame, node);
}

static int add_inlined(struct namer *namer, uint32_t address, uint32_t *node)
{
	uint32_t before = profile_node_count(namer->profile);
	size_t count;
	const uint32_t *frames = frame_names_inlined(namer->names, address, &count);
	int error = 0;

	if (namer->is_full) {
		namer->lacks_inlined |= count != 0;
		return 0;
	}
	for (size_t i = 0; i < count && !error; i++)
		error = profile_add_child(namer->profile, *node, frames[i], node);
	namer->inlined += profile_node_count(namer->profile) - before;
	return error;
}

/* Hangs a stack's frames, as they were at a time, below `node`, root first. It was so until `ret_until_ns` at least. */
static int add_stack(struct namer *namer, uint32_t stack, uint64_t time_ns, uint32_t *node,
		     uint64_t *ret_until_ns)
{
	struct stored_stack stored;
	int error = 0;

	if (stack == AGGREGATOR_NONE)
		return 0;
	stored = aggregator_stack(namer->aggregator, stack);
	for (uint32_t i = stored.depth; i-- && !error;) {
		uint32_t frame;

		error = frame_names_at(namer->names, stored.addresses[i], time_ns, &frame,
				       ret_until_ns);
		if (!error)
			error = profile_add_child(namer->profile, *node, frame, node);
		if (!error)
			error = add_inlined(namer, stored.addresses[i], node);
	}
	return error;
}

/* Each user frame of ticks that were added, from their last node up to the process. */
static void count_unnamed(struct namer *namer, const struct tick_count *count, uint64_t time_ns,
			  uint64_t ticks)
{
	static const char unknown[EVENT_COMM_SIZE];
	struct stored_stack stored;

	if (count->user_stack == AGGREGATOR_NONE)
		return;
	stored = aggregator_stack(namer->aggregator, count->user_stack);
	namer->unnamed->user_frames += stored.depth * ticks;
	for (uint32_t i = 0; i < stored.depth; i++) {
		uint64_t until_ns = 0;
		uint32_t frame;

		/* It is there already: nothing can fail any more. */
		if (frame_names_at(namer->names, stored.addresses[i], time_ns, &frame, &until_ns) ||
		    profile_frame(namer->profile, frame)->kind != FRAME_UNKNOWN)
			continue;
		frame_names_tell_unnamed(
			namer->names, stored.addresses[i],
			count->process == AGGREGATOR_NONE
				? unknown
				: aggregator_process(namer->aggregator, count->process)->comm,
			ticks, namer->unnamed);
	}
}

/* Nothing calls a root: if the outermost function is one, what was found above it is no caller. */
static bool root_is_proven(const struct namer *namer, uint32_t stack)
{
	struct stored_stack stored;

	if (stack == AGGREGATOR_NONE)
		return false;
	stored = aggregator_stack(namer->aggregator, stack);
	return frame_names_is_root(namer->names, stored.addresses[stored.depth - 1]);
}

/* Is it known only when it is named later? */
static bool root_is_place(const struct namer *namer, uint32_t stack)
{
	struct stored_stack stored;

	if (stack == AGGREGATOR_NONE)
		return false;
	stored = aggregator_stack(namer->aggregator, stack);
	return frame_names_is_place(namer->names, stored.addresses[stored.depth - 1]);
}

/* Hangs a stack as it was at a time: its last node, and until when it was so at least. */
static int add_stacks(struct namer *namer, const struct tick_count *count, unsigned int reason,
		      uint64_t time_ns, uint32_t *ret_node, uint64_t *ret_until_ns)
{
	int error = process_node(namer, count->process, ret_node);

	*ret_until_ns = UINT64_MAX;
	namer->is_full = namer->inlined >= NAMER_MAX_INLINED;
	namer->lacks_inlined = false;
	if (!error && reasons[reason].fate != TICK_COMPLETE)
		error = add_marker(namer, reason,
				   count->root_unproven && root_is_place(namer, count->user_stack),
				   ret_node);
	if (!error)
		error = add_stack(namer, count->user_stack, time_ns, ret_node, ret_until_ns);
	if (!error)
		error = add_stack(namer, count->kernel_stack, time_ns, ret_node, ret_until_ns);
	return error;
}

static int find_labels(struct namer *namer, const struct tick_count *count, uint32_t *ret_labels)
{
	const struct process_event *process = NULL;

	*ret_labels = LABELS_UNKNOWN;
	if (!profile_keeps_samples(namer->profile))
		return 0;
	if (count->process != AGGREGATOR_NONE)
		process = aggregator_process(namer->aggregator, count->process);
	return task_labels_add(&namer->labels, process, count->tid, count->cpu, ret_labels);
}

/* One sample each where times are asked for and known, else one for all of them. `times` NULL: they are not known. */
static int add_run(struct namer *namer, struct sample sample, const struct tick_time *times,
		   uint64_t ticks)
{
	bool is_timed = times && aggregator_labels(namer->aggregator).time;
	uint64_t samples = is_timed ? ticks : 1, value = is_timed ? 1 : ticks;
	int error = 0;

	if (!profile_keeps_samples(namer->profile))
		return profile_add_ticks(namer->profile, sample.node, ticks);
	for (uint64_t i = 0; i < samples && !error; i++) {
		if (is_timed)
			sample.time_ns = times[i].time_ns;
		error = profile_add_sample(namer->profile, &sample, &value);
	}
	return error;
}

/* Ticks that were counted as one are in as many places as names of theirs changed in between. */
static int add_ticks(struct namer *namer, uint32_t index, const struct tick_count *count,
		     unsigned int reason, uint64_t ticks)
{
	struct sample sample = { .time_ns = SAMPLE_NO_TIME };
	size_t timed;
	const struct tick_time *times = tick_runs_of(&namer->runs, index, &timed);
	int error = find_labels(namer, count, &sample.labels);

	for (ticks -= timed; (timed || ticks) && !error;) {
		uint64_t time_ns = timed ? times->time_ns : FRAME_NAMES_NO_TIME;
		uint64_t until_ns, run = ticks;

		error = add_stacks(namer, count, reason, time_ns, &sample.node, &until_ns);
		if (timed)
			run = tick_runs_until(times, timed, until_ns);
		if (!error)
			error = add_run(namer, sample, timed ? times : NULL, run);
		namer->unnamed->without_inlined += namer->lacks_inlined ? run : 0;
		if (!error)
			count_unnamed(namer, count, time_ns, run);
		if (timed) {
			times += run;
			timed -= run;
		} else {
			ticks = 0;
		}
	}
	return error;
}

/* Without memory they stay what they are. */
static void add_unproven(const struct namer *namer, const struct tick_count *count,
			 unsigned int reason, uint64_t ticks, struct buffer *to)
{
	struct stored_stack stored = aggregator_stack(namer->aggregator, count->user_stack);
	struct code_address root =
		aggregator_address(namer->aggregator, stored.addresses[stored.depth - 1]);
	const struct unproven_ticks unproven = { root.module, root.offset, reason, ticks };

	buffer_append(to, &unproven, sizeof(unproven));
}

static int add_count(struct namer *namer, uint32_t index, struct tick_fates *fates)
{
	struct tick_count count;
	uint64_t ticks = aggregator_count(namer->aggregator, index, &count);
	unsigned int reason = count.reason;
	int error;

	if (count.root_unproven && root_is_proven(namer, count.user_stack))
		reason = REASON_NONE;
	else if (count.root_unproven && reason == REASON_NONE)
		reason = REASON_NO_ROOT;
	error = add_ticks(namer, index, &count, reason, ticks);
	if (error)
		return error;
	if (reasons[reason].fate == TICK_COMPLETE) {
		fates->complete += ticks;
		fates->may_lack_caller += count.may_lack_caller ? ticks : 0;
	}
	fates->by_reason[reason] += ticks;
	if (fates->unproven && count.root_unproven && root_is_place(namer, count.user_stack))
		add_unproven(namer, &count, reason, ticks, fates->unproven);
	return 0;
}

static void namer_release(struct namer *namer)
{
	frame_names_free(namer->names);
	tick_runs_release(&namer->runs);
	task_labels_release(&namer->labels);
}

int namer_build(const struct frame_names_sources *sources, const struct process_facts *facts,
		struct profile *profile, struct tick_fates *ret_fates,
		struct unnamed_frames *ret_unnamed)
{
	_cleanup_(namer_release) struct namer namer = {
		.aggregator = sources->aggregator,
		.profile = profile,
		.unnamed = ret_unnamed,
	};
	struct tick_fates fates = { .unproven = ret_fates->unproven };
	int error;

	task_labels_init(&namer.labels, profile, facts, aggregator_labels(namer.aggregator));
	error = tick_runs_init(&namer.runs, namer.aggregator);
	if (!error)
		error = frame_names_new(sources, profile, &namer.names);
	for (size_t i = 0; i < aggregator_count_count(namer.aggregator) && !error; i++)
		error = add_count(&namer, (uint32_t)i, &fates);
	if (!error)
		*ret_fates = fates;
	return error;
}
