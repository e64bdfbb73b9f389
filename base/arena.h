/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: many small allocations that live and end together. Nothing in it is freed alone.
 * Not thread-safe.
 */
#ifndef HEARTH_BASE_ARENA_H
#define HEARTH_BASE_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *blocks;
	size_t bytes; /* taken from the system, for accounting */
};

void arena_init(struct arena *arena);
void arena_release(struct arena *arena);

/* `size` bytes aligned for any type and not initialised, or NULL when memory ran out. */
void *arena_alloc(struct arena *arena, size_t size);

/* A terminated copy of `size` bytes, or NULL. The bytes lie unaligned and close together. */
char *arena_string(struct arena *arena, const char *bytes, size_t size);

#endif
