/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_body.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define LEAST_TO_GZIP 512 /* fewer bytes fit a packet anyway */

static int begin_gzip(struct http_body *body)
{
	int error = gzip_writer_init(&body->gzip, &body->made);

	body->is_gzip = !error;
	return error;
}

static int take(void *context, const void *bytes, size_t size)
{
	struct http_body *body = context;
	int error = 0;

	body->plain_bytes += size;
	if (body->plain_bytes > HTTP_BODY_MAX_BYTES)
		return -EFBIG;
	XXH3_128bits_update(body->hash, bytes, size);
	if (body->may_gzip && !body->is_gzip && body->plain_bytes >= LEAST_TO_GZIP)
		error = begin_gzip(body);
	if (error)
		return error;
	if (body->is_gzip)
		gzip_writer_append(&body->gzip, bytes, size);
	else
		buffer_append(&body->made, bytes, size);
	if (body->made.size > HTTP_KEPT_MAX_BYTES)
		return -EFBIG;
	return body->is_gzip && body->gzip.error ? body->gzip.error : buffer_error(&body->made);
}

int http_body_init(struct http_body *body, bool may_gzip)
{
	*body = (struct http_body){ .may_gzip = may_gzip, .hash = XXH3_createState() };
	if (!body->hash)
		return -ENOMEM;
	XXH3_128bits_reset(body->hash);
	body->drain = (struct buffer_drain){ .take = take, .context = body };
	body->buffer.drain = &body->drain;
	return 0;
}

void http_body_release(struct http_body *body)
{
	if (body->is_gzip)
		gzip_writer_release(&body->gzip);
	body->is_gzip = false;
	XXH3_freeState(body->hash);
	body->hash = NULL;
	buffer_release(&body->buffer);
	buffer_release(&body->made);
}

int http_body_end(struct http_body *body)
{
	int error = buffer_flush(&body->buffer);
	XXH128_hash_t hash;

	if (!error)
		error = buffer_error(&body->buffer);
	if (!error && body->is_gzip)
		error = gzip_writer_finish(&body->gzip);
	if (error)
		return error;
	hash = XXH3_128bits_digest(body->hash);
	snprintf(body->tag, sizeof(body->tag), "\"%016" PRIx64 "%08" PRIx32 "%s\"", hash.high64,
		 (uint32_t)hash.low64, body->is_gzip ? "-gz" : "");
	buffer_release(&body->buffer);
	return 0;
}
