/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/view_keys.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "model/profile.h"
#include "terminal/view.h"

/* --- moving --- */

static int act_previous(struct view *view)
{
	view_move(view, -1);
	return 0;
}

static int act_next(struct view *view)
{
	view_move(view, 1);
	return 0;
}

static int act_page_up(struct view *view)
{
	view_move(view, -view->rows[view->pane].seen);
	return 0;
}

static int act_page_down(struct view *view)
{
	view_move(view, view->rows[view->pane].seen);
	return 0;
}

static int act_first(struct view *view)
{
	view_move(view, -INT32_MAX);
	return 0;
}

static int act_last(struct view *view)
{
	view_move(view, INT32_MAX);
	return 0;
}

static int act_next_pane(struct view *view)
{
	view->pane = (view->pane + 1) % VIEW_PANES;
	return 0;
}

static int act_previous_pane(struct view *view)
{
	view->pane = (view->pane + VIEW_PANES - 1) % VIEW_PANES;
	return 0;
}

/* Keys that come faster than the screen is drawn find the graph laid out as it would be drawn. */
static int lay_out(struct view *view)
{
	if (view->layout.count || !view->columns || !view->stacks.count)
		return 0;
	return flame_layout_build(&view->stacks, view->top, view->columns, &view->layout);
}

/* Beside it on its row, whoever called that. */
static int move_beside(struct view *view, int step)
{
	int error = lay_out(view);
	size_t at = flame_layout_find(&view->layout, view->at);
	const struct flame_block *blocks = view->layout.blocks;

	if (error || at == CHOSEN_NONE || (step < 0 && !at) ||
	    (step > 0 && at + 1 >= view->layout.count) ||
	    blocks[at].row != blocks[at + (size_t)step].row)
		return error;
	flame_path_of(&view->stacks, blocks[at + (size_t)step].node, &view->cursor);
	return 0;
}

static const struct flame_row *tree_row(const struct view *view)
{
	size_t at = view->rows[PANE_FLAME].at;

	return view->as_tree && at < view->tree.count ? &view->tree.rows[at] : NULL;
}

static int turn(struct view *view, const struct flame_row *row)
{
	return row && row->has_children ? flame_folds_turn(&view->folds, &view->stacks, row->node)
					: 0;
}

/* What is folded already leads to its caller. */
static int act_left(struct view *view)
{
	const struct flame_row *row = tree_row(view);

	if (view->pane != PANE_FLAME)
		return 0;
	if (!row)
		return move_beside(view, -1);
	if (row->is_open)
		return turn(view, row);
	if (row->node != view->top)
		flame_path_of(&view->stacks, view->stacks.nodes[row->node].parent, &view->cursor);
	return 0;
}

static int act_right(struct view *view)
{
	const struct flame_row *row = tree_row(view);

	if (view->pane != PANE_FLAME)
		return 0;
	if (!row)
		return move_beside(view, 1);
	if (!row->is_open)
		return turn(view, row);
	view_move(view, 1);
	return 0;
}

/* --- choosing --- */

static void search_for_function(struct view *view)
{
	size_t at = view->rows[PANE_FUNCTIONS].at;
	const struct chosen_function *function;

	if (at >= view->functions.count)
		return;
	function = &view->stacks.functions[view->functions.rows[at]];
	snprintf(view->filters[PANE_FUNCTIONS], VIEW_TEXT_MAX, "%s",
		 profile_string(view->stacks.profile, function->name, NULL));
	view->pane = PANE_FLAME;
}

static int act_enter(struct view *view)
{
	if (!view->stacks.count)
		return 0;
	if (view->pane == PANE_PROCESSES)
		view->pane = PANE_FLAME;
	else if (view->pane == PANE_FUNCTIONS)
		search_for_function(view);
	else
		flame_path_of(&view->stacks, view->at, &view->zoom);
	return 0;
}

static int act_zoom_out(struct view *view)
{
	if (view->zoom.count)
		view->zoom.count--;
	return 0;
}

static int act_fold(struct view *view)
{
	return view->pane == PANE_FLAME ? turn(view, tree_row(view)) : 0;
}

/* One step back at a time. */
static int act_escape(struct view *view)
{
	enum view_pane filtered = view->pane == PANE_FLAME ? PANE_FUNCTIONS : view->pane;

	if (*view->filters[filtered])
		*view->filters[filtered] = '\0';
	else if (view->zoom.count)
		view->zoom.count = 0;
	else if (view->only_pane)
		view->only_pane = false;
	else
		view->chosen = process_id_of_all();
	return 0;
}

