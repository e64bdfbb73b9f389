/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The colours of code in a flame graph.
 *
 * A palette sends each frame to a ramp (of kernel code, of green, ...) by its kind and name; a ramp
 * has PALETTE_SHADES shades, of which the frame takes one by a hash of its name, so that a function
 * keeps its colour from graph to graph. In a drawing ramp and shade are one class of two characters.
 * Palettes and ramps are rows of palette.def. Every shade has an ink with a contrast of 4.5 or more.
 */
#ifndef HEARTH_RENDER_PALETTE_H
#define HEARTH_RENDER_PALETTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/profile.h"

struct buffer;

struct colour {
	uint8_t red, green, blue;
};

enum palette {
#define PALETTE(id, summary) PALETTE_##id,
#include "render/palette.def"
	PALETTE_COUNT
};

enum palette_ramp {
#define PALETTE_THEMED(id, light, dark)      PALETTE_RAMP_##id,
#define PALETTE_SPREAD(id, red, green, blue) PALETTE_RAMP_##id,
#include "render/palette.def"
	PALETTE_RAMP_COUNT
};

#define PALETTE_SHADES 16

struct palette_class {
	uint8_t ramp, shade;
};

/* The palettes, for --help; -EINVAL when there is none of that name. */
const char *palette_name(enum palette palette);
const char *palette_summary(enum palette palette);
int palette_by_name(const char *name, enum palette *ret_palette);

/* The ramp of a frame; `name` is terminated and at most some thousand bytes long. */
enum palette_ramp palette_ramp_of(enum palette palette, enum frame_kind kind, const char *name);

/* A hash of a name that stays the same for ever (FNV-1a). */
uint32_t palette_hash(const char *name, size_t size);
uint8_t palette_shade(uint32_t hash);

struct colour palette_fill(struct palette_class of, bool dark);
struct colour palette_ink(struct palette_class of, bool dark);

/* The class's name in a style sheet, terminated. */
void palette_class_name(struct palette_class of, char ret_name[3]);

/* Of the two inks that a fill of any colour can bear, the one that reads better. */
struct colour colour_ink(struct colour fill);
bool colour_is_dark(struct colour colour);
void colour_append(struct buffer *to, struct colour colour); /* "#rrggbb" */

#endif
