/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screen in memory: rows of cells, each with a character and a style. What is drawn is drawn here, without a terminal, and looked at in tests; terminal_screen.h shows it, canvas_print() writes it as plain text.
 *
 * Text from outside becomes harmless on its way in (base/utf8.h): no cell ever holds a control character. What does not fit is cut, and "…" (or "~") says so. A terminal that does not speak UTF-8 gets ASCII alone.
 */
#ifndef HEARTH_TERMINAL_CANVAS_H
#define HEARTH_TERMINAL_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;

enum canvas_style {
#define CANVAS_STYLE(constant, foreground, background, basic_foreground, basic_background, bold) \
	constant,
#include "terminal/canvas_styles.def"
#undef CANVAS_STYLE
	CANVAS_STYLES
};

#define CANVAS_REVERSED 0x80u /* added to a style: the cursor is here */

#define CANVAS_MAX_ROWS    500
#define CANVAS_MAX_COLUMNS 1000

struct canvas_cell {
	uint32_t character; /* 0: the right half of the one before */
	uint8_t style;
};

struct canvas {
	struct canvas_cell *cells; /* rows * columns */
	int rows, columns;
	bool is_unicode, has_colours; /* else blocks are told apart by "|" */
};

/* Blank; what is over the maxima is left out. 0 or -ENOMEM. */
int canvas_init(struct canvas *canvas, int rows, int columns, bool is_unicode, bool has_colours);
void canvas_release(struct canvas *canvas);

/* A part of a canvas; what lies outside of it is not drawn. */
struct canvas_area {
	struct canvas *canvas;
	int row, column, rows, columns;
};

struct canvas_area canvas_whole(struct canvas *canvas);
/* Rows of an area from its `row` on, as far as it has them. */
struct canvas_area canvas_rows(struct canvas_area area, int row, int rows);

/*
 * Writes text into at most `width` cells; the column behind it. Cells that are left of the width stay as they are. Where `shown` is false the text is not cut from its end but from its beginning.
 */
int canvas_text(struct canvas_area area, int row, int column, int width, unsigned int style,
		const char *text, size_t size);
int canvas_printf(struct canvas_area area, int row, int column, unsigned int style,
		  const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Ends at `end`, ahead of which it is. */
void canvas_print_right(struct canvas_area area, int row, int end, unsigned int style,
			const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Cells of one character. */
void canvas_fill(struct canvas_area area, int row, int column, int width, unsigned int style,
		 uint32_t character);
/* Another style of cells that stay. */
void canvas_restyle(struct canvas_area area, int row, int column, int width, unsigned int style);
/* A bar of so many eighths of cells, or of whole ones in ASCII, and the rest of its width blank. */
void canvas_bar(struct canvas_area area, int row, int column, int width, double share,
		unsigned int style);

/* How many cells text takes. */
int canvas_width(const struct canvas *canvas, const char *text, size_t size);

/* All rows as text, without blanks at their ends. */
void canvas_print(const struct canvas *canvas, struct buffer *to);

#endif
