/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered: status, heads and bytes, without the library that sends them. */
#ifndef HEARTH_HTTP_HTTP_REPLY_H
#define HEARTH_HTTP_HTTP_REPLY_H

#include <stdbool.h>

#include "http/http_body.h"

/* What a browser may do with an answer (Content-Security-Policy). */
enum http_policy {
	HTTP_POLICY_NOTHING, /* data */
	HTTP_POLICY_PAGE,    /* the page: its own files and the API */
	HTTP_POLICY_TOKEN,   /* the page that asks for the token, with its style inside of it */
	HTTP_POLICY_DOCUMENT, /* a saved page: what it says itself, and that in an origin of its own */
	HTTP_POLICY_PICTURE, /* an SVG: the same, with the scripts and styles inside of it */
};

const char *http_policy_text(enum http_policy policy);

struct http_reply {
	unsigned int status;
	const char *type; /* Content-Type */
	enum http_policy policy;
	bool is_live;               /* as of now: not to be stored */
	unsigned int retry_after_s; /* 0: none */
	const char *allow;          /* NULL: none, as for the next ones */
	const char *challenge;      /* WWW-Authenticate */
	const char *location;       /* of as long a life as the reply */
	char cookie[320];           /* "": none, as for the next one */
	char file_name[80];         /* under which it is to be saved */
	struct http_body body;
};

int http_reply_init(struct http_reply *reply, const char *type, bool may_gzip); /* 0 or -ENOMEM */
void http_reply_release(struct http_reply *reply);

/* {"error": "..."}, in place of whatever it was: 0 or -ENOMEM. */
int http_reply_error(struct http_reply *reply, unsigned int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Does "Accept-Encoding" take gzip? NULL: it is not there. */
bool http_accepts_gzip(const char *accept_encoding);

/* Is the tag one of "If-None-Match"? NULL: it is not there. */
bool http_tag_is_known(const char *if_none_match, const char *tag);

#endif
