/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_connections.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

struct http_connection {
	int fd;
	bool is_cut;
	uint64_t deadline_ns;
	struct http_connection *previous, *next;
};

void http_connections_init(struct http_connections *connections)
{
	*connections = (struct http_connections){ .lock = PTHREAD_MUTEX_INITIALIZER };
}

void http_connections_release(struct http_connections *connections)
{
	pthread_mutex_destroy(&connections->lock);
}

struct http_connection *http_connections_add(struct http_connections *connections, int fd,
					     uint64_t deadline_ns)
{
	struct http_connection *added = malloc(sizeof(*added));

	if (!added)
		return NULL;
	pthread_mutex_lock(&connections->lock);
	*added = (struct http_connection){
		.fd = fd,
		.deadline_ns = deadline_ns,
		.next = connections->first,
	};
	if (added->next)
		added->next->previous = added;
	connections->first = added;
	connections->count++;
	pthread_mutex_unlock(&connections->lock);
	return added;
}

void http_connections_remove(struct http_connections *connections,
			     struct http_connection *connection)
{
	pthread_mutex_lock(&connections->lock);
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		connections->first = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	connections->count--;
	pthread_mutex_unlock(&connections->lock);
	free(connection);
}

void http_connection_set_deadline(struct http_connections *connections,
				  struct http_connection *connection, uint64_t deadline_ns)
{
	pthread_mutex_lock(&connections->lock);
	connection->deadline_ns = deadline_ns;
	pthread_mutex_unlock(&connections->lock);
}

bool http_connection_is_left(const struct http_connection *connection)
{
	struct pollfd polled = { .fd = connection->fd, .events = POLLRDHUP };

	return poll(&polled, 1, 0) > 0;
}

void http_connections_cut_late(struct http_connections *connections, uint64_t now_ns)
{
	pthread_mutex_lock(&connections->lock);
	for (struct http_connection *at = connections->first; at; at = at->next) {
		if (at->is_cut || !at->deadline_ns || now_ns < at->deadline_ns)
			continue;
		at->is_cut = true;
		connections->cut++;
		shutdown(at->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&connections->lock);
}

void http_connections_count(struct http_connections *connections, uint64_t *ret_count,
			    uint64_t *ret_cut)
{
	pthread_mutex_lock(&connections->lock);
	*ret_count = connections->count;
	*ret_cut = connections->cut;
	pthread_mutex_unlock(&connections->lock);
}
