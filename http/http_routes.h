/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what is answered: routes.def as rows. */
#ifndef HEARTH_HTTP_HTTP_ROUTES_H
#define HEARTH_HTTP_HTTP_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/answers.h"

enum http_route_id {
#define ROUTE(constant, path, way, answer, type, schema, summary) HTTP_ROUTE_##constant,
#include "http/routes.def"
	HTTP_ROUTE_COUNT
};

/* How an answer comes to be. */
enum http_way {
	HTTP_AT_ONCE,  /* by the thread that serves, from what is known */
	HTTP_OPEN,     /* so, and without a token */
	HTTP_FILE,     /* so, of what is in the program */
	HTTP_COMPUTED, /* by one of the threads that ask a view */
	HTTP_RECORDED, /* so, when the time has passed that is asked for */
};

enum http_parameter_type {
	HTTP_TIME,
	HTTP_TERMS, /* of a label_filter; may be given again */
	HTTP_LABEL, /* number: enum sample_label */
	HTTP_COUNT,
	HTTP_FORMAT, /* number: index in render_formats */
	HTTP_FLAG,
	HTTP_TEXT,
	HTTP_WORDS, /* any option of shaping or drawing; without a name of its own */
	HTTP_ANY,   /* anything, which is not looked at; the same */
};

struct http_parameter {
	enum http_route_id route;
	const char *name; /* NULL: see its type */
	enum http_parameter_type type;
	const char *default_value; /* NULL: none */
	uint64_t least, most;
	const char *help;
};

struct http_route {
	enum http_route_id id;
	const char *path; /* may end in "{name}", which stands for the rest */
	enum http_way way;
	answer_fn *answer;
	const char *type, *schema, *summary;
};

extern const struct http_route http_routes[HTTP_ROUTE_COUNT];
/* Those of all routes; those of one stand together. */
extern const struct http_parameter http_parameter_rows[];
extern const size_t http_parameter_row_count;

/* NULL: there is none. `ret_rest`: what stands for "{name}", "" for a path without it. */
const struct http_route *http_route_find(const char *path, const char **ret_rest);

/* NULL: it takes none of that name, but for those of its HTTP_WORDS or HTTP_ANY. */
const struct http_parameter *http_route_parameter(const struct http_route *route, const char *name);
/* Has it one of this type? */
bool http_route_takes(const struct http_route *route, enum http_parameter_type type);

#endif
