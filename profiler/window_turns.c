/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/window_turns.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "profiler/aggregator.h"
#include "profiler/jit_maps.h"
#include "profiler/kernel_code.h"
#include "profiler/modules.h"
#include "profiler/recorder.h"
#include "profiler/snapshots.h"
#include "profiler/unwind_use.h"

/* So long after its end a tick of a window may still be in the rings, and so long one may wait for rows at most. */
#define LAST_TICKS_NS 300000000u
#define LAST_ROWS_NS  3000000000u

/* So often what is not used any more is forgotten, and modules that were not for so long: longer than any window. */
#define FORGET_NS 60000000000u
#define UNUSED_NS 300000000000u

/* When no memory is left for another window the present one goes on for so long. */
#define RETRY_NS 1000000000u

/* --- lost ticks --- */

struct losing {
	struct aggregator *of;
	uint64_t left[REASON_COUNT]; /* not charged yet */
};

static void add_lost(void *context, const struct lost_key *key, uint64_t ticks)
{
	struct losing *losing = context;
	uint64_t *left = &losing->left[key->reason];

	if (ticks > *left) /* more came since they were counted: those are of the next window */
		ticks = *left;
	aggregator_add_lost(losing->of, key->comm, key->reason, ticks);
	*left -= ticks;
}

void window_turns_count_lost(struct recording *recording, struct aggregator *of)
{
	struct losing losing = { .of = of };
	struct sampler_counters counters;

	sampler_read_counters(recording->sampler, &counters);
	for (unsigned int reason = 0; reason < REASON_COUNT; reason++)
		losing.left[reason] = counters.lost[reason] - recording->counters.lost[reason];
	sampler_take_lost(recording->sampler, add_lost, &losing);
	for (unsigned int reason = 0; reason < REASON_COUNT; reason++)
		aggregator_add_lost(of, NULL, reason, losing.left[reason]);
	recording->counters = counters;
}

/* --- turns --- */

/* A window of less than half of the length is none of its own. */
static uint64_t next_end_ns(const struct window_turns *turns)
{
	uint64_t length = turns->windows->length_ns, left = length - clock_unix_ns() % length;

	return clock_boottime_ns() + (left < length / 2 ? left + length : left);
}

static uint64_t kernel_now_ns(const struct window_turns *turns)
{
	return sampler_kernel_boottime(turns->recording->sampler, clock_boottime_ns());
}

void window_turns_init(struct window_turns *turns, const struct recorder_windows *windows,
		       struct recording *recording)
{
	*turns = (struct window_turns){
		.windows = windows,
		.recording = recording,
		.rate_hz = recording->rate_hz,
		.wanted_rate_hz = recording->rate_hz,
	};
	turns->start_ns = turns->forgotten_ns = kernel_now_ns(turns);
	turns->due_ns = next_end_ns(turns);
}

void window_turns_end_early(struct window_turns *turns)
{
	turns->due_ns = 0;
	turns->is_early = true;
}

void window_turns_set_rate(struct window_turns *turns, uint64_t rate_hz)
{
	turns->wanted_rate_hz = rate_hz;
	turns->due_ns = 0;
}

/*
 * The first tick of the new rate comes a period later, when the window has long begun: so each window is of one rate. Where a
 * CPU goes on with the old one, its ticks would stand for another time than the window says; it is told.
 */
static void change_rate(struct window_turns *turns)
{
	struct recording *recording = turns->recording;
	int error;

	if (turns->wanted_rate_hz == recording->rate_hz)
		return;
	error = sampler_set_rate(recording->sampler, turns->wanted_rate_hz);
	if (error)
		log_warning("not all CPUs tick at %llu Hz now: %s",
			    (unsigned long long)turns->wanted_rate_hz, strerror(-error));
	recording->rate_hz = turns->wanted_rate_hz;
}

static uint64_t ahead_now_ns(const struct window_turns *turns)
{
	return clock_unix_ns() - kernel_now_ns(turns);
}

static void hand_over(struct window_turns *turns, const struct recorded_window *window)
{
	turns->windows->take(turns->windows->context, turns->recording, window);
}

