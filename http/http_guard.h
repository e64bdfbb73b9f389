/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask. A page of any other site that a user of this machine looks at can send requests to his loopback: through its own name, which it lets point here for a
 * moment (DNS rebinding), or right away, without reading the answer. So the Host must be this server's own, an Origin must be the same, and what browsers say of where a request
 * comes from (Sec-Fetch-Site) must not be elsewhere; only the page itself may be opened by a link.
 *
 * With a token, whoever asks has to have it: "Authorization: Bearer TOKEN", the password of Basic (so that http://hearth:TOKEN@HOST works), or the cookie that the
 * page gets by /?token=TOKEN.
 */
#ifndef HEARTH_HTTP_HTTP_GUARD_H
#define HEARTH_HTTP_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http_address.h"

#define HTTP_COOKIE          "hearth-token"
#define HTTP_TOKEN_LEAST     16 /* bytes of a token */
#define HTTP_TOKEN_MAX_BYTES 256

struct http_guard {
	enum http_reach reach;
	uint16_t port;
	const char *token;        /* NULL: none is needed */
	const char *const *hosts; /* further names that the server is reached by, without ports */
	size_t host_count;
};

/* Heads of a request; NULL: it has none of that name. */
struct http_heads {
	const char *host, *origin, *fetch_site, *fetch_mode, *authorization, *cookie;
};

enum http_verdict { HTTP_PASSES, HTTP_OTHER_HOST, HTTP_OTHER_SITE, HTTP_NO_TOKEN };

/* Of letters, digits, - . _ ~ + / and = alone, and not too short: 0, or -EINVAL with a reason. */
int http_guard_check_token(const char *token, const char **ret_why);

/* `is_page`: the page is asked for, which may be opened by a link. */
enum http_verdict http_guard_judge_origin(const struct http_guard *guard,
					  const struct http_heads *heads, bool is_page);
enum http_verdict http_guard_judge_token(const struct http_guard *guard,
					 const struct http_heads *heads);

/* Is it the token? In a time that does not tell how much of it is right. */
bool http_guard_is_token(const struct http_guard *guard, const char *text, size_t size);

#endif
