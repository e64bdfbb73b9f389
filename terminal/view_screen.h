/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a view (view.h) on a canvas: as a screen that keys move in, or as pages of text for `hearth top --batch`. */
#ifndef HEARTH_TERMINAL_VIEW_SCREEN_H
#define HEARTH_TERMINAL_VIEW_SCREEN_H

#include <stdbool.h>

struct canvas;
struct view;

/* The whole screen. It notes in the view how much of it is seen, and lays out the flame graph. 0 or -ENOMEM. */
int view_screen_draw(struct view *view, struct canvas *canvas);

/* What all panes have, one below the other, of as many rows as are asked for; the canvas is made here. 0 or -ENOMEM. */
struct view_page {
	int columns;
	int processes, functions; /* rows of each, at most */
	bool is_unicode;
};
int view_page_draw(struct view *view, const struct view_page *page, struct canvas *ret_canvas);

#endif
