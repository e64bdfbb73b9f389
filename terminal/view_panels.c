/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/view_panels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/profile.h"
#include "terminal/view.h"

#define TITLE_ROWS 2 /* and that of the columns' names */
#define BAR_WIDTH  8

/* How a kind of frame looks: as text, and as a block. */
static const struct {
	uint8_t text, block;
} kind_styles[] = {
	[FRAME_NATIVE] = { STYLE_TEXT_NATIVE, STYLE_NATIVE },
	[FRAME_KERNEL] = { STYLE_TEXT_KERNEL, STYLE_KERNEL },
	[FRAME_INLINED] = { STYLE_TEXT_INLINED, STYLE_INLINED },
	[FRAME_JIT] = { STYLE_TEXT_JIT, STYLE_JIT },
	[FRAME_UNKNOWN] = { STYLE_TEXT_OTHER, STYLE_UNKNOWN },
	[FRAME_PROCESS] = { STYLE_TEXT_OTHER, STYLE_PROCESS },
	[FRAME_MARKER] = { STYLE_ALERT, STYLE_MARKER },
};

_Static_assert(sizeof(kind_styles) / sizeof(kind_styles[0]) == FRAME_KIND_COUNT,
	       "each kind of frame has its colours");

static double percent_of(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static const char *text_of(const struct profile *profile, uint32_t string)
{
	return string == PROFILE_NONE ? "" : profile_string(profile, string, NULL);
}

/* --- what tables have in common --- */

static int draw_title(const struct view *view, enum view_pane pane, struct canvas_area area)
{
	bool is_focused = view->pane == pane && !view->is_page;
	unsigned int style = is_focused ? STYLE_TITLE_FOCUSED : STYLE_TITLE;

	canvas_fill(area, 0, 0, area.columns, style, ' ');
	return canvas_printf(area, 0, 1, style, "%s%s", is_focused ? "> " : "",
			     view_pane_words(pane));
}

static unsigned int title_style(const struct view *view, enum view_pane pane)
{
	return view->pane == pane && !view->is_page ? STYLE_TITLE_FOCUSED : STYLE_TITLE;
}

static int draw_filter(const struct view *view, enum view_pane pane, struct canvas_area area,
		       int column)
{
	const char *filter = view->filters[pane == PANE_FLAME ? PANE_FUNCTIONS : pane];

	if (!*filter)
		return column;
	return canvas_printf(area, 0, column + 2, STYLE_MATCH, "/%s", filter);
}

/* The rows that are seen, so that the cursor is among them. */
static void scroll(struct view_rows *rows, int seen)
{
	rows->seen = seen > 0 ? seen : 0;
	if (seen <= 0)
		return;
	if (rows->at < rows->first)
		rows->first = rows->at;
	if (rows->at >= rows->first + (size_t)seen)
		rows->first = rows->at - (size_t)seen + 1;
	if (rows->count <= (size_t)seen)
		rows->first = 0;
	else if (rows->first + (size_t)seen > rows->count)
		rows->first = rows->count - (size_t)seen;
}

static void draw_cursor(const struct view *view, enum view_pane pane, struct canvas_area area,
			int row)
{
	const struct canvas *canvas = area.canvas;

	if (area.row + row >= canvas->rows)
		return;
	for (int column = 0; column < area.columns; column++) {
		struct canvas_cell *cell =
			&canvas->cells[(size_t)(area.row + row) * (size_t)canvas->columns +
				       (size_t)column];

		cell->style = (uint8_t)((view->pane == pane ? STYLE_STRONG : cell->style) |
					CANVAS_REVERSED);
	}
}

/* --- processes --- */

struct process_columns {
	int cpu, bar, since, user, container, command;
	bool has_containers;
};

static bool has_containers(const struct process_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].container != PROFILE_NONE || table->rows[i].pod != PROFILE_NONE)
			return true;
	return false;
}

/* Ends of numbers, beginnings of texts. */
static struct process_columns process_columns(const struct view *view, int columns)
{
	struct process_columns at = { .cpu = view->by_thread ? 24 : 16 };

	at.has_containers = columns >= 70 && has_containers(&view->processes);
	at.bar = at.cpu + 1;
	at.since = at.bar + (columns >= 60 ? BAR_WIDTH : 0) + 8;
	at.user = at.since + 2;
	at.container = at.user + (columns >= 50 ? 11 : 0);
	at.command = at.container + (at.has_containers ? 22 : 0);
	return at;
}

