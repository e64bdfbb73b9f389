/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile whose counts are multiplied, and stay integers that add up.
 *
 * Rounding each count alone would take small stacks away: a thousand that count 1 are nothing by 0.4, and a thousand by 0.6. Here the error is handed on, in one dimension, as
 * Floyd and Steinberg do it in two ("An adaptive algorithm for spatial grey scale", Proc. SID 17/2, 1976): of running sums S the scaled counts are
 *
 *	round(S(i) * f) - round(S(i - 1) * f)
 *
 * whose sum is that of all, rounded once. Stacks are summed up along the tree, so that those below a node follow each other: the total of every node is what it was by f to
 * less than 1, too. Products are exact (128 bits), there is no floating point in it.
 */
#ifndef HEARTH_MODEL_PROFILE_SCALE_H
#define HEARTH_MODEL_PROFILE_SCALE_H

#include <stdint.h>

struct profile;

/*
 * By numerator / denominator, which is not 0; both are 2^63 - 1 at most. Every value, each by itself; samples that count nothing any more are not there, but their nodes
 * are. Linear in nodes and samples; 16 bytes a node besides. 0, -ENOMEM, or -EOVERFLOW: a value adds up to more than 2^63 - 1, before or then. After an error the profile is to be freed.
 */
int profile_scale(struct profile *profile, uint64_t numerator, uint64_t denominator);

#endif
