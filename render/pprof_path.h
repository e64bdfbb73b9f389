/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack of a sample as pprof has it: the IDs of its locations, leaf first, as packed numbers. One stack after the other is made, and what it has
 * in common with the one before, from the root on, is kept: the numbers are written from the end of their room to its beginning.
 * Private to render/pprof_*.c.
 */
#ifndef HEARTH_RENDER_PPROF_PATH_H
#define HEARTH_RENDER_PPROF_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/stack_path.h"

struct pprof_locations;

struct pprof_path {
	struct stack_path nodes;
	struct buffer steps; /* struct path_step of each */
	uint8_t *room;
	size_t capacity;
};

void pprof_path_release(struct pprof_path *path);

/* The numbers of a node's stack, until the next call: 0 or -ENOMEM. */
int pprof_path_make(struct pprof_path *path, struct pprof_locations *locations, uint32_t node,
		    const uint8_t **ret_bytes, size_t *ret_size);

#endif
