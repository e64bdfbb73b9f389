/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The windows of a recording that is looked at while it goes on, by the spans that can be asked for (terminal/view_spans.def): the last one, those of a minute, and all of them, of which no more is kept than live_total.h says. One thread at a time.
 */
#ifndef HEARTH_PROFILER_LIVE_SPANS_H
#define HEARTH_PROFILER_LIVE_SPANS_H

#include <stdint.h>

#include "profiler/live_total.h"
#include "terminal/picture.h"

#define LIVE_SPANS_MINUTE_NS 60000000000u
#define LIVE_SPANS_WINDOWS   128 /* that a minute can have; of more the first ones are not in it */

struct live_spans;
struct place_names;

struct live_spans *live_spans_new(const struct live_total_limits *limits); /* NULL: out of memory */
void live_spans_free(struct live_spans *spans);

/* The profile of a window, which is the spans' from now on, whatever comes of it; times by the wall clock. 0, -ENOMEM or -EOVERFLOW. */
int live_spans_add(struct live_spans *spans, struct profile *window, uint64_t start_ns,
		   uint64_t end_ns);

/* Forgets all windows. 0 or -ENOMEM. */
int live_spans_reset(struct live_spans *spans);

/* What is called as it is known now (place_names.h): fills in a picture's profile, span and what is known since the start. 0, -ENOMEM or -EOVERFLOW. */
int live_spans_draw(const struct live_spans *spans, const struct place_names *names,
		    enum view_span span, struct picture *picture);

#endif
