/* SPDX-License-Identifier: Apache-2.0 */
/* The page and its modules, which are in the program. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "http/answers.h"
#include "http/http_guard.h"
#include "http/http_parameters.h"
#include "http/http_reply.h"
#include "render/page_files.h"
#include "render/web_files.h"
#include "render/xml.h"

#define ADDRESS_BYTES_MAX 4096 /* of a longer one only the path is kept */

static int append_file(const char *name, struct http_reply *reply)
{
	struct page_file file;

	if (page_file_find(name, &file))
		return http_reply_error(reply, 404, "there is no such file of the page");
	reply->type = file.type;
	reply->policy = HTTP_POLICY_PAGE;
	buffer_append(&reply->body.buffer, file.content.data, file.content.size);
	return 0;
}

/* --- the token --- */

/* What may not stand for itself everywhere as %XX (RFC 3986, section 2.3): so it ends no head, either. */
static void append_escaped(struct buffer *to, const char *text)
{
	static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._~";

	for (; *text; text++) {
		if (strchr(unreserved, *text))
			buffer_append_char(to, *text);
		else
			buffer_printf(to, "%%%02X", (unsigned int)(unsigned char)*text);
	}
}

static void append_address(struct buffer *to, const struct http_parameters *parameters)
{
	buffer_append_char(to, '/');
	for (size_t i = 0; i < parameters->word_count; i++) {
		buffer_append_char(to, i ? '&' : '?');
		append_escaped(to, parameters->words[i].name);
		buffer_append_char(to, '=');
		append_escaped(to, parameters->words[i].value);
	}
}

/* The address without the token, so that neither history nor a link shows it. What stands behind "#" the browser keeps itself. */
static int keep_token(const struct http_question *question, struct http_reply *reply)
{
	_cleanup_(buffer_release) struct buffer address = { 0 };

	append_address(&address, question->parameters);
	if (buffer_error(&address))
		return -ENOMEM;
	reply->status = 303;
	reply->is_live = true;
	reply->location = arena_string(question->memory, address.data,
				       address.size > ADDRESS_BYTES_MAX ? 1 : address.size);
	snprintf(reply->cookie, sizeof(reply->cookie),
		 HTTP_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax", question->guard->token);
	return reply->location ? 0 : -ENOMEM;
}

/* In the form: a browser that sends one puts its fields in the place of what the address says. */
static void append_fields(struct buffer *to, const struct http_parameters *parameters)
{
	for (size_t i = 0; i < parameters->word_count; i++) {
		buffer_append_string(to, "<input type=\"hidden\" form=\"open\" name=\"");
		xml_append_string(to, parameters->words[i].name);
		buffer_append_string(to, "\" value=\"");
		xml_append_string(to, parameters->words[i].value);
		buffer_append_string(to, "\">\n");
	}
}

/* Whether the token is right the server has looked at already. */
int answer_page(const struct http_question *question, struct http_reply *reply)
{
	if (question->guard->token && http_parameters_has(question->parameters, "token"))
		return keep_token(question, reply);
	return append_file(PAGE_FILE_START, reply);
}

int answer_page_of_token(const struct http_parameters *parameters, bool is_wrong,
			 struct http_reply *reply)
{
	const struct bytes page = web_file_live_token_html();
	int error;

	http_reply_release(reply);
	error = http_reply_init(reply, "text/html; charset=utf-8", false);
	reply->status = 401;
	reply->is_live = true;
	reply->policy = HTTP_POLICY_TOKEN;
	if (error)
		return error;
	buffer_append(&reply->body.buffer, page.data, page.size);
	append_fields(&reply->body.buffer, parameters);
	if (is_wrong)
		buffer_append_string(
			&reply->body.buffer,
			"<p class=\"wrong\" role=\"alert\">That is not the token.</p>\n");
	return buffer_error(&reply->body.buffer);
}

int answer_page_file(const struct http_question *question, struct http_reply *reply)
{
	return append_file(question->parameters->rest, reply);
}
