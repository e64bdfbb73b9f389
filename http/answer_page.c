/* SPDX-License-Identifier: Apache-2.0 */
/* The page and its modules, which are in the program. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/answers.h"
#include "http/http_guard.h"
#include "http/http_parameters.h"
#include "http/http_reply.h"
#include "render/page_files.h"
#include "render/web_files.h"

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

/* The address without the token, so that neither history nor a link shows it. */
static int keep_token(const struct http_guard *guard, struct http_reply *reply)
{
	reply->status = 303;
	reply->is_live = true;
	snprintf(reply->location, sizeof(reply->location), "/");
	snprintf(reply->cookie, sizeof(reply->cookie),
		 HTTP_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax", guard->token);
	return 0;
}

/* Whether the token is right the server has looked at already. */
int answer_page(const struct http_question *question, struct http_reply *reply)
{
	if (question->guard->token && http_parameters_has(question->parameters, "token"))
		return keep_token(question->guard, reply);
	return append_file(PAGE_FILE_START, reply);
}

int answer_page_of_token(struct http_reply *reply, bool is_wrong)
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
