/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the kernel side's records and counts ticks by process, stacks and fate. Everything is
 * interned to dense indexes, so that a repeated tick costs a few look-ups and no memory. What reaches a ceiling becomes
 * lost(table_full), counted like every other fate. One thread at a time.
 */
#ifndef HEARTH_PROFILER_AGGREGATOR_H
#define HEARTH_PROFILER_AGGREGATOR_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/events.h"
#include "profiler/tick_counts.h"

struct modules;

/*
 * Ceilings. A stack costs 4 bytes a frame and 70 more, an address 40, a process 110, a counted combination
 * 50: some 180 MiB when all are reached with stacks of 30 frames.
 */
#define AGGREGATOR_MAX_STACKS    (1u << 19)
#define AGGREGATOR_MAX_ADDRESSES (1u << 19)
#define AGGREGATOR_MAX_PROCESSES (1u << 18)

/*
 * Of so many ticks is known when they were, 16 bytes each; of further ones it is not. Half of them are for code that may be
 * replaced, whose names depend on it.
 */
#define AGGREGATOR_MAX_TIMES (1u << 20)

/* An address to be named: a struct stack_frame. */
struct code_address {
	uint64_t module;
	uint64_t offset;
};

struct stored_stack {
	const uint32_t *addresses; /* indexes, leaf first */
	uint32_t depth;
	uint64_t
		last_module; /* of the last frame, by the id that the kernel side told, perhaps an alias */
	bool has_made_code; /* a frame of it lies in no file: MODULE_ANONYMOUS */
};

/* When a tick was whose stack has code that may be replaced (it lies in no file, or came to the kernel while it runs), or any, if times are asked for. */
struct tick_time {
	uint64_t time_ns; /* CLOCK_BOOTTIME */
	uint32_t count;   /* index of what it was counted as */
};

struct aggregator;

struct aggregator *aggregator_new(void); /* NULL: out of memory */
void aggregator_free(struct aggregator *aggregator);

/* Before the first tick: what ticks are told apart by, besides process and stacks. */
void aggregator_keep_labels(struct aggregator *aggregator, struct tick_labels labels);
struct tick_labels aggregator_labels(const struct aggregator *aggregator);

/* From now on frames are known by their module, whichever of its ids they come with (modules_canonical()). */
void aggregator_use_modules(struct aggregator *aggregator, const struct modules *modules);

/*
 * From now on `met` is called whenever a process is met in a further stack that has code without a file, at least
 * once a process: while it lives yet, as far as records are fetched in time.
 */
typedef void (*aggregator_made_code_fn)(void *context, const struct process_event *process);
void aggregator_watch_made_code(struct aggregator *aggregator, aggregator_made_code_fn met,
				void *context);

/* Takes a record of bpf/events.h that is no module_event; one that is malformed is counted as such. */
void aggregator_handle(struct aggregator *aggregator, const void *event, size_t size);

/*
 * From now on `has_changing` is asked of each new stack of the kernel: whether its code may be replaced, so that the times of its ticks
 * are to be kept.
 */
typedef bool (*aggregator_changing_fn)(void *context, const struct stack_frame *frames,
				       uint32_t depth);
void aggregator_watch_kernel_code(struct aggregator *aggregator,
				  aggregator_changing_fn has_changing, void *context);

/* A stack by its id and check; false: it is not known. */
bool aggregator_find_stack(const struct aggregator *aggregator, uint64_t id, uint32_t check,
			   struct stored_stack *ret_stack);

/* Is everything known that a tick refers to? */
bool aggregator_can_take(const struct aggregator *aggregator, const struct tick_event *event);

/* Tells `to` what `event` refers to and `from` knows, as the kernel side did. */
void aggregator_tell(const struct aggregator *from, const struct tick_event *event,
		     struct aggregator *to);

/* Adds ticks without a record, by comm. */
void aggregator_add_lost(struct aggregator *aggregator, const char *comm, enum tick_reason reason,
			 uint64_t ticks);

size_t aggregator_count_count(const struct aggregator *aggregator);
/* The ticks of one row, and what they have in common. */
uint64_t aggregator_count(const struct aggregator *aggregator, size_t index,
			  struct tick_count *ret_count);

/* In order of arrival, which need not be that of the times. */
const struct tick_time *aggregator_times(const struct aggregator *aggregator, size_t *ret_count);

size_t aggregator_process_count(const struct aggregator *aggregator);
const struct process_event *aggregator_process(const struct aggregator *aggregator, uint32_t index);
struct stored_stack aggregator_stack(const struct aggregator *aggregator, uint32_t index);
struct code_address aggregator_address(const struct aggregator *aggregator, uint32_t index);
size_t aggregator_address_count(const struct aggregator *aggregator);

/*
 * Calls `take_used` for the modules of the user stacks that ticks named since the last call, for some more than once, and
 * `take_lacking` for that of the last frame of each stack at which a tick ended for want of rows, by the id that it came with.
 */
typedef void (*aggregator_module_fn)(void *context, uint64_t module);
void aggregator_take_used(struct aggregator *aggregator, aggregator_module_fn take_used,
			  aggregator_module_fn take_lacking, void *context);

struct aggregator_totals {
	uint64_t ticks;     /* all that were counted, lost ones too */
	uint64_t stacks;    /* distinct */
	uint64_t processes; /* distinct by PID and start time */
	uint64_t malformed; /* records that were not as bpf/events.h says: 0, or hearth is broken */
	uint64_t first_tick_ns; /* CLOCK_BOOTTIME when the first tick arrived here, 0: none */
	uint64_t uncounted;     /* ticks that even the table of counts had no memory for */
};

void aggregator_totals(const struct aggregator *aggregator, struct aggregator_totals *ret_totals);

#endif
