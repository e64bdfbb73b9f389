/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answer_queue.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define THREADS_MAX       16u
#define NS_PER_SECOND     1000000000u
#define RETRY_S           1
#define TRIM_LEAST_NS     20000000u /* what took so long may have taken much memory */
#define KEPT_ANSWERS_MAX  512u
#define BYTES_BESIDE_BODY sizeof(struct http_answer)

struct computer {
	struct answer_queue *queue;
	pthread_t thread;
	uint64_t begun_ns; /* 0: it waits */
};

struct answer_queue {
	struct answer_queue_options options;
	struct computer computers[THREADS_MAX];
	unsigned int computer_count;
	pthread_mutex_t lock; /* of what follows, and of the answers' own */
	pthread_cond_t changed;
	bool is_stopping;
	struct http_answer
		*answers; /* all that are known; those that were asked for last come first */
	unsigned int queued;
	uint64_t asked_ns; /* when the last question came: clock_monotonic_ns() */
	uint64_t computed, computed_ns;
};

/* --- answers --- */

struct http_answer *http_answer_new(void)
{
	struct http_answer *answer = calloc(1, sizeof(*answer));

	if (!answer)
		return NULL;
	arena_init(&answer->memory);
	answer->references = 1;
	if (!http_reply_init(&answer->reply, "", false))
		return answer;
	free(answer);
	return NULL;
}

static void answer_free(struct http_answer *answer)
{
	http_reply_release(&answer->reply);
	arena_release(&answer->memory);
	free(answer->key);
	free(answer);
}

/* With the queue's lock, if it is in one. */
static void unreference(struct http_answer *answer)
{
	if (!--answer->references)
		answer_free(answer);
}

void http_answer_refer(struct http_answer *answer)
{
	struct answer_queue *queue = answer->queue;

	if (queue)
		pthread_mutex_lock(&queue->lock);
	answer->references++;
	if (queue)
		pthread_mutex_unlock(&queue->lock);
}

void http_answer_release(struct http_answer *answer)
{
	struct answer_queue *queue = answer ? answer->queue : NULL;

	if (!answer)
		return;
	if (queue)
		pthread_mutex_lock(&queue->lock);
	unreference(answer);
	if (queue)
		pthread_mutex_unlock(&queue->lock);
}

/* --- computing --- */

static int tell_failure(struct http_reply *reply, int error)
{
	int told;

	if (error == -EFBIG)
		return http_reply_error(reply, 422,
					"the answer would be too large: ask for less of it");
	if (error != -ENOMEM && error != -EBUSY && error != -EAGAIN)
		return http_reply_error(reply, 500, "the store cannot be read: %s",
					strerror(-error));
	told = http_reply_error(reply, 503, "not now: %s; come again", strerror(-error));
	reply->retry_after_s = RETRY_S;
	return told;
}

static int compute(struct http_answer *answer, const struct http_question *question)
{
	const struct http_route *route = question->parameters->route;
	int error;

	http_reply_release(&answer->reply);
	error = http_reply_init(&answer->reply, route->type, answer->may_gzip);
	if (!error)
		error = route->answer(question, &answer->reply);
	return error ? error : http_body_end(&answer->reply.body);
}

void http_answer_compute(struct http_answer *answer, const struct http_question *question)
{
	int error = compute(answer, question);

	if (error)
		error = tell_failure(&answer->reply, error);
	if (!error && !*answer->reply.body.tag)
		error = http_body_end(&answer->reply.body);
	if (error) /* not even memory for a line */
		answer->reply.status = 503;
}

/* --- the threads --- */

/* Out of the list. */
static void drop(struct http_answer **link)
{
	struct http_answer *answer = *link;

	*link = answer->next;
	unreference(answer);
}

/* What was not asked for the longest time leaves. */
static void forget_old(struct answer_queue *queue)
{
	struct http_answer **link = &queue->answers;
	unsigned int count = 0;
	size_t bytes = 0;

	while (*link) {
		struct http_answer *answer = *link;

		if (answer->state == ANSWER_DONE) {
			bytes += answer->reply.body.made.capacity + BYTES_BESIDE_BODY +
				 answer->memory.bytes;
			count++;
		}
		if (answer->state == ANSWER_DONE &&
		    (bytes > queue->options.max_kept_bytes || count > KEPT_ANSWERS_MAX))
			drop(link);
		else
			link = &answer->next;
	}
}

