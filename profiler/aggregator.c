/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/aggregator.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/record_pool.h"
#include "base/u64_map.h"
#include "profiler/module_paths.h"
#include "profiler/modules.h"

/* What a stack is known by: both hashes. */
struct stack_key {
	uint64_t id;
	uint64_t check;
};

struct kept_stack {
	struct stack_key key;
	const uint32_t *addresses; /* as in struct stored_stack */
	uint64_t last_module;
	uint32_t path; /* see module_paths.h */
	uint16_t depth;
	bool has_made_code : 1;
	bool is_timed : 1;    /* the times of its ticks are kept */
	bool lacked_rows : 1; /* since aggregator_take_used() */
};

/* By which processes are told apart whose exec counter or comm changed. */
struct process_identity {
	uint64_t tgid, start_time_ns;
};

/* The stack that was added last: the next one often has the same frames next to the root. */
struct last_stack {
	uint32_t depth;
	const uint32_t *addresses;
	struct stack_frame frames[EVENT_MAX_FRAMES];
};

struct aggregator {
	const struct modules *modules;         /* NULL: ids stay as they are */
	aggregator_made_code_fn met_made_code; /* NULL: nobody asks */
	void *context;
	aggregator_changing_fn has_changing; /* NULL: the kernel's code stays */
	void *changing_context;

	struct record_pool stacks; /* struct kept_stack */
	uint32_t *lacking;         /* indexes of those that lacked rows */
	size_t lacking_count, lacking_capacity;
	struct module_paths paths;
	struct arena stack_memory;
	bool stacks_refused; /* some stack found no room */
	struct last_stack last;

	struct record_pool addresses; /* struct code_address */

	struct u64_map process_ids; /* process_event.id -> index */
	struct process_event *processes;
	uint32_t process_count;
	size_t process_capacity;
	struct record_pool process_identities; /* struct process_identity: to count processes */

	struct tick_counts counts;

	struct tick_time *times;
	size_t time_count, time_capacity;

	struct aggregator_totals totals;
};

struct aggregator *aggregator_new(void)
{
	struct aggregator *aggregator = calloc(1, sizeof(*aggregator));

	if (!aggregator)
		return NULL;
	record_pool_init(&aggregator->stacks, sizeof(struct kept_stack), sizeof(struct stack_key));
	module_paths_init(&aggregator->paths);
	arena_init(&aggregator->stack_memory);
	record_pool_init(&aggregator->addresses, sizeof(struct code_address),
			 sizeof(struct code_address));
	u64_map_init(&aggregator->process_ids);
	record_pool_init(&aggregator->process_identities, sizeof(struct process_identity),
			 sizeof(struct process_identity));
	tick_counts_init(&aggregator->counts);
	return aggregator;
}

void aggregator_keep_labels(struct aggregator *aggregator, struct tick_labels labels)
{
	aggregator->counts.labels = labels;
}

struct tick_labels aggregator_labels(const struct aggregator *aggregator)
{
	return aggregator->counts.labels;
}

void aggregator_use_modules(struct aggregator *aggregator, const struct modules *modules)
{
	aggregator->modules = modules;
}

void aggregator_watch_made_code(struct aggregator *aggregator, aggregator_made_code_fn met,
				void *context)
{
	aggregator->met_made_code = met;
	aggregator->context = context;
}

void aggregator_watch_kernel_code(struct aggregator *aggregator,
				  aggregator_changing_fn has_changing, void *context)
{
	aggregator->has_changing = has_changing;
	aggregator->changing_context = context;
}

void aggregator_free(struct aggregator *aggregator)
{
	if (!aggregator)
		return;
	record_pool_release(&aggregator->stacks);
	free(aggregator->lacking);
	module_paths_release(&aggregator->paths);
	arena_release(&aggregator->stack_memory);
	record_pool_release(&aggregator->addresses);
	u64_map_release(&aggregator->process_ids);
	free(aggregator->processes);
	record_pool_release(&aggregator->process_identities);
	tick_counts_release(&aggregator->counts);
	free(aggregator->times);
	free(aggregator);
}

/* Makes room for entry `count` of an array: false when memory ran out. */
static bool reserve(void *array, size_t *capacity, size_t count, size_t entry_size)
{
	size_t larger = *capacity ? *capacity * 2 : 256;
	void **memory = array, *grown;

	if (count < *capacity)
		return true;
	grown = realloc(*memory, larger * entry_size);
	if (!grown)
		return false;
	*memory = grown;
	*capacity = larger;
	return true;
}

