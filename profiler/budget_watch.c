/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/budget_watch.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "profiler/recorder.h"
#include "profiler/sampler.h"
#include "profiler/unwind_loader.h"
#include "profiler/unwind_maps.h"
#include "profiler/window_turns.h"

#define SECOND_NS     1000000000ull
#define EARLY_NS      (SECOND_NS / 10) /* whoever calls this is not always on time */
#define MAPS_EVERY_NS (60 * SECOND_NS)
#define UNREAD_TOLD   10 /* seconds */

void budget_watch_init(struct budget_watch *watch, const struct budget_limits *limits)
{
	*watch = (struct budget_watch){ 0 };
	own_cost_reader_init(&watch->own_cost);
	budget_init(&watch->budget, limits);
}

void budget_watch_release(struct budget_watch *watch)
{
	own_cost_reader_release(&watch->own_cost);
}

static int read_parts(struct budget_watch *watch, const struct recording *recording,
		      const struct recorder_windows *windows, uint64_t now)
{
	struct budget_reading_parts *parts = &watch->parts;
	struct sampler_counters counters;
	struct unwind_loader_totals unwind;
	int error;

	watch->own_cost.other = recording->workload.pid;
	watch->own_cost.aside =
		windows->other_process ? windows->other_process(windows->context) : 0;
	error = own_cost_read(&watch->own_cost, &parts->own);
	if (error)
		return error;
	if (now >= watch->maps_due_ns) {
		watch->own_map_bytes = sampler_map_bytes(recording->sampler);
		watch->maps_due_ns = now + MAPS_EVERY_NS;
	}
	sampler_read_counters(recording->sampler, &counters);
	unwind_loader_read_totals(recording->unwind_loader, &unwind);
	parts->bpf_ns = counters.bpf_ns;
	parts->map_bytes =
		watch->own_map_bytes + UNWIND_MAPS_CACHE_BYTES + unwind.tables.segment_bytes;
	return 0;
}

static void shrink(enum budget_cache cache, const struct recording *recording,
		   struct window_turns *turns)
{
	switch (cache) {
	case BUDGET_FREED_MEMORY:
		malloc_trim(0);
		break;
	case BUDGET_PRESENT_WINDOW:
		window_turns_end_early(turns);
		break;
	case BUDGET_UNWIND_TABLES:
		unwind_loader_shrink(recording->unwind_loader);
		break;
	case BUDGET_CACHES:
		break;
	}
}

static void tell(const struct budget_watch *watch, const struct budget_decision *decision,
		 const struct recorder_windows *windows)
{
	_cleanup_(buffer_release) struct buffer words = { 0 };
	const char *text;

	budget_describe(&watch->budget, decision, &words);
	text = buffer_string(&words);
	if (!text)
		return;
	if (decision->event == BUDGET_RATE_RAISED || decision->event == BUDGET_KEPT)
		log_info("%s", text);
	else
		log_warning("%s", text);
	if (windows->note_budget)
		windows->note_budget(windows->context,
				     decision->rate_hz != decision->rate_before_hz, text);
}

static void act(const struct budget_watch *watch, const struct budget_decision *decision,
		const struct recording *recording, struct window_turns *turns)
{
	shrink(decision->shrink, recording, turns);
	if (decision->rate_hz != decision->rate_before_hz)
		window_turns_set_rate(turns, decision->rate_hz);
	if (decision->event != BUDGET_NOTHING)
		tell(watch, decision, turns->windows);
}

static uint64_t without(uint64_t all, uint64_t part)
{
	return all > part ? all - part : 0;
}

struct budget_reading budget_watch_reading(const struct budget_reading_parts *parts,
					   uint64_t other_cpu_ns, uint64_t now_ns)
{
	return (struct budget_reading){
		.time_ns = now_ns,
		.cpu_ns = without(parts->own.cpu_ns, other_cpu_ns) + parts->bpf_ns,
		.memory_bytes = without(parts->own.resident_bytes, parts->own.aside_bytes) +
				parts->map_bytes,
	};
}

/* They are others since options were read again. */
static void take_limits(struct budget_watch *watch, struct window_turns *turns)
{
	const struct budget_limits *before = &watch->budget.limits, *now = turns->windows->limits;

	if (before->cpu_ppm == now->cpu_ppm && before->memory_bytes == now->memory_bytes &&
	    before->rate_hz == now->rate_hz)
		return;
	budget_set_limits(&watch->budget, now);
	window_turns_set_rate(turns, budget_rate(&watch->budget));
}

/* A budget that nobody can look after is said, once it is no passing want, and so is its end. */
static void tell_whether_read(struct budget_watch *watch, int error,
			      const struct recorder_windows *windows)
{
	char words[128];

	if (error && ++watch->unread != UNREAD_TOLD)
		return;
	if (!error && watch->unread < UNREAD_TOLD) {
		watch->unread = 0;
		return;
	}
	if (error) {
		snprintf(words, sizeof(words),
			 "what hearth costs cannot be read, and the budget not be kept: %s",
			 strerror(-error));
		log_warning("%s", words);
	} else {
		watch->unread = 0;
		snprintf(words, sizeof(words), "what hearth costs can be read again");
		log_info("%s", words);
	}
	if (windows->note_budget)
		windows->note_budget(windows->context, false, words);
}

void budget_watch_look(struct budget_watch *watch, const struct recording *recording,
		       struct window_turns *turns)
{
	const struct recorder_windows *windows = turns->windows;
	uint64_t now = clock_monotonic_ns(), other_cpu_ns;
	struct budget_reading reading;
	struct budget_decision decision;
	int error;

	take_limits(watch, turns);
	if (now < watch->due_ns)
		return;
	watch->due_ns = now + SECOND_NS - EARLY_NS;
	error = read_parts(watch, recording, windows, now);
	tell_whether_read(watch, error, windows);
	if (error)
		return; /* no memory, or no descriptor left: the next one is of two seconds */
	other_cpu_ns = windows->other_cpu_ns ? windows->other_cpu_ns(windows->context) : 0;
	reading = budget_watch_reading(&watch->parts, other_cpu_ns, now);
	budget_decide(&watch->budget, &reading, &decision);
	act(watch, &decision, recording, turns);
}
