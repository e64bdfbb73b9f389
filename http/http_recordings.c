/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/clock.h"
#include "http/http_state.h"

#define NS_PER_MS     1000000u
#define NS_PER_SECOND 1000000000u

void http_recordings_init(struct http_recordings *recordings)
{
	*recordings = (struct http_recordings){ .lock = PTHREAD_MUTEX_INITIALIZER };
}

void http_recordings_release(struct http_recordings *recordings)
{
	pthread_mutex_destroy(&recordings->lock);
}

int http_recordings_add(struct http_server *server, struct http_request *request, uint64_t seconds)
{
	struct http_recordings *recordings = &server->recordings;
	bool has_room;

	request->due_ns = clock_monotonic_ns() + seconds * NS_PER_SECOND;
	request->late_ns = request->due_ns + (uint64_t)server->options.limits.settle_ms * NS_PER_MS;
	pthread_mutex_lock(&recordings->lock);
	has_room =
		recordings->count < server->options.limits.recordings && !recordings->is_stopping;
	if (has_room) {
		MHD_suspend_connection(request->connection);
		request->next = recordings->first;
		recordings->first = request;
		recordings->count++;
	}
	pthread_mutex_unlock(&recordings->lock);
	return has_room ? 0 : -EBUSY;
}

/* Out of the list, all that are to go on with `ret_waits` false. */
static struct http_request *take_ready(struct http_server *server, uint64_t now_ns)
{
	struct http_recordings *recordings = &server->recordings;
	struct http_request **link = &recordings->first, *taken = NULL;

	pthread_mutex_lock(&recordings->lock);
	while (*link) {
		struct http_request *request = *link;

		if (!recordings->is_stopping && now_ns < request->due_ns &&
		    !http_connection_is_left(request->link)) {
			link = &request->next;
			continue;
		}
		*link = request->next;
		recordings->count--;
		request->next = taken;
		taken = request;
	}
	pthread_mutex_unlock(&recordings->lock);
	return taken;
}

/* It waits on, for the store. */
static void put_back(struct http_recordings *recordings, struct http_request *request)
{
	pthread_mutex_lock(&recordings->lock);
	request->next = recordings->first;
	recordings->first = request;
	recordings->count++;
	pthread_mutex_unlock(&recordings->lock);
}

static void go_on(struct http_server *server, struct http_request *request, uint64_t now_ns)
{
	const struct api_source *source = server->options.source;
	int settled;

	if (now_ns < request->due_ns) { /* only its client can have ended it before */
		http_request_fail(request, 503, "the recording was ended before its time");
		return;
	}
	settled = source->settle(source->context, request->answer->to_ns);
	if (!settled)
		http_request_ask_recorded(request);
	else if (settled == -EAGAIN && now_ns < request->late_ns && !server->recordings.is_stopping)
		put_back(&server->recordings, request);
	else
		http_request_fail(
			request, 503,
			"what was recorded did not reach the store; /api/v1/status may tell why");
}

void http_recordings_look(struct http_server *server, uint64_t now_ns)
{
	struct http_request *request = take_ready(server, now_ns);

	while (request) {
		struct http_request *next = request->next;

		go_on(server, request, now_ns);
		request = next;
	}
}

void http_recordings_stop(struct http_server *server)
{
	pthread_mutex_lock(&server->recordings.lock);
	server->recordings.is_stopping = true;
	pthread_mutex_unlock(&server->recordings.lock);
	http_recordings_look(server, 0);
}
