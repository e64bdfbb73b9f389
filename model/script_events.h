/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of what perf script prints. Their samples are in different units and are not added up: one of them counts, and which one is known
 * behind the last sample only. So each has a profile of its own until then; the one that is asked for, if one is, alone.
 *
 * Where none is asked for, it is one of the CPU's time if there is any, for that is what a flame graph is looked at for; of several ones that with
 * the most samples, and of equals the one that came first.
 */
#ifndef HEARTH_MODEL_SCRIPT_EVENTS_H
#define HEARTH_MODEL_SCRIPT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/u64_map.h"
#include "model/perf_script_line.h"

struct profile;
struct read_report;
struct value_type;

#define SCRIPT_EVENTS_MAX 31 /* are told apart: with "samples" as many as PROFILE_VALUES_MAX */
#define SCRIPT_EVENTS_HELD \
	8 /* of these the first ones have a profile, and so may count without being asked for */

struct script_event {
	struct buffer name; /* empty: none was printed */
	uint64_t samples;
	uint64_t stacks;         /* of them, kept */
	struct profile *profile; /* NULL: it does not count */
	struct u64_map frames;   /* the reader's, of that profile */
};

struct script_events {
	struct profile *profile; /* the caller's, and one event's */
	const char *wanted;      /* NULL: none is asked for */
	struct script_event events[SCRIPT_EVENTS_MAX];
	size_t count, last;
	uint64_t further; /* samples */
	size_t held;      /* so many have a profile, the first one the caller's */
	struct buffer told;
};

void script_events_init(struct script_events *events, struct profile *profile, const char *wanted);
void script_events_release(struct script_events *events);

/* The event of this name, NULL: one of too many; the sample is counted. 0 or -ENOMEM. */
int script_events_add(struct script_events *events, struct script_text name,
		      struct script_event **ret_event);

/*
 * Behind the last one: the caller's profile is then that of the event that counts, and the report tells of the others. Where none is what was asked
 * for, it has no samples, and values that tell the names of all. 0 or -ENOMEM.
 */
int script_events_end(struct script_events *events, struct read_report *report);

/* Of a clock the period is time. */
bool script_event_is_clock(struct script_text name);
/* The kind of value that an event's periods are, called `name` if that is not NULL. 0 or -ENOMEM. */
int script_event_type(struct profile *profile, struct script_text event, const char *name,
		      struct value_type *ret_type);

#endif
