/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source of the API (http/api_source.h) that knows everything by heart: CPU time of three processes, one of which has a hostile name, in every span that ends after
 * API_IN_TEST_START. What is asked of a label called "pid" alone is made up, so that each question costs little.
 *
 * Terms of `where` steer it, as tests want it: comm=slow takes half a second, comm=broken cannot be read, comm=full has no memory, comm=nobody has no samples.
 */
#ifndef HEARTH_TESTS_UNIT_API_IN_TEST_H
#define HEARTH_TESTS_UNIT_API_IN_TEST_H

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "http/api_source.h"
#include "model/label_filter.h"
#include "model/profile.h"

#define API_IN_TEST_START   1700000000000000000u
#define API_IN_TEST_HOSTILE "</script><b>\"\\\n\x1b[31m\xff;a"
#define API_IN_TEST_SLOW_US 500000

struct api_in_test {
	_Atomic uint64_t changes;
	_Atomic uint64_t asked; /* views were */
	_Atomic int settling;   /* so often settle() says: not yet */
	const char *not_ready;
};

static inline void api_in_test_copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

static inline void api_in_test_fates(struct api_fates *fates)
{
	*fates = (struct api_fates){ .due = 1000, .complete = 990 };
	fates->truncated.count = 1;
	fates->truncated.rows[0].ticks = 7;
	api_in_test_copy(fates->truncated.rows[0].name, API_NAME_BYTES, "no_root");
	fates->lost.count = 2;
	fates->lost.rows[0].ticks = 2;
	api_in_test_copy(fates->lost.rows[0].name, API_NAME_BYTES, "late");
	fates->lost.rows[1].ticks = 1;
	api_in_test_copy(fates->lost.rows[1].name, API_NAME_BYTES, API_IN_TEST_HOSTILE);
}

static inline void api_in_test_status(void *context, struct api_status *status)
{
	struct api_in_test *test = context;

	*status = (struct api_status){
		.changes = test->changes,
		.start_ns = API_IN_TEST_START,
		.rate_hz = 19,
		.rate_wanted_hz = 19,
		.window_ns = 10000000000u,
		.windows = 12,
		.windows_lost = 1,
		.store = { .bytes = 123456,
			   .slices = 3,
			   .damaged = 1,
			   .oldest_ns = API_IN_TEST_START,
			   .newest_ns = API_IN_TEST_START + 120000000000u },
		.cost = { .cpu_percent = 0.125,
			  .bpf_percent = 0.0625,
			  .memory_bytes = 50000000,
			  .files = 40 },
		.budget = { .cpu_percent = 1, .memory_bytes = 150000000 },
	};
	api_in_test_copy(status->host, sizeof(status->host), "host \"of\" tests");
	api_in_test_copy(status->kernel, sizeof(status->kernel), "6.1");
	api_in_test_copy(status->store.folder, sizeof(status->store.folder), "/var/lib/hearth");
	if (test->not_ready)
		api_in_test_copy(status->not_ready, sizeof(status->not_ready), test->not_ready);
	api_in_test_fates(&status->fates);
}

static inline int api_in_test_settle(void *context, uint64_t until_ns)
{
	struct api_in_test *test = context;

	(void)until_ns;
	return test->settling > 0 && test->settling-- > 0 ? -EAGAIN : 0;
}

static inline int api_in_test_open(void *context, void **ret_view)
{
	*ret_view = context;
	return 0;
}

static inline void api_in_test_close(void *view)
{
	(void)view;
}

/* Has the filter this name of a thread in it? */
static inline int api_in_test_says(const struct api_samples *samples, const char *comm)
{
	for (size_t i = 0; samples->filter && i < samples->filter->count; i++)
		if (!strcmp(samples->filter->terms[i].text, comm))
			return 1;
	return 0;
}

static inline int api_in_test_begin(void *view, const struct api_samples *samples)
{
	struct api_in_test *test = view;

	test->asked++;
	if (api_in_test_says(samples, "slow"))
		usleep(API_IN_TEST_SLOW_US);
	if (api_in_test_says(samples, "broken"))
		return -EIO;
	return api_in_test_says(samples, "full") ? -ENOMEM : 0;
}

static inline int api_in_test_stack(struct profile *profile, const char *process, const char *leaf,
				    uint64_t ticks)
{
	const char *const names[] = { process, "main", leaf };
	uint32_t frame, node = PROFILE_ROOT;
	int error = 0;

	for (size_t i = 0; i < 3 && !error; i++) {
		error = profile_add_named(profile, names[i], i ? "libwork.so" : NULL,
					  i ? FRAME_NATIVE : FRAME_PROCESS, &frame);
		if (!error)
			error = profile_add_child(profile, node, frame, &node);
	}
	if (!error && profile_keeps_samples(profile))
		error = profile_add_sample(
			profile, &(struct sample){ node, LABELS_UNKNOWN, API_IN_TEST_START },
			&ticks);
	else if (!error)
		error = profile_add_ticks(profile, node, ticks);
	return error;
}

static inline void api_in_test_free(struct profile *profile)
{
	profile_free(profile);
}

DEFINE_CLEANUP(api_in_test_cleanup, struct profile *, api_in_test_free)

static inline int api_in_test_profile(void *view, const struct api_samples *samples,
				      unsigned int keeps, struct profile **ret_profile)
{
	_cleanup_(api_in_test_cleanup) struct profile *profile = profile_new();
	int error = profile ? api_in_test_begin(view, samples) : -ENOMEM;

	if (!error && keeps & API_KEEPS_SAMPLES)
		error = profile_keep_samples(profile);
	if (!error && !api_in_test_says(samples, "nobody")) {
		error = api_in_test_stack(profile, "nginx", "parse", 600);
		if (!error)
			error = api_in_test_stack(profile, "nginx", "send", 300);
		if (!error)
			error = api_in_test_stack(profile, API_IN_TEST_HOSTILE, API_IN_TEST_HOSTILE,
						  100);
	}
	if (error)
		return error;
	profile_origin(profile)->time_unix_ns = samples->from_ns;
	profile_origin(profile)->duration_ns = samples->to_ns - samples->from_ns;
	profile_origin(profile)->rate_hz = 19;
	profile_origin(profile)->machine = strdup("host of tests");
	*ret_profile = take_ptr(profile);
	return 0;
}

