/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/terminal_kind.h"

#include <errno.h>

/* Their macros are words of every day: no other header of ours is included with them. */
#include <curses.h>
#include <term.h>

int terminal_kind_check(int output)
{
	int status, error;

	if (setupterm(NULL, output, &status) != OK)
		return -ENODEV;
	error = cursor_address && clear_screen ? 0 : -ENODEV;
	del_curterm(cur_term);
	return error;
}
