/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/window_keeper.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/quiet_thread.h"
#include "model/profile.h"
#include "profiler/age_clock.h"
#include "profiler/aggregator.h"
#include "profiler/machine_name.h"
#include "profiler/namer.h"
#include "profiler/process_watch.h"
#include "profiler/recorder.h"
#include "profiler/waiting_window.h"
#include "profiler/window_namer.h"
#include "profiler/window_roller.h"
#include "store/event_list.h"
#include "store/roll_up_level.h"
#include "store/store_folder.h"
#include "store/store_writer.h"

#define TIME_UNIT_NS    1000000u /* of what is kept of a tick's time */
#define SHRINK_EVERY_NS 60000000000u

struct kept_window {
	struct kept_window *next;
	struct waiting_window *waiting;
	struct tick_fates fates;
	struct buffer unproven; /* struct unproven_ticks, of them */
	bool has_fates;         /* else nobody got to know them */
};

struct window_keeper {
	struct window_keeper_options options;
	struct window_namer *namer;
	struct process_watch *processes;
	int watch_error; /* of the last look at them */
	struct window_source source;
	struct window_roller *roller;
	char machine[MACHINE_NAME_SIZE];
	uint64_t shrunk_ns;         /* CLOCK_MONOTONIC, when slices were taken away last */
	struct age_clock age_clock; /* by which they are too old */
	uint64_t first_ns,
		last_ns; /* when the first window that was kept began, and the last one ended; wall clock */
	int names_error; /* of the last window that was kept */
	uint64_t namer_failures;
	pthread_t thread;

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct kept_window *first, **last;
	size_t waiting;
	struct event_list events; /* that wait for the next window */
	bool ends;
	struct window_keeper_state state;
};

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

static void kept_window_free(struct kept_window *window)
{
	if (!window)
		return;
	waiting_window_free(window->waiting);
	buffer_release(&window->unproven);
	free(window);
}

DEFINE_CLEANUP(cleanup_window, struct kept_window *, kept_window_free)

/* --- in the thread --- */

/* Said once, when it changes. */
static void note_names(struct window_keeper *keeper, int error)
{
	if (error && error != keeper->names_error)
		log_warning("%s: names cannot be kept, and are tried again: %s",
			    keeper->options.folder, strerror(-error));
	keeper->names_error = error;
}

/* What comes after a slice was sealed is not in it any more. */
static void name_rest(struct window_keeper *keeper)
{
	const struct window_shelf shelf = window_shelf_of_store(keeper->options.store);

	note_names(keeper, window_namer_name_rest(keeper->namer, &shelf));
}

struct telling {
	struct window_keeper *keeper;
	const struct kept_window *window;
};

static int tell_known(void *context, struct store_writer *store)
{
	const struct telling *telling = context;

	return window_namer_tell_known(telling->keeper->namer,
				       waiting_window_code(telling->window->waiting), store);
}

static int keep(struct window_keeper *keeper, struct kept_window *window)
{
	struct telling telling = { keeper, window };
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	const struct recorded_window *recorded = waiting_window_recorded(window->waiting);
	const struct window_times times = {
		.span = { recorded->start_ns + recorded->ahead_ns,
			  recorded->end_ns + recorded->ahead_ns },
		.ahead_ns = recorded->ahead_ns,
		.unit_ns = TIME_UNIT_NS,
	};
	bool ends_slice = false;
	int error = profile ? 0 : -ENOMEM;

	window->fates.unproven = &window->unproven;
	if (!error)
		error = waiting_window_build(window->waiting, keeper->namer, &keeper->source,
					     profile, &window->fates);
	window->has_fates = !error;
	if (!error)
		ends_slice = !store_writer_has_room(keeper->options.store, times.span, profile);
	if (ends_slice)
		name_rest(keeper);
	if (!error)
		error = store_writer_add_told(keeper->options.store, &times, profile, tell_known,
					      &telling);
	if (ends_slice)
		malloc_trim(0); /* the next one begins with little */
	if (error)
		return error;
	if (!keeper->first_ns)
		keeper->first_ns = times.span.start_ns;
	keeper->last_ns = times.span.end_ns;
	return 0;
}

