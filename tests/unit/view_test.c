/* SPDX-License-Identifier: Apache-2.0 */
/* view, view_keys and view_screen: what keys do, and what is seen then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "terminal/canvas.h"
#include "terminal/view.h"
#include "terminal/view_keys.h"
#include "terminal/view_screen.h"
#include "tests/unit/picture_builder.h"

static const struct built_sample samples[] = {
	{ "app;main;seventy;deep", "app", "root", NULL, 100, 100, 50 },
	{ "app;main;seventy", "app", "root", NULL, 100, 100, 20 },
	{ "app;main;thirty", "app", "root", NULL, 100, 101, 30 },
	{ "other;main;idle_[k]", "other", "joe", "web-1", 200, 200, 10 },
};

struct shown {
	struct view view;
	char text[20000];
};

static struct picture *usual(void)
{
	return build_picture(samples, sizeof(samples) / sizeof(samples[0]));
}

static void draw(struct shown *shown, int rows, int columns)
{
	struct buffer text = { 0 };
	struct canvas canvas;

	assert_int_equal(view_refresh(&shown->view), 0);
	assert_int_equal(canvas_init(&canvas, rows, columns, true, true), 0);
	assert_int_equal(view_screen_draw(&shown->view, &canvas), 0);
	canvas_print(&canvas, &text);
	assert_true(text.size < sizeof(shown->text));
	snprintf(shown->text, sizeof(shown->text), "%s", buffer_string(&text));
	buffer_release(&text);
	canvas_release(&canvas);
}

static void shown_init(struct shown *shown)
{
	view_init(&shown->view);
	shown->view.target = "whole machine";
	view_take_picture(&shown->view, usual());
	draw(shown, 40, 100);
}

static void press(struct shown *shown, uint32_t key)
{
	assert_int_equal(view_take_key(&shown->view, key), 0);
	draw(shown, 40, 100);
}

static void type(struct shown *shown, const char *text)
{
	for (; *text; text++)
		press(shown, (unsigned char)*text);
}

static void assert_shows(const struct shown *shown, const char *text)
{
	if (!strstr(shown->text, text))
		fail_msg("\"%s\" is not in:\n%s", text, shown->text);
}

static void assert_hides(const struct shown *shown, const char *text)
{
	if (strstr(shown->text, text))
		fail_msg("\"%s\" is in:\n%s", text, shown->text);
}

static void the_chosen_process_has_the_functions_and_the_graph(void **state)
{
	struct shown shown;

	(void)state;
	shown_init(&shown);
	assert_hides(&shown, "hearth itself"); /* what it costs is not known yet */
	shown.view.picture->own_bytes = 42000000;
	shown.view.picture->own_cpu_ppm = 15000;
	shown.view.picture->lost_windows = 3;
	draw(&shown, 40, 140);
	assert_shows(&shown, "hearth itself 1.5 % of a CPU (0.0 % in the kernel)  42 MB");
	assert_shows(&shown, "3 intervals lost");
	assert_shows(&shown, "110.0 % of 200");
	assert_shows(&shown, "functions of all processes");
	assert_shows(&shown, "idle");
	press(&shown, TERMINAL_DOWN);
	assert_shows(&shown, "functions of app (100)");
	assert_shows(&shown, "100 ticks  100.0 % complete");
	assert_shows(&shown, "50.0");
	assert_hides(&shown, "idle");
	press(&shown, 'j');
	assert_shows(&shown, "functions of other (200)");
	press(&shown, 'j'); /* there is no further one */
	assert_shows(&shown, "functions of other (200)");
	press(&shown, 0x1b);
	assert_shows(&shown, "functions of all processes");
	view_release(&shown.view);
}

/* Rows change their places, and the choice stays. */
static void a_choice_outlives_the_picture(void **state)
{
	const struct built_sample next[] = {
		{ "other;main;idle_[k]", "other", "joe", "web-1", 200, 200, 90 },
		{ "app;main;thirty", "app", "root", NULL, 100, 101, 30 },
	};
	struct shown shown;

	(void)state;
	shown_init(&shown);
	press(&shown, TERMINAL_DOWN);
	view_take_picture(&shown.view, build_picture(next, 2));
	draw(&shown, 40, 100);
	assert_shows(&shown, "functions of app (100)");
	assert_int_equal(shown.view.rows[PANE_PROCESSES].at, 2);
	view_take_picture(&shown.view, build_picture(next, 1));
	draw(&shown, 40, 100);
	assert_shows(&shown, "functions of app (100)  took no CPU time");
	view_release(&shown.view);
}

