/* SPDX-License-Identifier: Apache-2.0 */
/* hearth store export: what a store has of a span as a store of its own, to be carried elsewhere. */
#ifndef HEARTH_PROFILER_STORE_EXPORT_H
#define HEARTH_PROFILER_STORE_EXPORT_H

#include <stdint.h>

#include "store/slice_window.h"

struct exported {
	uint64_t slices;
	uint64_t left_out; /* damaged ones, each of which was logged */
};

/* Makes the folder `to`, which is not there yet; windows that have some of the span come with it. The store may be written meanwhile. 0, or -errno after logging. */
int store_export(const char *folder, struct window_span part, const char *to,
		 struct exported *ret_exported);

#endif
