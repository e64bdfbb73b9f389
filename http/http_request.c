/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "http/http_routes.h"
#include "http/http_state.h"

#define NS_PER_MS     1000000u
#define NS_PER_SECOND 1000000000u
#define WINDOWS_LATE  2

static const char no_memory[] = "{\"error\":\"out of memory; come again\"}\n";
static const char no_method[] = "{\"error\":\"GET and HEAD are all there is\"}\n";

static struct http_connection *link_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

struct http_request *http_request_new(struct http_server *server, struct MHD_Connection *connection)
{
	struct http_request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->server = server;
	request->connection = connection;
	request->link = link_of(connection);
	request->answer = http_answer_new();
	if (request->answer && request->link)
		return request;
	http_request_free(request);
	return NULL;
}

void http_request_free(struct http_request *request)
{
	if (!request)
		return;
	http_answer_release(request->answer);
	free(request);
}

/* --- what it says --- */

static const char *head(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static struct http_heads heads_of(const struct http_request *request)
{
	return (struct http_heads){
		.host = head(request, MHD_HTTP_HEADER_HOST),
		.origin = head(request, MHD_HTTP_HEADER_ORIGIN),
		.fetch_site = head(request, "Sec-Fetch-Site"),
		.fetch_mode = head(request, "Sec-Fetch-Mode"),
		.authorization = head(request, MHD_HTTP_HEADER_AUTHORIZATION),
		.cookie = head(request, MHD_HTTP_HEADER_COOKIE),
	};
}

struct gathered {
	struct http_pair pairs[HTTP_PAIRS_MAX + 1];
	size_t count; /* with one more than there may be, which is refused */
};

static enum MHD_Result gather_pair(void *context, enum MHD_ValueKind kind, const char *name,
				   size_t name_size, const char *value, size_t value_size)
{
	struct gathered *gathered = context;

	(void)kind;
	if (gathered->count <= HTTP_PAIRS_MAX)
		gathered->pairs[gathered->count++] =
			(struct http_pair){ name, value, name_size, value_size };
	return MHD_YES;
}

/*
 * What "now" is: the moment up to which the store has what was recorded, so that all who ask until there is more share an answer. Of a recorder that lags behind, the end of this second.
 */
static uint64_t newest_moment(const struct http_server *server, uint64_t now_ns)
{
	const struct api_source *source = server->options.source;
	struct api_status status = { 0 };

	source->status(source->context, &status);
	if (status.recorded_ns <= now_ns &&
	    now_ns - status.recorded_ns <= WINDOWS_LATE * status.window_ns)
		return status.recorded_ns;
	return now_ns - now_ns % NS_PER_SECOND + NS_PER_SECOND;
}

/* NULL: there is none. */
static const char *token_parameter(const struct http_request *request)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "token");
}

/* 0, -ENOMEM, or -EINVAL with the reason. */
static int read_parameters(struct http_request *request, const struct http_route *route,
			   const char *rest, char why[HTTP_WHY_BYTES])
{
	struct gathered gathered = { .count = 0 };
	struct http_answer *answer = request->answer;
	struct http_parameters_input input = { .rest = rest };

	MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, gather_pair,
				    &gathered);
	answer->now_ns = clock_unix_ns();
	input.pairs = gathered.pairs;
	input.count = gathered.count;
	input.now_ns = newest_moment(request->server, answer->now_ns);
	return http_parameters_parse(route, &input, &answer->memory, &answer->parameters, why);
}

/* --- errors, which are answers like any other --- */

static void tell(struct http_request *request, unsigned int status, const char *why)
{
	struct http_reply *reply = &request->answer->reply;

	if (http_reply_error(reply, status, "%s", why) || http_body_end(&reply->body))
		reply->status = 503;
	if (status == 503)
		reply->retry_after_s = 1;
}

