/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/view_screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/profile.h"
#include "terminal/canvas.h"
#include "terminal/view.h"
#include "terminal/view_keys.h"
#include "terminal/view_panels.h"

#define HEAD_ROWS 2
#define FOOT_ROWS 2
/* With fewer rows the pane that has the focus is there alone; with fewer still there is no place for head and foot. */
#define ALL_PANES_ROWS 20
#define FRAME_ROWS     8

/* --- head --- */

static void draw_span(const struct view *view, struct canvas_area area)
{
	double seconds = view->picture ? (double)view->picture->span_ns / 1e9 : 0;
	int end = area.columns;

	if (view->is_paused)
		canvas_print_right(area, 0, end, STYLE_ALERT, "PAUSED");
	else
		canvas_print_right(area, 0, end, STYLE_STRONG, "%s: %.0f s",
				   view_span_words(view->span), seconds);
}

static void draw_head(const struct view *view, struct canvas_area area)
{
	const struct picture *picture = view->picture;
	uint64_t used;
	double percent;
	int column;

	column = canvas_printf(area, 0, 0, STYLE_STRONG, "hearth top");
	column = canvas_printf(area, 0, column + 2, STYLE_PLAIN, "%s", view->target);
	if (!picture) {
		canvas_printf(area, 1, 0, STYLE_DIM, "recording; the first interval ends in %.0f s",
			      (double)view->interval_ns / 1e9);
		return;
	}
	canvas_printf(area, 0, column + 2, STYLE_DIM, "%" PRIu64 " Hz, %u CPUs", picture->rate_hz,
		      picture->cpus);
	draw_span(view, area);
	used = view->processes.ticks;
	percent = view_cpu_percent(view, used);
	column = canvas_printf(area, 1, 0, STYLE_HEAD, "CPU ");
	canvas_bar(area, 1, column, 20, percent / 100 / picture->cpus, STYLE_BAR);
	column = canvas_printf(area, 1, column + 21, STYLE_STRONG, "%.1f %%", percent);
	column = canvas_printf(area, 1, column + 1, STYLE_HEAD, "of %u", picture->cpus * 100);
	column = canvas_printf(area, 1, column + 3, STYLE_STRONG, "%zu", view->processes.count);
	canvas_printf(area, 1, column + 1, STYLE_HEAD, "%s",
		      view->by_thread ? "threads" : "processes");
}

/* --- foot --- */

static int draw_fate(struct canvas_area area, int column, uint64_t ticks, uint64_t of,
		     unsigned int style, const char *words)
{
	return canvas_printf(area, 0, column, ticks ? style : (unsigned int)STYLE_DIM,
			     "%.1f %% %s  ", of ? 100.0 * (double)ticks / (double)of : 0.0, words);
}

static void draw_cost(const struct picture *picture, struct canvas_area area, int column)
{
	if (!picture->own_bytes) /* it was not read yet */
		return;
	column = canvas_printf(area, 0, column + 1, STYLE_HEAD, "hearth itself");
	canvas_printf(area, 0, column + 1, STYLE_PLAIN,
		      "%.1f %% of a CPU (%.1f %% in the kernel)  %.0f MB",
		      picture->own_cpu_ppm / 1e4, picture->own_bpf_ppm / 1e4,
		      (double)picture->own_bytes / 1e6);
}

static void draw_fates(const struct view *view, struct canvas_area area)
{
	const struct chosen_stacks *stacks = &view->stacks;
	uint64_t ticks = stacks->count ? stacks->nodes[0].total : 0;
	int column;

	if (!view->picture)
		return;
	column = canvas_printf(area, 0, 0, STYLE_PLAIN, "%" PRIu64, ticks);
	column = canvas_printf(area, 0, column + 1, STYLE_HEAD, "ticks  ");
	column = draw_fate(area, column, stacks->complete, ticks, STYLE_PLAIN, "complete");
	column = draw_fate(area, column, stacks->truncated, ticks, STYLE_PLAIN, "truncated");
	column = draw_fate(area, column, stacks->lost, ticks, STYLE_ALERT, "lost");
	if (view->picture->lost_windows)
		column = canvas_printf(area, 0, column, STYLE_ALERT, "%" PRIu64 " intervals lost  ",
				       view->picture->lost_windows);
	draw_cost(view->picture, area, column);
}

static void draw_hints(struct canvas_area area)
{
	int column = 0;

	for (size_t i = view_key_count; i-- > 0;) {
		const struct view_key *key = &view_keys[i];

		if (!key->hint)
			continue;
		column = canvas_printf(area, 1, column, STYLE_KEY, "%.*s",
				       (int)strcspn(key->shown, " "), key->shown);
		column = canvas_printf(area, 1, column + 1, STYLE_PLAIN, "%s", key->hint) + 2;
	}
}

