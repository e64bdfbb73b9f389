/* SPDX-License-Identifier: Apache-2.0 */
/* What keys do to a view (view_keys.def). */
#ifndef HEARTH_TERMINAL_VIEW_KEYS_H
#define HEARTH_TERMINAL_VIEW_KEYS_H

#include <stddef.h>
#include <stdint.h>

struct view;

/* Keys without a character, beyond all that have one. */
enum terminal_key {
	TERMINAL_UP = 0x110000,
	TERMINAL_DOWN,
	TERMINAL_LEFT,
	TERMINAL_RIGHT,
	TERMINAL_PAGE_UP,
	TERMINAL_PAGE_DOWN,
	TERMINAL_HOME,
	TERMINAL_END,
	TERMINAL_BACK_TAB,
	TERMINAL_BACKSPACE,
	TERMINAL_HELP,
};

/* Takes a key: a code point, or one of these. What is not known does nothing. 0 or -ENOMEM. The tables are made anew afterwards. */
int view_take_key(struct view *view, uint32_t key);

/* For the help and the last line of the screen. */
struct view_key {
	const char *characters;
	uint32_t key; /* 0: none */
	const char *shown, *hint, *help;
	int (*act)(struct view *view);
};

extern const struct view_key view_keys[];
extern const size_t view_key_count;

#endif
