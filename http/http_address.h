/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the server listens: "127.0.0.1:7171", "[::1]:7171", "localhost:7171", any other IP address with a port, or "unix:PATH". Names are not looked up. Port 0 takes any free
 * one.
 */
#ifndef HEARTH_HTTP_HTTP_ADDRESS_H
#define HEARTH_HTTP_HTTP_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

enum http_reach {
	HTTP_ON_LOOPBACK, /* this machine's users */
	HTTP_ON_NETWORK,  /* whoever can reach the address: a token is needed */
	HTTP_ON_SOCKET,   /* whom the socket's mode lets in */
};

#define HTTP_ADDRESS_TEXT_BYTES 128

struct http_address {
	enum http_reach reach;
	struct sockaddr_storage socket;
	socklen_t socket_bytes;
	uint16_t port; /* 0 of a Unix socket */
	char text
		[HTTP_ADDRESS_TEXT_BYTES]; /* "127.0.0.1:7171", as a URL has it; of a Unix socket as it was said */
};

/* 0, or -EINVAL with a reason in `ret_why`. */
int http_address_parse(const char *text, struct http_address *ret_address, const char **ret_why);

/*
 * A socket that listens there and does not block: 0 or -errno. A Unix socket that nobody listens at any more is replaced; its mode is 0660. `address` then tells the port that
 * was taken.
 */
int http_address_listen(struct http_address *address, int *ret_fd);

/* A Unix socket leaves its name behind. */
void http_address_forget(const struct http_address *address);

#endif
