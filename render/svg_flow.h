/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small pieces of text in lines, broken between the pieces. How wide a piece is can only be guessed
 * here; the script measures and flows again. Private to render/svg_*.c.
 */
#ifndef HEARTH_RENDER_SVG_FLOW_H
#define HEARTH_RENDER_SVG_FLOW_H

#include <stddef.h>
#include <stdint.h>

struct buffer;

struct svg_flow {
	struct buffer *to;
	uint64_t top;   /* of the whole */
	uint32_t width; /* that lines may have */
	uint32_t x, y;  /* of the next piece, inside */
};

/* Opens a group named `id`. */
void svg_flow_open(struct svg_flow *flow, const char *id);
/* Closes it and gives where it ends. */
uint64_t svg_flow_close(struct svg_flow *flow);

/* A piece of text (any bytes) behind a small square of class `swatch`, which may be NULL. */
void svg_flow_text(struct svg_flow *flow, const char *swatch, const char *text, size_t size);

/* Opens a piece of that width for the caller to fill and close with "</g>". */
void svg_flow_piece(struct svg_flow *flow, uint32_t width);

#endif
