/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that have to be computed, by a few threads, each with a view of its own.
 *
 * What is asked is known by a key, which two questions share if they have the same answer: then it is computed once, however many ask, and kept for those who ask later, as
 * long as nothing changed that it may depend on (struct api_status) and there is room. So many clients that follow the same page cost as much as one.
 *
 * Where nobody asks for a while, what is kept is given back: answers, and the views with all that they know.
 *
 * No more than a bounded number waits to be computed: who comes then is told to come again.
 *
 * Thread-safe, but for stopping and freeing. Nobody asks while it is stopped. An answer that is done does not change any more.
 */
#ifndef HEARTH_HTTP_ANSWER_QUEUE_H
#define HEARTH_HTTP_ANSWER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "http/answers.h"
#include "http/http_parameters.h"
#include "http/http_reply.h"

struct answer_queue;

/* Whoever waits for an answer; a part of his own. */
struct answer_waiter {
	struct answer_waiter *next;
};

/* What is asked, then what is answered. */
struct http_answer {
	struct arena memory;
	struct http_parameters parameters;
	uint64_t now_ns, from_ns, to_ns; /* as of struct http_question */
	bool may_gzip;
	struct http_reply reply;

	/* The queue's own. */
	struct answer_queue *queue; /* NULL: it is in none */
	struct http_answer *next;
	char *key; /* NULL: of one question alone */
	uint64_t changes;
	unsigned int references;
	enum { ANSWER_QUEUED, ANSWER_COMPUTED, ANSWER_DONE } state;
	struct answer_waiter *waiters;
};

struct answer_queue_options {
	const struct api_source *source;
	const struct http_guard *guard;
	unsigned int threads;
	unsigned int max_queued;
	size_t max_kept_bytes;
	uint64_t idle_ns; /* without a question, after which what is kept is given back; 0: never */
	/* Called for each waiter of an answer that is done, by any thread. */
	void (*wake)(void *context, struct answer_waiter *waiter);
	void *context;
};

struct http_answer *http_answer_new(void);          /* NULL: out of memory. It has one reference. */
void http_answer_refer(struct http_answer *answer); /* one reference more */
void http_answer_release(
	struct http_answer *answer); /* one less, and at last it is freed; NULL is fine */

/* Computes it here and now; whatever fails, the reply says what to tell. */
void http_answer_compute(struct http_answer *answer, const struct http_question *question);

int answer_queue_new(const struct answer_queue_options *options, struct answer_queue **ret_queue);
/* Ends the threads; what is still asked is told to come again. Further questions are refused. */
void answer_queue_stop(struct answer_queue *queue);
/* When no answer of it is referred to any more. */
void answer_queue_free(struct answer_queue *queue);

/*
 * Asks, and takes the reference to what is asked, whatever comes of it. 0: `ret_answer` is done; -EINPROGRESS: it will be, and the waiter is woken, perhaps at once:
 * `before` is called ahead of that; -EBUSY: too much waits. In the first two cases the answer is the caller's to release.
 */
int answer_queue_ask(struct answer_queue *queue, struct http_answer *asked,
		     struct answer_waiter *waiter, void (*before)(struct answer_waiter *waiter),
		     struct http_answer **ret_answer);

/* For how long the slowest answer is being computed; 0: none is. */
uint64_t answer_queue_longest_ns(struct answer_queue *queue);
void answer_queue_count(struct answer_queue *queue, struct http_counts *counts);

#endif
