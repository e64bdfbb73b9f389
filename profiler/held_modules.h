/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that addresses wait for which are to be named later: each is held open, with what its names are looked for by, so that it may be gone by then, and so may whatever met it. One thread at a time.
 */
#ifndef HEARTH_PROFILER_HELD_MODULES_H
#define HEARTH_PROFILER_HELD_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/u64_map.h"

struct held_module;
struct module;

#define HELD_MODULES_MAX \
	256 /* for more there is no room: whoever meets them does not let them wait */

struct held_modules {
	struct held_module *modules[HELD_MODULES_MAX];
	uint32_t count;
	struct u64_map by_file; /* -> index */
};

void held_modules_init(struct held_modules *held);
void held_modules_release(struct held_modules *held);

/* Holds a copy of a module, or goes on to: it stays at the next sweep. 0, -ENOMEM, -ENFILE: there is no room, or -errno of its descriptor's duplicate. `file` is the caller's number of it. */
int held_modules_hold(struct held_modules *held, uint64_t file, const struct module *module);

/* NULL: it is not held. It lies where it is until it is swept away. */
const struct module *held_modules_find(const struct held_modules *held, uint64_t file);

/* Lets those go that held_modules_hold() was not called for since the last sweep. */
void held_modules_sweep(struct held_modules *held);

#endif
