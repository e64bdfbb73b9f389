/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight threads, each in a function of its own, each with an eighth of the CPU time. More threads than
 * most machines that test this have CPUs to spare, so that they are switched. Each thread bears a name
 * of its own, and yet all ticks belong to the one process.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "sample.h"

#define THREADS 8

static struct sample_options options;

static SAMPLE_FRAME void thread_loop(void (*work)(void))
{
	while (!sample_is_over(CLOCK_THREAD_CPUTIME_ID, options.seconds / THREADS))
		work();
}

#define THREAD(name)                                                 \
	static SAMPLE_FRAME void work_of_##name(void)                \
	{                                                            \
		sample_work(SAMPLE_BLOCK);                           \
	}                                                            \
	static SAMPLE_FRAME void *thread_##name(void *context)       \
	{                                                            \
		pthread_setname_np(pthread_self(), "worker_" #name); \
		thread_loop(work_of_##name);                         \
		return context;                                      \
	}

THREAD(a)
THREAD(b)
THREAD(c)
THREAD(d)
THREAD(e)
THREAD(f)
THREAD(g)
THREAD(h)

int main(int argument_count, char **arguments)
{
	static void *(*const starts[THREADS])(void *) = {
		thread_a, thread_b, thread_c, thread_d, thread_e, thread_f, thread_g, thread_h,
	};
	pthread_t threads[THREADS];

	(void)argument_count;
	options = sample_start(arguments);
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, starts[i], NULL)) {
			fprintf(stderr, "threads: cannot start a thread\n");
			exit(1);
		}
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	sample_end(options);
	return 0;
}