static struct event_list take_events(struct window_keeper *keeper)
{
	struct event_list events;

	pthread_mutex_lock(&keeper->lock);
	events = keeper->events;
	keeper->events = (struct event_list){ 0 };
	pthread_mutex_unlock(&keeper->lock);
	return events;
}

static int note_processes(struct window_keeper *keeper, const struct kept_window *window)
{
	const struct recorded_window *recorded = waiting_window_recorded(window->waiting);
	const struct aggregator *aggregator = recorded->aggregator;
	uint32_t count = (uint32_t)aggregator_process_count(aggregator);
	int error = process_watch_look(keeper->processes), told;

	for (uint32_t i = 0; i < count && !error; i++)
		error = process_watch_meet(keeper->processes, aggregator_process(aggregator, i),
					   recorded->ahead_ns);
	pthread_mutex_lock(&keeper->lock);
	told = process_watch_tell(keeper->processes, &keeper->events);
	pthread_mutex_unlock(&keeper->lock);
	return error ? error : told;
}

static void watch_processes(struct window_keeper *keeper, const struct kept_window *window)
{
	int error = note_processes(keeper, window);

	if (error && error != keeper->watch_error)
		log_warning("not all processes that begin and end are told: %s", strerror(-error));
	keeper->watch_error = error;
}

/* The store has them on disk with the next window, or when it is closed. */
static void keep_events(struct window_keeper *keeper)
{
	_cleanup_(event_list_release) struct event_list events = take_events(keeper);
	int error = 0;

	if (events.count)
		error = store_writer_add_events(keeper->options.store, event_list_get(&events),
						events.count);
	if (error)
		log_warning("%s: %zu events are lost: %s", keeper->options.folder, events.count,
			    strerror(-error));
}

static const char *why_lost(int error)
{
	return error == -ENOBUFS ? "as many as may wait to be written do so already"
				 : strerror(-error);
}

/* Said once, when it changes. */
static void tell(const struct window_keeper *keeper, int before, int error)
{
	if (error && error != before)
		log_error(
			"%s: a window of the recording is lost, for it cannot be kept: %s; the next one is tried again",
			keeper->options.folder, why_lost(error));
	else if (before && !error)
		log_info("%s: windows of the recording are kept again", keeper->options.folder);
}

static void count(struct window_keeper *keeper, int error)
{
	int before;

	pthread_mutex_lock(&keeper->lock);
	before = keeper->state.error;
	keeper->state.error = error;
	if (error)
		keeper->state.lost++;
	else
		keeper->state.kept++;
	pthread_mutex_unlock(&keeper->lock);
	if (error)
		window_keeper_note(keeper, EVENT_WINDOW_LOST, why_lost(error));
	tell(keeper, before, error);
}

static void note_shrunk(struct window_keeper *keeper, const struct shrunk *shrunk)
{
	char text[96];

	snprintf(text, sizeof(text), "%" PRIu64 " slices of %" PRIu64 " bytes were taken away",
		 shrunk->removed, shrunk->removed_bytes);
	window_keeper_note(keeper, EVENT_STORE_CLEANED, text);
}

static void roll_up(struct window_keeper *keeper, const struct window_keeper_limits *limits,
		    uint64_t unix_ns)
{
	const struct roll_up_ages ages =
		roll_up_ages(limits->keep_ticks_ns, limits->keep_minutes_ns);
	char text[128];

	if (window_roller_step(keeper->roller, keeper->options.store, &ages, unix_ns, text,
			       sizeof(text)))
		window_keeper_note(keeper, EVENT_ROLLED_UP, text);
}

