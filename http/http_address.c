/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define UNIX        "unix:"
#define BACKLOG     1024
#define SOCKET_MODE 0660

static int refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

static int parse_path(const char *path, struct http_address *to, const char **ret_why)
{
	struct sockaddr_un *name = (struct sockaddr_un *)&to->socket;

	if (!*path)
		return refuse(ret_why, "unix: is followed by the path of a socket");
	if (strlen(path) >= sizeof(name->sun_path))
		return refuse(ret_why, "the path of a socket has 107 bytes at most");
	name->sun_family = AF_UNIX;
	memcpy(name->sun_path, path, strlen(path) + 1);
	to->socket_bytes = sizeof(*name);
	to->reach = HTTP_ON_SOCKET;
	snprintf(to->text, sizeof(to->text), UNIX "%s", path);
	return 0;
}

static bool parse_port(const char *text, uint16_t *ret_port)
{
	unsigned long port;

	if (!*text || strlen(text) > 5 || text[strspn(text, "0123456789")])
		return false;
	port = strtoul(text, NULL, 10);
	*ret_port = (uint16_t)port;
	return port <= UINT16_MAX;
}

/* The numeric address, and how a URL writes it. */
static void write_text(struct http_address *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->socket;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&address->socket;
	char host[INET6_ADDRSTRLEN] = "";

	if (address->socket.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
	else
		inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
	snprintf(address->text, sizeof(address->text),
		 address->socket.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host, address->port);
}

static bool parse_four(const char *host, struct http_address *to)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&to->socket;

	if (inet_pton(AF_INET, host, &four->sin_addr) != 1)
		return false;
	four->sin_family = AF_INET;
	four->sin_port = htons(to->port);
	to->socket_bytes = sizeof(*four);
	to->reach = ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET ? HTTP_ON_LOOPBACK
									 : HTTP_ON_NETWORK;
	return true;
}

static bool parse_six(const char *host, struct http_address *to)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&to->socket;

	if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
		return false;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(to->port);
	to->socket_bytes = sizeof(*six);
	to->reach = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) ? HTTP_ON_LOOPBACK : HTTP_ON_NETWORK;
	return true;
}

/* "[::1]", "127.0.0.1", "localhost"; `size` bytes. */
static bool parse_host(const char *host, size_t size, struct http_address *to)
{
	char name[INET6_ADDRSTRLEN];

	if (size == strlen("localhost") && !strncmp(host, "localhost", size))
		return parse_four("127.0.0.1", to);
	if (size < 2 || size >= sizeof(name))
		return false;
	memcpy(name, host, size);
	name[size] = '\0';
	if (name[0] != '[' || name[size - 1] != ']')
		return parse_four(name, to);
	name[size - 1] = '\0';
	return parse_six(name + 1, to);
}

int http_address_parse(const char *text, struct http_address *ret_address, const char **ret_why)
{
	struct http_address address = { 0 };
	const char *colon = strrchr(text, ':');
	int error;

	if (!strncmp(text, UNIX, strlen(UNIX))) {
		error = parse_path(text + strlen(UNIX), &address, ret_why);
		if (!error)
			*ret_address = address;
		return error;
	}
	if (!colon || !parse_port(colon + 1, &address.port))
		return refuse(ret_why, "an address is IP:PORT, as 127.0.0.1:7171, or unix:PATH");
	if (!parse_host(text, (size_t)(colon - text), &address))
		return refuse(
			ret_why,
			"the part before the port is an IP address, as 127.0.0.1 or [::1], or localhost");
	write_text(&address);
	*ret_address = address;
	return 0;
}

/* --- listening --- */

static bool is_listened_at(const struct http_address *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ||
	       !connect(fd, (const struct sockaddr *)&address->socket, address->socket_bytes) ||
	       errno != ECONNREFUSED;
}

/* What a server that died left behind. */
static void remove_leftover(const struct http_address *address)
{
	const struct sockaddr_un *name = (const struct sockaddr_un *)&address->socket;
	struct stat what;

	if (!lstat(name->sun_path, &what) && S_ISSOCK(what.st_mode) && !is_listened_at(address))
		unlink(name->sun_path);
}

static int bind_to(int fd, const struct http_address *address)
{
	mode_t before = umask(0777 & ~SOCKET_MODE);
	int error = bind(fd, (const struct sockaddr *)&address->socket, address->socket_bytes)
			    ? -errno
			    : 0;

	umask(before);
	return error;
}

static void learn_port(struct http_address *address, int fd)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);

	if (address->reach == HTTP_ON_SOCKET || getsockname(fd, (struct sockaddr *)&bound, &size))
		return;
	address->socket = bound;
	address->port =
		ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
						  : ((struct sockaddr_in *)&bound)->sin_port);
	write_text(address);
}

int http_address_listen(struct http_address *address, int *ret_fd)
{
	_cleanup_close_ int fd =
		socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;
	int error;

	if (fd < 0)
		return -errno;
	if (address->reach == HTTP_ON_SOCKET)
		remove_leftover(address);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	error = bind_to(fd, address);
	if (!error && listen(fd, BACKLOG))
		error = -errno;
	if (error)
		return error;
	learn_port(address, fd);
	*ret_fd = take_fd(&fd);
	return 0;
}

void http_address_forget(const struct http_address *address)
{
	if (address->reach == HTTP_ON_SOCKET)
		unlink(((const struct sockaddr_un *)&address->socket)->sun_path);
}
