/* SPDX-License-Identifier: Apache-2.0 */
/* hearth store events: what happened in a span (store/event_kinds.def), a line each, by time. */
#ifndef HEARTH_PROFILER_STORE_EVENTS_H
#define HEARTH_PROFILER_STORE_EVENTS_H

#include <stdbool.h>

#include "store/slice_window.h"

/* Prints those of a store in a span, its end not included, as words or as JSON: 0, or -errno after logging. */
int store_events_print(const char *folder, struct window_span part, bool is_json);

#endif