static void shrink(struct window_keeper *keeper)
{
	uint64_t now = clock_monotonic_ns(), unix_ns;
	struct window_keeper_limits limits;
	struct shrunk shrunk;
	int error;

	if (keeper->shrunk_ns && now - keeper->shrunk_ns < SHRINK_EVERY_NS)
		return;
	keeper->shrunk_ns = now;
	unix_ns = age_clock_read(&keeper->age_clock, clock_boottime_ns(), clock_unix_ns());
	pthread_mutex_lock(&keeper->lock);
	limits = keeper->options.limits;
	pthread_mutex_unlock(&keeper->lock);
	error = store_writer_shrink(keeper->options.store,
				    limits.keep_ns < unix_ns ? unix_ns - limits.keep_ns : 0,
				    limits.max_bytes, &shrunk);
	if (error)
		log_warning("%s: old slices cannot be taken away: %s", keeper->options.folder,
			    strerror(-error));
	if (shrunk.removed)
		note_shrunk(keeper, &shrunk);
	roll_up(keeper, &limits, unix_ns);
}

/* What was named a root meanwhile is one. */
static void prove_roots(const struct window_keeper *keeper, struct kept_window *window)
{
	const struct unproven_ticks *unproven =
		(const struct unproven_ticks *)window->unproven.data;
	size_t count = window->unproven.size / sizeof(*unproven);

	for (size_t i = 0; i < count; i++) {
		if (!window_namer_is_root(keeper->namer, unproven[i].module, unproven[i].offset))
			continue;
		window->fates.by_reason[unproven[i].reason] -= unproven[i].ticks;
		window->fates.complete += unproven[i].ticks;
	}
}

static void count_fates(struct window_keeper *keeper, struct kept_window *window)
{
	struct tick_fates *sum = &keeper->state.fates;

	prove_roots(keeper, window);
	pthread_mutex_lock(&keeper->lock);
	sum->complete += window->fates.complete;
	sum->may_lack_caller += window->fates.may_lack_caller;
	for (size_t reason = 0; reason < REASON_COUNT; reason++)
		sum->by_reason[reason] += window->fates.by_reason[reason];
	pthread_mutex_unlock(&keeper->lock);
}

/* Ticks of a window that is lost had their fates all the same; roots that a name would prove are not proven. */
static void count_fates_of_lost(struct window_keeper *keeper, const struct aggregator *aggregator)
{
	const size_t rows = aggregator_count_count(aggregator);
	struct tick_fates *sum = &keeper->state.fates;

	pthread_mutex_lock(&keeper->lock);
	for (size_t i = 0; i < rows; i++) {
		struct tick_count row;
		uint64_t ticks = aggregator_count(aggregator, i, &row);

		if (row.fate == TICK_COMPLETE)
			sum->complete += ticks;
		else
			sum->by_reason[row.reason] += ticks;
	}
	pthread_mutex_unlock(&keeper->lock);
}

/* What cannot be looked at stays as it was. */
static void look_at_store(struct window_keeper *keeper)
{
	struct window_keeper_state seen = { 0 };
	struct slice_list list;
	int error = store_folder_list(keeper->options.folder, &list);

	for (size_t i = 0; i < list.count; i++) {
		const struct slice_entry *entry = &list.entries[i];

		seen.bytes += entry->bytes;
		seen.set_aside += entry->state == SLICE_SET_ASIDE;
		if (entry->state == SLICE_SEALED && entry->span.end_ns > seen.newest_ns)
			seen.newest_ns = entry->span.end_ns;
		if (entry->state == SLICE_SEALED &&
		    (!seen.oldest_ns || entry->span.start_ns < seen.oldest_ns))
			seen.oldest_ns = entry->span.start_ns;
	}
	seen.slices = list.count;
	slice_list_release(&list);
	if (error)
		return;
	pthread_mutex_lock(&keeper->lock);
	keeper->state.bytes = seen.bytes;
	keeper->state.slices = seen.slices;
	keeper->state.set_aside = seen.set_aside;
	if (!keeper->state.oldest_ns || seen.oldest_ns)
		keeper->state.oldest_ns = seen.oldest_ns ? seen.oldest_ns : keeper->first_ns;
	keeper->state.newest_ns =
		keeper->last_ns > seen.newest_ns ? keeper->last_ns : seen.newest_ns;
	pthread_mutex_unlock(&keeper->lock);
}