static void draw_process_heads(const struct view *view, const struct process_columns *at,
			       struct canvas_area area)
{
	canvas_print_right(area, 1, 8, STYLE_HEAD, "PID");
	if (view->by_thread)
		canvas_print_right(area, 1, 16, STYLE_HEAD, "TID");
	canvas_print_right(area, 1, at->cpu, STYLE_HEAD, "CPU%%");
	canvas_print_right(area, 1, at->since, STYLE_HEAD, "SINCE%%");
	if (at->container > at->user)
		canvas_printf(area, 1, at->user, STYLE_HEAD, "USER");
	if (at->has_containers)
		canvas_printf(area, 1, at->container, STYLE_HEAD, "CONTAINER");
	canvas_printf(area, 1, at->command, STYLE_HEAD, "COMMAND");
}

static void draw_shares(const struct view *view, const struct process_columns *at,
			struct canvas_area area, int row, uint64_t ticks, uint64_t since)
{
	double cpu = view_cpu_percent(view, ticks);

	canvas_print_right(area, row, at->cpu, STYLE_STRONG, "%.1f", cpu);
	if (at->since - at->bar > BAR_WIDTH)
		canvas_bar(area, row, at->bar, BAR_WIDTH, cpu / 100 / view->picture->cpus,
			   STYLE_BAR);
	canvas_print_right(area, row, at->since, STYLE_PLAIN, "%.1f",
			   view_since_percent(view, since));
}

static void draw_text(struct canvas_area area, int row, int column, int width, unsigned int style,
		      const char *text)
{
	canvas_text(area, row, column, width, style, text, strlen(text));
}

static void draw_process(const struct view *view, const struct process_columns *at,
			 const struct process_row *process, struct canvas_area area, int row)
{
	const struct profile *profile = view->picture->profile;
	const char *container = text_of(profile, process->container);

	if (process->id.pid == PROCESS_UNKNOWN)
		canvas_print_right(area, row, 8, STYLE_DIM, "-");
	else
		canvas_print_right(area, row, 8, STYLE_PLAIN, "%u", process->id.pid);
	if (view->by_thread && process->id.tid != PROCESS_UNKNOWN)
		canvas_print_right(area, row, 16, STYLE_PLAIN, "%u", process->id.tid);
	draw_shares(view, at, area, row, process->ticks, process->since);
	if (at->container > at->user)
		draw_text(area, row, at->user, at->container - at->user - 1, STYLE_DIM,
			  text_of(profile, process->user));
	if (at->has_containers)
		draw_text(area, row, at->container, at->command - at->container - 1,
			  STYLE_TEXT_KERNEL,
			  *container ? container : text_of(profile, process->pod));
	draw_text(area, row, at->command, area.columns, STYLE_PLAIN,
		  process->comm == PROFILE_NONE ? process->id.comm
						: text_of(profile, process->comm));
}

static void draw_process_row(const struct view *view, const struct process_columns *at,
			     size_t index, struct canvas_area area, int row)
{
	if (index) {
		draw_process(view, at, &view->processes.rows[index - 1], area, row);
		return;
	}
	draw_shares(view, at, area, row, view->processes.ticks, view->picture->since_ticks);
	canvas_printf(area, row, at->command, STYLE_STRONG, "all %s",
		      view->by_thread ? "threads" : "processes");
}

void view_panels_draw_processes(struct view *view, struct canvas_area area)
{
	struct view_rows *rows = &view->rows[PANE_PROCESSES];
	struct process_columns at = process_columns(view, area.columns);
	int column = draw_title(view, PANE_PROCESSES, area);

	if (view->by_thread)
		column = canvas_printf(area, 0, column + 1, title_style(view, PANE_PROCESSES),
				       "by thread");
	draw_filter(view, PANE_PROCESSES, area, column);
	canvas_print_right(area, 0, area.columns - 1, title_style(view, PANE_PROCESSES), "%s%s",
			   view->is_reversed[PANE_PROCESSES] ? "reversed, by " : "by ",
			   process_order_name(view->process_order));
	draw_process_heads(view, &at, area);
	scroll(rows, area.rows - TITLE_ROWS);
	for (int i = 0; i < rows->seen && rows->first + (size_t)i < rows->count; i++) {
		size_t index = rows->first + (size_t)i;

		draw_process_row(view, &at, index, area, i + TITLE_ROWS);
		if (index == rows->at)
			draw_cursor(view, PANE_PROCESSES, area, i + TITLE_ROWS);
	}
}

/* --- functions --- */

static const char *chosen_words(const struct view *view)
{
	return process_id_is_all(&view->chosen) ? "all processes" : view->chosen_words;
}

