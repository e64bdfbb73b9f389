/* SPDX-License-Identifier: Apache-2.0 */
/* What the front (front.h) answers from: the recorder's page, and a store that is asked through views (store_view.h). */
#ifndef HEARTH_PROFILER_FRONT_SOURCE_H
#define HEARTH_PROFILER_FRONT_SOURCE_H

#include "http/api_source.h"

struct front_damage;
struct front_page;
struct slice_entry;

struct front_store {
	const char *folder;
	const struct front_page *page;
	struct front_damage *damage; /* that views met */
	/* Once for each slice in which they did; may be called by any thread. `error`: nothing of it can be read, 0: so many chunks cannot. */
	void (*note_damage)(void *context, const struct slice_entry *slice, uint64_t chunks,
			    int error);
	/* Asks the recorder to end the window; may be called by any thread. */
	void (*end_window)(void *context);
	void *context;
};

/* The store stays the caller's. */
struct api_source front_source(const struct front_store *store);

#endif
