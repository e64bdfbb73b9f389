/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of an answer while they are made: compressed as they come where the client takes that, so that only what is sent is ever all in memory, and hashed, so that
 * a client that has them already is told so (RFC 9110, section 8.8.3: the two forms have tags of their own). The same bytes give the same tag as long as the program runs.
 */
#ifndef HEARTH_HTTP_HTTP_BODY_H
#define HEARTH_HTTP_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

#include "base/buffer.h"
#include "base/gzip_writer.h"

#define HTTP_BODY_MAX_BYTES ((size_t)512 << 20) /* before compression; further bytes are -EFBIG */
#define HTTP_KEPT_MAX_BYTES ((size_t)128 << 20) /* after it, or where there is none */

#define HTTP_TAG_BYTES 40

/* It stays where it was initialised. */
struct http_body {
	struct buffer buffer; /* to be appended to */
	struct buffer_drain drain;
	struct buffer made;
	struct gzip_writer gzip;
	bool may_gzip, is_gzip;
	size_t plain_bytes;
	XXH3_state_t *hash;
	char tag[HTTP_TAG_BYTES]; /* with its quotes; once ended */
};

int http_body_init(struct http_body *body, bool may_gzip); /* 0 or -ENOMEM */
void http_body_release(struct http_body *body);

/* Nothing more comes; what was made is in `made`: 0, -ENOMEM or -EFBIG. */
int http_body_end(struct http_body *body);

#endif
