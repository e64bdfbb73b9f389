/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/waiting_window.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "model/profile.h"
#include "profiler/aggregator.h"
#include "profiler/control_groups.h"
#include "profiler/frame_names.h"
#include "profiler/namer.h"
#include "profiler/naming_costs.h"
#include "profiler/process_facts.h"
#include "profiler/recorder.h"
#include "profiler/unnamed_frames.h"
#include "profiler/window_code.h"
#include "profiler/window_namer.h"

#define FACTS_KEPT_NS        120000000000u /* of processes that do not tick: two windows at least */
#define CONTAINERS_REFRESHED 16 /* with each window: what they are called may have changed */

struct waiting_window {
	struct recorded_window recorded;
	struct window_code *code;
	struct process_facts *facts; /* NULL: the recording does not know any */
};

/* And what was not met for a while is forgotten, so that this does not grow. */
static int copy_facts(const struct recording *recording, const struct aggregator *aggregator,
		      struct process_facts **ret_facts)
{
	uint64_t now = clock_boottime_ns();
	int error;

	if (!recording->control_groups)
		return 0;
	control_groups_refresh(recording->control_groups, CONTAINERS_REFRESHED);
	error = control_groups_copy(recording->control_groups, aggregator, ret_facts);
	if (!error && now > FACTS_KEPT_NS)
		error = control_groups_forget(recording->control_groups, now - FACTS_KEPT_NS);
	return error;
}

struct waiting_window *waiting_window_new(struct recording *recording,
					  const struct recorded_window *recorded)
{
	struct waiting_window *window = calloc(1, sizeof(*window));

	if (!window)
		return NULL;
	window->recorded = *recorded;
	window->code = window_code_new(recording, recorded->aggregator);
	if (window->code && !copy_facts(recording, recorded->aggregator, &window->facts))
		return window;
	window->recorded.aggregator = NULL;
	waiting_window_free(window);
	return NULL;
}

void waiting_window_free(struct waiting_window *window)
{
	if (!window)
		return;
	aggregator_free(window->recorded.aggregator);
	window_code_free(window->code);
	process_facts_free(window->facts);
	free(window);
}

const struct recorded_window *waiting_window_recorded(const struct waiting_window *window)
{
	return &window->recorded;
}

struct window_code *waiting_window_code(const struct waiting_window *window)
{
	return window->code;
}

static int set_origin(const struct window_source *source, const struct recorded_window *window,
		      struct profile *profile)
{
	struct profile_origin *origin = profile_origin(profile);

	origin->command = strdup(source->command);
	origin->machine = strdup(source->machine);
	origin->event = strdup(source->event);
	origin->time_unix_ns = window->start_ns + window->ahead_ns;
	origin->duration_ns = window->end_ns - window->start_ns;
	origin->rate_hz = window->rate_hz;
	origin->fates_are_known = true;
	return origin->command && origin->machine && origin->event ? 0 : -ENOMEM;
}

int waiting_window_build(struct waiting_window *window, struct window_namer *namer,
			 const struct window_source *source, struct profile *profile,
			 struct tick_fates *fates)
{
	_cleanup_(naming_costs_release) struct naming_costs costs = { 0 };
	_cleanup_(unnamed_frames_release) struct unnamed_frames unnamed;
	struct frame_names_sources sources;
	int error = window_namer_learn(namer, window->code);

	unnamed_frames_init(&unnamed);
	/* A container that is told by its ID is better than none. */
	if (!error && window->facts &&
	    window_namer_learn_containers(namer, window->facts) == -ENOMEM)
		error = -ENOMEM;
	if (!error)
		error = profile_keep_samples(profile);
	if (!error)
		error = set_origin(source, &window->recorded, profile);
	if (error)
		return error;
	window_namer_sources(namer, window->code, &sources);
	sources.aggregator = window->recorded.aggregator;
	sources.costs = &costs;
	return namer_build(&sources, window->facts, profile, fates, &unnamed);
}
