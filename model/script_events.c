/* SPDX-License-Identifier: Apache-2.0 */
#include "model/script_events.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "model/profile.h"
#include "model/profile_reader.h"

#define NAME_MAX_BYTES 128 /* of one that is told */

void script_events_init(struct script_events *events, struct profile *profile, const char *wanted)
{
	*events = (struct script_events){ .profile = profile, .wanted = wanted };
}

static void release_profile(struct script_events *events, struct script_event *event)
{
	if (event->profile != events->profile)
		profile_free(event->profile);
	event->profile = NULL;
	u64_map_release(&event->frames);
}

void script_events_release(struct script_events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		release_profile(events, &events->events[i]);
		buffer_release(&events->events[i].name);
	}
	buffer_release(&events->told);
}

static struct script_text name_of(const struct script_event *event)
{
	return (struct script_text){ event->name.size ? event->name.data : "", event->name.size };
}

static bool is_wanted(struct script_text event, const char *wanted)
{
	size_t size = strlen(wanted);

	if (!strcmp(wanted, "cpu") && script_event_is_clock(event))
		return true;
	return script_text_begins(event, wanted) &&
	       (event.size == size || event.start[size] == ':');
}

/* Of several ones that are wanted ("cycles:u", "cycles:k") the first. */
static bool counts(const struct script_events *events, struct script_text name)
{
	if (events->wanted)
		return !events->held && is_wanted(name, events->wanted);
	return events->held < SCRIPT_EVENTS_HELD;
}

static int give_profile(struct script_events *events, struct script_event *event)
{
	bool is_first = !events->held++;

	event->profile = is_first ? events->profile : profile_new();
	if (!event->profile)
		return -ENOMEM;
	return !is_first && profile_keeps_samples(events->profile)
		       ? profile_keep_samples(event->profile)
		       : 0;
}

static int make(struct script_events *events, struct script_text name)
{
	struct script_event *event = &events->events[events->count++];

	*event = (struct script_event){ 0 };
	u64_map_init(&event->frames);
	buffer_append(&event->name, name.start, name.size);
	if (buffer_error(&event->name))
		return -ENOMEM;
	return counts(events, name) ? give_profile(events, event) : 0;
}

static bool is_named(const struct script_event *event, struct script_text name)
{
	return event->name.size == name.size &&
	       (!name.size || !memcmp(event->name.data, name.start, name.size));
}

/* Nearly always that of the sample before. */
static size_t find(const struct script_events *events, struct script_text name)
{
	size_t at = 0;

	if (events->count && is_named(&events->events[events->last], name))
		return events->last;
	while (at < events->count && !is_named(&events->events[at], name))
		at++;
	return at;
}

int script_events_add(struct script_events *events, struct script_text name,
		      struct script_event **ret_event)
{
	size_t at = find(events, name);
	int error = at == events->count && at < SCRIPT_EVENTS_MAX ? make(events, name) : 0;

	if (error)
		return error;
	if (at == SCRIPT_EVENTS_MAX) {
		events->further++;
		*ret_event = NULL;
		return 0;
	}
	events->last = at;
	*ret_event = &events->events[at];
	(*ret_event)->samples++;
	return 0;
}

/* --- which one --- */

bool script_event_is_clock(struct script_text name)
{
	return script_text_begins(name, "cpu-clock") || script_text_begins(name, "task-clock");
}

/* "cycles:u", "cpu_core/cycles/", "cpu-cycles" */
static bool is_of_cpu_time(struct script_text name)
{
	const char *slash = name.size ? memchr(name.start, '/', name.size) : NULL;
	size_t unit =
		slash && script_text_begins(name, "cpu") ? (size_t)(slash + 1 - name.start) : 0;
	struct script_text bare = { name.start + unit, name.size - unit };

	return script_event_is_clock(name) || script_text_begins(bare, "cycles") ||
	       script_text_begins(bare, "cpu-cycles");
}

