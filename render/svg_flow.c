/* SPDX-License-Identifier: Apache-2.0 */
#include "render/svg_flow.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "render/label.h"
#include "render/svg_drawing.h"
#include "render/xml.h"

#define GAP          16 /* between two pieces */
#define MEAN_LETTER  7  /* pixels, to cut long pieces by */
#define SWATCH       14
#define COLUMNS_MOST 110

/* A guess of the sans face at 12 px, in tenths of a pixel, on the wide side. */
static uint32_t letter_width(char c)
{
	if (c && strchr("fijlrtI.,:;|!'()[]/- ", c))
		return 46;
	if (c && strchr("mwMW%@", c))
		return 112;
	return c >= 'A' && c <= 'Z' ? 84 : 74;
}

static uint32_t text_width(const struct buffer *text)
{
	uint32_t tenths = 0;

	for (size_t i = 0; i < text->size; i++)
		tenths += letter_width(text->data[i]);
	return tenths / 10;
}

void svg_flow_open(struct svg_flow *flow, const char *id)
{
	flow->x = 0;
	flow->y = 0;
	buffer_printf(flow->to, "<g id=\"%s\" transform=\"translate(%d %" PRIu64 ")\">", id,
		      SVG_MARGIN, flow->top);
}

uint64_t svg_flow_close(struct svg_flow *flow)
{
	buffer_append_string(flow->to, "</g>\n");
	return flow->top + flow->y + (flow->x ? SVG_LINE : 0);
}

void svg_flow_piece(struct svg_flow *flow, uint32_t width)
{
	if (flow->x && flow->x + width > flow->width) {
		flow->x = 0;
		flow->y += SVG_LINE;
	}
	buffer_printf(flow->to, "<g transform=\"translate(%u %u)\">", flow->x, flow->y);
	flow->x += width + GAP;
}

static void write_piece(struct svg_flow *flow, const char *swatch, const struct buffer *clean)
{
	uint32_t swatch_width = swatch ? SWATCH : 0;
	size_t fitting = (flow->width - swatch_width) / MEAN_LETTER;
	struct buffer label;

	buffer_init(&label);
	label_fit(&label, clean->data, clean->size, fitting < COLUMNS_MOST ? fitting : COLUMNS_MOST,
		  true);
	svg_flow_piece(flow, swatch_width + text_width(&label));
	if (label.size != clean->size) {
		buffer_append_string(flow->to, "<title>");
		xml_append_clean(flow->to, clean->data, clean->size);
		buffer_append_string(flow->to, "</title>");
	}
	if (swatch)
		buffer_printf(flow->to,
			      "<rect class=\"%s\" y=\"4\" width=\"9\" height=\"9\" rx=\"2\"/>",
			      swatch);
	buffer_printf(flow->to, "<text x=\"%u\" y=\"13\">", swatch_width);
	xml_append_clean(flow->to, label.data, label.size);
	buffer_append_string(flow->to, "</text></g>");
	buffer_fail_with(flow->to, &label);
	buffer_release(&label);
}

void svg_flow_text(struct svg_flow *flow, const char *swatch, const char *text, size_t size)
{
	struct buffer clean;

	buffer_init(&clean);
	utf8_append_clean(&clean, text, size, XML_NAME_MAX);
	if (clean.failed)
		flow->to->failed = true;
	write_piece(flow, swatch, &clean);
	buffer_release(&clean);
}
