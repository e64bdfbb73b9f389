/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg_writer.h"

#include <errno.h>
#include <inttypes.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/profile.h"
#include "render/drawing_title.h"
#include "render/render_options.h"
#include "render/svg_chart.h"
#include "render/svg_drawing.h"
#include "render/web_files.h"
#include "render/xml.h"

/* The least width in ticks, at the width that the picture has without scripts. */
static uint64_t min_ticks(const struct svg_drawing *drawing)
{
	struct render_minimum minimum = drawing->options->minwidth;
	double share = minimum.is_percent ? minimum.value / 100
					  : minimum.value / svg_frames_width(drawing);
	uint64_t ticks = render_share_ticks(share, drawing->whole);
	uint64_t least = render_share_ticks(drawing->options->min_share.value, drawing->whole);

	return ticks > least ? ticks : least;
}

static int prepare(struct svg_drawing *drawing)
{
	const struct render_options *options = drawing->options;
	struct svg_limits limits = { .max_frames = options->max_frames ? options->max_frames
								       : SVG_MAX_FRAMES,
				     .order = render_order_of(options) };
	uint64_t total = profile_total(drawing->profile);
	int error;

	drawing->width = options->width ? (uint32_t)options->width : SVG_DEFAULT_WIDTH;
	if (drawing->width < 200)
		drawing->width = 200;
	drawing->row = (uint32_t)options->height;
	drawing->whole = options->total > total ? options->total : total;
	limits.min_ticks = min_ticks(drawing);
	error = profile_fates(drawing->profile, &drawing->fates);
	if (!error && options->flamechart)
		error = svg_chart_build(drawing->profile, &limits, &drawing->layout);
	else if (!error)
		error = svg_layout_build(drawing->profile, &limits, &drawing->layout);
	if (!error)
		error = svg_frames_note_use(drawing);
	return error;
}

/* What the script needs to know besides the counts. */
static void append_facts(const struct svg_drawing *drawing, struct buffer *to)
{
	const struct render_options *options = drawing->options;

	buffer_printf(to, " data-whole=\"%" PRIu64 "\" data-row=\"%u\"", drawing->whole,
		      drawing->row);
	buffer_printf(to, " data-letter=\"%g\" data-text=\"%g\"",
		      options->fontsize * options->fontwidth,
		      drawing->row / 2.0 + options->fontsize * 0.34 - 0.5);
	if (options->width)
		buffer_append_string(to, " data-fixed=\"1\"");
	if (options->flamechart)
		buffer_append_string(to, " data-chart=\"1\"");
	if (options->inverted)
		buffer_append_string(to, " data-inverted=\"1\"");
	if (options->truncate_text_right)
		buffer_append_string(to, " data-cut-right=\"1\"");
	if (options->factor != 1)
		buffer_printf(to, " data-factor=\"%.15g\"", options->factor);
	if (drawing->counts.per_second)
		buffer_printf(to, " data-rate=\"%.17g\"", count_words_rate(&drawing->counts));
	if (drawing->counts.bytes)
		buffer_printf(to, " data-bytes=\"%" PRIu64 "\"", drawing->counts.bytes);
	if (drawing->counts.is_amount)
		buffer_append_string(to, " data-amount=\"1\"");
	buffer_append_string(to, " data-countname=\"");
	xml_append_string(to, drawing->counts.name);
	if (options->nametype) {
		buffer_append_string(to, "\" data-nametype=\"");
		xml_append_string(to, options->nametype);
	}
	buffer_append_char(to, '"');
}

static void append_empty(const struct svg_drawing *drawing, struct buffer *to)
{
	if (drawing->whole)
		return;
	buffer_printf(to, "<text class=\"empty\" x=\"%u\" y=\"%" PRIu64 "\">No samples.</text>\n",
		      svg_frames_width(drawing) / 2, svg_frames_height(drawing) / 2 - 6);
	buffer_printf(to,
		      "<text class=\"empty why\" x=\"%u\" y=\"%" PRIu64 "\">Nothing was on a CPU "
		      "while this was recorded, or a filter left nothing.</text>\n",
		      svg_frames_width(drawing) / 2, svg_frames_height(drawing) / 2 + 14);
}

static uint64_t append_panel(const struct svg_drawing *drawing, uint64_t top, struct buffer *to)
{
	uint64_t height = svg_frames_height(drawing) + 2 * SVG_PAD + SVG_STRIP;
	uint64_t line = top + height - SVG_STRIP;

	buffer_printf(to,
		      "<rect class=\"panel\" x=\"%d.5\" y=\"%" PRIu64 ".5\" width=\"%u\" "
		      "height=\"%" PRIu64 "\" rx=\"8\"/>\n",
		      SVG_MARGIN - 1, top - 1, drawing->width - 2 * SVG_MARGIN + 1, height + 1);
	buffer_printf(to, "<path class=\"line\" d=\"M%d %" PRIu64 ".5h%u\"/>\n", SVG_MARGIN, line,
		      drawing->width - 2 * SVG_MARGIN);
	buffer_printf(to, "<g id=\"graph\" transform=\"translate(%d %" PRIu64 ")\">\n",
		      SVG_MARGIN + SVG_PAD, top + SVG_PAD);
	append_empty(drawing, to);
	svg_frames_write(drawing, to);
	buffer_append_string(to, "</g>\n");
	svg_strip_write(drawing, line, to);
	return top + height;
}

/* All but the root element's start, whose height is only known afterwards. */
static uint64_t append_body(const struct svg_drawing *drawing, struct buffer *to)
{
	struct bytes script = web_file_flamegraph_joined_js();
	uint64_t bottom;

	buffer_append_string(to, "<title>");
	drawing_title_append(to, drawing->profile, drawing->options);
	buffer_append_string(to, "</title>\n");
	svg_style_write(drawing, to);
	buffer_append_string(to, "<rect id=\"paper\" width=\"100%\" height=\"100%\"/>\n");
	bottom = svg_header_write(drawing, to);
	bottom = append_panel(drawing, bottom, to);
	bottom = svg_foot_write(drawing, bottom + 8, to) + SVG_MARGIN;
	buffer_append_string(to, "<script>");
	xml_append_cdata(to, (const char *)script.data, script.size);
	buffer_append_string(to, "</script>\n</svg>\n");
	return bottom;
}

static void append_document(const struct svg_drawing *drawing, struct buffer *to)
{
	struct buffer body;
	uint64_t height;

	buffer_init(&body);
	height = append_body(drawing, &body);
	buffer_append_string(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				 "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\"");
	buffer_printf(to, " width=\"%u\" height=\"%" PRIu64 "\" viewBox=\"0 0 %u %" PRIu64 "\"",
		      drawing->width, height, drawing->width, height);
	append_facts(drawing, to);
	buffer_append_string(to, ">\n");
	buffer_append(to, body.data, body.size);
	if (body.failed)
		to->failed = true;
	buffer_release(&body);
}

int svg_write(const struct profile *profile, const struct render_options *options,
	      struct buffer *to)
{
	struct svg_drawing drawing = { .profile = profile,
				       .origin = profile_origin_of(profile),
				       .options = options,
				       .counts = count_words_of(profile, options) };
	int error = prepare(&drawing);

	if (!error)
		append_document(&drawing, to);
	svg_layout_release(&drawing.layout);
	return error ? error : buffer_error(to);
}