static void begin_window(struct window_turns *turns)
{
	struct recording *recording = turns->recording;
	struct aggregator *aggregator = recording_new_aggregator(recording);

	if (!aggregator) {
		turns->due_ns = clock_boottime_ns() + RETRY_NS;
		return;
	}
	unwind_use_note(recording->ticks.present, recording->modules, recording->unwind_loader);
	change_rate(turns);
	recording->ticks.before = recording->ticks.present;
	recording->ticks.present = aggregator;
	recording->ticks.number = sampler_begin_window(recording->sampler);
	turns->before_ns = turns->start_ns;
	turns->before_rate_hz = turns->rate_hz;
	turns->before_is_early = turns->is_early;
	turns->is_early = false;
	turns->start_ns = turns->ended_ns = kernel_now_ns(turns);
	turns->before_ahead_ns = ahead_now_ns(turns);
	turns->rate_hz = recording->rate_hz;
	turns->due_ns = next_end_ns(turns);
}

/* What the recording keeps of files, processes and code that nothing is met of any more: of what is met again all is told again. Without memory it stays. */
static void forget_unused(struct window_turns *turns)
{
	struct recording *recording = turns->recording;
	uint64_t now = kernel_now_ns(turns), up_ns = clock_boottime_ns();

	if (now - turns->forgotten_ns < FORGET_NS)
		return;
	jit_maps_forget_ended(recording->jit_maps);
	kernel_code_forget(recording->kernel_code, turns->start_ns);
	if (up_ns > UNUSED_NS)
		modules_forget(recording->modules, up_ns - UNUSED_NS);
	turns->forgotten_ns = now;
}

static void hand_over_before(struct window_turns *turns, bool has_rest)
{
	const struct recorded_window window = {
		.aggregator = take_ptr(turns->recording->ticks.before),
		.start_ns = turns->before_ns,
		.end_ns = turns->ended_ns,
		.ahead_ns = turns->before_ahead_ns,
		.rate_hz = turns->before_rate_hz,
		.is_early = turns->before_is_early,
		.has_rest = has_rest,
	};

	hand_over(turns, &window);
}

static void end_before(struct window_turns *turns)
{
	struct recording *recording = turns->recording;

	snapshots_take_window_before(recording->snapshots);
	if (!turns->before_is_rest)
		window_turns_count_lost(recording, recording->ticks.before);
	hand_over_before(turns, false);
	turns->before_is_rest = false;
	forget_unused(turns);
}

/* Hands over what there is, and the rest takes its place. Without memory it goes on to wait. */
static void split_before(struct window_turns *turns)
{
	struct recording *recording = turns->recording;
	struct aggregator *rest = recording_new_aggregator(recording);

	if (!rest)
		return;
	snapshots_tell_window_before(recording->snapshots, rest);
	window_turns_count_lost(recording, recording->ticks.before);
	hand_over_before(turns, true);
	recording->ticks.before = rest;
	turns->before_is_rest = true;
}

/* The rest of one window does not wait longer than the next one lasts. */
static bool waits_for_rows(const struct window_turns *turns, uint64_t since_ns)
{
	return since_ns < LAST_ROWS_NS &&
	       !(turns->before_is_rest && clock_boottime_ns() >= turns->due_ns) &&
	       snapshots_of_window_before_are_waiting(turns->recording->snapshots);
}

static void take_before(struct window_turns *turns)
{
	uint64_t since_ns = kernel_now_ns(turns) - turns->ended_ns;

	if (since_ns < LAST_TICKS_NS)
		return;
	if (!waits_for_rows(turns, since_ns))
		end_before(turns);
	else if (!turns->before_is_rest && !turns->before_is_early)
		split_before(turns);
}

void window_turns_take(struct window_turns *turns)
{
	if (turns->recording->ticks.before)
		take_before(turns);
	else if (clock_boottime_ns() >= turns->due_ns)
		begin_window(turns);
}

void window_turns_finish(struct window_turns *turns)
{
	struct recording *recording = turns->recording;
	struct recorded_window last = {
		.start_ns = turns->start_ns,
		.rate_hz = turns->rate_hz,
		.is_early = true,
	};

	if (recording->ticks.before)
		end_before(turns);
	window_turns_count_lost(recording, recording->ticks.present);
	last.aggregator = take_ptr(recording->ticks.present);
	last.end_ns = kernel_now_ns(turns);
	last.ahead_ns = ahead_now_ns(turns);
	hand_over(turns, &last);
}
