/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks. Three runs in the file, all in the order of the layout: a <rect> with its <title> each,
 * a <text> for each that is wide enough, and in <metadata> "depth total hidden" of each in ticks (of a chart with the gap behind it),
 * from which the script computes every other view exactly.
 */
#include "render/svg_drawing.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "model/profile.h"
#include "render/label.h"
#include "render/readable.h"
#include "render/render_options.h"
#include "render/xml.h"

/* A block while it is written. Coordinates are hundredths of a pixel. */
struct block {
	const struct svg_block *at;
	const struct frame *frame; /* NULL for the root and for left-out frames */
	struct buffer name;        /* clean */
	char class_name[3];
	uint64_t x, width;
	uint64_t y; /* whole pixels */
};

uint32_t svg_frames_width(const struct svg_drawing *drawing)
{
	return drawing->width - 2 * (SVG_MARGIN + SVG_PAD);
}

uint64_t svg_frames_height(const struct svg_drawing *drawing)
{
	uint64_t rows = drawing->layout.total ? (uint64_t)drawing->layout.depth + 1 : 4;

	return rows * drawing->row;
}

static const struct frame *block_frame(const struct svg_drawing *drawing,
				       const struct svg_block *block)
{
	if (block->node == PROFILE_NONE || block->node == PROFILE_ROOT)
		return NULL;
	return profile_frame(drawing->profile, profile_node(drawing->profile, block->node)->frame);
}

static bool is_code(const struct frame *frame)
{
	return frame && frame->kind != FRAME_PROCESS && frame->kind != FRAME_MARKER;
}

static uint8_t block_shade(const struct svg_drawing *drawing, const struct buffer *name,
			   uint32_t index)
{
	bool by_place = drawing->options->random && !drawing->options->hash;

	return palette_shade(by_place ? index * 2654435761u : palette_hash(name->data, name->size));
}

static struct palette_class code_class(const struct svg_drawing *drawing, struct block *block)
{
	uint32_t index = (uint32_t)(block->at - drawing->layout.blocks);
	const char *name = buffer_string(&block->name);

	return (struct palette_class){
		.ramp = (uint8_t)palette_ramp_of(drawing->options->colors, block->frame->kind,
						 name ? name : ""),
		.shade = block_shade(drawing, &block->name, index),
	};
}

/* Blocks that are no code have a class of their own in the style sheet. */
static char plain_class(const struct svg_drawing *drawing, const struct block *block)
{
	const char *name, *reason;
	size_t size, reason_size;
	enum fate fate = FATE_TRUNCATED;

	if (!block->frame)
		return block->at->node == PROFILE_NONE ? 'o' : 'r';
	if (block->frame->kind == FRAME_PROCESS)
		return 'p';
	name = profile_string(drawing->profile, block->frame->name, &size);
	fate_parse_marker(name, size, &fate, &reason, &reason_size);
	return fate == FATE_LOST ? 'l' : 't';
}

static void name_block(const struct svg_drawing *drawing, struct block *block)
{
	size_t size;
	const char *name;

	buffer_clear(&block->name);
	if (block->frame) {
		name = profile_string(drawing->profile, block->frame->name, &size);
		utf8_append_clean(&block->name, name, size, XML_NAME_MAX);
	} else if (block->at->node == PROFILE_NONE) {
		readable_count(&block->name, block->at->left_out);
		buffer_append_string(&block->name, block->at->left_out == 1 ? " frame not drawn"
									    : " frames not drawn");
	} else {
		buffer_append_string(&block->name, "all");
	}
}

static struct palette_class classify(const struct svg_drawing *drawing, struct block *block)
{
	struct palette_class code = { 0 };

	if (is_code(block->frame)) {
		code = code_class(drawing, block);
		palette_class_name(code, block->class_name);
	} else {
		block->class_name[0] = plain_class(drawing, block);
		block->class_name[1] = '\0';
	}
	return code;
}

/* Edges are rounded down one by one, so blocks side by side never overlap nor outgrow their parent. */
static uint64_t edge(const struct svg_drawing *drawing, uint64_t ticks)
{
	unsigned __int128 hundredths = (unsigned __int128)svg_frames_width(drawing) * 100;

	return (uint64_t)(hundredths * ticks / drawing->whole);
}

