/* SPDX-License-Identifier: Apache-2.0 */
/* An answer as HTTP's status, heads and bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/http_state.h"

#define NS_PER_MS         1000000u
#define NS_PER_SECOND     1000000000u
#define BYTES_EACH_SECOND 131072u

/* Of all answers. */
static const struct {
	const char *name, *value;
} heads[] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
};

static void add(struct MHD_Response *response, const char *name, const char *value)
{
	if (value && *value)
		MHD_add_response_header(response, name, value);
}

static void add_common(struct MHD_Response *response, enum http_policy policy)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		add(response, heads[i].name, heads[i].value);
	add(response, "Content-Security-Policy", http_policy_text(policy));
}

static void add_heads(struct MHD_Response *response, const struct http_reply *reply)
{
	char text[128] = "";

	add_common(response, reply->policy);
	add(response, "Content-Type", reply->type);
	add(response, "Cache-Control", reply->is_live ? "no-store" : "private, no-cache");
	add(response, "Vary", "Accept-Encoding");
	add(response, "Content-Encoding", reply->body.is_gzip ? "gzip" : NULL);
	add(response, "ETag", reply->is_live ? NULL : reply->body.tag);
	add(response, "Allow", reply->allow);
	add(response, "WWW-Authenticate", reply->challenge);
	add(response, "Location", reply->location);
	add(response, "Set-Cookie", reply->cookie);
	if (*reply->file_name) {
		snprintf(text, sizeof(text), "attachment; filename=\"%s\"", reply->file_name);
		add(response, "Content-Disposition", text);
	}
	if (reply->retry_after_s) {
		snprintf(text, sizeof(text), "%u", reply->retry_after_s);
		add(response, "Retry-After", text);
	}
}

static void count(struct http_server *server, unsigned int status)
{
	if (status >= 400 && status < 500)
		server->wrong++;
	else if (status == 503)
		server->later++;
	else if (status >= 500)
		server->failed++;
}

static void release_sent(void *answer)
{
	http_answer_release(answer);
}

static void set_deadline(struct http_server *server, struct MHD_Connection *connection,
			 size_t bytes)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	const uint64_t allowed_ns = (uint64_t)server->options.limits.answer_ms * NS_PER_MS +
				    (uint64_t)bytes / BYTES_EACH_SECOND * NS_PER_SECOND;

	if (info && info->socket_context)
		http_connection_set_deadline(&server->connections, info->socket_context,
					     clock_monotonic_ns() + allowed_ns);
}

enum MHD_Result http_response_send(struct http_server *server, struct MHD_Connection *connection,
				   struct http_answer *answer)
{
	const struct http_reply *reply = &answer->reply;
	const char *known = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							MHD_HTTP_HEADER_IF_NONE_MATCH);
	const bool is_known = reply->status == 200 && !reply->is_live &&
			      http_tag_is_known(known, reply->body.tag);
	const size_t bytes = is_known ? 0 : reply->body.made.size;
	struct MHD_Response *response;
	enum MHD_Result result;

	http_answer_refer(answer);
	response = MHD_create_response_from_buffer_with_free_callback_cls(
		bytes, bytes ? reply->body.made.data : (void *)"", release_sent, answer);
	if (!response) {
		http_answer_release(answer);
		return MHD_NO;
	}
	add_heads(response, reply);
	count(server, reply->status);
	set_deadline(server, connection, bytes);
	result = MHD_queue_response(connection, is_known ? 304 : reply->status, response);
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result http_response_send_line(struct http_server *server,
					struct MHD_Connection *connection, unsigned int status,
					const char *allow, const char *line)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(line), (void *)line, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	add_common(response, HTTP_POLICY_NOTHING);
	add(response, "Content-Type", "application/json");
	add(response, "Cache-Control", "no-store");
	add(response, "Allow", allow);
	if (status == 503)
		add(response, "Retry-After", "1");
	count(server, status);
	set_deadline(server, connection, 0);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}