/* With the lock: whoever waits for it is to be woken without. A failure is no answer for those who ask later. */
static struct answer_waiter *finish(struct answer_queue *queue, struct http_answer *answer)
{
	answer->state = ANSWER_DONE;
	if (answer->reply.status >= 500)
		free(take_ptr(answer->key));
	forget_old(queue);
	return take_ptr(answer->waiters);
}

static void wake_all(const struct answer_queue *queue, struct answer_waiter *waiter)
{
	while (waiter) {
		struct answer_waiter *next = waiter->next;

		queue->options.wake(queue->options.context, waiter);
		waiter = next;
	}
}

/* The one that waits for the longest time: the last of the list. */
static struct http_answer *next_queued(const struct answer_queue *queue)
{
	struct http_answer *found = NULL;

	for (struct http_answer *answer = queue->answers; answer; answer = answer->next)
		if (answer->state == ANSWER_QUEUED)
			found = answer;
	return found;
}

static void compute_with(const struct answer_queue *queue, struct http_answer *answer, void **view)
{
	const struct api_source *source = queue->options.source;
	int error = *view ? 0 : source->view_open(source->context, view);

	if (!error) {
		const struct http_question question = {
			.source = source,
			.view = *view,
			.parameters = &answer->parameters,
			.guard = queue->options.guard,
			.now_ns = answer->now_ns,
			.from_ns = answer->from_ns,
			.to_ns = answer->to_ns,
			.memory = &answer->memory,
		};

		http_answer_compute(answer, &question);
	} else if (tell_failure(&answer->reply, error) || http_body_end(&answer->reply.body)) {
		answer->reply.status = 503;
	}
	arena_release(&answer->memory);
}

/* One answer, without the lock while it is computed. */
static void serve_one(struct computer *computer, struct http_answer *answer, void **view)
{
	struct answer_queue *queue = computer->queue;
	const uint64_t begun_ns = clock_monotonic_ns();
	struct answer_waiter *waiters;
	uint64_t taken_ns;

	answer->state = ANSWER_COMPUTED;
	answer->references++;
	queue->queued--;
	computer->begun_ns = begun_ns;
	pthread_mutex_unlock(&queue->lock);
	compute_with(queue, answer, view);
	taken_ns = clock_monotonic_ns() - begun_ns;
	if (taken_ns > TRIM_LEAST_NS)
		malloc_trim(0);
	pthread_mutex_lock(&queue->lock);
	computer->begun_ns = 0;
	queue->computed++;
	queue->computed_ns += taken_ns;
	waiters = finish(queue, answer);
	unreference(answer);
	pthread_mutex_unlock(&queue->lock);
	wake_all(queue, waiters);
	pthread_mutex_lock(&queue->lock);
}

/* Out of the list, all that are done. */
static void forget_done(struct answer_queue *queue)
{
	struct http_answer **link = &queue->answers;

	while (*link)
		if ((*link)->state == ANSWER_DONE)
			drop(link);
		else
			link = &(*link)->next;
}

/* Nobody has asked for a while: without the lock while the view is closed. */
static void give_back(struct answer_queue *queue, void **view)
{
	forget_done(queue);
	pthread_mutex_unlock(&queue->lock);
	queue->options.source->view_close(take_ptr(*view));
	malloc_trim(0);
	pthread_mutex_lock(&queue->lock);
}

/* With the lock: until something may have changed. A thread without a view has nothing to give back: answers are kept where they were computed by one that has. */
static void wait_for_work(struct answer_queue *queue, void **view)
{
	const uint64_t until_ns = queue->asked_ns + queue->options.idle_ns;
	const struct timespec until = { (time_t)(until_ns / NS_PER_SECOND),
					(long)(until_ns % NS_PER_SECOND) };

	if (!*view || !queue->options.idle_ns)
		pthread_cond_wait(&queue->changed, &queue->lock);
	else if (clock_monotonic_ns() < until_ns)
		pthread_cond_clockwait(&queue->changed, &queue->lock, CLOCK_MONOTONIC, &until);
	else
		give_back(queue, view);
}

static void *run_computer(void *context)
{
	struct computer *computer = context;
	struct answer_queue *queue = computer->queue;
	struct http_answer *answer;
	void *view = NULL;

	pthread_mutex_lock(&queue->lock);
	while (!queue->is_stopping) {
		answer = next_queued(queue);
		if (answer)
			serve_one(computer, answer, &view);
		else
			wait_for_work(queue, &view);
	}
	pthread_mutex_unlock(&queue->lock);
	if (view)
		queue->options.source->view_close(view);
	return NULL;
}