static void take_block(const struct svg_drawing *drawing, uint32_t index, struct block *block)
{
	const struct svg_block *at = &drawing->layout.blocks[index];
	uint32_t row = drawing->options->inverted ? at->depth : drawing->layout.depth - at->depth;

	block->at = at;
	block->frame = block_frame(drawing, at);
	block->x = edge(drawing, at->start);
	block->width = edge(drawing, at->start + at->total) - block->x;
	block->y = (uint64_t)row * drawing->row;
	name_block(drawing, block);
}

int svg_frames_note_use(struct svg_drawing *drawing)
{
	struct block block;
	bool has_failed = false;

	buffer_init(&block.name);
	for (uint32_t i = 0; drawing->whole && i < drawing->layout.count; i++) {
		struct palette_class code;

		take_block(drawing, i, &block);
		code = classify(drawing, &block);
		if (is_code(block.frame)) {
			drawing->used_classes[code.ramp][code.shade] = true;
			drawing->used_classes[code.ramp][SVG_LEGEND_SHADE] = true;
		}
		if (block.frame)
			drawing->used_kinds[block.frame->kind] = true;
		has_failed |= block.name.failed;
	}
	buffer_release(&block.name);
	return has_failed ? -ENOMEM : 0;
}

static void append_hundredths(struct buffer *to, uint64_t value)
{
	buffer_append_u64(to, value / 100);
	if (value % 100) {
		buffer_append_char(to, '.');
		buffer_append_char(to, (char)('0' + value / 10 % 10));
		if (value % 10)
			buffer_append_char(to, (char)('0' + value % 10));
	}
}

/* "412.6 ms, 12.4 %, 1,234 samples", not escaped; of what is an amount by itself "412.6 ms, 12.4 %". */
static void append_numbers(const struct svg_drawing *drawing, const struct svg_block *block,
			   struct buffer *to)
{
	const struct count_words *counts = &drawing->counts;

	if (counts->is_amount) {
		count_words_number(to, counts, block->total);
		buffer_append_string(to, ", ");
	} else if (counts->per_second) {
		count_words_time(to, counts, block->total);
		buffer_append_string(to, ", ");
	}
	readable_share(to, block->total, drawing->whole, 1);
	if (counts->is_amount)
		return;
	buffer_append_string(to, ", ");
	count_words_append(to, counts, block->total);
}

/* A third line: what kind of code it is, where that is worth a word, and of which file. */
static void append_provenance(const struct profile *profile, const struct frame *frame,
			      struct buffer *to)
{
	const char *kind, *module;
	size_t size;

	if (!frame || !is_code(frame))
		return;
	kind = *frame_kind_suffix(frame->kind) ? frame_kind_name(frame->kind) : NULL;
	if (kind)
		buffer_printf(to, "\n%s", kind);
	if (frame->module == PROFILE_NONE)
		return;
	module = profile_string(profile, frame->module, &size);
	buffer_append_string(to, kind ? " in " : "\nin ");
	xml_append(to, module, size);
}

static void append_tooltip(const struct svg_drawing *drawing, const struct block *block,
			   struct buffer *to)
{
	struct buffer numbers;

	buffer_init(&numbers);
	append_numbers(drawing, block->at, &numbers);
	buffer_append_string(to, "<title>");
	xml_append_clean(to, block->name.data, block->name.size);
	buffer_append_char(to, '\n');
	xml_append(to, numbers.data, numbers.size);
	buffer_fail_with(to, &numbers);
	buffer_release(&numbers);
	append_provenance(drawing->profile, block->frame, to);
	buffer_append_string(to, "</title>");
}

/* A hair of paper between neighbours, where there is room for it. */
static uint64_t visible_width(uint64_t width)
{
	if (width < 100)
		return width;
	return width < 200 ? 100 : width - 100;
}

static void append_rect(const struct svg_drawing *drawing, const struct block *block,
			struct buffer *to)
{
	buffer_printf(to, "<rect class=\"%s\" x=\"", block->class_name);
	append_hundredths(to, block->x);
	buffer_printf(to, "\" y=\"%" PRIu64 "\" width=\"", block->y);
	append_hundredths(to, visible_width(block->width));
	buffer_printf(to, "\" height=\"%u\"%s>", drawing->row - 1,
		      block->width >= 500 ? " rx=\"2\"" : "");
	append_tooltip(drawing, block, to);
	buffer_append_string(to, "</rect>\n");
}

