/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/profile.h"

static const char *const pane_words[] = {
#define VIEW_PANE(constant, words) [constant] = words,
#include "terminal/view_panes.def"
#undef VIEW_PANE
};

const char *view_pane_words(enum view_pane pane)
{
	return pane_words[pane];
}

void view_init(struct view *view)
{
	*view = (struct view){ .chosen = process_id_of_all(), .target = "" };
	u64_map_init(&view->folds.turned);
}

static void release_tables(struct view *view)
{
	process_table_release(&view->processes);
	chosen_stacks_release(&view->stacks);
	function_table_release(&view->functions);
	flame_tree_release(&view->tree);
	flame_layout_release(&view->layout);
}

void view_release(struct view *view)
{
	release_tables(view);
	picture_release(view->picture);
	u64_map_release(&view->folds.turned);
	view->picture = NULL;
}

void view_take_picture(struct view *view, struct picture *picture)
{
	release_tables(view);
	picture_release(view->picture);
	view->picture = picture;
}

const char *view_function_filter(const struct view *view)
{
	return view->filters[PANE_FUNCTIONS];
}

/* --- numbers --- */

static double percent(uint64_t ticks, uint64_t rate_hz, uint64_t span_ns)
{
	double wanted = (double)rate_hz * (double)span_ns / 1e9;

	return wanted > 0 ? 100.0 * (double)ticks / wanted : 0;
}

double view_cpu_percent(const struct view *view, uint64_t ticks)
{
	return percent(ticks, view->picture->rate_hz, view->picture->span_ns);
}

double view_since_percent(const struct view *view, uint64_t ticks)
{
	return percent(ticks, view->picture->rate_hz, view->picture->since_ns);
}

/* --- tables --- */

/* Row 0 stands for all processes; a process that has no row any more keeps the cursor nowhere. */
static void find_chosen(struct view *view)
{
	struct view_rows *rows = &view->rows[PANE_PROCESSES];

	rows->count = view->processes.count + 1;
	rows->at = 0;
	if (process_id_is_all(&view->chosen))
		return;
	for (size_t i = 0; i < view->processes.count; i++) {
		const struct process_row *row = &view->processes.rows[i];

		if (!process_id_is_same(&row->id, &view->chosen))
			continue;
		rows->at = i + 1;
		snprintf(view->chosen_words, sizeof(view->chosen_words), "%s",
			 row->comm == PROFILE_NONE
				 ? "[unknown]"
				 : profile_string(view->picture->profile, row->comm, NULL));
	}
}

/* The flame graph of one process begins with it. */
static uint32_t find_top(const struct view *view)
{
	uint32_t top = flame_path_find(&view->stacks, &view->zoom), child;

	child = view->stacks.nodes[0].first_child;
	if (!top && child != CHOSEN_NONE && view->stacks.nodes[child].next == CHOSEN_NONE)
		top = child;
	return top;
}

static bool is_below(const struct chosen_stacks *stacks, uint32_t node, uint32_t top)
{
	while (node != CHOSEN_NONE && node > top)
		node = stacks->nodes[node].parent;
	return node == top;
}

static void find_cursor(struct view *view)
{
	view->at = flame_path_find(&view->stacks, &view->cursor);
	if (!is_below(&view->stacks, view->at, view->top))
		view->at = view->top;
}

/* A row that was folded away leaves the cursor on what it was folded into. */
static size_t find_tree_row(const struct view *view)
{
	for (uint32_t node = view->at; node != CHOSEN_NONE; node = view->stacks.nodes[node].parent)
		for (size_t i = 0; i < view->tree.count; i++)
			if (view->tree.rows[i].node == node)
				return i;
	return 0;
}

static void clamp(struct view_rows *rows)
{
	if (rows->at >= rows->count)
		rows->at = rows->count ? rows->count - 1 : 0;
}

static int refresh_flame(struct view *view)
{
	struct view_rows *rows = &view->rows[PANE_FLAME];
	int error = 0;

	view->top = find_top(view);
	find_cursor(view);
	if (view->as_tree)
		error = flame_tree_build(&view->stacks, view->top, &view->folds, &view->tree);
	if (error)
		return error;
	if (view->as_tree) {
		rows->count = view->tree.count;
		rows->at = find_tree_row(view);
	} else {
		rows->at = view->stacks.nodes[view->at].depth - view->stacks.nodes[view->top].depth;
		rows->count = rows->at + 1;
	}
	return 0;
}

static int refresh_tables(struct view *view)
{
	const struct process_question question = {
		.by_thread = view->by_thread,
		.order = view->process_order,
		.is_reversed = view->is_reversed[PANE_PROCESSES],
		.filter = view->filters[PANE_PROCESSES],
	};
	int error = process_table_build(view->picture, &question, &view->processes);

	if (error)
		return error;
	find_chosen(view);
	error = chosen_stacks_build(view->picture->profile, &view->chosen, &view->stacks);
	if (!error)
		error = function_table_build(&view->stacks, view->function_order,
					     view->is_reversed[PANE_FUNCTIONS],
					     view_function_filter(view), &view->functions);
	if (error)
		return error;
	view->rows[PANE_FUNCTIONS].count = view->functions.count;
	clamp(&view->rows[PANE_FUNCTIONS]);
	return refresh_flame(view);
}

int view_refresh(struct view *view)
{
	int error;

	release_tables(view);
	if (!view->picture)
		return 0;
	error = refresh_tables(view);
	if (error)
		release_tables(view);
	return error;
}

/* --- cursors --- */

static void choose_row(struct view *view, size_t row)
{
	if (!row || row > view->processes.count)
		view->chosen = process_id_of_all();
	else
		view->chosen = view->processes.rows[row - 1].id;
	view->zoom.count = view->cursor.count = 0;
	view->rows[PANE_FUNCTIONS].at = view->rows[PANE_FUNCTIONS].first = 0;
	view->rows[PANE_FLAME].first = 0;
}

/* Up to a caller, down to what took most of it. */
static void move_in_blocks(struct view *view, long rows)
{
	for (; rows < 0 && view->at != view->top; rows++)
		view->at = view->stacks.nodes[view->at].parent;
	for (; rows > 0 && view->stacks.nodes[view->at].first_child != CHOSEN_NONE; rows--)
		view->at = view->stacks.nodes[view->at].first_child;
	flame_path_of(&view->stacks, view->at, &view->cursor);
}

void view_move(struct view *view, long moved)
{
	struct view_rows *rows = &view->rows[view->pane];
	long at = (long)rows->at + moved;

	if (!view->stacks.count)
		return;
	if (view->pane == PANE_FLAME && !view->as_tree) {
		move_in_blocks(view, moved);
		return;
	}
	if (at >= (long)rows->count)
		at = (long)rows->count - 1;
	rows->at = at < 0 ? 0 : (size_t)at;
	if (view->pane == PANE_PROCESSES)
		choose_row(view, rows->at);
	else if (view->pane == PANE_FLAME && rows->at < view->tree.count)
		flame_path_of(&view->stacks, view->tree.rows[rows->at].node, &view->cursor);
}
