/* SPDX-License-Identifier: Apache-2.0 */
/* This program's worker (worker.h) and its opener (opener.h): itself, under other names. */
#ifndef HEARTH_PROFILER_OWN_WORKER_H
#define HEARTH_PROFILER_OWN_WORKER_H

struct opener;
struct worker;

/* Starts it: 0 or -errno. That it is in its cage is known from worker_await() on. */
int own_worker_new(struct worker **ret_worker);

/* `program`: as in opener_options, -1: none. 0 or -errno; it is started with the first question. */
int own_opener_new(int program, struct opener **ret_opener);

#endif
