/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command of `hearth record -- COMMAND ARGS`: made before the recording is set up, so that its PID
 * is known, and let go when the ticks run. Should hearth end before it, however that is, a second child, the keeper,
 * ends the command: by SIGTERM, and by SIGKILL if it does not heed that. (The command's own children are its affair.)
 */
#ifndef HEARTH_PROFILER_WORKLOAD_H
#define HEARTH_PROFILER_WORKLOAD_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct workload {
	pid_t pid;                /* 0: none, or ended and reaped */
	int pidfd;                /* readable when it ended */
	int start_fd;             /* closed with a byte written: go */
	int report_fd;            /* errno of a failed exec comes here */
	pid_t keeper;             /* 0: none */
	int alive_fd;             /* open as long as hearth lives: what the keeper watches */
	int status;               /* of waitpid, once it was reaped */
	struct rlimit file_limit; /* of open files, as the command is to have it */
};

/* To be called before hearth raises its own limit of open files. */
void workload_init(struct workload *workload);
void workload_release(struct workload *workload); /* ends a command that still runs */

/* Forks; the child waits: 0 or -errno. */
int workload_prepare(struct workload *workload, char **arguments);

/* Lets it go: 0, or the error of its exec. */
int workload_start(struct workload *workload);

/* Reaps it if it ended (or waits for that): true when it is over. */
bool workload_reap(struct workload *workload, bool wait);

/* The signal that killed it, 0: none did. */
int workload_signal(const struct workload *workload);

/* As a shell would say it: the exit status, or 128 and the signal's number. */
int workload_exit_status(const struct workload *workload);

#endif
