/* SPDX-License-Identifier: Apache-2.0 */
/* answer_queue.c: what is kept for further questions is given back where none comes. The rest is tested over HTTP (tests/e2e/test_http_server.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "http/answer_queue.h"
#include "http/http_routes.h"

#define IDLE_NS    500000000u
#define STEP_NS    10000000
#define MOST_STEPS 1000 /* ten seconds */

/* Counts its views. */
struct views {
	_Atomic unsigned int opened, closed;
	struct answer_queue *queue;
};

static int open_one(void *context, void **ret_view)
{
	struct views *views = context;

	views->opened++;
	*ret_view = views;
	return 0;
}

static void close_one(void *view)
{
	((struct views *)view)->closed++;
}

static int answer_word(const struct http_question *question, struct http_reply *reply)
{
	assert_non_null(question->view);
	buffer_append_string(&reply->body.buffer, "word");
	return 0;
}

static const struct http_route route = { .answer = answer_word, .type = "text/plain" };

/* --- asking --- */

struct waiting {
	struct answer_waiter waiter; /* first */
	sem_t is_done;
};

static void wake(void *context, struct answer_waiter *waiter)
{
	(void)context;
	sem_post(&((struct waiting *)waiter)->is_done);
}

static void do_nothing(struct answer_waiter *waiter)
{
	(void)waiter;
}

/* How often answers were computed by then. */
static uint64_t ask(struct views *views)
{
	struct http_answer *asked = http_answer_new(), *answer;
	struct waiting waiting = { 0 };
	struct http_counts counts = { 0 };
	int result;

	assert_int_equal(sem_init(&waiting.is_done, 0, 0), 0);
	asked->parameters.route = &route;
	asked->key = strdup("the same");
	result = answer_queue_ask(views->queue, asked, &waiting.waiter, do_nothing, &answer);
	if (result == -EINPROGRESS)
		while (sem_wait(&waiting.is_done))
			;
	else
		assert_int_equal(result, 0);
	assert_int_equal(answer->reply.status, 200);
	http_answer_release(answer);
	sem_destroy(&waiting.is_done);
	answer_queue_count(views->queue, &counts);
	return counts.computed;
}

static void pass(void)
{
	nanosleep(&(struct timespec){ 0, STEP_NS }, NULL);
}

static struct answer_queue *start(struct views *views, const struct api_source *source,
				  unsigned int threads, uint64_t idle_ns)
{
	const struct answer_queue_options options = {
		.source = source,
		.threads = threads,
		.max_queued = 4,
		.max_kept_bytes = 1u << 20,
		.idle_ns = idle_ns,
		.wake = wake,
	};

	assert_int_equal(answer_queue_new(&options, &views->queue), 0);
	return views->queue;
}

static void end(struct views *views)
{
	answer_queue_stop(views->queue);
	answer_queue_free(views->queue);
	assert_int_equal(views->opened, views->closed);
}

/* --- what is kept --- */

static void test_what_nobody_asks_for_is_given_back(void **state)
{
	struct views views = { 0 };
	const struct api_source source = { .context = &views,
					   .view_open = open_one,
					   .view_close = close_one };
	unsigned int steps = 0;

	(void)state;
	start(&views, &source, 2, IDLE_NS);
	assert_int_equal(ask(&views), 1);
	assert_int_equal(ask(&views), 1); /* it is kept */
	while (!views.closed && steps++ < MOST_STEPS)
		pass();
	assert_int_equal(views.closed, 1);
	assert_int_equal(ask(&views), 2);
	assert_int_equal(views.opened, 2);
	end(&views);
}

static void test_what_is_asked_for_stays(void **state)
{
	struct views views = { 0 };
	const struct api_source source = { .context = &views,
					   .view_open = open_one,
					   .view_close = close_one };

	(void)state;
	start(&views, &source, 1, 3600000000000u);
	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(ask(&views), 1);
		pass();
	}
	assert_int_equal(views.opened, 1);
	assert_int_equal(views.closed, 0);
	end(&views);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_nobody_asks_for_is_given_back),
		cmocka_unit_test(test_what_is_asked_for_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
