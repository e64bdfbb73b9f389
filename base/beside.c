/* SPDX-License-Identifier: Apache-2.0 */
#include "base/beside.h"

#include <signal.h>

static void *work(void *context)
{
	struct beside *beside = context;

	pthread_mutex_lock(&beside->lock);
	for (;;) {
		while (!beside->has_job && !beside->is_ending)
			pthread_cond_wait(&beside->changed, &beside->lock);
		if (!beside->has_job)
			break;
		pthread_mutex_unlock(&beside->lock);
		beside->fn(beside->context);
		pthread_mutex_lock(&beside->lock);
		beside->has_job = false;
		pthread_cond_signal(&beside->changed);
	}
	pthread_mutex_unlock(&beside->lock);
	return NULL;
}

/* Signals are for the thread that was there before. */
static bool begin(struct beside *beside)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	beside->has_thread = !pthread_create(&beside->thread, NULL, work, beside);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return beside->has_thread;
}

void beside_init(struct beside *beside, beside_fn fn, void *context)
{
	*beside = (struct beside){ .fn = fn, .context = context };
	pthread_mutex_init(&beside->lock, NULL);
	pthread_cond_init(&beside->changed, NULL);
}

void beside_release(struct beside *beside)
{
	if (beside->has_thread) {
		pthread_mutex_lock(&beside->lock);
		beside->is_ending = true;
		pthread_cond_signal(&beside->changed);
		pthread_mutex_unlock(&beside->lock);
		pthread_join(beside->thread, NULL);
	}
	pthread_cond_destroy(&beside->changed);
	pthread_mutex_destroy(&beside->lock);
}

void beside_start(struct beside *beside)
{
	if (!beside->has_thread && !begin(beside)) {
		beside->fn(beside->context);
		return;
	}
	pthread_mutex_lock(&beside->lock);
	beside->has_job = true;
	pthread_cond_signal(&beside->changed);
	pthread_mutex_unlock(&beside->lock);
}

void beside_wait(struct beside *beside)
{
	if (!beside->has_thread)
		return;
	pthread_mutex_lock(&beside->lock);
	while (beside->has_job)
		pthread_cond_wait(&beside->changed, &beside->lock);
	pthread_mutex_unlock(&beside->lock);
}
