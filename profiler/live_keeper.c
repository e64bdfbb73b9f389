/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/live_keeper.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/quiet_thread.h"
#include "model/profile.h"
#include "profiler/aggregator.h"
#include "profiler/budget_watch.h"
#include "profiler/live_spans.h"
#include "profiler/live_write.h"
#include "profiler/machine_name.h"
#include "profiler/namer.h"
#include "profiler/place_names.h"
#include "profiler/recorder.h"
#include "profiler/waiting_window.h"
#include "profiler/window_namer.h"
#include "terminal/process_table.h"

#define PATH_MAX_BYTES 1024

/* Of the time that passes reading files once more for names takes one part in so many. */
#define NAMING_SHARE 50

struct live_cost {
	uint64_t time_ns; /* when the window ended */
	struct budget_reading_parts parts;
};

struct live_window_waiting {
	struct live_window_waiting *next;
	struct waiting_window *window;
	struct live_cost cost;
};

struct live_file {
	struct picture *picture; /* NULL: none is to be written */
	struct process_id chosen;
	char path[PATH_MAX_BYTES];
};

/* What the thread is asked for, all at once. */
struct live_orders {
	struct live_window_waiting *window; /* NULL: none waits */
	struct live_file file;
	enum view_span span;
	bool has_span, resets, ends, takes_rest;
};

struct live_keeper {
	struct live_keeper_options options;
	struct window_namer *namer;
	struct place_names *names;
	struct live_spans *spans;
	struct window_source source;
	char machine[MACHINE_NAME_SIZE];
	enum view_span span;
	uint64_t rate_hz;
	uint32_t cpus;
	struct live_cost before, last;
	uint64_t name_due_ns; /* CLOCK_MONOTONIC, when files are read once more */
	int error;            /* of the last window, which was said */
	int ready;            /* eventfd */
	pthread_t thread;
	bool has_ended;

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct live_window_waiting *first, **end;
	size_t waiting;
	uint64_t lost;
	struct live_orders orders; /* but for the window */
	struct picture
		*pictures[LIVE_KEEPER_MAX_PICTURES]; /* that nobody took yet, the oldest first */
	size_t picture_count;
};

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)
DEFINE_CLEANUP(cleanup_picture, struct picture *, picture_release)

static void window_waiting_free(struct live_window_waiting *waiting)
{
	if (!waiting)
		return;
	waiting_window_free(waiting->window);
	free(waiting);
}

/* --- pictures --- */

/* What hearth took from one reading to the next. */
static uint32_t share_ppm(uint64_t before_ns, uint64_t now_ns, uint64_t span_ns)
{
	uint64_t took = now_ns > before_ns ? now_ns - before_ns : 0;

	return span_ns ? (uint32_t)((__uint128_t)took * 1000000 / span_ns) : 0;
}

static void draw_cost(const struct live_keeper *keeper, struct picture *picture)
{
	const struct budget_reading_parts *before = &keeper->before.parts;
	const struct budget_reading_parts *last = &keeper->last.parts;
	uint64_t span_ns = keeper->last.time_ns - keeper->before.time_ns;

	if (!keeper->before.time_ns)
		return;
	picture->own_bpf_ppm = share_ppm(before->bpf_ns, last->bpf_ns, span_ns);
	picture->own_cpu_ppm = share_ppm(before->own.cpu_ns + before->bpf_ns,
					 last->own.cpu_ns + last->bpf_ns, span_ns);
	picture->own_bytes = last->own.resident_bytes + last->map_bytes;
}

/* With the lock. One whose places were not asked for gives way to the one that has their names. */
static bool takes_anothers_place(const struct live_keeper *keeper)
{
	const size_t room = keeper->options.wants_all ? LIVE_KEEPER_MAX_PICTURES : 1;
	const size_t count = keeper->picture_count;

	return count == room || (count && !keeper->pictures[count - 1]->is_named);
}

static void hand_out(struct live_keeper *keeper, struct picture *picture)
{
	struct picture *before = NULL;

	pthread_mutex_lock(&keeper->lock);
	picture->lost_windows = keeper->lost;
	if (takes_anothers_place(keeper))
		before = keeper->pictures[--keeper->picture_count];
	keeper->pictures[keeper->picture_count++] = picture;
	pthread_mutex_unlock(&keeper->lock);
	picture_release(before);
	eventfd_write(keeper->ready, 1);
}

static int draw(struct live_keeper *keeper, bool is_named)
{
	_cleanup_(cleanup_picture) struct picture *picture = picture_new();
	int error = picture ? live_spans_draw(keeper->spans, keeper->names, keeper->span, picture)
			    : -ENOMEM;

	if (error)
		return error;
	picture->is_named = is_named;
	picture->rate_hz = keeper->rate_hz;
	picture->cpus = keeper->cpus;
	draw_cost(keeper, picture);
	hand_out(keeper, take_ptr(picture));
	return 0;
}