/* The cursor of what is typed is a reversed blank. */
static void draw_prompt(const struct view *view, struct canvas_area area)
{
	const char *words = view->prompt == PROMPT_FIND ? "find: " : "write to: ";
	int column = canvas_printf(area, 1, 0, STYLE_KEY, "%s", words);

	canvas_fill(area, 1, column, area.columns - column, STYLE_PLAIN, ' ');
	column = canvas_printf(area, 1, column, STYLE_STRONG, "%s", view->typed);
	canvas_fill(area, 1, column, 1, STYLE_PLAIN | CANVAS_REVERSED, ' ');
}

static void draw_foot(const struct view *view, struct canvas_area area)
{
	draw_fates(view, area);
	if (view->prompt != PROMPT_NONE)
		draw_prompt(view, area);
	else if (*view->message)
		canvas_printf(area, 1, 0, STYLE_STRONG, "%s", view->message);
	else
		draw_hints(area);
}

/* --- help --- */

static void draw_help(struct canvas_area area)
{
	canvas_printf(area, 0, 0, STYLE_STRONG, "hearth top: keys (any key leads back)");
	for (size_t i = 0; i < view_key_count; i++) {
		canvas_printf(area, (int)i + 2, 2, STYLE_KEY, "%s", view_keys[i].shown);
		canvas_printf(area, (int)i + 2, 16, STYLE_PLAIN, "%s", view_keys[i].help);
	}
	view_panels_draw_kinds(area, (int)view_key_count + 3);
}

/* --- panes --- */

static int draw_pane(struct view *view, enum view_pane pane, struct canvas_area area)
{
	switch (pane) {
	case PANE_PROCESSES:
		view_panels_draw_processes(view, area);
		break;
	case PANE_FUNCTIONS:
		view_panels_draw_functions(view, area);
		break;
	case PANE_FLAME:
		return view_panels_draw_flame(view, area);
	case VIEW_PANES:
		break;
	}
	return 0;
}

/* The tables have some rows, more where the focus is, and none that they do not need; the flame graph has the rest. */
static int rows_of(const struct view *view, enum view_pane pane, int rows)
{
	int wanted = (int)view->rows[pane].count + 2;
	int share = rows * (view->pane == pane ? 4 : 2) / 10;

	if (share < 5)
		share = 5;
	return wanted < share ? wanted : share;
}

static int draw_panes(struct view *view, struct canvas_area area)
{
	int row = 0, error = 0;

	if (view->only_pane || area.rows < ALL_PANES_ROWS)
		return draw_pane(view, view->pane, area);
	for (enum view_pane pane = 0; pane < VIEW_PANES && !error; pane++) {
		int rows = pane == PANE_FLAME ? area.rows - row : rows_of(view, pane, area.rows);

		error = draw_pane(view, pane, canvas_rows(area, row, rows));
		row += rows;
	}
	return error;
}

int view_screen_draw(struct view *view, struct canvas *canvas)
{
	struct canvas_area area = canvas_whole(canvas);

	if (view->shows_help) {
		draw_help(area);
		return 0;
	}
	if (area.rows < FRAME_ROWS)
		return view->stacks.count ? draw_pane(view, view->pane, area) : 0;
	draw_head(view, canvas_rows(area, 0, HEAD_ROWS));
	draw_foot(view, canvas_rows(area, area.rows - FOOT_ROWS, FOOT_ROWS));
	if (!view->stacks.count)
		return 0;
	return draw_panes(view, canvas_rows(area, HEAD_ROWS, area.rows - HEAD_ROWS - FOOT_ROWS));
}

/* --- pages --- */

static int least(size_t count, int most)
{
	return count < (size_t)most ? (int)count : most;
}

int view_page_draw(struct view *view, const struct view_page *page, struct canvas *ret_canvas)
{
	/* Each table has a title and a line of columns, that of processes a row of all. */
	int processes = least(view->processes.count, page->processes) + 3;
	int functions = least(view->functions.count, page->functions) + 2;
	struct canvas_area area;
	struct canvas canvas;
	int error = canvas_init(&canvas, HEAD_ROWS + 1 + processes + functions, page->columns,
				page->is_unicode, false);

	if (error)
		return error;
	area = canvas_whole(&canvas);
	draw_head(view, canvas_rows(area, 0, HEAD_ROWS));
	draw_fates(view, canvas_rows(area, HEAD_ROWS, 1));
	if (view->stacks.count) {
		view_panels_draw_processes(view, canvas_rows(area, HEAD_ROWS + 1, processes));
		view_panels_draw_functions(view,
					   canvas_rows(area, HEAD_ROWS + 1 + processes, functions));
	}
	*ret_canvas = canvas;
	return 0;
}
