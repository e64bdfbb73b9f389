/* SPDX-License-Identifier: Apache-2.0 */
#include "render/palette.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/buffer.h"

#define PALETTE_ANY_KIND FRAME_KIND_COUNT

static const struct {
	const char *name, *summary;
} palettes[] = {
#define PALETTE(id, summary) [PALETTE_##id] = { #id, summary },
#include "render/palette.def"
};

struct channel {
	uint8_t low, span, axis;
};

/* A themed ramp has two colours to start from, a spread one three channels. */
struct ramp {
	bool is_themed;
	uint32_t light, dark;
	struct channel red, green, blue;
};

#define C(low, span, axis)      \
	{                       \
		low, span, axis \
	}

static const struct ramp ramps[] = {
#define PALETTE_THEMED(id, from_light, from_dark) \
	[PALETTE_RAMP_##id] = { .is_themed = true, .light = from_light, .dark = from_dark },
#define PALETTE_SPREAD(id, r, g, b) [PALETTE_RAMP_##id] = { .red = r, .green = g, .blue = b },
#include "render/palette.def"
};

static const struct rule {
	uint8_t palette, kind;
	const char *pattern;
	uint8_t ramp;
} rules[] = {
#define PALETTE_RULE(palette, kind, pattern, ramp) \
	{ PALETTE_##palette, kind, pattern, PALETTE_RAMP_##ramp },
#include "render/palette.def"
};

_Static_assert(PALETTE_RAMP_COUNT <= 26, "a ramp is one letter of a class");

const char *palette_name(enum palette palette)
{
	return palettes[palette].name;
}

const char *palette_summary(enum palette palette)
{
	return palettes[palette].summary;
}

int palette_by_name(const char *name, enum palette *ret_palette)
{
	for (enum palette i = 0; i < PALETTE_COUNT; i++) {
		if (!strcmp(palettes[i].name, name)) {
			*ret_palette = i;
			return 0;
		}
	}
	return -EINVAL;
}

enum palette_ramp palette_ramp_of(enum palette palette, enum frame_kind kind, const char *name)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const struct rule *rule = &rules[i];

		if (rule->palette != palette)
			continue;
		if (rule->kind != PALETTE_ANY_KIND && rule->kind != kind)
			continue;
		/* Most patterns are "*": no need to ask then. */
		if (!strcmp(rule->pattern, "*") || !fnmatch(rule->pattern, name, 0))
			return rule->ramp;
	}
	return PALETTE_RAMP_unknown;
}

uint32_t palette_hash(const char *name, size_t size)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash;
}

uint8_t palette_shade(uint32_t hash)
{
	/* FNV's low bits alone are poor. */
	hash ^= hash >> 15;
	hash *= 0x2c1b3c6du;
	return (uint8_t)(hash >> 16) % PALETTE_SHADES;
}

static uint8_t mix(uint32_t from, uint32_t to, unsigned int thousandths)
{
	return (uint8_t)((from * (1000 - thousandths) + to * thousandths + 500) / 1000);
}

static struct colour themed_fill(const struct ramp *ramp, uint8_t shade, bool dark)
{
	uint32_t from = dark ? ramp->dark : ramp->light;
	uint32_t paper = dark ? 0x1d1916 : 0xffffff;
	unsigned int amount = 20 + 300 * shade / (PALETTE_SHADES - 1);

	return (struct colour){
		.red = mix(from >> 16, paper >> 16, amount),
		.green = mix(from >> 8 & 0xff, paper >> 8 & 0xff, amount),
		.blue = mix(from & 0xff, paper & 0xff, amount),
	};
}

/* Where along its span a channel stands: each axis goes through all shades in its own order. */
static uint8_t channel_value(struct channel channel, uint8_t shade)
{
	static const uint8_t factor[] = { 1, 7, 11 }, offset[] = { 0, 3, 5 };
	unsigned int place = (shade * factor[channel.axis] + offset[channel.axis]) % PALETTE_SHADES;

	return (uint8_t)(channel.low + channel.span * place / (PALETTE_SHADES - 1));
}

struct colour palette_fill(struct palette_class of, bool dark)
{
	const struct ramp *ramp = &ramps[of.ramp];

	if (ramp->is_themed)
		return themed_fill(ramp, of.shade, dark);
	return (struct colour){
		.red = channel_value(ramp->red, of.shade),
		.green = channel_value(ramp->green, of.shade),
		.blue = channel_value(ramp->blue, of.shade),
	};
}

struct colour palette_ink(struct palette_class of, bool dark)
{
	if (!ramps[of.ramp].is_themed)
		return colour_ink(palette_fill(of, dark));
	return dark ? (struct colour){ 0xf6, 0xef, 0xe6 } : (struct colour){ 0x2a, 0x21, 0x19 };
}

void palette_class_name(struct palette_class of, char ret_name[3])
{
	ret_name[0] = (char)('a' + of.ramp);
	ret_name[1] = "0123456789abcdef"[of.shade % PALETTE_SHADES];
	ret_name[2] = '\0';
}

/* sRGB's curve in 1/10000, as a polynomial of the third degree: no libm, same on every machine. */
static unsigned int linear(uint8_t value)
{
	uint64_t part = value * UINT64_C(10000) / 255;

	return (unsigned int)((125 * part + 6822 * part * part / 10000 +
			       3053 * part * part / 10000 * part / 10000) /
			      10000);
}

/* Black reads as well as white on a luminance of 0.179. */
bool colour_is_dark(struct colour colour)
{
	return 2126 * linear(colour.red) + 7152 * linear(colour.green) + 722 * linear(colour.blue) <
	       1790 * 10000;
}

struct colour colour_ink(struct colour fill)
{
	return colour_is_dark(fill) ? (struct colour){ 255, 255, 255 } : (struct colour){ 0, 0, 0 };
}

void colour_append(struct buffer *to, struct colour colour)
{
	buffer_printf(to, "#%02x%02x%02x", colour.red, colour.green, colour.blue);
}
