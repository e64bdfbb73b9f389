/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/terminal_screen.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

/* Its macros of everyday words are not wanted. */
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>

#include "base/cleanup.h"
#include "terminal/canvas.h"
#include "terminal/terminal_kind.h"
#include "terminal/view_keys.h"

/* Of an Escape that is no beginning of a key. */
#define ESCAPE_MS 25

struct terminal_screen {
	SCREEN *screen;
	FILE *input, *output;
	bool is_unicode, has_colours;
};

static const struct {
	short foreground, background, basic_foreground, basic_background;
	bool is_bold;
} styles[] = {
#define CANVAS_STYLE(constant, ...) [constant] = { __VA_ARGS__ },
#include "terminal/canvas_styles.def"
#undef CANVAS_STYLE
};

bool terminal_speaks_utf8(void)
{
	return setlocale(LC_CTYPE, "") && !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static bool wants_colours(void)
{
	const char *none = getenv("NO_COLOR"); /* https://no-color.org */

	return !none || !*none;
}

int terminal_screen_check(int input, int output)
{
	if (!isatty(input) || !isatty(output))
		return -ENOTTY;
	return terminal_kind_check(output);
}

static FILE *open_stream(int fd, const char *mode)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *stream = copy < 0 ? NULL : fdopen(copy, mode);

	if (!stream && copy >= 0)
		close(copy);
	return stream;
}

static void set_up_colours(struct terminal_screen *screen)
{
	screen->has_colours = wants_colours() && has_colors() && start_color() == OK;
	if (!screen->has_colours)
		return;
	use_default_colors();
	for (short i = 0; i < CANVAS_STYLES; i++)
		if (COLORS >= 256)
			init_pair((short)(i + 1), styles[i].foreground, styles[i].background);
		else
			init_pair((short)(i + 1), styles[i].basic_foreground,
				  styles[i].basic_background);
}

/* Ctrl-\ would end the program and leave the terminal as it is; the terminal's own settings come back with endwin(). */
static void take_quit_key_away(int input)
{
	struct termios settings;

	if (tcgetattr(input, &settings))
		return;
	settings.c_cc[VQUIT] = _POSIX_VDISABLE;
	if (!tcsetattr(input, TCSANOW, &settings))
		def_prog_mode();
}

int terminal_screen_open(int input, int output, struct terminal_screen **ret_screen)
{
	struct terminal_screen *screen;
	int error = terminal_screen_check(input, output);

	if (error)
		return error;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	screen->is_unicode = terminal_speaks_utf8();
	screen->input = open_stream(input, "r");
	screen->output = open_stream(output, "w");
	if (screen->input && screen->output)
		screen->screen = newterm(NULL, screen->output, screen->input);
	if (!screen->screen) {
		terminal_screen_close(screen);
		return -ENODEV;
	}
	set_term(screen->screen);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, TRUE);
	scrollok(stdscr, FALSE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	set_up_colours(screen);
	take_quit_key_away(input);
	*ret_screen = screen;
	return 0;
}

void terminal_screen_close(struct terminal_screen *screen)
{
	if (!screen)
		return;
	if (screen->screen) {
		endwin();
		delscreen(screen->screen);
	}
	if (screen->input)
		fclose(screen->input);
	if (screen->output)
		fclose(screen->output);
	free(screen);
}

int terminal_screen_new_canvas(const struct terminal_screen *screen, struct canvas *ret_canvas)
{
	return canvas_init(ret_canvas, LINES, COLS, screen->is_unicode, screen->has_colours);
}

/* --- cells --- */

/* Without colours what is told apart by its background is reversed, and the cursor is underlined then, too. */
static attr_t attributes_of(const struct terminal_screen *screen, uint8_t style)
{
	unsigned int plain = style & ~CANVAS_REVERSED;
	bool is_reversed = style & CANVAS_REVERSED;
	attr_t attributes = styles[plain].is_bold ? A_BOLD : A_NORMAL;

	if (!screen->has_colours && (plain == STYLE_TITLE || plain == STYLE_TITLE_FOCUSED ||
				     plain == STYLE_KEY || plain == STYLE_MATCH))
		attributes |= is_reversed ? A_UNDERLINE : A_REVERSE;
	else if (is_reversed)
		attributes |= A_REVERSE;
	return attributes;
}

static void show_cell(const struct terminal_screen *screen, int row, int column,
		      const struct canvas_cell *cell)
{
	unsigned int plain = cell->style & ~CANVAS_REVERSED;
	const wchar_t text[] = { (wchar_t)cell->character, L'\0' };
	cchar_t shown;

	if (!cell->character)
		return;
	if (setcchar(&shown, text, attributes_of(screen, cell->style),
		     screen->has_colours ? (short)(plain + 1) : 0, NULL) == OK)
		mvadd_wch(row, column, &shown);
}

void terminal_screen_show(struct terminal_screen *screen, const struct canvas *canvas)
{
	erase();
	for (int row = 0; row < canvas->rows; row++)
		for (int column = 0; column < canvas->columns; column++)
			show_cell(screen, row, column,
				  &canvas->cells[(size_t)row * (size_t)canvas->columns +
						 (size_t)column]);
	refresh();
}

void terminal_screen_resize(struct terminal_screen *screen)
{
	struct winsize size;

	if (!ioctl(fileno(screen->output), TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	/* What the terminal made of the old cells is not known. */
	clearok(stdscr, TRUE);
}

/* --- keys --- */

static uint32_t key_of(wint_t code)
{
	switch (code) {
	case KEY_UP:
		return TERMINAL_UP;
	case KEY_DOWN:
		return TERMINAL_DOWN;
	case KEY_LEFT:
		return TERMINAL_LEFT;
	case KEY_RIGHT:
		return TERMINAL_RIGHT;
	case KEY_PPAGE:
		return TERMINAL_PAGE_UP;
	case KEY_NPAGE:
		return TERMINAL_PAGE_DOWN;
	case KEY_HOME:
		return TERMINAL_HOME;
	case KEY_END:
		return TERMINAL_END;
	case KEY_BTAB:
		return TERMINAL_BACK_TAB;
	case KEY_BACKSPACE:
		return TERMINAL_BACKSPACE;
	case KEY_ENTER:
		return '\r';
	case KEY_F(1):
		return TERMINAL_HELP;
	default:
		return 0;
	}
}

bool terminal_screen_read_key(struct terminal_screen *screen, uint32_t *ret_key)
{
	wint_t code;
	int kind;

	(void)screen;
	kind = wget_wch(stdscr, &code);
	if (kind == ERR)
		return false;
	*ret_key = kind == KEY_CODE_YES ? key_of(code) : (uint32_t)code;
	return true;
}
