/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that gets no signals: those are for the one that starts it. */
#ifndef HEARTH_BASE_QUIET_THREAD_H
#define HEARTH_BASE_QUIET_THREAD_H

#include <pthread.h>

/* To be joined. 0 or -errno. */
int quiet_thread_start(pthread_t *ret_thread, void *(*run)(void *context), void *context);

#endif