/* --- ways to look --- */

static int act_find(struct view *view)
{
	view->prompt = PROMPT_FIND;
	*view->typed = '\0';
	return 0;
}

static int act_tree(struct view *view)
{
	view->as_tree = !view->as_tree;
	view->rows[PANE_FLAME].first = 0;
	return 0;
}

static int act_only(struct view *view)
{
	view->only_pane = !view->only_pane;
	return 0;
}

static int act_span(struct view *view)
{
	view->span = (view->span + 1) % VIEW_SPANS;
	view->wishes.span = true;
	return 0;
}

static int act_order(struct view *view)
{
	if (view->pane == PANE_PROCESSES)
		view->process_order = (view->process_order + 1) % PROCESS_ORDERS;
	else
		view->function_order = (view->function_order + 1) % FUNCTION_ORDERS;
	return 0;
}

static int act_reverse(struct view *view)
{
	enum view_pane pane = view->pane == PANE_PROCESSES ? PANE_PROCESSES : PANE_FUNCTIONS;

	view->is_reversed[pane] = !view->is_reversed[pane];
	return 0;
}

/* A thread that was chosen becomes its process. */
static int act_threads(struct view *view)
{
	view->by_thread = !view->by_thread;
	view->chosen = process_id_of_all();
	return 0;
}

static int act_pause(struct view *view)
{
	view->is_paused = !view->is_paused;
	return 0;
}

static int act_reset(struct view *view)
{
	view->wishes.reset = true;
	return 0;
}

static int act_write(struct view *view)
{
	view->prompt = PROMPT_WRITE;
	snprintf(view->typed, sizeof(view->typed), "%s", view->proposed);
	return 0;
}

static int act_help(struct view *view)
{
	view->shows_help = true;
	return 0;
}

static int act_quit(struct view *view)
{
	view->wishes.quit = true;
	return 0;
}

#define KEYS(characters, key) characters, key

const struct view_key view_keys[] = {
#define VIEW_KEY(action, keys, shown, hint, help) { keys, shown, hint, help, act_##action },
#include "terminal/view_keys.def"
#undef VIEW_KEY
};

const size_t view_key_count = sizeof(view_keys) / sizeof(view_keys[0]);

/* --- a line that is typed --- */

static void end_prompt(struct view *view)
{
	enum view_pane filtered = view->pane == PANE_FLAME ? PANE_FUNCTIONS : view->pane;

	if (view->prompt == PROMPT_FIND)
		snprintf(view->filters[filtered], VIEW_TEXT_MAX, "%s", view->typed);
	else
		snprintf(view->wishes.write, sizeof(view->wishes.write), "%s", view->typed);
	view->prompt = PROMPT_NONE;
}

/* A whole character. */
static void rub_out(struct view *view)
{
	size_t size = strlen(view->typed);

	while (size && ((unsigned char)view->typed[size - 1] & 0xc0) == 0x80)
		size--;
	view->typed[size ? size - 1 : 0] = '\0';
}

static void type(struct view *view, uint32_t key)
{
	size_t size = strlen(view->typed);

	if (key < 0x20 || key >= TERMINAL_UP || size + 5 > sizeof(view->typed))
		return;
	size += utf8_encode(key, view->typed + size);
	view->typed[size] = '\0';
}

static void take_typed(struct view *view, uint32_t key)
{
	switch (key) {
	case '\r':
	case '\n':
		end_prompt(view);
		break;
	case 0x1b:
		view->prompt = PROMPT_NONE;
		break;
	case '\b':
	case 0x7f:
	case TERMINAL_BACKSPACE:
		rub_out(view);
		break;
	case 0x15: /* Ctrl-U: all of it, as shells do */
		*view->typed = '\0';
		break;
	default:
		type(view, key);
	}
}

/* --- */

int view_take_key(struct view *view, uint32_t key)
{
	*view->message = '\0';
	if (view->prompt != PROMPT_NONE) {
		take_typed(view, key);
		return 0;
	}
	if (view->shows_help) {
		view->shows_help = false;
		return 0;
	}
	for (size_t i = 0; i < view_key_count; i++)
		if ((key && key == view_keys[i].key) ||
		    (key && key < 0x80 && strchr(view_keys[i].characters, (int)key)))
			return view_keys[i].act(view);
	return 0;
}