static inline int api_in_test_values(void *view, const struct api_samples *samples,
				     enum sample_label label, size_t limit, struct arena *memory,
				     struct api_values *ret_values)
{
	static const struct api_value values[] = { { "nginx", 47368421052 },
						   { API_IN_TEST_HOSTILE, 5263157894 } };
	int error = api_in_test_begin(view, samples);

	(void)label;
	(void)memory;
	if (!error)
		*ret_values = (struct api_values){ values, limit < 2 ? limit : 2, 52631578946,
						   limit < 2 ? 5263157894 : 0 };
	return error;
}

static inline double *api_in_test_cores(struct arena *memory, uint32_t points, double height)
{
	double *cores = arena_alloc(memory, points * sizeof(*cores));

	for (uint32_t i = 0; cores && i < points; i++)
		cores[i] = i ? height * (1 + sin(i / 10.0)) : NAN;
	return cores;
}

static inline int api_in_test_series(void *view, const struct api_samples *samples,
				     const struct api_series_wish *wish, struct arena *memory,
				     struct api_series *ret_series)
{
	struct api_line *lines = arena_alloc(memory, 2 * sizeof(*lines));
	int error = lines ? api_in_test_begin(view, samples) : -ENOMEM;

	if (error)
		return error;
	lines[0] = (struct api_line){ "nginx", api_in_test_cores(memory, wish->points, 1) };
	lines[1] = (struct api_line){ API_IN_TEST_HOSTILE,
				      api_in_test_cores(memory, wish->points, 0.5) };
	*ret_series = (struct api_series){
		.start_ns = samples->from_ns,
		.step_ns = (samples->to_ns - samples->from_ns) / wish->points,
		.points = wish->points,
		.total = api_in_test_cores(memory, wish->points, 2),
		.others = api_in_test_cores(memory, wish->points, 0.5),
		.lines = lines,
		.line_count = wish->limit < 2 ? wish->limit : 2,
	};
	return 0;
}

static inline int api_in_test_heat(void *view, const struct api_samples *samples, uint32_t columns,
				   uint32_t rows, struct arena *memory, struct api_heat *ret_heat)
{
	uint32_t *counts = arena_alloc(memory, (size_t)columns * rows * sizeof(*counts));
	int error = counts ? api_in_test_begin(view, samples) : -ENOMEM;

	for (size_t i = 0; !error && i < (size_t)columns * rows; i++)
		counts[i] = (uint32_t)(i % 7);
	if (!error)
		*ret_heat = (struct api_heat){ samples->from_ns,
					       (samples->to_ns - samples->from_ns) / columns,
					       columns, rows, counts };
	return error;
}

static inline int api_in_test_ask_fates(void *view, const struct api_samples *samples,
					struct api_fates *ret_fates)
{
	int error = api_in_test_begin(view, samples);

	if (!error)
		api_in_test_fates(ret_fates);
	return error;
}

static inline bool api_in_test_is_of_kind(const char *kind, const char *asked)
{
	const bool is_other = asked && *asked == '!';

	return !asked || !strncmp(kind, asked + is_other, strlen(asked + is_other)) != is_other;
}

static inline int api_in_test_events(void *view, const struct api_events_wish *wish,
				     struct arena *memory, struct api_events *ret_events)
{
	const struct api_event all[] = {
		{ wish->from_ns, "process_start", "nginx" },
		{ wish->to_ns - 1, "rate_changed", API_IN_TEST_HOSTILE },
	};
	struct api_event *events = arena_alloc(memory, sizeof(all));
	size_t count = 0;

	(void)view;
	if (!events)
		return -ENOMEM;
	for (size_t i = 0; i < 2; i++)
		if (api_in_test_is_of_kind(all[i].kind, wish->kind) &&
		    (!wish->comm || (!i && !strcmp(all[i].text, wish->comm))))
			events[count++] = all[i];
	*ret_events = (struct api_events){ events, count };
	if (count > wish->limit)
		*ret_events = (struct api_events){ &events[count - wish->limit], wish->limit };
	return 0;
}

static inline int api_in_test_spans(void *view, struct arena *memory, struct api_spans *ret_spans)
{
	static const struct api_span spans[] = {
		{ API_IN_TEST_START, API_IN_TEST_START + 3600000000000u, 100000, API_SPAN_SEALED,
		  2 },
		{ 0, 0, 10, API_SPAN_DAMAGED, 0 },
		{ API_IN_TEST_START + 3600000000000u, API_IN_TEST_START + 3601000000001u, 23456,
		  API_SPAN_OPEN, 0 },
	};

	(void)view;
	(void)memory;
	*ret_spans = (struct api_spans){ spans, 3 };
	return 0;
}

static inline struct api_source api_in_test_source(struct api_in_test *test)
{
	return (struct api_source){
		.context = test,
		.status = api_in_test_status,
		.settle = api_in_test_settle,
		.view_open = api_in_test_open,
		.view_close = api_in_test_close,
		.profile = api_in_test_profile,
		.values = api_in_test_values,
		.series = api_in_test_series,
		.heat = api_in_test_heat,
		.fates = api_in_test_ask_fates,
		.events = api_in_test_events,
		.spans = api_in_test_spans,
	};
}

#endif
