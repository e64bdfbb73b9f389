/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"

#define TEXT_LIMIT 4096

int canvas_init(struct canvas *canvas, int rows, int columns, bool is_unicode, bool has_colours)
{
	*canvas = (struct canvas){
		.rows = rows < CANVAS_MAX_ROWS ? rows : CANVAS_MAX_ROWS,
		.columns = columns < CANVAS_MAX_COLUMNS ? columns : CANVAS_MAX_COLUMNS,
		.is_unicode = is_unicode,
		.has_colours = has_colours,
	};
	canvas->cells =
		calloc((size_t)canvas->rows * (size_t)canvas->columns + 1, sizeof(*canvas->cells));
	if (!canvas->cells)
		return -ENOMEM;
	for (int row = 0; row < canvas->rows; row++)
		canvas_fill(canvas_whole(canvas), row, 0, canvas->columns, STYLE_PLAIN, ' ');
	return 0;
}

void canvas_release(struct canvas *canvas)
{
	free(canvas->cells);
	*canvas = (struct canvas){ 0 };
}

struct canvas_area canvas_whole(struct canvas *canvas)
{
	return (struct canvas_area){ canvas, 0, 0, canvas->rows, canvas->columns };
}

struct canvas_area canvas_rows(struct canvas_area area, int row, int rows)
{
	int left = area.rows - row;

	area.row += row;
	area.rows = rows < left ? rows : left;
	return area;
}

/* NULL: it is not in the area. */
static struct canvas_cell *cell_at(struct canvas_area area, int row, int column)
{
	if (row < 0 || row >= area.rows || column < 0 || column >= area.columns)
		return NULL;
	return &area.canvas->cells[(size_t)(area.row + row) * (size_t)area.canvas->columns +
				   (size_t)(area.column + column)];
}

static void put(struct canvas_area area, int row, int column, unsigned int style,
		uint32_t character)
{
	struct canvas_cell *cell = cell_at(area, row, column);

	if (cell)
		*cell = (struct canvas_cell){ character, (uint8_t)style };
}

/* --- characters --- */

/* Cells of a character; what has none of its own, as an accent, is left out. */
static int width_of(const struct canvas *canvas, uint32_t *character)
{
	int width;

	if (*character < 0x20 || *character == 0x7f)
		*character = '?';
	if (*character < 0x80)
		return 1;
	if (!canvas->is_unicode) {
		*character = '?';
		return 1;
	}
	width = wcwidth((wchar_t)*character);
	if (width < 0) {
		*character = 0xfffd;
		width = 1;
	}
	return width;
}

/* The next character of text that is clean already. */
static size_t decode(const char *text, size_t size, uint32_t *ret_character)
{
	size_t length = utf8_decode(text, size, ret_character);

	if (length)
		return length;
	*ret_character = '?';
	return 1;
}

static int measure(const struct canvas *canvas, const char *text, size_t size)
{
	int width = 0;

	for (size_t at = 0; at < size;) {
		uint32_t character;

		at += decode(text + at, size - at, &character);
		width += width_of(canvas, &character);
	}
	return width;
}

static void clean(const char *text, size_t size, struct buffer *to)
{
	utf8_append_clean(to, text, size, TEXT_LIMIT);
}

int canvas_width(const struct canvas *canvas, const char *text, size_t size)
{
	_cleanup_(buffer_release) struct buffer cleaned = { 0 };

	clean(text, size, &cleaned);
	return measure(canvas, cleaned.data, cleaned.size);
}

/* --- text --- */

static int put_clean(struct canvas_area area, int row, int column, int width, unsigned int style,
		     const struct buffer *text)
{
	bool is_cut = measure(area.canvas, text->data, text->size) > width;
	int end = column + width - (is_cut ? 1 : 0);

	for (size_t at = 0; at < text->size;) {
		uint32_t character;
		int cells;

		at += decode(text->data + at, text->size - at, &character);
		cells = width_of(area.canvas, &character);
		if (!cells)
			continue;
		if (column + cells > end)
			break;
		put(area, row, column, style, character);
		if (cells == 2)
			put(area, row, column + 1, style, 0);
		column += cells;
	}
	if (is_cut && width > 0)
		put(area, row, column++, style, area.canvas->is_unicode ? 0x2026 : '~');
	return column;
}

int canvas_text(struct canvas_area area, int row, int column, int width, unsigned int style,
		const char *text, size_t size)
{
	_cleanup_(buffer_release) struct buffer cleaned = { 0 };
	int left = area.columns - column;

	clean(text, size, &cleaned);
	if (width > left)
		width = left;
	return width > 0 ? put_clean(area, row, column, width, style, &cleaned) : column;
}

static int print(struct canvas_area area, int row, int column, int end, unsigned int style,
		 const char *format, va_list arguments)
{
	char text[TEXT_LIMIT];
	int length = vsnprintf(text, sizeof(text), format, arguments);
	size_t size = length < 0 ? 0 : strnlen(text, sizeof(text));

	if (end)
		column = end - canvas_width(area.canvas, text, size);
	if (column < 0)
		column = 0;
	return canvas_text(area, row, column, area.columns - column, style, text, size);
}

int canvas_printf(struct canvas_area area, int row, int column, unsigned int style,
		  const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	column = print(area, row, column, 0, style, format, arguments);
	va_end(arguments);
	return column;
}

void canvas_print_right(struct canvas_area area, int row, int end, unsigned int style,
			const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(area, row, 0, end, style, format, arguments);
	va_end(arguments);
}

/* --- other cells --- */

void canvas_fill(struct canvas_area area, int row, int column, int width, unsigned int style,
		 uint32_t character)
{
	for (int i = 0; i < width; i++)
		put(area, row, column + i, style, character);
}

void canvas_restyle(struct canvas_area area, int row, int column, int width, unsigned int style)
{
	for (int i = 0; i < width; i++) {
		struct canvas_cell *cell = cell_at(area, row, column + i);

		if (cell)
			cell->style = (uint8_t)style;
	}
}

void canvas_bar(struct canvas_area area, int row, int column, int width, double share,
		unsigned int style)
{
	bool has_eighths = area.canvas->is_unicode;
	int parts = has_eighths ? 8 : 1;
	double wanted = share * width * parts + 0.5;
	int filled = wanted < 0 ? 0 : wanted > width * parts ? width * parts : (int)wanted;

	canvas_fill(area, row, column, width, style, ' ');
	canvas_fill(area, row, column, filled / parts, style, has_eighths ? 0x2588 : '#');
	if (filled % parts) /* U+258F is an eighth, U+2589 seven of them */
		put(area, row, column + filled / parts, style,
		    0x2590u - (uint32_t)(filled % parts));
}

/* --- as text --- */

static void append_character(struct buffer *to, uint32_t character)
{
	char bytes[4];

	buffer_append(to, bytes, utf8_encode(character, bytes));
}

void canvas_print(const struct canvas *canvas, struct buffer *to)
{
	for (int row = 0; row < canvas->rows; row++) {
		const struct canvas_cell *cells =
			canvas->cells + (size_t)row * (size_t)canvas->columns;
		int end = canvas->columns;

		while (end && cells[end - 1].character == ' ')
			end--;
		for (int column = 0; column < end; column++)
			if (cells[column].character)
				append_character(to, cells[column].character);
		buffer_append_char(to, '\n');
	}
}
