/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http_state.h"

#define NS_PER_MS           1000000u
#define NS_PER_SECOND       1000000000u
#define CONNECTION_BYTES    (16u << 10) /* for a request's line and heads, and those of its answer */
#define KEPT_ANSWERS_BYTES  ((size_t)24 << 20)
#define WATCH_MS            200
#define WATCH_WHEN_ALONE_MS 10000 /* nobody is connected */

static const struct http_limits defaults = {
	.connections = 2000,
	.threads = 2,
	.queued = 64,
	.recordings = 64,
	.request_ms = 20000,
	.answer_ms = 30000,
	.settle_ms = 30000,
	.idle_ms = 60000,
};

static void fill_defaults(struct http_limits *limits)
{
#define FILL(name)         \
	if (!limits->name) \
	limits->name = defaults.name
	FILL(connections);
	FILL(threads);
	FILL(queued);
	FILL(recordings);
	FILL(request_ms);
	FILL(answer_ms);
	FILL(settle_ms);
	FILL(idle_ms);
#undef FILL
}

/* --- connections and requests, as the library tells of them --- */

static uint64_t request_deadline(const struct http_server *server)
{
	return clock_monotonic_ns() + (uint64_t)server->options.limits.request_ms * NS_PER_MS;
}

static void note_connection(void *context, struct MHD_Connection *connection, void **link,
			    enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		*link = info ? http_connections_add(&server->connections, info->connect_fd,
						    request_deadline(server))
			     : NULL;
		pthread_mutex_lock(&server->lock);
		pthread_cond_signal(&server->changed);
		pthread_mutex_unlock(&server->lock);
	} else if (*link) {
		http_connections_remove(&server->connections, *link);
		*link = NULL;
	}
}

static void end_request(void *context, struct MHD_Connection *connection, void **state,
			enum MHD_RequestTerminationCode code)
{
	struct http_server *server = context;
	struct http_request *request = *state;

	(void)connection;
	(void)code;
	if (request)
		http_connection_set_deadline(&server->connections, request->link,
					     request_deadline(server));
	http_request_free(request);
	*state = NULL;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_bytes, void **state)
{
	(void)version;
	(void)upload;
	if (!*state)
		*state = http_request_new(context, connection);
	if (!*state)
		return MHD_NO;
	if (*upload_bytes) { /* what a GET has no use for */
		*upload_bytes = 0;
		return MHD_YES;
	}
	return http_request_go_on(*state, path, method);
}

/* --- the time --- */

static bool has_connections(struct http_server *server)
{
	uint64_t count, cut;

	http_connections_count(&server->connections, &count, &cut);
	return count;
}

/* With the lock. */
static void wait_a_moment(struct http_server *server)
{
	const uint64_t ms = has_connections(server) ? WATCH_MS : WATCH_WHEN_ALONE_MS;
	const uint64_t until_ns = clock_monotonic_ns() + ms * NS_PER_MS;
	const struct timespec until = { (time_t)(until_ns / NS_PER_SECOND),
					(long)(until_ns % NS_PER_SECOND) };

	pthread_cond_clockwait(&server->changed, &server->lock, CLOCK_MONOTONIC, &until);
}

static void *watch(void *context)
{
	struct http_server *server = context;

	pthread_mutex_lock(&server->lock);
	while (!server->is_ending) {
		wait_a_moment(server);
		pthread_mutex_unlock(&server->lock);
		http_connections_cut_late(&server->connections, clock_monotonic_ns());
		http_recordings_look(server, clock_monotonic_ns());
		pthread_mutex_lock(&server->lock);
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

static void end_watch(struct http_server *server)
{
	if (!server->is_watched)
		return;
	pthread_mutex_lock(&server->lock);
	server->is_ending = true;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
	pthread_join(server->watch, NULL);
}

/* --- its life --- */

static int start_daemon(struct http_server *server)
{
	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL,
		NULL, handle, server, MHD_OPTION_LISTEN_SOCKET, server->options.listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, server->options.limits.connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_NOTIFY_CONNECTION, note_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
		end_request, server, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	return server->daemon ? 0 : errno ? -errno : -EIO;
}

static int start_watch(struct http_server *server)
{
	int error = pthread_create(&server->watch, NULL, watch, server);

	server->is_watched = !error;
	return -error;
}

static int start(struct http_server *server)
{
	const struct answer_queue_options queue = {
		.source = server->options.source,
		.guard = &server->options.guard,
		.threads = server->options.limits.threads,
		.max_queued = server->options.limits.queued,
		.max_kept_bytes = KEPT_ANSWERS_BYTES,
		.idle_ns = (uint64_t)server->options.limits.idle_ms * NS_PER_MS,
		.wake = http_request_wake,
	};
	int error = answer_queue_new(&queue, &server->queue);

	if (!error)
		error = start_watch(server);
	return error ? error : start_daemon(server);
}

int http_server_new(const struct http_server_options *options, struct http_server **ret_server)
{
	struct http_server *server = calloc(1, sizeof(*server));
	int error;

	if (!server) {
		close(options->listen_fd);
		return -ENOMEM;
	}
	server->options = *options;
	fill_defaults(&server->options.limits);
	http_connections_init(&server->connections);
	http_recordings_init(&server->recordings);
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->changed, NULL);
	error = start(server);
	if (error)
		http_server_free(server);
	else
		*ret_server = server;
	return error;
}

/* Nobody may be suspended when the library ends; what was computed is sent, if it can be at once. */
void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	if (server->daemon)
		MHD_quiesce_daemon(server->daemon);
	end_watch(server);
	http_recordings_stop(server);
	if (server->queue)
		answer_queue_stop(server->queue);
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	close(server->options.listen_fd);
	answer_queue_free(server->queue);
	http_recordings_release(&server->recordings);
	http_connections_release(&server->connections);
	pthread_mutex_destroy(&server->lock);
	pthread_cond_destroy(&server->changed);
	free(server);
}

uint64_t http_server_longest_ns(struct http_server *server)
{
	return answer_queue_longest_ns(server->queue);
}
