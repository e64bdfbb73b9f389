/* SPDX-License-Identifier: Apache-2.0 */
/* What was counted in one profile, counted in another one, whose tree has other nodes. */
#ifndef HEARTH_MODEL_VALUE_MOVE_H
#define HEARTH_MODEL_VALUE_MOVE_H

#include <stdint.h>

struct profile;
struct sample;

/*
 * `nodes`: per node of `from` the one of `to` that gets its values, or PROFILE_NONE; `to` has counted nothing yet. Samples that are kept
 * move with their labels, times and values. 0 or -ENOMEM.
 */
int value_move(const struct profile *from, struct profile *to, const uint32_t *nodes);

/* The same of one value alone; samples that are 0 of it do not move. Also -EOVERFLOW. */
int value_move_one(const struct profile *from, struct profile *to, const uint32_t *nodes,
		   uint32_t value);

/*
 * The same into a profile that may have counted before and knows its values: `values` tells of each of them which one of `from` it is; of PROFILE_NONE what is
 * moved has 0. 0, -ENOMEM, or -EOVERFLOW: they add up to more than 2^63 - 1.
 */
int value_add(const struct profile *from, struct profile *to, const uint32_t *nodes,
	      const uint32_t *values);

/* The node of `to` that gets a sample of `from`, or PROFILE_NONE: 0 or -ENOMEM. */
typedef int (*value_place_fn)(void *context, const struct sample *sample, uint32_t *ret_node);

/* The same of a profile that keeps its samples, each of which is placed by itself, in their order. Also any error of `place`. */
int value_move_samples(const struct profile *from, struct profile *to, value_place_fn place,
		       void *context);

#endif