static void note_namer_failures(struct window_keeper *keeper)
{
	window_keeper_note_failures(keeper, "the process that reads files for names",
				    window_namer_failures(keeper->namer), &keeper->namer_failures);
}

/* A window without names is better than none: what is not told now is asked again with the next window. */
static void take(struct window_keeper *keeper, struct kept_window *window)
{
	const struct recorded_window *recorded = waiting_window_recorded(window->waiting);
	const struct window_shelf shelf = window_shelf_of_store(keeper->options.store);
	int error;

	watch_processes(keeper, window);
	keep_events(keeper);
	error = keep(keeper, window);
	count(keeper, error);
	/* One that was ended early is waited for. */
	if (!error)
		note_names(keeper,
			   window_namer_name(keeper->namer, waiting_window_code(window->waiting),
					     recorded->is_early, &shelf));
	note_namer_failures(keeper);
	if (window->has_fates)
		count_fates(keeper, window);
	else
		count_fates_of_lost(keeper, recorded->aggregator);
	shrink(keeper);
	look_at_store(keeper);
	pthread_mutex_lock(&keeper->lock);
	keeper->state.taken_ns =
		(recorded->has_rest ? recorded->start_ns : recorded->end_ns) + recorded->ahead_ns;
	pthread_mutex_unlock(&keeper->lock);
}

/* NULL: all is kept, and no more will come. */
static struct kept_window *next_window(struct window_keeper *keeper)
{
	struct kept_window *window;

	pthread_mutex_lock(&keeper->lock);
	while (!keeper->first && !keeper->ends)
		pthread_cond_wait(&keeper->changed, &keeper->lock);
	window = keeper->first;
	if (window) {
		keeper->first = window->next;
		keeper->waiting--;
		if (!keeper->first)
			keeper->last = &keeper->first;
	}
	pthread_mutex_unlock(&keeper->lock);
	return window;
}

static void *run(void *context)
{
	struct window_keeper *keeper = context;
	struct kept_window *window;

	while ((window = next_window(keeper))) {
		take(keeper, window);
		kept_window_free(window);
	}
	name_rest(keeper);
	return NULL;
}

/* --- life cycle --- */

/* When what is kept was recorded last. A clock that was ahead once may have left slices of a later time: it is the number that counts, where they are as they were recorded. */
static uint64_t find_newest(const char *folder)
{
	struct slice_list list;
	uint64_t recorded_ns = 0, rolled_up_ns = 0;
	int error = store_folder_list(folder, &list);

	for (size_t i = 0; i < list.count && !error; i++) {
		const struct slice_entry *entry = &list.entries[i];

		if (entry->state != SLICE_SEALED)
			continue;
		if (entry->level == LEVEL_RECORDED)
			recorded_ns = entry->span.end_ns;
		else if (entry->span.end_ns > rolled_up_ns)
			rolled_up_ns = entry->span.end_ns;
	}
	slice_list_release(&list);
	return recorded_ns ? recorded_ns : rolled_up_ns;
}

static void begin_clock(struct window_keeper *keeper)
{
	age_clock_begin(&keeper->age_clock, clock_boottime_ns(), clock_unix_ns(),
			find_newest(keeper->options.folder));
}

int window_keeper_new(const struct window_keeper_options *options,
		      struct window_keeper **ret_keeper)
{
	struct window_keeper *keeper = calloc(1, sizeof(*keeper));
	int error;

