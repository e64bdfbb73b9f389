/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/snapshots.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "bpf/events.h"
#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "profiler/unwind_verifier.h"
#include "symbolize/vdso.h"
#include "unwind/row_table.h"
#include "unwind/snapshot_unwinder.h"

/* Snapshots come in bursts: after so many drains without one the files' tables are given back. */
#define IDLE_DRAINS_MAX 20

struct waiting_snapshot {
	struct waiting_snapshot *next;
	size_t size;
	struct snapshot_event event; /* and what follows it */
};

struct snapshots {
	struct aggregator *aggregator;
	struct modules *modules;
	struct unwind_verifier *verifier; /* NULL: none is asked for */
	struct snapshot_unwinder *unwinder;
	struct waiting_snapshot *older, *fresh; /* from before the last drain, and since */
	size_t waiting_bytes;
	uint32_t idle_drains; /* since the last snapshot */
	uint64_t seed;
	struct snapshots_totals totals;
	struct unwound_stack unwound;
	struct snapshot_mapping mappings[SNAPSHOT_MAX_MAPPINGS]; /* with canonical ids */
	struct {
		struct stack_event event;
		struct stack_frame frames[EVENT_MAX_FRAMES];
	} stack; /* a record of it */
};

static int open_file(void *context, uint64_t id, struct elf_file **ret_file)
{
	const struct snapshots *snapshots = context;
	const struct module *module;

	if (id == MODULE_VDSO)
		return vdso_open(ret_file);
	module = modules_find(snapshots->modules, id);
	if (!module || module->fd < 0 || !module_is_unchanged(module))
		return -ENOENT;
	return elf_file_open(module->fd, ret_file);
}

struct snapshots *snapshots_new(struct aggregator *aggregator, struct modules *modules,
				struct unwind_verifier *verifier)
{
	struct snapshots *snapshots = calloc(1, sizeof(*snapshots));

	if (!snapshots)
		return NULL;
	snapshots->aggregator = aggregator;
	snapshots->modules = modules;
	snapshots->verifier = verifier;
	snapshots->seed = hash_seed();
	snapshots->unwinder = snapshot_unwinder_new(open_file, snapshots);
	if (!snapshots->unwinder) {
		snapshots_free(snapshots);
		return NULL;
	}
	return snapshots;
}

static void free_all(struct waiting_snapshot *waiting)
{
	while (waiting) {
		struct waiting_snapshot *next = waiting->next;

		free(waiting);
		waiting = next;
	}
}

void snapshots_free(struct snapshots *snapshots)
{
	if (!snapshots)
		return;
	free_all(snapshots->older);
	free_all(snapshots->fresh);
	snapshot_unwinder_free(snapshots->unwinder);
	free(snapshots);
}

static bool is_well_formed(const struct snapshot_event *event, size_t size)
{
	return size >= sizeof(*event) && event->mapping_count <= SNAPSHOT_MAX_MAPPINGS &&
	       event->stack_bytes <= SNAPSHOT_STACK_BYTES &&
	       size >= sizeof(*event) + event->mapping_count * sizeof(struct snapshot_mapping) +
			       event->stack_bytes;
}

/* The kernel side told a mapping as it is now, but may have walked by an older id of its file. */
static void resolve_mappings(struct snapshots *snapshots, const struct snapshot_mapping *mappings,
			     uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		snapshots->mappings[i] = mappings[i];
		snapshots->mappings[i].module =
			modules_canonical(snapshots->modules, mappings[i].module);
	}
}

static void unwind(struct snapshots *snapshots, const struct snapshot_event *event)
{
	const struct snapshot_mapping *mappings = (const struct snapshot_mapping *)(event + 1);
	struct snapshot snapshot = {
		.leaf_is_return = event->leaf_is_return != 0,
		.stack_start = event->stack_start,
		.stack = { (const uint8_t *)(mappings + event->mapping_count), event->stack_bytes },
		.mappings = snapshots->mappings,
		.mapping_count = event->mapping_count,
		.lacks_mappings = event->lacks_mappings != 0,
	};

	resolve_mappings(snapshots, mappings, event->mapping_count);
	memcpy(snapshot.registers, event->registers, sizeof(snapshot.registers));
	snapshot_unwinder_unwind(snapshots->unwinder, &snapshot, &snapshots->unwound);
}

/* The kernel side knows a stack by another hash: that does not matter, for what it holds is the same. */
static void tell_stack(struct snapshots *snapshots, struct tick_event *tick)
{
	const struct unwound_stack *unwound = &snapshots->unwound;
	struct stack_event *event = &snapshots->stack.event;
	size_t size = sizeof(*event) + unwound->depth * sizeof(*unwound->frames);

	*event = (struct stack_event){
		.type = EVENT_STACK,
		.id = snapshots->seed,
		.depth = unwound->depth,
	};
	memcpy(snapshots->stack.frames, unwound->frames, unwound->depth * sizeof(*unwound->frames));
	event->id = hash_bytes(event, size) | 1; /* never 0, which means "none" */
	event->check = (uint32_t)hash_bytes(event, size);
	aggregator_handle(snapshots->aggregator, event, size);
	tick->user_stack = event->id;
	tick->user_check = event->check;
}

/* Where code was met its rows are of use from now on, under the id that the kernel side looked for as well. */
static void load_rows(struct snapshots *snapshots, const struct tick_event *tick)
{
	const struct unwound_stack *unwound = &snapshots->unwound;
	struct stored_stack walked;

	if (tick->reason == REASON_ROWS_MISSING &&
	    aggregator_find_stack(snapshots->aggregator, tick->user_stack, tick->user_check,
				  &walked))
		modules_load_rows(snapshots->modules, walked.last_module);
	for (uint32_t i = 0; i < unwound->depth; i++)
		if (!i || unwound->frames[i].module != unwound->frames[i - 1].module)
			modules_load_rows(snapshots->modules, unwound->frames[i].module);
}

