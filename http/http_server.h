/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server: what routes.def says, over HTTP/1.1, of what a source (api_source.h) knows. libmicrohttpd speaks the protocol, in a thread of its own; answers that have to be
 * computed are made by others (answer_queue.h), and one more watches the time. GET and HEAD alone; who may ask is told in http_guard.h.
 *
 * A server that is up needs no further file, socket or process: it can be shut in before it is made, but not afterwards, for its threads would not be.
 */
#ifndef HEARTH_HTTP_HTTP_SERVER_H
#define HEARTH_HTTP_HTTP_SERVER_H

#include <stdint.h>

#include "http/api_source.h"
#include "http/http_guard.h"

struct http_server;

/* Zero stands for the default, in brackets. */
struct http_limits {
	unsigned int connections; /* [2000]; further ones wait to be accepted */
	unsigned int threads;     /* [2] that compute */
	unsigned int queued;      /* [64] questions that wait for them */
	unsigned int recordings;  /* [64] that are being waited for */
	unsigned int
		request_ms; /* [20000] from the connection, or the last answer, to the end of a request */
	unsigned int answer_ms; /* [30000] to take an answer, and a second more for each 128 KiB */
	unsigned int settle_ms; /* [30000] for a recording to reach the store */
	unsigned int
		idle_ms; /* [60000] without a question to be computed, after which what is kept for further ones is given back */
};

struct http_server_options {
	const struct api_source *source; /* the caller's, as all that is pointed to */
	int listen_fd; /* listens and does not block; the server's from then on, also of a failure */
	struct http_guard guard;
	struct http_limits limits;
};

/* 0 or -errno. */
int http_server_new(const struct http_server_options *options, struct http_server **ret_server);
/* Whoever waits is told to come again. */
void http_server_free(struct http_server *server);

/* For how long the slowest answer is being computed: patterns are a client's, and may take for ever. */
uint64_t http_server_longest_ns(struct http_server *server);

#endif
