/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a server, for its own files: http_server.c, http_request.c, http_response.c, http_recordings.c. */
#ifndef HEARTH_HTTP_HTTP_STATE_H
#define HEARTH_HTTP_HTTP_STATE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "http/answer_queue.h"
#include "http/http_connections.h"
#include "http/http_server.h"

/* Recordings that are waited for: each suspended until its time has passed and the store has it (http_recordings.c). */
struct http_recordings {
	pthread_mutex_t lock; /* of what follows */
	struct http_request *first;
	unsigned int count;
	bool is_stopping; /* further ones are refused */
};

struct http_server {
	struct http_server_options options;
	struct answer_queue *queue;
	struct http_connections connections;
	struct http_recordings recordings;
	struct MHD_Daemon *daemon;
	_Atomic uint64_t requests, refused, wrong, failed, later;

	/* The thread that watches the time. */
	pthread_t watch;
	bool is_watched;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool is_ending;
};

/* A request from its heads to its answer. Suspended, it is whose turn comes: the queue's, the recordings', then again the serving thread's. */
struct http_request {
	struct answer_waiter waiter; /* first: the queue knows it by this */
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_connection *link;
	struct http_answer *answer; /* asked, waited for, or done */
	bool was_begun, is_waiting;

	/* Of a recording. */
	struct http_request *next;
	uint64_t due_ns,
		late_ns; /* when it has passed, and when it is given up: clock_monotonic_ns() */
};

/* --- http_request.c --- */

struct http_request *http_request_new(struct http_server *server,
				      struct MHD_Connection *connection); /* NULL: out of memory */
void http_request_free(struct http_request *request);

/* The heads are there, or it was woken: answers it, or suspends it. */
enum MHD_Result http_request_go_on(struct http_request *request, const char *path,
				   const char *method);

/* The time of a recording has passed: asks for what was recorded, with a request that is suspended. */
void http_request_ask_recorded(struct http_request *request);
/* Answers with an error, a request that is suspended. */
void http_request_fail(struct http_request *request, unsigned int status, const char *why);

/* Wakes it, by any thread. */
void http_request_wake(void *context, struct answer_waiter *waiter);

/* --- http_response.c --- */

/* Sends an answer that is done, and keeps it until it is sent; the caller keeps his reference. */
enum MHD_Result http_response_send(struct http_server *server, struct MHD_Connection *connection,
				   struct http_answer *answer);
/* A line, without an answer: where there is no memory for one, or the method is none of ours. */
enum MHD_Result http_response_send_line(struct http_server *server,
					struct MHD_Connection *connection, unsigned int status,
					const char *allow, const char *line);

/* --- http_recordings.c --- */

void http_recordings_init(struct http_recordings *recordings);
void http_recordings_release(struct http_recordings *recordings);

/* Suspends it until a recording of so many seconds is there: 0, or -EBUSY. */
int http_recordings_add(struct http_server *server, struct http_request *request, uint64_t seconds);

/* Goes on with those that are there, and gives up those that will not be, or whose clients left. */
void http_recordings_look(struct http_server *server, uint64_t now_ns);

/* Fails all of them. */
void http_recordings_stop(struct http_server *server);

#endif
