/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of an SVG share while it is written. Private to render/svg_*.c.
 *
 *   header   title and sub-title           svg_page.c
 *   panel    the blocks and a line of text  svg_frames.c
 *   foot     fates, legend, notes           svg_foot.c
 */
#ifndef HEARTH_RENDER_SVG_DRAWING_H
#define HEARTH_RENDER_SVG_DRAWING_H

#include <stdbool.h>
#include <stdint.h>

#include "model/fates.h"
#include "render/count_words.h"
#include "render/palette.h"
#include "render/svg_layout.h"

struct buffer;
struct profile;
struct profile_origin;
struct render_options;

#define SVG_DEFAULT_WIDTH 1200
#define SVG_MAX_FRAMES    20000
#define SVG_MARGIN        14 /* around everything */
#define SVG_PAD           8  /* between the panel's border and the blocks */
#define SVG_LINE          18 /* of the sub-title and the foot */
#define SVG_STRIP         28 /* the line of text under the blocks */
#define SVG_LEGEND_SHADE  5  /* the shade that stands for a ramp in the legend */

struct svg_drawing {
	const struct profile *profile;
	const struct profile_origin *origin;
	const struct render_options *options;
	struct count_words counts;
	struct svg_layout layout;
	struct fates fates;
	uint64_t whole; /* ticks that are 100 % and the full width */
	uint32_t width; /* of the picture, in pixels, where scripts are off */
	uint32_t row;   /* height of a frame */
	/* What the style sheet and the legend need to name. */
	bool used_classes[PALETTE_RAMP_COUNT][PALETTE_SHADES];
	bool used_kinds[FRAME_KIND_COUNT];
};

/* Pixels from the left edge of the panel's inside to its right. */
uint32_t svg_frames_width(const struct svg_drawing *drawing);
/* Pixels from the first row of blocks to the last. */
uint64_t svg_frames_height(const struct svg_drawing *drawing);

/* Marks what the drawing uses; then the blocks with their tooltips, labels, and counts. 0 or -ENOMEM. */
int svg_frames_note_use(struct svg_drawing *drawing);
int svg_frames_write(const struct svg_drawing *drawing, struct buffer *to);
void svg_strip_write(const struct svg_drawing *drawing, uint64_t top, struct buffer *to);

/* Each appends one part that starts at `top` and gives where it ends. */
uint64_t svg_header_write(const struct svg_drawing *drawing, struct buffer *to);
uint64_t svg_foot_write(const struct svg_drawing *drawing, uint64_t top, struct buffer *to);

/* Style sheet and patterns. */
void svg_style_write(const struct svg_drawing *drawing, struct buffer *to);

#endif
