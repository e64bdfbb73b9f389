/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which blocks a flame graph has and where they stand, in whole ticks.
 *
 * Blocks come in the order of a walk from the root: a block, then all that lie on it. The children
 * of a block stand side by side from its left edge without gaps; the rest of its width is the frame's
 * own time. So depth and total of each block, in this order, are the whole graph.
 *
 * Frames narrower than a least number of ticks, and all but the widest when there are too many, are
 * left out. Their mass stays: the left-out children of a frame stand together as one block to the
 * right of the others, or, where even that would be too narrow, are counted as `hidden`.
 */
#ifndef HEARTH_RENDER_SVG_LAYOUT_H
#define HEARTH_RENDER_SVG_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "render/render_options.h"

struct profile;

struct svg_block {
	uint32_t node;   /* of the profile; PROFILE_NONE for a block of left-out frames */
	uint32_t depth;  /* 0 for the root */
	uint64_t start;  /* ticks left of it */
	uint64_t total;  /* its width in ticks */
	uint64_t hidden; /* ticks of left-out children that no block shows */
	uint64_t
		gap; /* ticks between it and the one before it on the same block, or that block's edge; of a chart alone */
	uint32_t left_out; /* how many frames a block of left-out frames stands for */
};

struct svg_layout {
	struct svg_block *blocks;
	uint32_t count;
	uint32_t depth;          /* of the deepest block */
	uint64_t total;          /* ticks in the profile */
	uint32_t frames;         /* frames drawn, the root not counted */
	uint32_t left_out;       /* frames not drawn */
	uint64_t left_out_ticks; /* their width, nested ones counted once */
};

struct svg_limits {
	uint64_t min_ticks; /* narrower frames are left out */
	uint64_t
		max_frames; /* and all but so many, the widest, of equal ones the nearest to the root */
	enum render_order order; /* of children; by name if it is not said */
};

/* 0 or -ENOMEM. */
int svg_layout_build(const struct profile *profile, const struct svg_limits *limits,
		     struct svg_layout *ret_layout);
void svg_layout_release(struct svg_layout *layout);

#endif
