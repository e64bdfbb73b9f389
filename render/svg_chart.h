/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which blocks a flame chart has and where they stand: along time, while a flame graph (svg_layout.h) merges all that is of one name.
 *
 * Samples stand side by side in the order of their times, those without one behind them as they came, each as wide as its first value. What
 * a sample has in common with the one before it, from the root on, goes on; the rest begins anew. So a frame has as many blocks as it was
 * entered, and what it did itself between two calls is a gap between them.
 *
 * Blocks that are too narrow are left out; those that stand side by side become one block of left-out frames where that is wide enough.
 */
#ifndef HEARTH_RENDER_SVG_CHART_H
#define HEARTH_RENDER_SVG_CHART_H

#include "render/svg_layout.h"

/*
 * Of the samples of a profile that keeps them; of the limits, no order. Where there are more blocks than `max_frames`, the least width grows until there
 * are no more: of those of one width all are drawn, or none. 0 or -ENOMEM.
 */
int svg_chart_build(const struct profile *profile, const struct svg_limits *limits,
		    struct svg_layout *ret_layout);

#endif
