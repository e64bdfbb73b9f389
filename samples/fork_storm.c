/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that live for a few milliseconds, one after the other. Every second one is only forked, the
 * others start a program anew (this one, with "--child"), so that their mappings are new as well.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sample.h"

#define CHILD_UNITS 80 /* about 2.5 ms: a tick or three at 999 Hz, and at 99 Hz mostly none */

static SAMPLE_FRAME void work_forked(void)
{
	sample_work(CHILD_UNITS);
}

static SAMPLE_FRAME void work_executed(void)
{
	sample_work(CHILD_UNITS);
}

static SAMPLE_FRAME pid_t start_forked(void)
{
	pid_t child = fork();

	if (child)
		return child;
	work_forked();
	_exit(0);
}

static SAMPLE_FRAME pid_t start_executed(void)
{
	static char program[4096], option[] = "--child";
	char *const arguments[] = { program, option, NULL };
	char *const environment[] = { NULL };
	pid_t child;

	/* By its own name: started as /proc/self/exe, its comm would be "exe". */
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return -1;
	return posix_spawn(&child, program, NULL, NULL, arguments, environment) ? -1 : child;
}

static SAMPLE_FRAME void run_child(int number)
{
	pid_t child = number % 2 ? start_executed() : start_forked();
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status) {
		fprintf(stderr, "fork_storm: a child could not be started, or failed\n");
		exit(1);
	}
}

int main(int argument_count, char **arguments)
{
	struct sample_options options;

	if (argument_count == 2 && sample_equal(arguments[1], "--child")) {
		work_executed();
		return 0;
	}
	options = sample_start(arguments);
	for (int number = 0; !sample_family_is_over(options.seconds); number++)
		run_child(number);
	sample_end(options);
	return 0;
}