static bool is_better(const struct script_event *event, const struct script_event *than)
{
	bool is_time = is_of_cpu_time(name_of(event)), was_time = is_of_cpu_time(name_of(than));

	return is_time != was_time ? is_time : event->samples > than->samples;
}

/* NULL: none counts. */
static struct script_event *choose(struct script_events *events)
{
	struct script_event *best = NULL;

	for (size_t i = 0; i < events->count; i++)
		if (events->events[i].profile && (!best || is_better(&events->events[i], best)))
			best = &events->events[i];
	return best;
}

static void take(struct script_events *events, struct script_event *chosen)
{
	for (size_t i = 0; i < events->count && chosen->profile != events->profile; i++)
		if (events->events[i].profile == events->profile) {
			profile_swap(events->profile, chosen->profile);
			events->events[i].profile = chosen->profile;
			chosen->profile = events->profile;
		}
	for (size_t i = 0; i < events->count; i++)
		release_profile(events, &events->events[i]);
}

/* --- what is told --- */

static void append_samples(struct buffer *to, const struct script_event *event, const char *what)
{
	buffer_append_u64(to, event->samples);
	buffer_append_string(to, what);
	if (event->name.size)
		utf8_append_clean(to, event->name.data, event->name.size, NAME_MAX_BYTES);
	else
		buffer_append_string(to, "no event");
}

/* "counted: 20 samples of cpu-clock; left out: 3 of page-faults (--value EVENT counts another one)" */
static int tell(struct script_events *events, const struct script_event *chosen,
		struct read_report *report)
{
	struct buffer *told = &events->told;
	const char *ahead = "; left out: ";

	buffer_append_string(told, "counted: ");
	append_samples(told, chosen, chosen->samples == 1 ? " sample of " : " samples of ");
	for (size_t i = 0; i < events->count; i++) {
		if (&events->events[i] == chosen)
			continue;
		buffer_append_string(told, ahead);
		append_samples(told, &events->events[i], " of ");
		report->others += events->events[i].samples;
		ahead = ", ";
	}
	report->others += events->further;
	if (events->further)
		buffer_printf(told, ", %llu of others", (unsigned long long)events->further);
	buffer_append_string(told, " (--value EVENT counts another one)");
	report->others_told = buffer_string(told);
	return report->others_told ? 0 : -ENOMEM;
}

/* None of them is the one that is asked for: these are there. */
static int name_all(struct script_events *events, struct read_report *report)
{
	struct value_type types[PROFILE_VALUES_MAX];
	const struct script_text samples = { "samples", strlen("samples") };
	uint32_t count = 1;
	int error = script_event_type(events->profile, samples, NULL, &types[0]);

	for (size_t i = 0; i < events->count && !error; i++) {
		report->others += events->events[i].samples;
		if (events->events[i].name.size)
			error = script_event_type(events->profile, name_of(&events->events[i]),
						  NULL, &types[count++]);
	}
	return error ? error : profile_set_values(events->profile, types, count);
}

int script_events_end(struct script_events *events, struct read_report *report)
{
	struct script_event *chosen = choose(events);

	if (!chosen)
		return events->count ? name_all(events, report) : 0;
	take(events, chosen);
	report->stacks = chosen->stacks;
	if (events->count == 1)
		return 0;
	return tell(events, chosen, report);
}

int script_event_type(struct profile *profile, struct script_text event, const char *name,
		      struct value_type *ret_type)
{
	bool is_clock = script_event_is_clock(event);
	const char *unit = is_clock ? "nanoseconds" : "count";
	int error;

	if (!name && is_clock)
		name = "cpu";
	error = name ? profile_intern(profile, name, strlen(name), &ret_type->name)
		     : profile_intern(profile, event.start, event.size, &ret_type->name);
	return error ? error : profile_intern(profile, unit, strlen(unit), &ret_type->unit);
}