/* --- in the thread --- */

static int keep(struct live_keeper *keeper, struct live_window_waiting *waiting)
{
	const struct recorded_window *recorded = waiting_window_recorded(waiting->window);
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	struct tick_fates fates = { 0 };
	int error = profile ? waiting_window_build(waiting->window, keeper->namer, &keeper->source,
						   profile, &fates)
			    : -ENOMEM;

	if (!error)
		error = place_names_meet(keeper->names, profile);
	if (!error)
		error = live_spans_add(keeper->spans, take_ptr(profile),
				       recorded->start_ns + recorded->ahead_ns,
				       recorded->end_ns + recorded->ahead_ns);
	return error;
}

/* New files are read at once, all others when it is time again: what is seen meanwhile is where it lies. */
static int name(struct live_keeper *keeper, const struct live_window_waiting *waiting)
{
	const struct window_shelf shelf = place_names_shelf(keeper->names);
	uint64_t begun_ns = clock_monotonic_ns(), now_ns;
	int error = window_namer_name(keeper->namer, waiting_window_code(waiting->window),
				      begun_ns >= keeper->name_due_ns, &shelf);

	now_ns = clock_monotonic_ns();
	if (begun_ns >= keeper->name_due_ns)
		keeper->name_due_ns = now_ns + (now_ns - begun_ns) * NAMING_SHARE;
	return error;
}

static void take_window(struct live_keeper *keeper, struct live_window_waiting *waiting)
{
	const struct recorded_window *recorded = waiting_window_recorded(waiting->window);
	int error;

	keeper->rate_hz = recorded->rate_hz;
	keeper->before = keeper->last;
	keeper->last = waiting->cost;
	error = keep(keeper, waiting);
	if (!error && place_names_lack(keeper->names))
		error = draw(keeper, false);
	if (!error)
		error = name(keeper, waiting);
	if (!error)
		error = draw(keeper, true);
	if (error && error != keeper->error)
		log_error("an interval cannot be shown as it should be: %s", strerror(-error));
	keeper->error = error;
	window_waiting_free(waiting);
}

static void write_file(struct live_file *file)
{
	if (!file->picture)
		return;
	live_write(file->picture, &file->chosen, file->path);
	picture_release(file->picture);
	file->picture = NULL;
}

static bool has_orders(const struct live_keeper *keeper)
{
	const struct live_orders *orders = &keeper->orders;

	return keeper->first || orders->file.picture || orders->has_span || orders->resets ||
	       orders->ends;
}

static struct live_orders wait_for_orders(struct live_keeper *keeper)
{
	struct live_orders orders;

	pthread_mutex_lock(&keeper->lock);
	while (!has_orders(keeper))
		pthread_cond_wait(&keeper->changed, &keeper->lock);
	orders = keeper->orders;
	keeper->orders =
		(struct live_orders){ .ends = orders.ends, .takes_rest = orders.takes_rest };
	orders.window = keeper->first;
	if (orders.window) {
		keeper->first = orders.window->next;
		keeper->waiting--;
		if (!keeper->first)
			keeper->end = &keeper->first;
	}
	pthread_mutex_unlock(&keeper->lock);
	return orders;
}

static void *run(void *context)
{
	struct live_keeper *keeper = context;
	struct live_orders orders;

	do {
		orders = wait_for_orders(keeper);
		if (orders.has_span)
			keeper->span = orders.span;
		if (orders.resets && live_spans_reset(keeper->spans))
			log_error("out of memory");
		if (orders.window)
			take_window(keeper, orders.window);
		else if ((orders.has_span || orders.resets) && keeper->rate_hz &&
			 draw(keeper, true))
			log_error("out of memory");
		write_file(&orders.file);
	} while (!orders.ends || (orders.window && orders.takes_rest));
	return NULL;
}

/* --- life cycle --- */

static void release(struct live_keeper *keeper)
{
	while (keeper->first) {
		struct live_window_waiting *waiting = keeper->first;

		keeper->first = waiting->next;
		window_waiting_free(waiting);
	}
	picture_release(keeper->orders.file.picture);
	window_namer_free(keeper->namer);
	place_names_free(keeper->names);
	live_spans_free(keeper->spans);
	for (size_t i = 0; i < keeper->picture_count; i++)
		picture_release(keeper->pictures[i]);
	cleanup_close(&keeper->ready);
	pthread_mutex_destroy(&keeper->lock);
	pthread_cond_destroy(&keeper->changed);
	free(keeper);
}

