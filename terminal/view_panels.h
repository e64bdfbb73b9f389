/* SPDX-License-Identifier: Apache-2.0 */
/* The panes of view_screen.h, each in its area: a title, a line that names the columns, and rows. */
#ifndef HEARTH_TERMINAL_VIEW_PANELS_H
#define HEARTH_TERMINAL_VIEW_PANELS_H

#include "terminal/canvas.h"

struct view;

void view_panels_draw_processes(struct view *view, struct canvas_area area);
void view_panels_draw_functions(struct view *view, struct canvas_area area);
int view_panels_draw_flame(struct view *view, struct canvas_area area); /* 0 or -ENOMEM */

/* What the colours of blocks mean. */
void view_panels_draw_kinds(struct canvas_area area, int row);

#endif