/* Whose they are. */
static int draw_chosen(const struct view *view, enum view_pane pane, struct canvas_area area,
		       int column)
{
	unsigned int style = title_style(view, pane);

	column = canvas_printf(area, 0, column + 1, style, "of %s", chosen_words(view));
	if (view->chosen.pid != PROCESS_UNKNOWN)
		column = canvas_printf(area, 0, column + 1, style, "(%u)",
				       view->chosen.tid == PROCESS_UNKNOWN ? view->chosen.pid
									   : view->chosen.tid);
	if (!view->stacks.nodes[0].total)
		column = canvas_printf(area, 0, column + 2, style, "took no CPU time");
	return column;
}

static void draw_function(const struct view *view, const struct chosen_function *function,
			  struct canvas_area area, int row)
{
	const struct profile *profile = view->stacks.profile;
	uint64_t all = view->stacks.nodes[0].total;
	int bar = area.columns >= 60 ? BAR_WIDTH + 1 : 0, name = 26 + bar;
	int module = area.columns > 90 ? area.columns - 28 : area.columns;

	canvas_print_right(area, row, 8, STYLE_STRONG, "%.1f", percent_of(function->self, all));
	if (bar)
		canvas_bar(area, row, 9, BAR_WIDTH, percent_of(function->self, all) / 100,
			   STYLE_BAR);
	canvas_print_right(area, row, 15 + bar, STYLE_PLAIN, "%.1f",
			   percent_of(function->total, all));
	draw_text(area, row, 17 + bar, 8, kind_styles[function->kind].text,
		  frame_kind_name((enum frame_kind)function->kind));
	draw_text(area, row, name, module - name - 1, kind_styles[function->kind].text,
		  text_of(profile, function->name));
	if (module < area.columns)
		draw_text(area, row, module, 28, STYLE_DIM, text_of(profile, function->module));
}

static void draw_function_heads(struct canvas_area area)
{
	int bar = area.columns >= 60 ? BAR_WIDTH + 1 : 0;

	canvas_print_right(area, 1, 8, STYLE_HEAD, "SELF%%");
	canvas_print_right(area, 1, 15 + bar, STYLE_HEAD, "TOTAL%%");
	canvas_printf(area, 1, 17 + bar, STYLE_HEAD, "KIND");
	canvas_printf(area, 1, 26 + bar, STYLE_HEAD, "FUNCTION");
	if (area.columns > 90)
		canvas_printf(area, 1, area.columns - 28, STYLE_HEAD, "MODULE");
}

void view_panels_draw_functions(struct view *view, struct canvas_area area)
{
	struct view_rows *rows = &view->rows[PANE_FUNCTIONS];
	int column = draw_title(view, PANE_FUNCTIONS, area);

	column = draw_chosen(view, PANE_FUNCTIONS, area, column);
	draw_filter(view, PANE_FUNCTIONS, area, column);
	canvas_print_right(area, 0, area.columns - 1, title_style(view, PANE_FUNCTIONS), "%s%s",
			   view->is_reversed[PANE_FUNCTIONS] ? "reversed, by " : "by ",
			   function_order_name(view->function_order));
	draw_function_heads(area);
	scroll(rows, area.rows - TITLE_ROWS);
	for (int i = 0; i < rows->seen && rows->first + (size_t)i < rows->count; i++) {
		size_t index = rows->first + (size_t)i;

		draw_function(view, &view->stacks.functions[view->functions.rows[index]], area,
			      i + TITLE_ROWS);
		if (index == rows->at && view->pane == PANE_FUNCTIONS)
			draw_cursor(view, PANE_FUNCTIONS, area, i + TITLE_ROWS);
	}
}

/* --- the flame graph --- */

static bool is_match(const struct view *view, uint32_t node)
{
	const char *filter = view_function_filter(view);
	uint32_t function = view->stacks.nodes[node].function;

	return *filter && function != CHOSEN_NONE &&
	       chosen_matches(&view->stacks, &view->stacks.functions[function], filter);
}

static unsigned int block_style(const struct view *view, const struct flame_block *block)
{
	unsigned int style = kind_styles[chosen_kind(&view->stacks, block->node)].block;

	if (is_match(view, block->node))
		style = STYLE_MATCH;
	else if (block->is_next)
		style++;
	if (block->node == view->at && view->pane == PANE_FLAME)
		style |= CANVAS_REVERSED;
	return style;
}

static void draw_block(const struct view *view, const struct flame_block *block,
		       struct canvas_area area, int row)
{
	const char *name = chosen_name(&view->stacks, block->node, NULL);
	unsigned int style = block_style(view, block);
	int indent = area.canvas->has_colours ? 0 : 1;

	canvas_fill(area, row, block->column, block->width, style, ' ');
	if (indent)
		canvas_fill(area, row, block->column, 1, style, '|');
	if (block->width - indent > 2)
		draw_text(area, row, block->column + indent, block->width - indent, style, name);
}

