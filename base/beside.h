/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that is done beside the caller's, by one thread more: one job at a time, in the order in which they are given. The thread begins with the first
 * job; where none can be had, whoever gives a job does it himself.
 *
 * What a job touches is its own until it was waited for. All functions are for one thread.
 */
#ifndef HEARTH_BASE_BESIDE_H
#define HEARTH_BASE_BESIDE_H

#include <pthread.h>
#include <stdbool.h>

typedef void (*beside_fn)(void *context);

struct beside {
	beside_fn fn;
	void *context;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool has_thread, has_job, is_ending;
};

/* `fn` is what a job is: it is called with `context`. */
void beside_init(struct beside *beside, beside_fn fn, void *context);

/* Waits for the job, if there is one, and ends the thread. */
void beside_release(struct beside *beside);

/* Gives a job. The one before was waited for. */
void beside_start(struct beside *beside);

/* Waits until the job is done; at once if there is none. */
void beside_wait(struct beside *beside);

#endif
