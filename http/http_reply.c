/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_string.h"

#define ERROR_BYTES 512

const char *http_policy_text(enum http_policy policy)
{
	static const char *const texts[] = {
		[HTTP_POLICY_NOTHING] = "default-src 'none'; frame-ancestors 'none'; sandbox",
		[HTTP_POLICY_PAGE] =
			"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
			"img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		[HTTP_POLICY_TOKEN] =
			"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
			"frame-ancestors 'none'",
		[HTTP_POLICY_DOCUMENT] =
			"frame-ancestors 'none'; sandbox allow-scripts allow-downloads",
		[HTTP_POLICY_PICTURE] =
			"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
			"frame-ancestors 'none'; sandbox allow-scripts",
	};

	return texts[policy];
}

int http_reply_init(struct http_reply *reply, const char *type, bool may_gzip)
{
	*reply = (struct http_reply){ .status = 200, .type = type };
	return http_body_init(&reply->body, may_gzip);
}

void http_reply_release(struct http_reply *reply)
{
	http_body_release(&reply->body);
}

int http_reply_error(struct http_reply *reply, unsigned int status, const char *format, ...)
{
	char text[ERROR_BYTES];
	va_list arguments;
	int error;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	http_body_release(&reply->body);
	error = http_reply_init(reply, "application/json", false);
	reply->status = status;
	reply->is_live = true;
	if (error)
		return error;
	buffer_append_string(&reply->body.buffer, "{\"error\":");
	json_append_string(&reply->body.buffer, text, sizeof(text));
	buffer_append_string(&reply->body.buffer, "}\n");
	return buffer_error(&reply->body.buffer);
}

/* --- lists in heads: elements with commas between them --- */

/* The next element without blanks around it; NULL: there is none. */
static const char *next_element(const char **rest, size_t *ret_size)
{
	const char *element = *rest + strspn(*rest, ", \t");
	size_t size = strcspn(element, ",");

	*rest = element + size;
	while (size && strchr(" \t", element[size - 1]))
		size--;
	*ret_size = size;
	return size ? element : NULL;
}

/* "gzip;q=0.5": a quality of 0 takes it not (RFC 9110, section 12.4.2). */
static bool takes(const char *element, size_t size)
{
	const char *quality = memchr(element, ';', size);

	if (!quality)
		return true;
	quality += 1 + strspn(quality + 1, " \t");
	return strncasecmp(quality, "q=", 2) || strtod(quality + 2, NULL) > 0;
}

static bool is_named(const char *element, size_t size, const char *name)
{
	size_t length = strcspn(element, "; \t,");

	return length <= size && length == strlen(name) && !strncasecmp(element, name, length);
}

bool http_accepts_gzip(const char *accept_encoding)
{
	const char *rest = accept_encoding ? accept_encoding : "", *element;
	bool takes_any = false;
	size_t size;

	while ((element = next_element(&rest, &size))) {
		if (is_named(element, size, "gzip"))
			return takes(element, size);
		if (is_named(element, size, "*"))
			takes_any = takes(element, size);
	}
	return takes_any;
}

bool http_tag_is_known(const char *if_none_match, const char *tag)
{
	const char *rest = if_none_match ? if_none_match : "", *element;
	size_t size;

	while ((element = next_element(&rest, &size))) {
		if (size == 1 && *element == '*')
			return true;
		if (size > 2 && !strncmp(element, "W/", 2)) {
			element += 2;
			size -= 2;
		}
		if (size == strlen(tag) && !memcmp(element, tag, size))
			return true;
	}
	return false;
}
