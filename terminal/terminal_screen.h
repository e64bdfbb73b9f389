/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A canvas on a real terminal, and the keys that are pressed there, by ncursesw. There is one of it in a process, in one thread, which alone may get SIGTSTP: ncurses stops and goes on by it. SIGWINCH is to be blocked in all threads:
 * whoever reads it says so by terminal_screen_resize().
 */
#ifndef HEARTH_TERMINAL_TERMINAL_SCREEN_H
#define HEARTH_TERMINAL_TERMINAL_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

struct canvas;
struct terminal_screen;

/* May terminal_screen_open() work? 0, -ENOTTY: one of them is no terminal, or -ENODEV: nothing is known of a terminal of this $TERM. */
int terminal_screen_check(int input, int output);

/* Descriptors stay the caller's. As terminal_screen_check(), or -ENOMEM. $NO_COLOR is heeded. */
int terminal_screen_open(int input, int output, struct terminal_screen **ret_screen);

/* The terminal is as it was before. */
void terminal_screen_close(struct terminal_screen *screen);

/* An empty canvas of its size: 0 or -ENOMEM. */
int terminal_screen_new_canvas(const struct terminal_screen *screen, struct canvas *ret_canvas);
void terminal_screen_show(struct terminal_screen *screen, const struct canvas *canvas);
void terminal_screen_resize(struct terminal_screen *screen);

/* A code point, or one of enum terminal_key (view_keys.h). false: none was pressed. */
bool terminal_screen_read_key(struct terminal_screen *screen, uint32_t *ret_key);

/* By the locale, which it sets (LC_CTYPE): does a terminal speak UTF-8? */
bool terminal_speaks_utf8(void);

#endif