static struct kept_stack *stack_at(const struct aggregator *aggregator, uint32_t index)
{
	return record_pool_get(&aggregator->stacks, index);
}

static void tell_of_made_code(const struct aggregator *aggregator, const struct tick_count *key)
{
	if (aggregator->met_made_code && key->process != AGGREGATOR_NONE &&
	    key->user_stack != AGGREGATOR_NONE &&
	    stack_at(aggregator, key->user_stack)->has_made_code)
		aggregator->met_made_code(aggregator->context,
					  &aggregator->processes[key->process]);
}

/* The index of what they were counted as, AGGREGATOR_NONE: there was no memory. */
static uint32_t count_ticks(struct aggregator *aggregator, const struct tick_count *key,
			    uint64_t ticks)
{
	uint32_t known = tick_counts_count(&aggregator->counts), index;

	aggregator->totals.ticks += ticks;
	if (tick_counts_add(&aggregator->counts, key, ticks, &index)) {
		aggregator->totals.uncounted += ticks;
		return AGGREGATOR_NONE;
	}
	if (index == known)
		tell_of_made_code(aggregator, key);
	return index;
}

static bool is_timed(const struct aggregator *aggregator, uint32_t stack)
{
	return stack != AGGREGATOR_NONE && stack_at(aggregator, stack)->is_timed;
}

/* How many times there may be for this one to be kept as well. */
static size_t times_before(const struct aggregator *aggregator, const struct tick_count *key)
{
	if (is_timed(aggregator, key->user_stack) || is_timed(aggregator, key->kernel_stack))
		return AGGREGATOR_MAX_TIMES;
	return aggregator->counts.labels.time ? AGGREGATOR_MAX_TIMES / 2 : 0;
}

/* Without room the tick has no time. */
static void keep_time(struct aggregator *aggregator, const struct tick_count *key, uint32_t count,
		      uint64_t time_ns)
{
	if (count == AGGREGATOR_NONE || aggregator->time_count >= times_before(aggregator, key) ||
	    !reserve(&aggregator->times, &aggregator->time_capacity, aggregator->time_count,
		     sizeof(*aggregator->times)))
		return;
	aggregator->times[aggregator->time_count++] = (struct tick_time){ time_ns, count };
}

/* Of `of` where they were. */
static void count_lost(struct aggregator *aggregator, const struct tick_count *of,
		       enum tick_reason reason, uint64_t ticks)
{
	const struct tick_count key = {
		.process = of->process,
		.tid = of->tid,
		.cpu = of->cpu,
		.kernel_stack = AGGREGATOR_NONE,
		.user_stack = AGGREGATOR_NONE,
		.fate = TICK_LOST,
		.reason = (uint8_t)reason,
	};

	if (ticks)
		count_ticks(aggregator, &key, ticks);
}

/* The index of a stack that a tick refers to; false: it was never told, or another has its id. */
static bool find_stack(const struct aggregator *aggregator, uint64_t id, uint32_t check,
		       uint32_t *ret_stack)
{
	const struct stack_key key = { .id = id, .check = check };

	*ret_stack = AGGREGATOR_NONE;
	if (!id)
		return true;
	return record_pool_find(&aggregator->stacks, &key, ret_stack);
}

bool aggregator_find_stack(const struct aggregator *aggregator, uint64_t id, uint32_t check,
			   struct stored_stack *ret_stack)
{
	uint32_t index;

	if (!id || !find_stack(aggregator, id, check, &index))
		return false;
	*ret_stack = aggregator_stack(aggregator, index);
	return true;
}

bool aggregator_can_take(const struct aggregator *aggregator, const struct tick_event *event)
{
	uint32_t stack;

	return u64_map_get(&aggregator->process_ids, event->process) != U64_MAP_ABSENT &&
	       find_stack(aggregator, event->kernel_stack, event->kernel_check, &stack) &&
	       find_stack(aggregator, event->user_stack, event->user_check, &stack);
}

/* Without memory its rows are not loaded again before a later round. */
static void note_lacking(struct aggregator *aggregator, uint32_t index)
{
	struct kept_stack *stack = stack_at(aggregator, index);

	if (stack->lacked_rows || !reserve(&aggregator->lacking, &aggregator->lacking_capacity,
					   aggregator->lacking_count, sizeof(*aggregator->lacking)))
		return;
	stack->lacked_rows = true;
	aggregator->lacking[aggregator->lacking_count++] = index;
}

