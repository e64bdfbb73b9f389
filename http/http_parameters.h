/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of a request, checked against the rows of its route (routes.def): unknown ones, those that are given twice and values out of bounds are refused with one
 * clear line. Defaults stand for what is not given. Patterns and terms are looked at by whoever computes: to compile one may take long.
 */
#ifndef HEARTH_HTTP_HTTP_PARAMETERS_H
#define HEARTH_HTTP_HTTP_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http_routes.h"

struct arena;
struct buffer;

#define HTTP_PAIRS_MAX      96 /* of one request */
#define HTTP_PARAMETERS_MAX 16 /* of one route, with a name of their own */
#define HTTP_WHY_BYTES      320

/* As it came, without its escapes. */
struct http_pair {
	const char *name, *value;
	size_t name_size,
		value_size; /* either may hold zero bytes, then it is refused; a value may be NULL */
};

struct http_parameter_value {
	const struct http_parameter *row;
	const char *text; /* NULL: not given, and no default */
	uint64_t number;  /* of HTTP_TIME in ns, of HTTP_FLAG 0 or 1 */
};

struct http_word {
	const char *name, *value;
};

struct http_parameters {
	const struct http_route *route;
	const char *rest; /* what stands for "{name}" in the path */
	struct http_parameter_value values[HTTP_PARAMETERS_MAX];
	size_t count;
	struct http_word terms[HTTP_PAIRS_MAX]; /* of HTTP_TERMS */
	struct http_word words[HTTP_PAIRS_MAX]; /* of HTTP_WORDS or HTTP_ANY */
	size_t term_count, word_count;
};

struct http_parameters_input {
	const struct http_pair *pairs;
	size_t count;
	const char *rest;
	uint64_t now_ns; /* what "now" is */
};

/* What is kept of the pairs is copied to the arena. 0, -ENOMEM, or -EINVAL with a line in `ret_why`. */
int http_parameters_parse(const struct http_route *route, const struct http_parameters_input *input,
			  struct arena *memory, struct http_parameters *ret_parameters,
			  char ret_why[HTTP_WHY_BYTES]);

/* Of a name of the route's. */
const struct http_parameter_value *http_parameters_get(const struct http_parameters *parameters,
						       const char *name);
uint64_t http_parameters_number(const struct http_parameters *parameters, const char *name);
bool http_parameters_has(const struct http_parameters *parameters, const char *name);

/* Path and parameters with all that is relative resolved: two requests of the same line have the same answer. */
void http_parameters_append_key(struct buffer *to, const struct http_parameters *parameters);

#endif
