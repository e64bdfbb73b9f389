/* SPDX-License-Identifier: Apache-2.0 */
/* Shells ask hearth itself what can follow on its command line, by scripts that know nothing of its options. */
#ifndef HEARTH_PROFILER_SHELL_COMPLETION_H
#define HEARTH_PROFILER_SHELL_COMPLETION_H

/* Prints the script for a shell of this name: an exit status. */
int shell_completion_print_script(int argc, char **argv);

/* Prints the shells that begin so: the words of `hearth completion`. */
void shell_completion_offer_shells(const char *begun);

#endif