static void note_use(struct aggregator *aggregator, uint32_t index, bool lacks_rows)
{
	if (index == AGGREGATOR_NONE)
		return;
	module_paths_note(&aggregator->paths, stack_at(aggregator, index)->path);
	if (lacks_rows)
		note_lacking(aggregator, index);
}

static void handle_tick(struct aggregator *aggregator, const struct tick_event *event)
{
	uint32_t process = u64_map_get(&aggregator->process_ids, event->process);
	struct tick_count key = {
		.process = process,
		.tid = event->tid,
		.cpu = event->cpu,
		.kernel_stack = AGGREGATOR_NONE,
		.user_stack = AGGREGATOR_NONE,
		.fate = event->fate,
		.reason = event->reason,
		.root_unproven = (event->flags & TICK_ROOT_UNPROVEN) != 0,
		.may_lack_caller = (event->flags & TICK_MAY_LACK_CALLER) != 0,
	};

	if (!aggregator->totals.first_tick_ns)
		aggregator->totals.first_tick_ns = clock_boottime_ns();
	count_lost(aggregator, &key, REASON_LATE, event->late);
	if (process == AGGREGATOR_NONE)
		count_lost(aggregator, &key, REASON_TABLE_FULL, 1);
	else if (!find_stack(aggregator, event->kernel_stack, event->kernel_check,
			     &key.kernel_stack) ||
		 !find_stack(aggregator, event->user_stack, event->user_check, &key.user_stack))
		count_lost(aggregator, &key,
			   aggregator->stacks_refused ? REASON_TABLE_FULL : REASON_STACK_MISSING,
			   1);
	else if (tick_counts_count(&aggregator->counts) >= AGGREGATOR_MAX_COUNTS)
		count_lost(aggregator, &key, REASON_TABLE_FULL, 1);
	else
		keep_time(aggregator, &key, count_ticks(aggregator, &key, 1), event->time_ns);
	note_use(aggregator, key.user_stack,
		 event->reason == REASON_ROWS_MISSING || event->reason == REASON_SNAPSHOT_FULL);
}

static struct code_address address_of(const struct aggregator *aggregator,
				      const struct stack_frame *frame)
{
	return (struct code_address){
		.module = aggregator->modules
				  ? modules_canonical(aggregator->modules, frame->module)
				  : frame->module,
		.offset = frame->offset,
	};
}

static bool add_address(struct aggregator *aggregator, const struct stack_frame *frame,
			uint32_t *ret_address)
{
	const struct code_address address = address_of(aggregator, frame);

	return aggregator->addresses.count < AGGREGATOR_MAX_ADDRESSES &&
	       !record_pool_add(&aggregator->addresses, &address, ret_address);
}

/* Nothing of them is in a cache, and several are fetched at a time. */
static void prefetch_addresses(const struct aggregator *aggregator, uint32_t count,
			       const struct stack_frame *frames)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct code_address address = address_of(aggregator, &frames[i]);

		record_pool_prefetch(&aggregator->addresses, &address);
	}
}

/* How many frames, from the root on, a stack has in common with the one that was added last. */
static uint32_t count_shared(const struct last_stack *last, uint32_t depth,
			     const struct stack_frame *frames)
{
	uint32_t shared = 0;

	while (shared < depth && shared < last->depth &&
	       !memcmp(&frames[depth - 1 - shared], &last->frames[last->depth - 1 - shared],
		       sizeof(*frames)))
		shared++;
	return shared;
}

static bool add_addresses(struct aggregator *aggregator, uint32_t depth,
			  const struct stack_frame *frames, uint32_t *addresses)
{
	struct last_stack *last = &aggregator->last;
	uint32_t own = depth - count_shared(last, depth, frames);

	prefetch_addresses(aggregator, own, frames);
	for (uint32_t i = 0; i < own; i++)
		if (!add_address(aggregator, &frames[i], &addresses[i]))
			return false;
	if (own < depth)
		memcpy(&addresses[own], &last->addresses[last->depth - (depth - own)],
		       (depth - own) * sizeof(*addresses));
	memcpy(last->frames, frames, depth * sizeof(*frames));
	last->depth = depth;
	last->addresses = addresses;
	return true;
}

/* By the ids that modules have here, as those of addresses. */
static uint32_t find_path(struct aggregator *aggregator, uint32_t depth,
			  const struct stack_frame *frames)
{
	uint32_t path = MODULE_PATHS_NONE;

	for (uint32_t i = depth; i-- > 0;)
		if (i + 1 == depth || frames[i].module != frames[i + 1].module)
			path = module_paths_extend(&aggregator->paths, path,
						   address_of(aggregator, &frames[i]).module);
	return path;
}

