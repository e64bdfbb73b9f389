/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of a server and by when each has to have done what it does: sent its next request, or taken an answer. One that is late is cut, however busy it is with a
 * byte now and then. While an answer is computed there is no such time.
 *
 * Thread-safe.
 */
#ifndef HEARTH_HTTP_HTTP_CONNECTIONS_H
#define HEARTH_HTTP_HTTP_CONNECTIONS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct http_connection;

struct http_connections {
	pthread_mutex_t lock; /* of what follows */
	struct http_connection *first;
	uint64_t count, cut;
};

void http_connections_init(struct http_connections *connections);
void http_connections_release(struct http_connections *connections); /* when there are none */

/* A descriptor that stays the caller's, until it is removed. NULL: out of memory. */
struct http_connection *http_connections_add(struct http_connections *connections, int fd,
					     uint64_t deadline_ns);
void http_connections_remove(struct http_connections *connections,
			     struct http_connection *connection);

/* By the clock of clock_monotonic_ns(); 0: none. */
void http_connection_set_deadline(struct http_connections *connections,
				  struct http_connection *connection, uint64_t deadline_ns);

/* Has the client closed it, or its half? */
bool http_connection_is_left(const struct http_connection *connection);

/* Shuts those down that are late: whoever reads or writes them then closes them. */
void http_connections_cut_late(struct http_connections *connections, uint64_t now_ns);

void http_connections_count(struct http_connections *connections, uint64_t *ret_count,
			    uint64_t *ret_cut);

#endif
