/* SPDX-License-Identifier: Apache-2.0 */
/* What a command is: a function of its arguments that gives hearth's exit status. */
#ifndef HEARTH_PROFILER_COMMAND_H
#define HEARTH_PROFILER_COMMAND_H

/* DESIGN.md, "Commands". */
enum exit_status {
	EXIT_GOOD = 0,
	EXIT_CHECK_FAILED = 1,  /* the asked-for check failed */
	EXIT_WRONG = 2,         /* wrong use, broken input, an output that cannot be written */
	EXIT_NOT_PERMITTED = 3, /* not permitted or not supported here */
	EXIT_INCONCLUSIVE = 4,
};

/* argv[0] is the command's own name. */
#define COMMAND(name, summary) int command_##name(int argc, char **argv);
#include "profiler/commands.def"
#undef COMMAND

#endif
