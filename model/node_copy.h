/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of one profile's tree in another one's. */
#ifndef HEARTH_MODEL_NODE_COPY_H
#define HEARTH_MODEL_NODE_COPY_H

#include <stdbool.h>
#include <stdint.h>

struct frame_copy;

/* Those that are wanted, with whose parents they are, too: `nodes` tells per node its id in `copy->to`, or PROFILE_NONE. The root is always there. 0 or -ENOMEM. */
int node_copy(struct frame_copy *copy, const bool *wanted, uint32_t *nodes);

#endif
