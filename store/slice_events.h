/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of note (event_kinds.def) as a chunk of a slice, whose span is that of their times, the last one included. The body:
 *
 *   strings   count; the size of each (column), then their bytes
 *   events    count; four columns: nanoseconds since the chunk's start, kind, PID + 1 (0: of no process), text (a string's number)
 */
#ifndef HEARTH_STORE_SLICE_EVENTS_H
#define HEARTH_STORE_SLICE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "store/slice_window.h"

enum event_kind {
#define STORE_EVENT(constant, number, name, meaning) constant = number,
#include "store/event_kinds.def"
#undef STORE_EVENT
};

const char *event_kind_name(uint64_t kind); /* "unknown": of a later hearth */

#define EVENT_NO_PID UINT32_MAX

struct store_event {
	uint64_t time_ns; /* since 1970, of the wall clock */
	enum event_kind kind;
	uint32_t pid; /* or EVENT_NO_PID */
	const char *text;
};

/* The span of events, at least one. */
struct window_span slice_events_span(const struct store_event *events, size_t count);

/* The body of a chunk of that span: 0 or -ENOMEM. */
int slice_events_append(const struct store_event *events, size_t count, struct buffer *to);

/* The text, which need not be terminated, is valid during the call. Anything but 0 ends it, and is its result. */
typedef int (*event_fn)(void *context, const struct store_event *event, struct bytes text);

/* Calls `take` for each event, whose `text` is NULL, in their order: 0, its result, or -EBADMSG: it is no chunk, and `take` was called for none. */
int slice_events_each(struct window_span span, struct bytes body, event_fn take, void *context);

#endif
