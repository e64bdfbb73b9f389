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
#include "profiler/snapshot_walker.h"
#include "profiler/tick_windows.h"
#include "profiler/unwind_verifier.h"
#include "symbolize/vdso.h"
#include "unwind/snapshot_unwinder.h"

/* What a snapshot may still wait for, each with what stands behind it. */
enum patience { WAIT_FOR_RINGS, WAIT_FOR_ROWS, WAIT_FOR_NOTHING };

struct waiting_snapshot {
	struct waiting_snapshot *next;
	size_t size;
	uint64_t rows_of; /* a module whose rows are being compiled; 0: it waits for the rings */
	enum patience patience;
	struct snapshot_event event; /* and what follows it */
};

/* A rule that was looked up: it is its file's for good. */
struct known_rule {
	uint64_t module, offset; /* module 0: none */
	struct unwind_rule rule;
};

#define KNOWN_RULES 1024 /* a power of two */

struct snapshots {
	const struct tick_windows *windows;
	struct modules *modules;
	struct snapshots_rules rules;
	struct unwind_verifier *verifier;   /* NULL: none is asked for, */
	struct snapshot_unwinder *unwinder; /* nor this needed */
	struct snapshot_walker *walker;
	struct waiting_snapshot *waiting;
	size_t waiting_bytes;
	uint64_t seed;
	struct snapshots_totals totals;
	struct known_rule known[KNOWN_RULES]; /* by module and offset: one place for each */
	struct unwound_stack walked, unwound; /* by rows, and by libunwind */
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

static bool read_file(void *context, uint64_t id, uint64_t offset, void *to, size_t size)
{
	const struct snapshots *snapshots = context;

	return modules_read(snapshots->modules, id, offset, to, size);
}

static bool find_rule(void *context, uint64_t id, uint64_t offset, struct unwind_rule *ret_rule)
{
	struct snapshots *snapshots = context;
	struct known_rule *known =
		&snapshots->known[hash_bytes(&(uint64_t[]){ id, offset }, 16) & (KNOWN_RULES - 1)];

	if (known->module != id || known->offset != offset) {
		if (!snapshots->rules.find(snapshots->rules.context, id, offset, ret_rule))
			return false;
		*known = (struct known_rule){ id, offset, *ret_rule };
	}
	*ret_rule = known->rule;
	return true;
}

struct snapshots *snapshots_new(const struct tick_windows *windows, struct modules *modules,
				const struct snapshots_rules *rules,
				struct unwind_verifier *verifier)
{
	struct snapshots *snapshots = calloc(1, sizeof(*snapshots));
	const struct snapshot_walker_host host = { find_rule, read_file, snapshots };

