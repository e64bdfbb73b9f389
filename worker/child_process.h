/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This program once more, as a child under another name (argv[0]): the worker and the opener. A new program has nothing of hearth's memory.
 */
#ifndef HEARTH_WORKER_CHILD_PROCESS_H
#define HEARTH_WORKER_CHILD_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* Of all children of one kind, also those that ended. */
struct child_usage {
	uint64_t cpu_ns;
	uint64_t rss_peak_bytes; /* of the largest one */
	uint64_t started;
	uint64_t failed; /* died, overran or answered garbage */
};

/*
 * Starts it, in a session of its own, for the terminal's Ctrl-C is hearth's, which says when the child ends. Its standard input is the other
 * end of a Unix socket of this type (SOCK_STREAM and so on). 0, or -errno; the caller ends and reaps it.
 */
int child_process_start(char *const *arguments, int socket_type, int *ret_socket, pid_t *ret_pid);

/* What it has used so far; 0 if that is not known, or no longer. */
uint64_t child_process_cpu_ns(pid_t pid);
uint64_t child_process_rss_peak_bytes(pid_t pid);

/* Adds what a child that lives has used. */
void child_usage_add(struct child_usage *usage, pid_t pid);

#endif
