/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/live_spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/origin_copy.h"
#include "model/profile.h"
#include "model/samples.h"
#include "profiler/place_names.h"

struct live_window {
	struct profile *profile;
	uint64_t start_ns, end_ns;
};

struct live_spans {
	struct live_total_limits limits;
	struct live_window windows[LIVE_SPANS_WINDOWS]; /* the oldest first */
	size_t count;
	struct profile *total;
	uint64_t total_ns; /* what windows of it lasted */
};

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

static int new_profile(struct profile **ret_profile)
{
	_cleanup_(cleanup_profile) struct profile *profile = profile_new();
	int error = profile ? profile_keep_samples(profile) : -ENOMEM;

	if (!error)
		*ret_profile = take_ptr(profile);
	return error;
}

struct live_spans *live_spans_new(const struct live_total_limits *limits)
{
	struct live_spans *spans = calloc(1, sizeof(*spans));

	if (!spans)
		return NULL;
	spans->limits = *limits;
	if (!new_profile(&spans->total))
		return spans;
	live_spans_free(spans);
	return NULL;
}

void live_spans_free(struct live_spans *spans)
{
	if (!spans)
		return;
	for (size_t i = 0; i < spans->count; i++)
		profile_free(spans->windows[i].profile);
	profile_free(spans->total);
	free(spans);
}

/* Those that ended more than a minute before. */
static void forget_before(struct live_spans *spans, uint64_t end_ns)
{
	size_t gone = 0;

	while (gone < spans->count &&
	       (spans->windows[gone].end_ns + LIVE_SPANS_MINUTE_NS <= end_ns ||
		spans->count - gone == LIVE_SPANS_WINDOWS))
		profile_free(spans->windows[gone++].profile);
	spans->count -= gone;
	memmove(spans->windows, spans->windows + gone, spans->count * sizeof(*spans->windows));
}

int live_spans_add(struct live_spans *spans, struct profile *window, uint64_t start_ns,
		   uint64_t end_ns)
{
	int error;

	forget_before(spans, end_ns);
	spans->windows[spans->count++] = (struct live_window){ window, start_ns, end_ns };
	error = live_total_add(&spans->total, window, &spans->limits);
	if (!error)
		spans->total_ns += end_ns - start_ns;
	return error;
}

int live_spans_reset(struct live_spans *spans)
{
	struct profile *total;
	int error = new_profile(&total);

	if (error)
		return error;
	profile_free(spans->total);
	spans->total = total;
	spans->total_ns = 0;
	for (size_t i = 0; i < spans->count; i++)
		profile_free(spans->windows[i].profile);
	spans->count = 0;
	return 0;
}

/* --- pictures --- */

static int draw_windows(const struct live_spans *spans, const struct place_names *names,
			size_t first, struct picture *picture)
{
	int error = 0;

	for (size_t i = first; i < spans->count && !error; i++) {
		const struct live_window *window = &spans->windows[i];

		picture->span_ns += window->end_ns - window->start_ns;
		error = place_names_add_profile(names, window->profile, picture->profile);
	}
	return error;
}

static int draw_span(const struct live_spans *spans, const struct place_names *names,
		     struct picture *picture)
{
	switch (picture->span) {
	case SPAN_LAST:
		return draw_windows(spans, names, spans->count ? spans->count - 1 : 0, picture);
	case SPAN_MINUTE:
		return draw_windows(spans, names, 0, picture);
	case SPAN_START:
	case VIEW_SPANS:
		break;
	}
	picture->span_ns = spans->total_ns;
	return place_names_add_profile(names, spans->total, picture->profile);
}

/* More than a map's value can say is not told apart. */
static int add_since(struct picture *picture, uint32_t pid, uint64_t ticks)
{
	uint32_t before = u64_map_get(&picture->since, pid);
	uint64_t sum = ticks + (before == U64_MAP_ABSENT ? 0 : before);

	return u64_map_set(&picture->since, pid,
			   sum < U64_MAP_ABSENT ? (uint32_t)sum : U64_MAP_ABSENT - 1);
}

static int draw_since(const struct live_spans *spans, struct picture *picture)
{
	const struct samples *samples = profile_samples(spans->total);
	size_t count = samples ? samples_count(samples) : 0;
	int error = 0;

	picture->since_ns = spans->total_ns;
	picture->since_ticks = profile_total(spans->total);
	for (size_t i = 0; i < count && !error; i++) {
		struct sample sample = samples_get(samples, i);
		uint32_t pid = samples_labels(samples, sample.labels)->values[SAMPLE_LABEL_pid];

		error = add_since(picture, pid, samples_value(samples, i, 0));
	}
	return error;
}

static int draw_origin(const struct live_spans *spans, struct picture *picture)
{
	const struct live_window *last = spans->count ? &spans->windows[spans->count - 1] : NULL;
	struct profile_origin *origin = profile_origin(picture->profile);

	if (!last)
		return 0;
	picture->end_unix_ns = last->end_ns;
	if (origin_copy(last->profile, picture->profile))
		return -ENOMEM;
	origin->time_unix_ns = last->end_ns - picture->span_ns;
	origin->duration_ns = picture->span_ns;
	return 0;
}

int live_spans_draw(const struct live_spans *spans, const struct place_names *names,
		    enum view_span span, struct picture *picture)
{
	int error = new_profile(&picture->profile);

	picture->span = span;
	if (!error)
		error = draw_span(spans, names, picture);
	if (!error)
		error = draw_since(spans, picture);
	return error ? error : draw_origin(spans, picture);
}