/* Who opens the page can type it in. Of an address that is refused the page has what stands before the fault. */
static void show_page_of_token(struct http_request *request, const struct http_route *route)
{
	struct http_answer *answer = request->answer;
	char why[HTTP_WHY_BYTES];

	if (read_parameters(request, route, "", why) == -ENOMEM ||
	    answer_page_of_token(&answer->parameters, token_parameter(request), &answer->reply) ||
	    http_body_end(&answer->reply.body))
		answer->reply.status = 503;
}

static void ask_for_token(struct http_request *request, const struct http_route *route)
{
	struct http_reply *reply = &request->answer->reply;

	if (route && route->id == HTTP_ROUTE_PAGE)
		show_page_of_token(request, route);
	else
		tell(request, 401,
		     "a token is needed: open /?token=TOKEN, or send Authorization: Bearer TOKEN");
	reply->challenge = "Bearer";
}

static void refuse(struct http_request *request, const struct http_route *route,
		   enum http_verdict verdict)
{
	request->server->refused++;
	if (verdict == HTTP_OTHER_HOST)
		tell(request, 403,
		     "the Host is none that this server is reached by; hearth serve --host NAME adds one");
	else if (verdict == HTTP_OTHER_SITE)
		tell(request, 403, "pages of other sites may not ask");
	else
		ask_for_token(request, route);
}

/* --- who may ask --- */

/* The page takes the token as a parameter, too. */
static bool has_token_parameter(const struct http_request *request, const struct http_route *route)
{
	const struct http_guard *guard = &request->server->options.guard;
	const char *token = token_parameter(request);

	return route->id == HTTP_ROUTE_PAGE && token &&
	       http_guard_is_token(guard, token, strlen(token));
}

static bool may_ask(struct http_request *request, const struct http_route *route)
{
	const struct http_guard *guard = &request->server->options.guard;
	const struct http_heads heads = heads_of(request);
	enum http_verdict verdict =
		http_guard_judge_origin(guard, &heads, route && route->id == HTTP_ROUTE_PAGE);

	if (verdict == HTTP_PASSES && !(route && route->way == HTTP_OPEN))
		verdict = http_guard_judge_token(guard, &heads);
	if (verdict == HTTP_NO_TOKEN && route && has_token_parameter(request, route))
		verdict = HTTP_PASSES;
	if (verdict != HTTP_PASSES)
		refuse(request, route, verdict);
	return verdict == HTTP_PASSES;
}

/* --- how it is answered --- */

static void count_all(struct http_server *server, struct http_counts *to)
{
	*to = (struct http_counts){
		.requests = server->requests,
		.refused = server->refused,
		.wrong = server->wrong,
		.failed = server->failed,
		.later = server->later,
	};
	http_connections_count(&server->connections, &to->connections, &to->cut);
	answer_queue_count(server->queue, to);
}

static enum MHD_Result answer_now(struct http_request *request, const struct http_route *route)
{
	struct http_server *server = request->server;
	struct http_answer *answer = request->answer;
	struct http_counts counts;
	const struct http_question question = {
		.source = server->options.source,
		.parameters = &answer->parameters,
		.guard = &server->options.guard,
		.counts = &counts,
		.now_ns = clock_unix_ns(),
		.memory = &answer->memory,
	};

	count_all(server, &counts);
	http_answer_compute(answer, &question);
	if (route->way != HTTP_FILE)
		answer->reply.is_live = true;
	return http_response_send(server, request->connection, answer);
}

static void suspend(struct answer_waiter *waiter)
{
	struct http_request *request = (struct http_request *)waiter;

	request->is_waiting = true;
	MHD_suspend_connection(request->connection);
}

static void do_nothing(struct answer_waiter *waiter)
{
	(void)waiter;
}

/* Gives the request's answer to the queue; what it gets is another one, perhaps. */
static int ask(struct http_request *request, void (*before)(struct answer_waiter *))
{
	struct http_answer *asked = take_ptr(request->answer);
	_cleanup_(buffer_release) struct buffer key = { 0 };
	struct api_status status = { 0 };
	const struct api_source *source = request->server->options.source;

	source->status(source->context, &status);
	http_parameters_append_key(&key, &asked->parameters);
	buffer_printf(&key, ";%d %llu %llu", asked->may_gzip, (unsigned long long)asked->from_ns,
		      (unsigned long long)asked->to_ns);
	asked->changes = status.changes;
	asked->key = buffer_string(&key) ? strdup(key.data) : NULL;
	return answer_queue_ask(request->server->queue, asked, &request->waiter, before,
				&request->answer);
}

