/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for places of files (store/slice_places.h) by their debug files alone, which are found by build-id, by the worker. Only what is better than what is known is told: a name where there was none,
 * files and lines, or more inlined calls. One thread at a time.
 */
#ifndef HEARTH_PROFILER_PLACE_NAMER_H
#define HEARTH_PROFILER_PLACE_NAMER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"

struct debug_server;
struct place_namer;
struct slice_places;

/* What is told, with its strings. */
struct better_names {
	struct buffer frames; /* struct named_frame */
	size_t count;
	struct arena strings; /* and chains */
};

void better_names_init(struct better_names *names);
void better_names_release(struct better_names *names);

/* Folders, NULL at the end, and server (NULL: none) live longer. 0 or -errno. */
int place_namer_new(const char *const *folders, struct debug_server *server,
		    struct place_namer **ret_namer);
void place_namer_free(struct place_namer *namer); /* NULL is fine */

/* Names the places of a module. `ret_found`: its debug file was read. 0 or -ENOMEM; a file that cannot be read has no names. */
int place_namer_name(struct place_namer *namer, const struct slice_places *places, size_t module,
		     struct better_names *names, bool *ret_found);

#endif