static bool has_made_code(const struct stack_frame *frames, uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++)
		if (frames[i].module & MODULE_ANONYMOUS)
			return true;
	return false;
}

static bool may_change(const struct aggregator *aggregator, const struct stack_frame *frames,
		       uint32_t depth)
{
	return has_made_code(frames, depth) ||
	       (aggregator->has_changing && depth && frames->module == MODULE_KERNEL &&
		aggregator->has_changing(aggregator->changing_context, frames, depth));
}

static bool add_stack(struct aggregator *aggregator, const struct stack_key *key,
		      const struct stack_event *event, const struct stack_frame *frames)
{
	uint32_t *addresses, index;
	struct kept_stack *stack;

	if (aggregator->stacks.count >= AGGREGATOR_MAX_STACKS)
		return false;
	addresses = arena_alloc(&aggregator->stack_memory, event->depth * sizeof(*addresses));
	if (!addresses || !add_addresses(aggregator, event->depth, frames, addresses) ||
	    record_pool_add(&aggregator->stacks, key, &index))
		return false;
	stack = stack_at(aggregator, index);
	*stack = (struct kept_stack){
		.key = *key,
		.addresses = addresses,
		.path = find_path(aggregator, event->depth, frames),
		.depth = (uint16_t)event->depth,
		.last_module = event->depth ? frames[event->depth - 1].module : 0,
		.has_made_code = has_made_code(frames, event->depth),
		.is_timed = may_change(aggregator, frames, event->depth),
	};
	return true;
}

static void handle_stack(struct aggregator *aggregator, const struct stack_event *event)
{
	const struct stack_frame *frames = (const struct stack_frame *)(event + 1);
	const struct stack_key key = { .id = event->id, .check = event->check };
	uint32_t index;

	if (!record_pool_find(&aggregator->stacks, &key, &index) &&
	    !add_stack(aggregator, &key, event, frames))
		aggregator->stacks_refused = true;
}

static void count_process(struct aggregator *aggregator, const struct process_event *event)
{
	const struct process_identity identity = { event->tgid, event->start_time_ns };
	uint32_t index;

	record_pool_add(&aggregator->process_identities, &identity, &index);
}

/* Appends a process: its index, or AGGREGATOR_NONE at the ceiling or without memory. */
static uint32_t add_process(struct aggregator *aggregator, const struct process_event *event)
{
	if (aggregator->process_count >= AGGREGATOR_MAX_PROCESSES ||
	    !reserve(&aggregator->processes, &aggregator->process_capacity,
		     aggregator->process_count, sizeof(*aggregator->processes)))
		return AGGREGATOR_NONE;
	aggregator->processes[aggregator->process_count] = *event;
	return aggregator->process_count++;
}

static void handle_process(struct aggregator *aggregator, const struct process_event *event)
{
	uint32_t index;

	if (u64_map_get(&aggregator->process_ids, event->id) != U64_MAP_ABSENT)
		return;
	index = add_process(aggregator, event);
	if (index == AGGREGATOR_NONE || u64_map_set(&aggregator->process_ids, event->id, index))
		return;
	count_process(aggregator, event);
}

/* Is the record of its type's size? The kernel side is ours, but a mistake must not be read past the end. */
static bool is_well_formed(const void *event, size_t size)
{
	uint32_t type;

	if (size < sizeof(type))
		return false;
	memcpy(&type, event, sizeof(type));
	switch (type) {
	case EVENT_TICK: {
		const struct tick_event *tick = event;

		return size >= sizeof(*tick) && tick->fate <= TICK_LOST &&
		       tick->reason < REASON_COUNT;
	}
	case EVENT_STACK: {
		const struct stack_event *stack = event;

		return size >= sizeof(*stack) && stack->depth <= EVENT_MAX_FRAMES &&
		       size >= sizeof(*stack) + stack->depth * sizeof(struct stack_frame);
	}
	case EVENT_PROCESS:
		return size >= sizeof(struct process_event);
	}
	return false;
}

void aggregator_handle(struct aggregator *aggregator, const void *event, size_t size)
{
	if (!is_well_formed(event, size)) {
		aggregator->totals.malformed++;
		return;
	}
	switch (*(const uint32_t *)event) {
	case EVENT_TICK:
		handle_tick(aggregator, event);
		break;
	case EVENT_STACK:
		handle_stack(aggregator, event);
		break;
	case EVENT_PROCESS:
		handle_process(aggregator, event);
		break;
	}
}