	if (!snapshots)
		return NULL;
	snapshots->windows = windows;
	snapshots->modules = modules;
	snapshots->rules = *rules;
	snapshots->verifier = verifier;
	snapshots->seed = hash_seed();
	snapshots->walker = snapshot_walker_new(&host);
	if (verifier)
		snapshots->unwinder = snapshot_unwinder_new(open_file, snapshots);
	if (!snapshots->walker || (verifier && !snapshots->unwinder)) {
		snapshots_free(snapshots);
		return NULL;
	}
	return snapshots;
}

static void drop_first(struct snapshots *snapshots)
{
	struct waiting_snapshot *first = snapshots->waiting;

	snapshots->waiting = first->next;
	snapshots->waiting_bytes -= first->size;
	free(first);
}

void snapshots_free(struct snapshots *snapshots)
{
	if (!snapshots)
		return;
	while (snapshots->waiting)
		drop_first(snapshots);
	snapshot_walker_free(snapshots->walker);
	snapshot_unwinder_free(snapshots->unwinder);
	free(snapshots);
}

static bool is_well_formed(const struct snapshot_event *event, size_t size)
{
	return size >= sizeof(*event) && event->mapping_count <= SNAPSHOT_MAX_MAPPINGS &&
	       event->stack_bytes <= SNAPSHOT_STACK_BYTES &&
	       event->other_bytes <= SNAPSHOT_OTHER_MAX_BYTES &&
	       size >= sizeof(*event) + event->mapping_count * sizeof(struct snapshot_mapping) +
			       event->stack_bytes + event->other_bytes;
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

/* What came with an event; its mappings are kept until the next one is opened. */
static struct snapshot open_snapshot(struct snapshots *snapshots,
				     const struct snapshot_event *event)
{
	const struct snapshot_mapping *mappings = (const struct snapshot_mapping *)(event + 1);
	const uint8_t *stack = (const uint8_t *)(mappings + event->mapping_count);
	struct snapshot snapshot = {
		.leaf_is_return = event->leaf_is_return != 0,
		.stack_start = event->stack_start,
		.stack = { stack, event->stack_bytes },
		.other_start = event->other_start,
		.other = { stack + event->stack_bytes, event->other_bytes },
		.mappings = snapshots->mappings,
		.mapping_count = event->mapping_count,
		.lacks_mappings = event->lacks_mappings != 0,
	};

	resolve_mappings(snapshots, mappings, event->mapping_count);
	memcpy(snapshot.registers, event->registers, sizeof(snapshot.registers));
	return snapshot;
}

/* The kernel side knows a stack by another hash: that does not matter, for what it holds is the same. */
static void tell_stack(struct snapshots *snapshots, const struct unwound_stack *unwound,
		       struct tick_event *tick)
{
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
	aggregator_handle(tick_windows_of(snapshots->windows, tick), event, size);
	tick->user_stack = event->id;
	tick->user_check = event->check;
}

/* Is the stack what the kernel side would have made of it with all rows? */
static bool is_as_with_rows(enum tick_reason reason)
{
	return reason != REASON_ROWS_MISSING && reason != REASON_STACK_UNREADABLE &&
	       reason != REASON_SNAPSHOT_FULL && reason != REASON_BAD_LEAF;
}

/* As judge_walk() of bpf/stack.bpf.h: an end that is no error may be a root that is known by its name only. */
static void judge_tick(const struct unwound_stack *stack, struct tick_event *tick)
{
	enum tick_reason reason = stack->reason;

	tick->flags = stack->may_lack_caller ? TICK_MAY_LACK_CALLER : 0;
	if (reason == REASON_NO_ROOT || reason == REASON_BAD_CALLER)
		tick->flags |= TICK_ROOT_UNPROVEN;
	tick->reason =
		reason == REASON_NONE || reason == REASON_NO_ROOT ? tick->kernel_reason : reason;
	tick->fate = tick->reason == REASON_NONE ? TICK_COMPLETE : TICK_TRUNCATED;
}

/* A stack that is no better than what the kernel side made of it leaves the tick as it is. */
static void mend_tick(struct snapshots *snapshots, const struct unwound_stack *stack,
		      struct tick_event *tick)
{
	if (!is_as_with_rows(stack->reason)) {
		if (stack->reason == REASON_SNAPSHOT_FULL)
			tick->reason = stack->reason;
		return;
	}
	tell_stack(snapshots, stack, tick);
	judge_tick(stack, tick);
	snapshots->totals.mended++;
}

/*
 * The stack by rows, of which the kernel side lacked some. Rows that are asked for may be there at once: then it is walked
 * again, and ends where it does for good or has to wait: for those of `ret_rows_of`. That they are coming is asked once,
 * for a moment later they may be there, and the walk has not seen them.
 */
static const struct unwound_stack *walk(struct snapshots *snapshots,
					const struct snapshot *snapshot, uint64_t *ret_rows_of)
{
	struct unwound_stack *walked = &snapshots->walked;
	uint64_t lacked = 0;

	*ret_rows_of = 0;
	for (size_t turn = 0; turn <= snapshot->mapping_count; turn++) {
		snapshot_walker_walk(snapshots->walker, snapshot, walked);
		if (walked->reason != REASON_ROWS_MISSING || walked->lacks_file == lacked)
			break;
		lacked = walked->lacks_file;
		modules_load_rows(snapshots->modules, lacked);
		if (modules_rows_are_coming(snapshots->modules, lacked)) {
			*ret_rows_of = lacked;
			break;
		}
	}
	return walked;
}

/* Is it worth while to wait for what `stack` lacks: rows that are coming, or a module that may be in the other ring? */
static bool may_come(const struct snapshots *snapshots, const struct unwound_stack *stack,
		     enum patience patience, uint64_t rows_of)
{
	if (stack->reason != REASON_ROWS_MISSING || patience == WAIT_FOR_NOTHING)
		return false;
	return rows_of ||
	       (patience == WAIT_FOR_RINGS && !modules_find(snapshots->modules, stack->lacks_file));
}

/* False: something that it refers to is not there yet; `ret_rows_of` says what, as a waiting_snapshot does. */
static bool take(struct snapshots *snapshots, const struct snapshot_event *event,
		 enum patience patience, uint64_t *ret_rows_of)
{
	const struct unwound_stack *walked;
	struct tick_event tick = event->tick;
	struct snapshot snapshot;

	*ret_rows_of = 0;
	if (patience == WAIT_FOR_RINGS &&
	    !aggregator_can_take(tick_windows_of(snapshots->windows, &tick), &tick))
		return false;
	snapshot = open_snapshot(snapshots, event);
	if (snapshots->verifier)
		snapshot_unwinder_unwind(snapshots->unwinder, &snapshot, &snapshots->unwound);
	walked = tick.reason == REASON_ROWS_MISSING ? walk(snapshots, &snapshot, ret_rows_of)
						    : &snapshots->unwound;
	if (may_come(snapshots, walked, patience, *ret_rows_of))
		return false;
	if (snapshots->verifier)
		unwind_verifier_compare(snapshots->verifier, &tick, &snapshots->unwound);
	if (tick.reason == REASON_ROWS_MISSING)
		mend_tick(snapshots, walked, &tick);
	tick_windows_handle(snapshots->windows, &tick, sizeof(tick));
	return true;
}

/* False: there is no room to wait. */
static bool wait(struct snapshots *snapshots, const struct snapshot_event *event, size_t size,
		 uint64_t rows_of)
{
	struct waiting_snapshot *waiting;

	if (size > SNAPSHOTS_MAX_WAITING_BYTES - snapshots->waiting_bytes)
		return false;
	waiting = malloc(offsetof(struct waiting_snapshot, event) + size);
	if (!waiting)
		return false;
	waiting->next = snapshots->waiting;
	waiting->size = size;
	waiting->rows_of = rows_of;
	waiting->patience = WAIT_FOR_RINGS;
	memcpy(&waiting->event, event, size);
	snapshots->waiting = waiting;
	snapshots->waiting_bytes += size;
	return true;
}

void snapshots_handle(struct snapshots *snapshots, const void *event, size_t size)
{
	uint64_t rows_of;

	if (!is_well_formed(event, size)) {
		tick_windows_handle(snapshots->windows, event, size); /* counts it as such */
		return;
	}
	snapshots->totals.taken++;
	if (!take(snapshots, event, WAIT_FOR_RINGS, &rows_of) &&
	    !wait(snapshots, event, size, rows_of))
		take(snapshots, event, WAIT_FOR_NOTHING, &rows_of);
}

/* Is nothing known that was not known before? */
static bool must_wait(const struct snapshots *snapshots, const struct waiting_snapshot *waiting)
{
	return waiting->rows_of ? modules_rows_are_coming(snapshots->modules, waiting->rows_of)
				: waiting->patience == WAIT_FOR_RINGS;
}

void snapshots_take_waiting(struct snapshots *snapshots)
{
	struct waiting_snapshot *waiting = snapshots->waiting, *next;

	snapshots->waiting = NULL;
	for (; waiting; waiting = next) {
		bool is_taken =
			!must_wait(snapshots, waiting) &&
			take(snapshots, &waiting->event, waiting->patience, &waiting->rows_of);

		next = waiting->next;
		waiting->next = snapshots->waiting;
		snapshots->waiting = waiting;
		if (is_taken)
			drop_first(snapshots);
		else if (waiting->patience == WAIT_FOR_RINGS)
			waiting->patience = WAIT_FOR_ROWS; /* the rings will be drained once more */
	}
}

bool snapshots_are_waiting(const struct snapshots *snapshots)
{
	return snapshots->waiting != NULL;
}

static bool is_of_window_before(const struct snapshots *snapshots,
				const struct waiting_snapshot *waiting)
{
	return tick_windows_of(snapshots->windows, &waiting->event.tick) ==
	       snapshots->windows->before;
}

bool snapshots_of_window_before_are_waiting(const struct snapshots *snapshots)
{
	const struct waiting_snapshot *waiting = snapshots->waiting;

	while (waiting && !is_of_window_before(snapshots, waiting))
		waiting = waiting->next;
	return waiting != NULL;
}

void snapshots_take_window_before(struct snapshots *snapshots)
{
	struct waiting_snapshot *waiting = snapshots->waiting, *next;
	uint64_t rows_of;

	snapshots->waiting = NULL;
	for (; waiting; waiting = next) {
		bool is_of_it = is_of_window_before(snapshots, waiting);

		next = waiting->next;
		waiting->next = snapshots->waiting;
		snapshots->waiting = waiting;
		if (!is_of_it)
			continue;
		take(snapshots, &waiting->event, WAIT_FOR_NOTHING, &rows_of);
		drop_first(snapshots);
	}
}

void snapshots_tell_window_before(const struct snapshots *snapshots, struct aggregator *to)
{
	const struct waiting_snapshot *waiting = snapshots->waiting;

	for (; waiting; waiting = waiting->next)
		if (is_of_window_before(snapshots, waiting))
			aggregator_tell(snapshots->windows->before, &waiting->event.tick, to);
}

void snapshots_take_all(struct snapshots *snapshots)
{
	uint64_t rows_of;

	while (snapshots->waiting) {
		take(snapshots, &snapshots->waiting->event, WAIT_FOR_NOTHING, &rows_of);
		drop_first(snapshots);
	}
}

void snapshots_read_totals(const struct snapshots *snapshots, struct snapshots_totals *ret_totals)
{
	*ret_totals = snapshots->totals;
}
