/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames in order of their names, so that two graphs of the same program have the same order.
 * Names are compared as bytes; equal ones by kind and module.
 */
#ifndef HEARTH_RENDER_NAME_ORDER_H
#define HEARTH_RENDER_NAME_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct profile;

/* The place of each frame of the profile in that order, to be freed: 0 or -ENOMEM. */
int name_order_ranks(const struct profile *profile, uint32_t **ret_ranks);

/* Sorts nodes by the ranks of their frames; without ranks they are left as they are. */
void name_order_sort_nodes(const struct profile *profile, const uint32_t *ranks, uint32_t *nodes,
			   size_t count);

#endif