static enum MHD_Result answer_later(struct http_request *request)
{
	int error = ask(request, suspend);

	if (!error)
		return http_response_send(request->server, request->connection, request->answer);
	return error == -EINPROGRESS
		       ? MHD_YES
		       : http_response_send_line(
				 request->server, request->connection, 503, NULL,
				 "{\"error\":\"too many questions wait; come again\"}\n");
}

void http_request_ask_recorded(struct http_request *request)
{
	int error = ask(request, do_nothing);

	if (error == -EINPROGRESS)
		return;
	if (error) {
		request->answer = http_answer_new();
		http_request_fail(request, 503, "too many questions wait; come again");
	} else {
		http_request_wake(NULL, &request->waiter);
	}
}

void http_request_fail(struct http_request *request, unsigned int status, const char *why)
{
	if (request->answer)
		tell(request, status, why);
	http_request_wake(NULL, &request->waiter);
}

void http_request_wake(void *context, struct answer_waiter *waiter)
{
	struct http_request *request = (struct http_request *)waiter;

	(void)context;
	MHD_resume_connection(request->connection);
}

static enum MHD_Result record(struct http_request *request)
{
	uint64_t seconds = http_parameters_number(&request->answer->parameters, "seconds");

	request->answer->from_ns = clock_unix_ns();
	request->answer->to_ns = request->answer->from_ns + seconds * NS_PER_SECOND;
	request->is_waiting = true;
	if (!http_recordings_add(request->server, request, seconds))
		return MHD_YES;
	request->is_waiting = false;
	tell(request, 503, "too many recordings are waited for; come again");
	return http_response_send(request->server, request->connection, request->answer);
}

/* false: the answer says why. */
static bool parse(struct http_request *request, const struct http_route *route, const char *rest)
{
	char why[HTTP_WHY_BYTES];
	int error = read_parameters(request, route, rest, why);

	request->answer->may_gzip =
		strcmp(route->type, "application/octet-stream") &&
		http_accepts_gzip(head(request, MHD_HTTP_HEADER_ACCEPT_ENCODING));
	if (error)
		tell(request, error == -EINVAL ? 400 : 503, error == -EINVAL ? why : no_memory);
	return !error;
}

static enum MHD_Result answer(struct http_request *request, const char *path)
{
	const char *rest;
	const struct http_route *route = http_route_find(path, &rest);
	bool goes_on = may_ask(request, route);

	if (goes_on && !route) {
		tell(request, 404,
		     "there is nothing here; /api/v1/openapi.json tells what there is");
		goes_on = false;
	}
	if (!goes_on || !parse(request, route, rest))
		return http_response_send(request->server, request->connection, request->answer);
	switch (route->way) {
	case HTTP_COMPUTED:
		return answer_later(request);
	case HTTP_RECORDED:
		return record(request);
	case HTTP_AT_ONCE:
	case HTTP_OPEN:
	case HTTP_FILE:
		break;
	}
	return answer_now(request, route);
}

enum MHD_Result http_request_go_on(struct http_request *request, const char *path,
				   const char *method)
{
	if (request->is_waiting) {
		request->is_waiting = false;
		if (!request->answer)
			return http_response_send_line(request->server, request->connection, 503,
						       NULL, no_memory);
		return http_response_send(request->server, request->connection, request->answer);
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
		return http_response_send_line(request->server, request->connection, 405,
					       "GET, HEAD", no_method);
	}
	if (request->was_begun) {
		/* While it is answered nobody hurries it. */
		http_connection_set_deadline(&request->server->connections, request->link, 0);
		request->server->requests++;
		return answer(request, path);
	}
	request->was_begun = true;
	return MHD_YES;
}