/* Frames of files that were left by their frame pointers, whose rows are from where? */
enum fp_frames { FP_FRAMES_AS_BY_ROWS, FP_FRAMES_NOT_KNOWN, FP_FRAMES_MAY_LACK };

/*
 * Where rows come from .eh_frame alone, what has none is left by its frame pointer on the kernel side, too. From
 * elsewhere (Go's tables, a debug file) they may know better: a step by frame pointer may pass a frame over.
 */
static enum fp_frames judge_fp_frames(const struct snapshots *snapshots)
{
	const struct unwound_stack *unwound = &snapshots->unwound;
	enum fp_frames verdict =
		unwound->may_lack_frames ? FP_FRAMES_MAY_LACK : FP_FRAMES_AS_BY_ROWS;

	for (uint32_t i = 0; i < unwound->depth && verdict != FP_FRAMES_MAY_LACK; i++) {
		uint32_t sources;

		if (!unwound->by_fp[i])
			continue;
		if (!modules_row_sources(snapshots->modules, unwound->frames[i].module, &sources))
			verdict = FP_FRAMES_NOT_KNOWN;
		else if (sources & ~(uint32_t)ROW_TABLE_EH_FRAME)
			verdict = FP_FRAMES_MAY_LACK;
	}
	return verdict;
}

/* Is it worth while to wait for a file that the stack needs, or for rows that tell whether it is whole? */
static bool may_come(const struct snapshots *snapshots, const struct tick_event *tick)
{
	const struct unwound_stack *unwound = &snapshots->unwound;

	return (unwound->reason == REASON_ROWS_MISSING &&
		!modules_find(snapshots->modules, unwound->lacks_file)) ||
	       (tick->reason == REASON_ROWS_MISSING &&
		judge_fp_frames(snapshots) == FP_FRAMES_NOT_KNOWN);
}

/*
 * As the kernel side judges a walk: an end that is no error may be a root that is known by its name only. False:
 * the stack is no better than what the kernel side made of it; where room was lacking for all of its mappings it says so.
 */
static bool mend_tick(struct snapshots *snapshots, struct tick_event *tick)
{
	enum tick_reason reason = snapshots->unwound.reason;

	if (reason == REASON_SNAPSHOT_FULL)
		tick->reason = reason;
	if ((reason != REASON_NONE && reason != REASON_NO_ROOT) ||
	    judge_fp_frames(snapshots) != FP_FRAMES_AS_BY_ROWS)
		return false;
	tell_stack(snapshots, tick);
	tick->reason = tick->kernel_reason;
	tick->fate = tick->reason == REASON_NONE ? TICK_COMPLETE : TICK_TRUNCATED;
	tick->flags = reason == REASON_NONE ? 0 : TICK_ROOT_UNPROVEN;
	if (snapshots->unwound.may_lack_caller)
		tick->flags |= TICK_MAY_LACK_CALLER;
	return true;
}

/* False: something that it refers to is not there yet, and `is_last` is not set. */
static bool take(struct snapshots *snapshots, const struct snapshot_event *event, bool is_last)
{
	struct tick_event tick = event->tick;

	if (!is_last && !aggregator_can_take(snapshots->aggregator, &tick))
		return false;
	unwind(snapshots, event);
	load_rows(snapshots, &tick);
	if (!is_last && may_come(snapshots, &tick))
		return false;
	if (snapshots->verifier)
		unwind_verifier_compare(snapshots->verifier, &tick, &snapshots->unwound);
	if (tick.reason == REASON_ROWS_MISSING)
		snapshots->totals.mended += mend_tick(snapshots, &tick);
	aggregator_handle(snapshots->aggregator, &tick, sizeof(tick));
	return true;
}

/* False: there is no room to wait. */
static bool wait(struct snapshots *snapshots, const struct snapshot_event *event, size_t size)
{
	struct waiting_snapshot *waiting;

	if (size > SNAPSHOTS_MAX_WAITING_BYTES - snapshots->waiting_bytes)
		return false;
	waiting = malloc(offsetof(struct waiting_snapshot, event) + size);
	if (!waiting)
		return false;
	waiting->next = snapshots->fresh;
	waiting->size = size;
	memcpy(&waiting->event, event, size);
	snapshots->fresh = waiting;
	snapshots->waiting_bytes += size;
	return true;
}

void snapshots_handle(struct snapshots *snapshots, const void *event, size_t size)
{
	if (!is_well_formed(event, size)) {
		aggregator_handle(snapshots->aggregator, event, size); /* counts it as such */
		return;
	}
	snapshots->totals.taken++;
	snapshots->idle_drains = 0;
	if (!take(snapshots, event, false) && !wait(snapshots, event, size))
		take(snapshots, event, true);
}

void snapshots_take_waiting(struct snapshots *snapshots)
{
	for (struct waiting_snapshot *waiting = snapshots->older; waiting;
	     waiting = waiting->next) {
		take(snapshots, &waiting->event, true);
		snapshots->waiting_bytes -= waiting->size;
	}
	free_all(snapshots->older);
	snapshots->older = snapshots->fresh;
	snapshots->fresh = NULL;
	if (snapshots->idle_drains++ == IDLE_DRAINS_MAX)
		snapshot_unwinder_forget(snapshots->unwinder);
}

void snapshots_read_totals(const struct snapshots *snapshots, struct snapshots_totals *ret_totals)
{
	*ret_totals = snapshots->totals;
}
