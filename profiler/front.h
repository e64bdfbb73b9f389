/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front: the process that serves HTTP and answers from the store, so that neither a question nor an attack reaches what records. It is this program once more, in a cage of its own
 * (CAGE_OF_FRONT): a user that nobody else is, no capability, the store as its root, read-only, no network but the clients of a socket that is opened here. If it dies it is started again.
 *
 * It learns how the recorder is by a page in memory (front_page.h), and may ask for one thing: that the window be ended early, for somebody waits for what is in it. It also says which slices it found damaged: each is
 * logged once.
 *
 * One thread, which has to live as long as the front: the front ends with it. What goes wrong is logged here.
 */
#ifndef HEARTH_PROFILER_FRONT_H
#define HEARTH_PROFILER_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "http/api_source.h"

#define FRONT_DEFAULT_ADDRESS "127.0.0.1:7171"

struct front;

/* Strings are the caller's as long as the front lives. */
struct front_options {
	const char *listen; /* as http_address.h has it */
	const char *token;  /* NULL: none; needed where other machines can reach it */
	const char *const
		*hosts; /* further names by which it is reached; FRONT_HOSTS_MAX at most */
	size_t host_count;
	const char *store; /* the folder, which is there */
};

/* Listens, and starts it: 0, or -errno after logging. */
int front_start(const struct front_options *options, struct front **ret_front);
void front_free(struct front *front);

/* Where it listens, as a user says it: "http://127.0.0.1:7171/", "unix:/run/hearth.sock". */
const char *front_address(const struct front *front);

/* To be polled for reading, and asked anew each time; -1: it does not run. Readable: front_take(). */
int front_fd(const struct front *front);

/* Takes what it said. true: the window is to be ended as soon as possible. A front that died is started again, by this or the next front_publish(). */
bool front_take(struct front *front);

/* How the recorder is; each second. */
void front_publish(struct front *front, const struct api_status *status);

/* How often one that was up ended before its time. */
uint64_t front_failures(const struct front *front);

/* 0: it does not run. */
pid_t front_pid(const struct front *front);

/* CPU time that answering took so far, of all of its processes. */
uint64_t front_cpu_ns(const struct front *front);

#endif