/* Its last frame by the id that it came with: others of that stack have the ids by which they are known. */
static void tell_stack(const struct aggregator *from, uint64_t id, uint32_t check,
		       struct aggregator *to)
{
	struct {
		struct stack_event event;
		struct stack_frame frames[EVENT_MAX_FRAMES];
	} told = { .event = { .type = EVENT_STACK, .id = id, .check = check } };
	struct stored_stack stack;

	if (!aggregator_find_stack(from, id, check, &stack))
		return;
	told.event.depth = stack.depth;
	for (uint32_t i = 0; i < stack.depth; i++) {
		const struct code_address address = aggregator_address(from, stack.addresses[i]);

		told.frames[i] = (struct stack_frame){ address.module, address.offset };
	}
	if (stack.depth)
		told.frames[stack.depth - 1].module = stack.last_module;
	aggregator_handle(to, &told, sizeof(told.event) + stack.depth * sizeof(*told.frames));
}

void aggregator_tell(const struct aggregator *from, const struct tick_event *event,
		     struct aggregator *to)
{
	uint32_t process = u64_map_get(&from->process_ids, event->process);

	if (process != AGGREGATOR_NONE)
		aggregator_handle(to, &from->processes[process], sizeof(*from->processes));
	tell_stack(from, event->kernel_stack, event->kernel_check, to);
	tell_stack(from, event->user_stack, event->user_check, to);
}

/* Lost ticks may be of a process that no record told of: then it is known by its comm alone. */
static uint32_t find_process_by_comm(struct aggregator *aggregator, const char *comm)
{
	struct process_event event = { .type = EVENT_PROCESS };

	for (uint32_t i = 0; i < aggregator->process_count; i++)
		if (!memcmp(aggregator->processes[i].comm, comm, EVENT_COMM_SIZE))
			return i;
	memcpy(event.comm, comm, sizeof(event.comm));
	return add_process(aggregator, &event);
}

void aggregator_add_lost(struct aggregator *aggregator, const char *comm, enum tick_reason reason,
			 uint64_t ticks)
{
	const struct tick_count of = {
		.process = comm ? find_process_by_comm(aggregator, comm) : AGGREGATOR_NONE,
		.tid = AGGREGATOR_NONE,
		.cpu = AGGREGATOR_NONE,
	};

	count_lost(aggregator, &of, reason, ticks);
}

size_t aggregator_count_count(const struct aggregator *aggregator)
{
	return tick_counts_count(&aggregator->counts);
}

uint64_t aggregator_count(const struct aggregator *aggregator, size_t index,
			  struct tick_count *ret_count)
{
	return tick_counts_get(&aggregator->counts, (uint32_t)index, ret_count);
}

const struct tick_time *aggregator_times(const struct aggregator *aggregator, size_t *ret_count)
{
	*ret_count = aggregator->time_count;
	return aggregator->times;
}

size_t aggregator_process_count(const struct aggregator *aggregator)
{
	return aggregator->process_count;
}

const struct process_event *aggregator_process(const struct aggregator *aggregator, uint32_t index)
{
	return &aggregator->processes[index];
}

struct stored_stack aggregator_stack(const struct aggregator *aggregator, uint32_t index)
{
	const struct kept_stack *stack = stack_at(aggregator, index);

	return (struct stored_stack){
		.addresses = stack->addresses,
		.depth = stack->depth,
		.last_module = stack->last_module,
		.has_made_code = stack->has_made_code,
	};
}

void aggregator_take_used(struct aggregator *aggregator, aggregator_module_fn take_used,
			  aggregator_module_fn take_lacking, void *context)
{
	module_paths_take(&aggregator->paths, take_used, context);
	for (size_t i = 0; i < aggregator->lacking_count; i++) {
		struct kept_stack *stack = stack_at(aggregator, aggregator->lacking[i]);

		stack->lacked_rows = false;
		if (stack->depth)
			take_lacking(context, stack->last_module);
	}
	aggregator->lacking_count = 0;
}

struct code_address aggregator_address(const struct aggregator *aggregator, uint32_t index)
{
	return *(const struct code_address *)record_pool_get(&aggregator->addresses, index);
}

size_t aggregator_address_count(const struct aggregator *aggregator)
{
	return aggregator->addresses.count;
}

void aggregator_totals(const struct aggregator *aggregator, struct aggregator_totals *ret_totals)
{
	*ret_totals = aggregator->totals;
	ret_totals->stacks = aggregator->stacks.count;
	ret_totals->processes = aggregator->process_identities.count;
}
