/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the terminal of $TERM (terminfo(5)). */
#ifndef HEARTH_TERMINAL_TERMINAL_KIND_H
#define HEARTH_TERMINAL_TERMINAL_KIND_H

/* Can be drawn on it? 0, or -ENODEV: nothing is known of it, or it has no cursor to be moved. */
int terminal_kind_check(int output);

#endif
