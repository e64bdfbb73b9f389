/* SPDX-License-Identifier: Apache-2.0 */
/* What makes the answers: one function for each route of routes.def. None waits, logs, or knows of the library that sends them. */
#ifndef HEARTH_HTTP_ANSWERS_H
#define HEARTH_HTTP_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/api_source.h"

struct arena;
struct http_guard;
struct http_parameters;
struct http_reply;

/* What the server has done; for /metrics. */
struct http_counts {
	uint64_t requests, refused; /* by the guard */
	uint64_t wrong;             /* requests that were told so (4xx) */
	uint64_t failed, later;     /* 500, 503 */
	uint64_t cut;               /* connections that took too long */
	uint64_t connections;       /* now */
	uint64_t computed, computed_ns;
};

struct http_question {
	const struct api_source *source;
	void *view; /* NULL: the route asks none */
	const struct http_parameters *parameters;
	const struct http_guard *guard;
	const struct http_counts *counts; /* of a route that is answered at once */
	uint64_t now_ns;
	uint64_t from_ns, to_ns; /* of a recorded route: what was recorded */
	struct arena *memory;
};

/*
 * Fills a reply that has the route's type and a body to append to. 0; or -errno, for which the caller tells the client what there is to tell, in place of what was appended.
 * A reply that says an error itself (http_reply_error()) is 0, too.
 */
typedef int answer_fn(const struct http_question *question, struct http_reply *reply);

/*
 * In place of the page: where the token can be typed in. What the address says besides (`parameters`) stands in the form, and so in the next address. `is_wrong`: the token that
 * came is not it. 0 or -ENOMEM.
 */
int answer_page_of_token(const struct http_parameters *parameters, bool is_wrong,
			 struct http_reply *reply);

#define ROUTE(constant, path, way, answer, type, schema, summary) answer_fn answer_##answer;
#include "http/routes.def"

#endif
