/* SPDX-License-Identifier: Apache-2.0 */
/* What the front (front.h) answers from: the recorder's page, and a store that is asked through views (store_view.h). */
#ifndef HEARTH_PROFILER_FRONT_SOURCE_H
#define HEARTH_PROFILER_FRONT_SOURCE_H

#include "http/api_source.h"

struct front_page;

struct front_store {
	const char *folder;
	const struct front_page *page;
	/* Asks the recorder to end the window; may be called by any thread. */
	void (*end_window)(void *context);
	void *context;
};

/* The store stays the caller's. */
struct api_source front_source(const struct front_store *store);

#endif