static int open_parts(struct live_keeper *keeper)
{
	const struct live_total_limits limits = { LIVE_TOTAL_NODES, LIVE_TOTAL_LABELS };

	keeper->names = place_names_new();
	keeper->spans = live_spans_new(&limits);
	if (!keeper->names || !keeper->spans)
		return -ENOMEM;
	keeper->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return keeper->ready < 0 ? -errno : window_namer_new(&keeper->namer);
}

int live_keeper_new(const struct live_keeper_options *options, struct live_keeper **ret_keeper)
{
	struct live_keeper *keeper = calloc(1, sizeof(*keeper));
	int error;

	if (!keeper)
		return -ENOMEM;
	keeper->options = *options;
	keeper->span = options->span;
	keeper->ready = -1;
	keeper->end = &keeper->first;
	keeper->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	machine_name_read(keeper->machine);
	keeper->source =
		(struct window_source){ options->command, options->event, keeper->machine };
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_cond_init(&keeper->changed, NULL);
	error = open_parts(keeper);
	if (!error)
		error = quiet_thread_start(&keeper->thread, run, keeper);
	if (error)
		release(keeper);
	else
		*ret_keeper = keeper;
	return error;
}

void live_keeper_end(struct live_keeper *keeper, bool takes_rest)
{
	if (keeper->has_ended)
		return;
	pthread_mutex_lock(&keeper->lock);
	keeper->orders.ends = true;
	keeper->orders.takes_rest = takes_rest;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	keeper->has_ended = true;
}

void live_keeper_free(struct live_keeper *keeper)
{
	if (!keeper)
		return;
	live_keeper_end(keeper, false);
	release(keeper);
}

/* --- in the recording's thread --- */

static struct live_window_waiting *new_waiting(struct recording *recording,
					       const struct recorded_window *recorded)
{
	struct live_window_waiting *waiting = calloc(1, sizeof(*waiting));

	if (!waiting) {
		aggregator_free(recorded->aggregator);
		return NULL;
	}
	waiting->cost.time_ns = recorded->end_ns;
	if (recording->budget)
		waiting->cost.parts = recording->budget->parts;
	waiting->window = waiting_window_new(recording, recorded);
	if (waiting->window)
		return waiting;
	aggregator_free(recorded->aggregator);
	window_waiting_free(waiting);
	return NULL;
}

static bool has_room(struct live_keeper *keeper)
{
	bool room;

	pthread_mutex_lock(&keeper->lock);
	room = keeper->waiting < LIVE_KEEPER_MAX_WAITING;
	pthread_mutex_unlock(&keeper->lock);
	return room;
}

void live_keeper_put(struct live_keeper *keeper, struct recording *recording,
		     const struct recorded_window *recorded)
{
	struct live_window_waiting *waiting = NULL;

	if (has_room(keeper))
		waiting = new_waiting(recording, recorded);
	else
		aggregator_free(recorded->aggregator);
	pthread_mutex_lock(&keeper->lock);
	if (waiting) {
		*keeper->end = waiting;
		keeper->end = &waiting->next;
		keeper->waiting++;
	} else {
		keeper->lost++;
	}
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->lock);
}

/* --- by whoever shows them --- */

int live_keeper_fd(const struct live_keeper *keeper)
{
	return keeper->ready;
}

struct picture *live_keeper_take(struct live_keeper *keeper)
{
	struct picture *picture = NULL;
	eventfd_t count;

	eventfd_read(keeper->ready, &count);
	pthread_mutex_lock(&keeper->lock);
	if (keeper->picture_count) {
		picture = keeper->pictures[0];
		keeper->picture_count--;
		memmove(keeper->pictures, keeper->pictures + 1,
			keeper->picture_count * sizeof(keeper->pictures[0]));
	}
	if (keeper->picture_count)
		eventfd_write(keeper->ready, 1);
	pthread_mutex_unlock(&keeper->lock);
	return picture;
}

void live_keeper_set_span(struct live_keeper *keeper, enum view_span span)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->orders.span = span;
	keeper->orders.has_span = true;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->lock);
}

void live_keeper_reset(struct live_keeper *keeper)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->orders.resets = true;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->lock);
}

void live_keeper_write(struct live_keeper *keeper, struct picture *picture,
		       const struct process_id *chosen, const char *path)
{
	struct live_file *file = &keeper->orders.file;
	struct picture *before;

	pthread_mutex_lock(&keeper->lock);
	before = file->picture;
	file->picture = picture_hold(picture);
	file->chosen = *chosen;
	snprintf(file->path, sizeof(file->path), "%s", path);
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->lock);
	picture_release(before);
}
