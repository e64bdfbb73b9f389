/* SPDX-License-Identifier: Apache-2.0 */
/* canvas: what is drawn stays where it belongs, and nothing from outside steers a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "terminal/canvas.h"

static void assert_prints(const struct canvas *canvas, const char *expected)
{
	struct buffer text = { 0 };

	canvas_print(canvas, &text);
	assert_string_equal(buffer_string(&text), expected);
	buffer_release(&text);
}

static void text_is_cut_to_its_width(void **state)
{
	struct canvas canvas;

	(void)state;
	assert_int_equal(canvas_init(&canvas, 2, 8, true, true), 0);
	assert_int_equal(canvas_text(canvas_whole(&canvas), 0, 1, 4, STYLE_PLAIN, "abcdef", 6), 5);
	assert_int_equal(canvas_text(canvas_whole(&canvas), 1, 6, 9, STYLE_PLAIN, "xyz", 3), 8);
	assert_prints(&canvas, " abc…\n      x…\n");
	canvas_release(&canvas);
}

static void no_control_character_reaches_a_cell(void **state)
{
	static const char hostile[] = "\x1b]0;title\a\x1b[2J\r\n\t\x7f\xff\xe2\x80\xae\xc2\x9b";
	struct canvas canvas;

	(void)state;
	assert_int_equal(canvas_init(&canvas, 1, 60, true, true), 0);
	canvas_text(canvas_whole(&canvas), 0, 0, 60, STYLE_PLAIN, hostile, sizeof(hostile) - 1);
	for (int i = 0; i < canvas.columns; i++) {
		uint32_t character = canvas.cells[i].character;

		assert_true(character >= 0x20 && character != 0x7f &&
			    (character < 0x80 || character >= 0xa0) && character != 0x202e);
	}
	canvas_release(&canvas);
}

static void wide_characters_take_two_cells(void **state)
{
	struct canvas canvas;

	(void)state;
	assert_int_equal(canvas_init(&canvas, 1, 6, true, true), 0);
	assert_int_equal(canvas_width(&canvas, "漢字", 6), 4);
	canvas_text(canvas_whole(&canvas), 0, 0, 4, STYLE_PLAIN, "漢字漢", 9);
	assert_int_equal(canvas.cells[0].character, 0x6f22);
	assert_int_equal(canvas.cells[1].character, 0);
	assert_prints(&canvas, "漢…\n");
	canvas_release(&canvas);
}

static void without_utf8_all_is_ascii(void **state)
{
	struct buffer text = { 0 };
	struct canvas canvas;

	(void)state;
	assert_int_equal(canvas_init(&canvas, 2, 10, false, false), 0);
	canvas_text(canvas_whole(&canvas), 0, 0, 6, STYLE_PLAIN, "größe…x", strlen("größe…x"));
	canvas_bar(canvas_whole(&canvas), 1, 0, 8, 0.5, STYLE_BAR);
	assert_prints(&canvas, "gr??e~\n####\n");
	canvas_release(&canvas);
	buffer_release(&text);
}

static void a_bar_has_eighths(void **state)
{
	struct canvas canvas;

	(void)state;
	assert_int_equal(canvas_init(&canvas, 3, 4, true, true), 0);
	canvas_bar(canvas_whole(&canvas), 0, 0, 4, 0.5, STYLE_BAR);
	canvas_bar(canvas_whole(&canvas), 1, 0, 4, 1.0 / 32, STYLE_BAR);
	canvas_bar(canvas_whole(&canvas), 2, 0, 4, 7, STYLE_BAR);
	assert_prints(&canvas, "██\n▏\n████\n");
	canvas_release(&canvas);
}

/* Under sanitizers: nothing outside is touched. */
static void what_lies_outside_is_not_drawn(void **state)
{
	struct canvas canvas;
	struct canvas_area part;

	(void)state;
	assert_int_equal(canvas_init(&canvas, 3, 5, true, true), 0);
	part = canvas_rows(canvas_whole(&canvas), 1, 1);
	for (int row = -2; row < 5; row++)
		for (int column = -3; column < 9; column++) {
			canvas_fill(part, row, column, 3, STYLE_PLAIN, 'x');
			canvas_print_right(part, row, column, STYLE_PLAIN, "%s", "yy");
			canvas_restyle(part, row, column, 9, STYLE_KEY);
		}
	for (int column = 0; column < 5; column++) {
		assert_int_equal(canvas.cells[column].character, ' ');
		assert_int_equal(canvas.cells[10 + column].character, ' ');
		assert_int_equal(canvas.cells[column].style, STYLE_PLAIN);
	}
	canvas_release(&canvas);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_cut_to_its_width),
		cmocka_unit_test(no_control_character_reaches_a_cell),
		cmocka_unit_test(wide_characters_take_two_cells),
		cmocka_unit_test(without_utf8_all_is_ascii),
		cmocka_unit_test(a_bar_has_eighths),
		cmocka_unit_test(what_lies_outside_is_not_drawn),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		fail_msg("there is no locale C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
