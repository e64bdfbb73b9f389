/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which modules stacks lead through. There are some hundred ways through the modules of a machine, and a hundred times as
 * many stacks: a stack refers to its path, and what was used since is told by path.
 *
 * A path is the modules of a stack, each once, in the order in which they are met from the root on; it is known by
 * its last module and the path ahead of that. Not thread-safe.
 */
#ifndef HEARTH_PROFILER_MODULE_PATHS_H
#define HEARTH_PROFILER_MODULE_PATHS_H

#include <stddef.h>
#include <stdint.h>

#include "base/record_pool.h"

#define MODULE_PATHS_NONE       UINT32_MAX /* no module at all */
#define MODULE_PATHS_MAX        (1u << 16)
#define MODULE_PATHS_MAX_LENGTH 64

struct module_paths {
	struct record_pool paths;
	uint32_t first_used; /* a list of those that are */
};

void module_paths_init(struct module_paths *paths);
void module_paths_release(struct module_paths *paths);

/*
 * The path with a further module; the same one, if that is in it already. So it is as well when there is no memory, or at
 * a ceiling: then the module seems not to be used.
 */
uint32_t module_paths_extend(struct module_paths *paths, uint32_t path, uint64_t module);

/* Ticks came by this path. */
void module_paths_note(struct module_paths *paths, uint32_t path);

/* Calls `take` for the modules of all paths that were noted since the last call; some of them more than once. */
typedef void (*module_paths_fn)(void *context, uint64_t module);
void module_paths_take(struct module_paths *paths, module_paths_fn take, void *context);

#endif
