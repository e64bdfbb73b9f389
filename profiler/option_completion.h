/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can follow on a command line, for shells (shell_completion.h): from the tables of options that --help comes from.
 *
 * Printed is one possible word a line, with a tab and its meaning behind it; or what only the shell knows: ":files", ":folders",
 * ":users", ":programs".
 */
#ifndef HEARTH_PROFILER_OPTION_COMPLETION_H
#define HEARTH_PROFILER_OPTION_COMPLETION_H

struct option_parser;

/* The first word of a command line that asks for it; behind it are those that were typed, and last the one that is to be completed. */
#define COMPLETION_WORD "--complete"

void option_completion_print(const struct option_parser *parser, int count, char **words);

/* One word, where it begins as `begun` does. */
void option_completion_offer(const char *begun, const char *word, const char *meaning);

#endif