static void the_graph_is_zoomed_and_left_again(void **state)
{
	struct shown shown;

	(void)state;
	shown_init(&shown);
	press(&shown, TERMINAL_DOWN);
	press(&shown, '\r');
	assert_int_equal(shown.view.pane, PANE_FLAME);
	press(&shown, TERMINAL_DOWN); /* main */
	press(&shown, TERMINAL_DOWN); /* seventy: it took most */
	assert_shows(&shown, "70.0 % (itself 20.0 %) seventy");
	press(&shown, TERMINAL_RIGHT);
	assert_shows(&shown, "30.0 % (itself 30.0 %) thirty");
	press(&shown, TERMINAL_LEFT);
	press(&shown, '\r');
	assert_shows(&shown, "zoomed to seventy");
	assert_string_equal(chosen_name(&shown.view.stacks, shown.view.top, NULL), "seventy");
	press(&shown, TERMINAL_BACKSPACE);
	assert_shows(&shown, "zoomed to main");
	press(&shown, 0x1b);
	assert_hides(&shown, "zoomed");
	view_release(&shown.view);
}

/* As top_session.c takes keys that were there before the screen was drawn again. */
static void press_undrawn(struct shown *shown, uint32_t key)
{
	assert_int_equal(view_take_key(&shown->view, key), 0);
	assert_int_equal(view_refresh(&shown->view), 0);
}

static void keys_that_come_at_once_all_move(void **state)
{
	struct shown shown;

	(void)state;
	shown_init(&shown);
	press(&shown, TERMINAL_DOWN);
	press(&shown, '\r');
	press_undrawn(&shown, TERMINAL_DOWN); /* main */
	press_undrawn(&shown, TERMINAL_DOWN); /* seventy */
	press_undrawn(&shown, TERMINAL_RIGHT);
	assert_string_equal(chosen_name(&shown.view.stacks, shown.view.at, NULL), "thirty");
	press_undrawn(&shown, TERMINAL_LEFT);
	assert_string_equal(chosen_name(&shown.view.stacks, shown.view.at, NULL), "seventy");
	view_release(&shown.view);
}

static void rows_and_blocks_are_searched_for(void **state)
{
	struct shown shown;

	(void)state;
	shown_init(&shown);
	press(&shown, '/');
	assert_shows(&shown, "find:");
	type(&shown, "othx\x7f"
		     "er\r");
	assert_shows(&shown, "/other");
	assert_int_equal(shown.view.processes.count, 1);
	press(&shown, 0x1b);
	assert_int_equal(shown.view.processes.count, 2);
	press(&shown, '\t');
	press(&shown, '/');
	type(&shown, "SEVEN\r");
	assert_int_equal(shown.view.functions.count, 1);
	assert_shows(&shown, "/SEVEN: 63.6 %");
	press(&shown, '/');
	type(&shown, "q\x1b"); /* given up: the one before holds, and q did not end it */
	assert_int_equal(shown.view.functions.count, 1);
	assert_false(shown.view.wishes.quit);
	view_release(&shown.view);
}

static void the_tree_folds(void **state)
{
	struct shown shown;
	size_t rows;

	(void)state;
	shown_init(&shown);
	press(&shown, '\r');
	press(&shown, 't');
	rows = shown.view.tree.count;
	assert_int_equal(rows, shown.view.stacks.count -
				       2); /* below "other", which has less than a tenth */
	assert_shows(&shown, "- main");
	press(&shown, TERMINAL_DOWN);
	press(&shown, ' ');
	assert_shows(&shown, "+ app");
	assert_int_equal(shown.view.tree.count, rows - 4);
	press(&shown, TERMINAL_RIGHT);
	assert_int_equal(shown.view.tree.count, rows);
	view_release(&shown.view);
}

static void wishes_are_told(void **state)
{
	struct shown shown;

	(void)state;
	shown_init(&shown);
	press(&shown, 's');
	assert_true(shown.view.wishes.span);
	assert_int_equal(shown.view.span, SPAN_MINUTE);
	press(&shown, 'r');
	assert_true(shown.view.wishes.reset);
	snprintf(shown.view.proposed, sizeof(shown.view.proposed), "%s", "x.svg");
	press(&shown, 'w');
	assert_shows(&shown, "write to: x.svg");
	press(&shown, 0x15);
	type(&shown, "/tmp/y.folded\r");
	assert_string_equal(shown.view.wishes.write, "/tmp/y.folded");
	press(&shown, 'p');
	assert_shows(&shown, "PAUSED");
	press(&shown, 'q');
	assert_true(shown.view.wishes.quit);
	view_release(&shown.view);
}

