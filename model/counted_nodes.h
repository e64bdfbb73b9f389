/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of a profile that count something, or have one below them that does. */
#ifndef HEARTH_MODEL_COUNTED_NODES_H
#define HEARTH_MODEL_COUNTED_NODES_H

#include <stdbool.h>
#include <stdint.h>

struct profile;

/*
 * Per node, and the caller's to free: by this value, for any but the first one of a profile that keeps its samples; PROFILE_NONE: it has a sample, or ticks where
 * samples are not kept. The root always is. NULL: out of memory.
 */
bool *counted_nodes(const struct profile *profile, uint32_t value);

#endif
