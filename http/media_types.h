/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEARTH_HTTP_MEDIA_TYPES_H
#define HEARTH_HTTP_MEDIA_TYPES_H

#include "http/http_reply.h"

struct render_format;

struct media_type {
	const char *name; /* of the format */
	const char *type; /* Content-Type */
	enum http_policy policy;
};

/* Bytes that nobody looks into, where the format has none of its own. */
const struct media_type *media_type_of(const struct render_format *format);

#endif