static void threads_take_the_place_of_processes(void **state)
{
	struct shown shown;

	(void)state;
	shown_init(&shown);
	press(&shown, 'H');
	assert_shows(&shown, "TID");
	assert_int_equal(shown.view.processes.count, 3);
	press(&shown, TERMINAL_DOWN);
	press(&shown, TERMINAL_DOWN);
	assert_shows(&shown, "functions of app (101)");
	assert_shows(&shown, "30 ticks");
	view_release(&shown.view);
}

static void the_help_has_all_keys(void **state)
{
	struct shown shown;

	(void)state;
	shown_init(&shown);
	press(&shown, '?');
	for (size_t i = 0; i < view_key_count; i++)
		assert_shows(&shown, view_keys[i].help);
	press(&shown, 'q');
	assert_false(shown.view.wishes.quit);
	assert_shows(&shown, "processes");
	view_release(&shown.view);
}

/* Under sanitizers: whatever is pressed on however small a screen. */
static void any_key_on_any_screen_is_harmless(void **state)
{
	static const uint32_t keys[] = { TERMINAL_UP,   TERMINAL_DOWN,
					 TERMINAL_LEFT, TERMINAL_RIGHT,
					 TERMINAL_END,  TERMINAL_PAGE_DOWN,
					 TERMINAL_HOME, '\t',
					 '\r',          't',
					 ' ',           '/',
					 'H',           'o',
					 'O',           'z',
					 'u',           '?' };
	uint64_t random = 42;
	struct shown shown;

	(void)state;
	shown_init(&shown);
	for (int i = 0; i < 2000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		assert_int_equal(
			view_take_key(&shown.view,
				      keys[(random >> 33) % (sizeof(keys) / sizeof(keys[0]))]),
			0);
		draw(&shown, (int)(random >> 20 & 31), (int)(random >> 40 & 127));
	}
	view_release(&shown.view);
}

static void nothing_is_shown_before_there_is_anything(void **state)
{
	struct shown shown;

	(void)state;
	view_init(&shown.view);
	shown.view.interval_ns = 2000000000u;
	draw(&shown, 30, 90);
	assert_shows(&shown, "the first interval ends in 2 s");
	for (size_t i = 0; i < view_key_count; i++)
		press(&shown, view_keys[i].key ? view_keys[i].key
					       : (unsigned char)*view_keys[i].characters);
	view_release(&shown.view);
}

static void a_page_has_rows_and_no_focus(void **state)
{
	const struct view_page page = {
		.columns = 100, .processes = 1, .functions = 2, .is_unicode = true
	};
	struct buffer text = { 0 };
	struct canvas canvas;
	struct view view;

	(void)state;
	view_init(&view);
	view.is_page = true;
	view_take_picture(&view, usual());
	assert_int_equal(view_refresh(&view), 0);
	assert_int_equal(view_page_draw(&view, &page, &canvas), 0);
	canvas_print(&canvas, &text);
	assert_non_null(strstr(buffer_string(&text), "all processes"));
	assert_non_null(strstr(text.data, " 100   100.0"));
	assert_null(strstr(text.data, "> "));
	assert_null(strstr(text.data, "web-1 "));
	assert_int_equal(canvas.rows, 3 + 4 + 4);
	buffer_release(&text);
	canvas_release(&canvas);
	view_release(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chosen_process_has_the_functions_and_the_graph),
		cmocka_unit_test(a_choice_outlives_the_picture),
		cmocka_unit_test(the_graph_is_zoomed_and_left_again),
		cmocka_unit_test(keys_that_come_at_once_all_move),
		cmocka_unit_test(rows_and_blocks_are_searched_for),
		cmocka_unit_test(the_tree_folds),
		cmocka_unit_test(wishes_are_told),
		cmocka_unit_test(threads_take_the_place_of_processes),
		cmocka_unit_test(the_help_has_all_keys),
		cmocka_unit_test(any_key_on_any_screen_is_harmless),
		cmocka_unit_test(nothing_is_shown_before_there_is_anything),
		cmocka_unit_test(a_page_has_rows_and_no_focus),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		fail_msg("there is no locale C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