/* In short, what the cursor is at: its name whole, and its shares. */
static void draw_at(const struct view *view, struct canvas_area area)
{
	const struct chosen_node *at = &view->stacks.nodes[view->at];
	uint64_t all = view->stacks.nodes[0].total;
	const char *filter = view_function_filter(view);
	int column = canvas_printf(area, 1, 0, STYLE_STRONG, "%.1f %%", percent_of(at->total, all));

	if (at->self)
		column = canvas_printf(area, 1, column + 1, STYLE_HEAD, "(itself %.1f %%)",
				       percent_of(at->self, all));
	if (*filter)
		column = canvas_printf(
			area, 1, column + 1, STYLE_MATCH, "/%s: %.1f %%", filter,
			percent_of(chosen_matching_ticks(&view->stacks, filter), all));
	draw_text(area, 1, column + 1, area.columns,
		  kind_styles[chosen_kind(&view->stacks, view->at)].text,
		  chosen_name(&view->stacks, view->at, NULL));
}

static int draw_blocks(struct view *view, struct canvas_area area)
{
	struct view_rows *rows = &view->rows[PANE_FLAME];
	int error;

	view->columns = area.columns;
	flame_layout_release(&view->layout);
	error = flame_layout_build(&view->stacks, view->top, view->columns, &view->layout);
	if (error)
		return error;
	rows->count =
		(size_t)view->layout.rows > rows->at + 1 ? (size_t)view->layout.rows : rows->at + 1;
	scroll(rows, area.rows);
	for (size_t i = 0; i < view->layout.count; i++) {
		const struct flame_block *block = &view->layout.blocks[i];

		if (block->row >= (int)rows->first && block->row < (int)rows->first + area.rows)
			draw_block(view, block, area, block->row - (int)rows->first);
	}
	return 0;
}

static void draw_tree_row(const struct view *view, const struct flame_row *row,
			  struct canvas_area area, int at)
{
	const struct chosen_node *node = &view->stacks.nodes[row->node];
	int column = 25 + 2 * (int)(row->indent < 100 ? row->indent : 100);
	unsigned int style = kind_styles[chosen_kind(&view->stacks, row->node)].text;
	double percent = percent_of(node->total, view->stacks.nodes[view->top].total);

	canvas_print_right(area, at, 6, STYLE_STRONG, "%.1f", percent);
	canvas_bar(area, at, 7, BAR_WIDTH, percent / 100, STYLE_BAR);
	canvas_print_right(area, at, 22, STYLE_DIM, "%.1f",
			   percent_of(node->self, view->stacks.nodes[view->top].total));
	canvas_printf(area, at, column - 2, STYLE_HEAD, "%s",
		      !row->has_children ? " "
		      : row->is_open     ? "-"
					 : "+");
	draw_text(area, at, column, area.columns,
		  is_match(view, row->node) ? (unsigned int)STYLE_MATCH : style,
		  chosen_name(&view->stacks, row->node, NULL));
}

static void draw_tree(struct view *view, struct canvas_area area)
{
	struct view_rows *rows = &view->rows[PANE_FLAME];

	scroll(rows, area.rows);
	for (int i = 0; i < rows->seen && rows->first + (size_t)i < rows->count; i++) {
		size_t index = rows->first + (size_t)i;

		draw_tree_row(view, &view->tree.rows[index], area, i);
		if (index == rows->at && view->pane == PANE_FLAME)
			draw_cursor(view, PANE_FLAME, area, i);
	}
}

int view_panels_draw_flame(struct view *view, struct canvas_area area)
{
	struct canvas_area graph = canvas_rows(area, TITLE_ROWS, area.rows - TITLE_ROWS);
	int column = draw_title(view, PANE_FLAME, area);

	column = draw_chosen(view, PANE_FLAME, area, column);
	column = draw_filter(view, PANE_FLAME, area, column);
	if (view->zoom.count)
		canvas_printf(area, 0, column + 2, title_style(view, PANE_FLAME), "zoomed to %s",
			      chosen_name(&view->stacks, view->top, NULL));
	draw_at(view, area);
	if (graph.rows <= 0)
		return 0;
	if (!view->as_tree)
		return draw_blocks(view, graph);
	draw_tree(view, graph);
	return 0;
}

void view_panels_draw_kinds(struct canvas_area area, int row)
{
	int column = 2;

	for (unsigned int kind = 0; kind < FRAME_KIND_COUNT; kind++)
		column = canvas_printf(area, row, column, kind_styles[kind].block, " %s ",
				       frame_kind_name((enum frame_kind)kind)) +
			 1;
}
