/* SPDX-License-Identifier: Apache-2.0 */
/* What stands above the blocks, and the style sheet. */
#include "render/svg_drawing.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "model/profile.h"
#include "render/drawing_title.h"
#include "render/label.h"
#include "render/readable.h"
#include "render/render_options.h"
#include "render/svg_flow.h"
#include "render/web_files.h"
#include "render/xml.h"

#define TITLE_LETTER 9 /* a guess of the sans face at 15 px */

static void write_title(const struct svg_drawing *drawing, struct buffer *to)
{
	struct buffer clean, label;

	/* The mark: four bricks of a hearth. */
	buffer_append_string(to, "<g id=\"mark\"><path class=\"m1\" d=\"M15 24h16v4h-16z\"/>"
				 "<path class=\"m2\" d=\"M15 19h10v4h-10z\"/>"
				 "<path class=\"m3\" d=\"M26 19h5v4h-5z\"/>"
				 "<path class=\"m4\" d=\"M18 14h5v4h-5z\"/></g>\n");
	buffer_init(&clean);
	buffer_init(&label);
	utf8_append_clean(&clean, drawing->options->title, strlen(drawing->options->title),
			  XML_NAME_MAX);
	label_fit(&label, clean.data, clean.size, (drawing->width - 60) / TITLE_LETTER, true);
	buffer_append_string(to, "<text id=\"title\" x=\"40\" y=\"26\">");
	xml_append_clean(to, label.data, label.size);
	buffer_append_string(to, "</text>\n");
	if (clean.failed || label.failed)
		to->failed = true;
	buffer_release(&clean);
	buffer_release(&label);
}

static void flow_string(struct svg_flow *flow, const char *text)
{
	if (text && *text)
		svg_flow_text(flow, NULL, text, strlen(text));
}

static void flow_buffer(struct svg_flow *flow, const struct buffer *text)
{
	svg_flow_text(flow, NULL, text->data, text->size);
	buffer_fail_with(flow->to, text);
}

static void flow_rate(struct svg_flow *flow, const struct profile_origin *origin,
		      struct buffer *text)
{
	if (!origin->rate_hz && !origin->event)
		return;
	buffer_clear(text);
	if (origin->rate_hz) {
		buffer_append_u64(text, origin->rate_hz);
		buffer_append_string(text, origin->event ? " Hz " : " Hz");
	}
	if (origin->event)
		buffer_append_string(text, origin->event);
	flow_buffer(flow, text);
}

static void flow_origin(struct svg_flow *flow, const struct svg_drawing *drawing,
			struct buffer *text)
{
	const struct profile_origin *origin = drawing->origin;

	flow_string(flow, drawing_subject(drawing->profile, drawing->options));
	flow_string(flow, origin->machine);
	if (origin->time_unix_ns) {
		buffer_clear(text);
		readable_time(text, origin->time_unix_ns);
		flow_buffer(flow, text);
	}
	if (origin->duration_ns) {
		buffer_clear(text);
		readable_duration(text, origin->duration_ns);
		flow_buffer(flow, text);
	}
	flow_rate(flow, origin, text);
	if (drawing->counts.is_amount) { /* of what, no frame says */
		buffer_clear(text);
		count_words_append(text, &drawing->counts, drawing->whole);
		flow_buffer(flow, text);
	}
}

uint64_t svg_header_write(const struct svg_drawing *drawing, struct buffer *to)
{
	struct svg_flow flow = { .to = to, .top = 40, .width = drawing->width - 2 * SVG_MARGIN };
	struct buffer text;

	write_title(drawing, to);
	buffer_init(&text);
	svg_flow_open(&flow, "origin");
	flow_string(&flow, drawing->options->subtitle);
	flow_origin(&flow, drawing, &text);
	if (text.failed)
		to->failed = true;
	buffer_release(&text);
	return svg_flow_close(&flow) + 10;
}

static void append_rule(struct buffer *to, const char *where, const char *name, struct colour fill)
{
	buffer_printf(to, "%s.%s{fill:", where, name);
	colour_append(to, fill);
	buffer_append_string(to, "}");
}

static void append_class_rules(const struct svg_drawing *drawing, bool dark, struct buffer *to)
{
	for (uint8_t ramp = 0; ramp < PALETTE_RAMP_COUNT; ramp++) {
		for (uint8_t shade = 0; shade < PALETTE_SHADES; shade++) {
			struct palette_class class = { ramp, shade };
			char name[3];

			if (!drawing->used_classes[ramp][shade])
				continue;
			palette_class_name(class, name);
			append_rule(to, "rect", name, palette_fill(class, dark));
			append_rule(to, "#labels ", name, palette_ink(class, dark));
		}
	}
	buffer_append_char(to, '\n');
}

/* Light always; dark by the system's wish, unless the user's own background decides. */
static void append_themes(const struct svg_drawing *drawing, struct buffer *to)
{
	const struct render_colour *background = &drawing->options->bgcolors;
	bool dark_only = background->is_set && colour_is_dark(background->colour);
	struct bytes light = web_file_flamegraph_css(), dark = web_file_flamegraph_dark_css();

	buffer_append(to, light.data, light.size);
	append_class_rules(drawing, false, to);
	if (background->is_set && !dark_only)
		return;
	if (!background->is_set)
		buffer_append_string(to, "@media (prefers-color-scheme:dark){\n");
	buffer_append(to, dark.data, dark.size);
	append_class_rules(drawing, true, to);
	if (!background->is_set)
		buffer_append_string(to, "}\n");
}

static void append_wishes(const struct render_options *options, struct buffer *to)
{
	buffer_printf(to, "#labels{font:%gpx %s}\n", options->fontsize, options->fonttype);
	if (options->bgcolors.is_set) {
		buffer_append_string(to, "svg{background:");
		colour_append(to, options->bgcolors.colour);
		buffer_append_string(to, "}#paper,.panel{fill:");
		colour_append(to, options->bgcolors.colour);
		buffer_append_string(to, "}\n");
	}
	if (options->search_color.is_set) {
		buffer_append_string(to, "#frames .match{fill:");
		colour_append(to, options->search_color.colour);
		buffer_append_string(to, "}#labels text.match{fill:");
		colour_append(to, colour_ink(options->search_color.colour));
		buffer_append_string(to, "}\n");
	}
}

static void append_pattern(struct buffer *to, const char *id)
{
	buffer_printf(
		to,
		"<pattern id=\"%s\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
		"patternTransform=\"rotate(45)\"><rect class=\"%s-paper\" width=\"6\" "
		"height=\"6\"/><rect class=\"%s-line\" width=\"2\" height=\"6\"/></pattern>\n",
		id, id, id);
}

void svg_style_write(const struct svg_drawing *drawing, struct buffer *to)
{
	struct buffer style;

	buffer_init(&style);
	append_themes(drawing, &style);
	append_wishes(drawing->options, &style);
	if (style.failed)
		to->failed = true;
	buffer_append_string(to, "<style>");
	xml_append_cdata(to, style.data, style.size);
	buffer_append_string(to, "</style>\n<defs>\n");
	append_pattern(to, "cut");
	append_pattern(to, "lost");
	append_pattern(to, "rest");
	buffer_append_string(to, "</defs>\n");
	buffer_release(&style);
}
