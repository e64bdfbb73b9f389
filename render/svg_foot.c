/* SPDX-License-Identifier: Apache-2.0 */
/* What stands below the blocks: the fates of all ticks, what the colours mean, and notes. */
#include "render/svg_drawing.h"

#include <string.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "render/readable.h"
#include "render/render_options.h"
#include "render/svg_flow.h"

#define BAR_WIDTH 150

static void append_bar_part(struct buffer *to, const char *class, uint32_t x, uint32_t width)
{
	if (width)
		buffer_printf(to, "<rect class=\"%s\" x=\"%u\" y=\"6\" width=\"%u\" height=\"6\"/>",
			      class, x, width);
}

/* Pixels of the bar for a fate; what is not nothing gets at least one. */
static uint32_t bar_pixels(uint64_t ticks, uint64_t due)
{
	uint32_t pixels = (uint32_t)((unsigned __int128)ticks * BAR_WIDTH / due);

	return ticks && !pixels ? 1 : pixels;
}

static void flow_bar(struct svg_flow *flow, const struct fates *fates)
{
	uint32_t cut = bar_pixels(fates->truncated, fates->due);
	uint32_t lost = bar_pixels(fates->lost, fates->due);
	uint32_t whole;

	if (cut + lost > BAR_WIDTH) /* both were rounded up next to the whole bar */
		*(cut > lost ? &cut : &lost) -= cut + lost - BAR_WIDTH;
	whole = BAR_WIDTH - cut - lost;
	svg_flow_piece(flow, BAR_WIDTH);
	append_bar_part(flow->to, "ok", 0, whole);
	append_bar_part(flow->to, "cut", whole, cut);
	append_bar_part(flow->to, "lost", whole + cut, lost);
	buffer_append_string(flow->to, "</g>");
}

static void flow_fate(struct svg_flow *flow, const char *swatch, enum fate fate, const char *reason,
		      size_t reason_size, uint64_t ticks, uint64_t due)
{
	struct buffer text;

	buffer_init(&text);
	buffer_append_string(&text, fate_name(fate));
	if (reason_size) {
		buffer_append_string(&text, ": ");
		buffer_append(&text, reason, reason_size);
	}
	buffer_append_char(&text, ' ');
	readable_share(&text, ticks, due, 2);
	if (text.failed)
		flow->to->failed = true;
	svg_flow_text(flow, swatch, text.data, text.size);
	buffer_release(&text);
}

static void flow_fates(struct svg_flow *flow, const struct svg_drawing *drawing)
{
	const struct fates *fates = &drawing->fates;

	flow_bar(flow, fates);
	flow_fate(flow, "ok", FATE_COMPLETE, NULL, 0, fates->complete, fates->due);
	for (size_t i = 0; i < fates->reason_count; i++) {
		const struct fate_reason *row = &fates->reasons[i];
		size_t size;
		const char *reason = fate_reason_text(drawing->profile, row, &size);

		flow_fate(flow, row->fate == FATE_LOST ? "lost" : "cut", row->fate, reason, size,
			  row->ticks, fates->due);
	}
}

/* Where ticks were taken out, the fates are those of what is left: say how many, and of all, too. */
static void flow_before(struct svg_flow *flow, const struct svg_drawing *drawing)
{
	struct buffer text;

	if (!drawing->origin->before.due)
		return;
	buffer_init(&text);
	count_words_left(&text, &drawing->counts, drawing->profile);
	if (text.failed)
		flow->to->failed = true;
	svg_flow_text(flow, NULL, text.data, text.size);
	buffer_release(&text);
}

static uint64_t write_fates(const struct svg_drawing *drawing, uint64_t top, struct buffer *to)
{
	static const char unknown[] = "fates: not recorded in this input";
	struct svg_flow flow = { .to = to, .top = top, .width = drawing->width - 2 * SVG_MARGIN };

	svg_flow_open(&flow, "fates");
	if (!drawing->origin->fates_are_known)
		svg_flow_text(&flow, NULL, unknown, strlen(unknown));
	else if (drawing->fates.due)
		flow_fates(&flow, drawing);
	flow_before(&flow, drawing);
	return svg_flow_close(&flow);
}

/* The classic palettes colour by name or not at all: a legend of kinds would not be true there. */
static void flow_kinds(struct svg_flow *flow, const struct svg_drawing *drawing)
{
	for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++) {
		struct palette_class class = { .shade = SVG_LEGEND_SHADE };
		char name[3];

		if (!drawing->used_kinds[kind] || kind == FRAME_MARKER)
			continue;
		if (kind == FRAME_PROCESS) {
			svg_flow_text(flow, "p", "process", strlen("process"));
			continue;
		}
		if (drawing->options->colors != PALETTE_hearth)
			continue;
		class.ramp = (uint8_t)palette_ramp_of(PALETTE_hearth, kind, "");
		palette_class_name(class, name);
		svg_flow_text(flow, name, frame_kind_name(kind), strlen(frame_kind_name(kind)));
	}
}

static uint64_t write_legend(const struct svg_drawing *drawing, uint64_t top, struct buffer *to)
{
	struct svg_flow flow = { .to = to, .top = top, .width = drawing->width - 2 * SVG_MARGIN };

	svg_flow_open(&flow, "legend");
	flow_kinds(&flow, drawing);
	if (drawing->fates.truncated)
		svg_flow_text(&flow, "t", "truncated stack", strlen("truncated stack"));
	if (drawing->fates.lost)
		svg_flow_text(&flow, "l", "lost", strlen("lost"));
	if (drawing->layout.left_out)
		svg_flow_text(&flow, "o", "too narrow to draw", strlen("too narrow to draw"));
	return svg_flow_close(&flow);
}

static uint64_t write_notes(const struct svg_drawing *drawing, uint64_t top, struct buffer *to)
{
	struct svg_flow flow = { .to = to, .top = top, .width = drawing->width - 2 * SVG_MARGIN };
	const char *notes = drawing->options->notes;

	if (!notes || !*notes)
		return top;
	svg_flow_open(&flow, "notes");
	svg_flow_text(&flow, NULL, notes, strlen(notes));
	return svg_flow_close(&flow);
}

uint64_t svg_foot_write(const struct svg_drawing *drawing, uint64_t top, struct buffer *to)
{
	top = write_fates(drawing, top, to);
	top = write_legend(drawing, top, to);
	return write_notes(drawing, top, to);
}
