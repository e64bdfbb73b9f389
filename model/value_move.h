/* SPDX-License-Identifier: Apache-2.0 */
/* What was counted in one profile, counted in another one, whose tree has other nodes. */
#ifndef HEARTH_MODEL_VALUE_MOVE_H
#define HEARTH_MODEL_VALUE_MOVE_H

#include <stdint.h>

struct profile;

/*
 * `nodes`: per node of `from` the one of `to` that gets its values, or PROFILE_NONE; `to` has counted nothing yet. Samples that are kept
 * move with their labels, times and values. 0 or -ENOMEM.
 */
int value_move(const struct profile *from, struct profile *to, const uint32_t *nodes);

#endif