static int start_computers(struct answer_queue *queue)
{
	for (unsigned int i = 0; i < queue->options.threads && i < THREADS_MAX; i++) {
		struct computer *computer = &queue->computers[i];
		int error;

		computer->queue = queue;
		error = pthread_create(&computer->thread, NULL, run_computer, computer);
		if (error)
			return -error;
		queue->computer_count++;
	}
	return 0;
}

int answer_queue_new(const struct answer_queue_options *options, struct answer_queue **ret_queue)
{
	struct answer_queue *queue = calloc(1, sizeof(*queue));
	int error;

	if (!queue)
		return -ENOMEM;
	queue->options = *options;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	error = start_computers(queue);
	if (!error) {
		*ret_queue = queue;
		return 0;
	}
	answer_queue_stop(queue);
	answer_queue_free(queue);
	return error;
}

/* No thread computes any more. */
static void refuse_queued(struct answer_queue *queue)
{
	for (struct http_answer *answer; (answer = next_queued(queue));) {
		if (http_reply_error(&answer->reply, 503, "hearth is ending") ||
		    http_body_end(&answer->reply.body))
			answer->reply.status = 503;
		queue->queued--;
		wake_all(queue, finish(queue, answer));
	}
}

void answer_queue_stop(struct answer_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->is_stopping = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	for (unsigned int i = 0; i < queue->computer_count; i++)
		pthread_join(queue->computers[i].thread, NULL);
	queue->computer_count = 0;
	refuse_queued(queue);
}

void answer_queue_free(struct answer_queue *queue)
{
	if (!queue)
		return;
	while (queue->answers)
		drop(&queue->answers);
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->changed);
	free(queue);
}

/* --- asking --- */

/* What is known under this key, out of the list; what has changed since is dropped on the way. */
static struct http_answer *take_known(struct answer_queue *queue, const struct http_answer *asked)
{
	struct http_answer **link = &queue->answers;

	while (*link) {
		struct http_answer *answer = *link;

		if (answer->key && asked->key && !strcmp(answer->key, asked->key) &&
		    answer->changes == asked->changes) {
			*link = answer->next;
			return answer;
		}
		if (answer->state == ANSWER_DONE && answer->changes != asked->changes)
			drop(link);
		else
			link = &answer->next;
	}
	return NULL;
}

static void put_first(struct answer_queue *queue, struct http_answer *answer)
{
	answer->next = queue->answers;
	queue->answers = answer;
}

/* With the lock: the answer that is to be waited for, or NULL: there is no room. */
static struct http_answer *find_or_add(struct answer_queue *queue, struct http_answer *asked)
{
	struct http_answer *known = take_known(queue, asked);

	if (known) {
		answer_free(asked);
	} else if (queue->is_stopping || queue->queued >= queue->options.max_queued) {
		answer_free(asked);
		return NULL;
	} else {
		known = asked;
		known->queue = queue;
		queue->queued++;
		pthread_cond_signal(&queue->changed);
	}
	put_first(queue, known);
	return known;
}

int answer_queue_ask(struct answer_queue *queue, struct http_answer *asked,
		     struct answer_waiter *waiter, void (*before)(struct answer_waiter *waiter),
		     struct http_answer **ret_answer)
{
	struct http_answer *answer;
	int result = 0;

	pthread_mutex_lock(&queue->lock);
	queue->asked_ns = clock_monotonic_ns();
	answer = find_or_add(queue, asked);
	if (!answer) {
		result = -EBUSY;
	} else {
		answer->references++;
		*ret_answer = answer;
	}
	if (answer && answer->state != ANSWER_DONE) {
		before(waiter);
		waiter->next = answer->waiters;
		answer->waiters = waiter;
		result = -EINPROGRESS;
	}
	pthread_mutex_unlock(&queue->lock);
	return result;
}

uint64_t answer_queue_longest_ns(struct answer_queue *queue)
{
	const uint64_t now_ns = clock_monotonic_ns();
	uint64_t longest_ns = 0;

	pthread_mutex_lock(&queue->lock);
	for (unsigned int i = 0; i < queue->computer_count; i++) {
		uint64_t begun_ns = queue->computers[i].begun_ns;

		if (begun_ns && now_ns > begun_ns && now_ns - begun_ns > longest_ns)
			longest_ns = now_ns - begun_ns;
	}
	pthread_mutex_unlock(&queue->lock);
	return longest_ns;
}

void answer_queue_count(struct answer_queue *queue, struct http_counts *counts)
{
	pthread_mutex_lock(&queue->lock);
	counts->computed = queue->computed;
	counts->computed_ns = queue->computed_ns;
	pthread_mutex_unlock(&queue->lock);
}
