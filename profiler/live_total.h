/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile to which windows are added for hours, in memory that does not grow: samples that are alike are added up, and what is rare is no more told apart when there is too much of it. No tick is lost for it: those of a rare stack
 * go to its caller, below a frame "[rare]", those of rare threads and processes to one that is called so. Markers of fates stay; that a rare stack's root is one is not proven any more. One thread at a time.
 */
#ifndef HEARTH_PROFILER_LIVE_TOTAL_H
#define HEARTH_PROFILER_LIVE_TOTAL_H

#include <stdint.h>

struct profile;

/* What is left when there was more: nodes of the tree, and label sets. In between there may be twice as many. */
struct live_total_limits {
	uint32_t nodes, labels;
};

#define LIVE_TOTAL_NODES  (1u << 17)
#define LIVE_TOTAL_LABELS (1u << 14)

/* Adds a window, which keeps its samples as the whole does, and makes the whole smaller when it is due: `*total` is another one then. 0, -ENOMEM or -EOVERFLOW. */
int live_total_add(struct profile **total, const struct profile *window,
		   const struct live_total_limits *limits);

#endif