static void append_label(const struct svg_drawing *drawing, const struct block *block,
			 struct buffer *to)
{
	const struct render_options *options = drawing->options;
	double letter = options->fontsize * options->fontwidth;
	double columns = ((double)block->width / 100 - 9) / letter;
	uint64_t baseline =
		100 * block->y + 50 * drawing->row + (uint64_t)lround(options->fontsize * 34) - 50;
	struct buffer label;

	if (columns < LABEL_MIN_COLUMNS)
		return;
	buffer_init(&label);
	label_fit(&label, block->name.data, block->name.size, (size_t)columns,
		  options->truncate_text_right);
	if (label.failed)
		to->failed = true;
	if (label.size) {
		buffer_printf(to, "<text class=\"%s\" x=\"", block->class_name);
		append_hundredths(to, block->x + 450);
		buffer_append_string(to, "\" y=\"");
		append_hundredths(to, baseline);
		buffer_append_string(to, "\">");
		xml_append_clean(to, label.data, label.size);
		buffer_append_string(to, "</text>\n");
	}
	buffer_release(&label);
}

static void append_counts(const struct svg_block *block, bool is_chart, struct buffer *to)
{
	buffer_append_u64(to, block->depth);
	buffer_append_char(to, ' ');
	buffer_append_u64(to, block->total);
	buffer_append_char(to, ' ');
	buffer_append_u64(to, block->hidden);
	if (is_chart) {
		buffer_append_char(to, ' ');
		buffer_append_u64(to, block->gap);
	}
	buffer_append_char(to, '\n');
}

static void write_blocks(const struct svg_drawing *drawing, struct buffer *to,
			 struct buffer *labels, struct buffer *counts)
{
	struct block block;

	buffer_init(&block.name);
	for (uint32_t i = 0; drawing->whole && i < drawing->layout.count; i++) {
		take_block(drawing, i, &block);
		classify(drawing, &block);
		append_rect(drawing, &block, to);
		append_label(drawing, &block, labels);
		append_counts(block.at, drawing->options->flamechart, counts);
		if (block.name.failed)
			to->failed = true;
	}
	buffer_release(&block.name);
}

int svg_frames_write(const struct svg_drawing *drawing, struct buffer *to)
{
	struct buffer labels, counts;

	buffer_init(&labels);
	buffer_init(&counts);
	buffer_append_string(to, "<g id=\"frames\">\n");
	write_blocks(drawing, to, &labels, &counts);
	buffer_append_string(to, "</g>\n<g id=\"labels\">\n");
	buffer_append(to, labels.data, labels.size);
	buffer_append_string(to, "</g>\n<metadata id=\"counts\">");
	buffer_append(to, counts.data, counts.size);
	buffer_append_string(to, "</metadata>\n");
	if (labels.failed || counts.failed)
		to->failed = true;
	buffer_release(&labels);
	buffer_release(&counts);
	return buffer_error(to);
}

static void append_summary(const struct svg_drawing *drawing, struct buffer *to)
{
	const struct svg_layout *layout = &drawing->layout;

	count_words_append(to, &drawing->counts, layout->total);
	buffer_append_string(to, " in ");
	readable_count(to, layout->frames);
	buffer_append_string(to, layout->frames == 1 ? " frame" : " frames");
	if (!layout->left_out)
		return;
	buffer_append_string(to, "; not drawn: ");
	readable_count(to, layout->left_out);
	buffer_append_string(to, " narrow ones, ");
	readable_share(to, layout->left_out_ticks, drawing->whole, 1);
}

void svg_strip_write(const struct svg_drawing *drawing, uint64_t top, struct buffer *to)
{
	struct buffer summary;

	buffer_init(&summary);
	append_summary(drawing, &summary);
	buffer_printf(to, "<text id=\"strip\" x=\"%d\" y=\"%" PRIu64 "\">",
		      SVG_MARGIN + SVG_PAD + 4, top + 19);
	xml_append(to, summary.data, summary.size);
	buffer_fail_with(to, &summary);
	buffer_release(&summary);
	buffer_append_string(to, "</text>\n");
}
