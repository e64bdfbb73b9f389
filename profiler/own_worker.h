/* SPDX-License-Identifier: Apache-2.0 */
/* This program's worker (worker.h): itself, under another name. */
#ifndef HEARTH_PROFILER_OWN_WORKER_H
#define HEARTH_PROFILER_OWN_WORKER_H

struct worker;

/* Starts it: 0 or -errno. That it is in its cage is known from worker_await() on. */
int own_worker_new(struct worker **ret_worker);

#endif
