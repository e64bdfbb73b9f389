/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user of `hearth top` looks at: where the cursors are, how rows are sorted, what is searched for, and the tables that follow from that and from the picture. It knows no terminal: keys go in
 * (view_keys.h), and view_screen.h draws it.
 */
#ifndef HEARTH_TERMINAL_VIEW_H
#define HEARTH_TERMINAL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "terminal/chosen_stacks.h"
#include "terminal/flame_layout.h"
#include "terminal/function_table.h"
#include "terminal/picture.h"
#include "terminal/process_table.h"

enum view_pane {
#define VIEW_PANE(constant, words) constant,
#include "terminal/view_panes.def"
#undef VIEW_PANE
	VIEW_PANES
};

const char *view_pane_words(enum view_pane pane);

#define VIEW_TEXT_MAX 256

/* A line that the user types. */
enum view_prompt { PROMPT_NONE, PROMPT_FIND, PROMPT_WRITE };

/* What the user wants of whoever holds the view, who clears it. */
struct view_wishes {
	bool quit, reset;
	bool span;                 /* another one was chosen */
	char write[VIEW_TEXT_MAX]; /* a file is to be written; empty: none */
};

/* A table's cursor, and its first row that is seen. */
struct view_rows {
	size_t at, first, count;
	int seen; /* rows that there is room for, when it was drawn last */
};

struct view {
	/* What the user chose. */
	enum view_pane pane;
	enum view_span span;
	bool only_pane, by_thread, as_tree, is_paused, shows_help;
	bool is_page; /* no keys are pressed, and no pane has the focus */
	enum process_order process_order;
	enum function_order function_order;
	bool is_reversed[VIEW_PANES];
	char filters[VIEW_PANES][VIEW_TEXT_MAX]; /* that of functions is the flame graph's, too */
	struct process_id chosen;
	char chosen_words[VIEW_TEXT_MAX]; /* how it was called when it was seen last */
	struct flame_path zoom, cursor;
	struct flame_folds folds;
	enum view_prompt prompt;
	char typed[VIEW_TEXT_MAX];
	struct view_wishes wishes;

	/* What whoever holds it has to say. */
	const char *target; /* what is recorded, in words */
	uint64_t interval_ns;
	char message[VIEW_TEXT_MAX];  /* the last line of hearth's own, empty: none */
	char proposed[VIEW_TEXT_MAX]; /* where w writes if nothing else is typed */

	/* What follows from it, and from the picture, which the view holds. */
	struct picture *picture; /* NULL: none yet */
	struct process_table processes;
	struct chosen_stacks stacks;
	struct function_table functions;
	uint32_t top, at; /* nodes of the flame graph: its first row, and the cursor's */
	struct flame_tree tree;
	struct flame_layout layout; /* of as many columns as it was drawn in last */
	int columns;
	struct view_rows rows[VIEW_PANES];
};

void view_init(struct view *view);
void view_release(struct view *view);

/* Another picture, which is the view's from now on; the one before is not held any more. */
void view_take_picture(struct view *view, struct picture *picture);

/* After whatever changed: makes the tables anew. 0 or -ENOMEM; then there are none. */
int view_refresh(struct view *view);

/* Moves the cursor of the pane that has the focus by so many rows, as far as there are. */
void view_move(struct view *view, long rows);

/* Percent of one CPU that ticks of the span stand for. */
double view_cpu_percent(const struct view *view, uint64_t ticks);
double view_since_percent(const struct view *view, uint64_t ticks);

/* The filter of functions, which the flame graph marks. */
const char *view_function_filter(const struct view *view);

#endif