	if (!keeper)
		return -ENOMEM;
	keeper->options = *options;
	keeper->last = &keeper->first;
	begin_clock(keeper);
	machine_name_read(keeper->machine);
	keeper->source =
		(struct window_source){ options->command, options->event, keeper->machine };
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_cond_init(&keeper->changed, NULL);
	keeper->processes = process_watch_new("/proc", PROCESS_WATCH_MAX_PROCESSES);
	keeper->roller = window_roller_new();
	error = keeper->processes && keeper->roller ? window_namer_new(&keeper->namer) : -ENOMEM;
	if (!error)
		error = quiet_thread_start(&keeper->thread, run, keeper);
	if (!error) {
		*ret_keeper = keeper;
		return 0;
	}
	window_namer_free(keeper->namer);
	process_watch_free(keeper->processes);
	free(keeper->roller); /* it has nothing to do yet */
	pthread_mutex_destroy(&keeper->lock);
	pthread_cond_destroy(&keeper->changed);
	free(keeper);
	return error;
}

int window_keeper_free(struct window_keeper *keeper)
{
	int error;

	if (!keeper)
		return 0;
	pthread_mutex_lock(&keeper->lock);
	keeper->ends = true;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	note_namer_failures(keeper);
	window_namer_free(keeper->namer);
	process_watch_free(keeper->processes);
	window_roller_free(keeper->roller, keeper->options.store);
	keep_events(keeper);
	error = store_writer_close(keeper->options.store);
	pthread_mutex_destroy(&keeper->lock);
	pthread_cond_destroy(&keeper->changed);
	free(keeper);
	return error;
}

/* --- in the recording's thread --- */

static void lose(struct window_keeper *keeper, struct aggregator *aggregator, int error)
{
	count_fates_of_lost(keeper, aggregator);
	aggregator_free(aggregator);
	count(keeper, error);
}

static bool has_room(struct window_keeper *keeper)
{
	bool room;

	pthread_mutex_lock(&keeper->lock);
	room = keeper->waiting < WINDOW_KEEPER_MAX_WAITING;
	pthread_mutex_unlock(&keeper->lock);
	return room;
}

static void append(struct window_keeper *keeper, struct kept_window *window)
{
	pthread_mutex_lock(&keeper->lock);
	*keeper->last = window;
	keeper->last = &window->next;
	keeper->waiting++;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->lock);
}

void window_keeper_put(struct window_keeper *keeper, struct recording *recording,
		       const struct recorded_window *recorded)
{
	_cleanup_(cleanup_window) struct kept_window *window = calloc(1, sizeof(*window));

	if (!window || !has_room(keeper)) {
		lose(keeper, recorded->aggregator, window ? -ENOBUFS : -ENOMEM);
		return;
	}
	window->waiting = waiting_window_new(recording, recorded);
	if (window->waiting)
		append(keeper, take_ptr(window));
	else
		lose(keeper, recorded->aggregator, -ENOMEM);
}

void window_keeper_note(struct window_keeper *keeper, enum event_kind kind, const char *text)
{
	const struct store_event event = {
		.time_ns = clock_unix_ns(),
		.kind = kind,
		.pid = EVENT_NO_PID,
		.text = text,
	};
	int error;

	pthread_mutex_lock(&keeper->lock);
	error = event_list_add(&keeper->events, &event);
	pthread_mutex_unlock(&keeper->lock);
	if (error)
		log_warning("an event is lost: %s", strerror(-error));
}

void window_keeper_note_failures(struct window_keeper *keeper, const char *process,
				 uint64_t failures, uint64_t *told)
{
	char text[128];

	if (failures <= *told)
		return;
	snprintf(text, sizeof(text), "%s ended before its time, %" PRIu64 " times so far", process,
		 failures);
	*told = failures;
	log_warning("%s; it is started again", text);
	window_keeper_note(keeper, EVENT_PART_ENDED, text);
}

void window_keeper_read_state(struct window_keeper *keeper, struct window_keeper_state *ret_state)
{
	pthread_mutex_lock(&keeper->lock);
	*ret_state = keeper->state;
	pthread_mutex_unlock(&keeper->lock);
}

void window_keeper_set_limits(struct window_keeper *keeper,
			      const struct window_keeper_limits *limits)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->options.limits = *limits;
	pthread_mutex_unlock(&keeper->lock);
}
