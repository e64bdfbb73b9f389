/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over the socket (of packets) between the recorder and its front, in the machine's byte order:
 *
 *     recorder -> front   struct front_order, once, with the socket that listens and the page (front_page.h)
 *     front -> recorder   struct front_message, FRONT_IS_UP first
 *
 * Whatever the front says may have been said by whoever took it over.
 */
#ifndef HEARTH_PROFILER_FRONT_PROTOCOL_H
#define HEARTH_PROFILER_FRONT_PROTOCOL_H

#include <stdint.h>

#include "http/http_guard.h"

#define FRONT_MAGIC      0x746e7266u /* "frnt" */
#define FRONT_HOSTS_MAX  8
#define FRONT_HOST_BYTES 256

enum { FRONT_ORDER_LISTENS, FRONT_ORDER_PAGE, FRONT_ORDER_DESCRIPTORS };

struct front_order {
	uint32_t magic;
	uint32_t is_open; /* it does without the cage, which could not be built */
	uint32_t reach;   /* enum http_reach */
	uint32_t port;
	uint32_t host_count;
	char hosts[FRONT_HOSTS_MAX][FRONT_HOST_BYTES];
	char token[HTTP_TOKEN_MAX_BYTES]; /* "": none */
	char store[4096];
};

enum front_message_kind {
	FRONT_IS_UP,      /* or is not: with an error */
	FRONT_WANTS_END,  /* of the window, for somebody waits for what is in it */
	FRONT_MET_DAMAGE, /* in a slice; with an error: nothing of it can be read */
};

struct front_message {
	uint32_t magic;
	uint32_t kind;
	int32_t error;
	char failed[64]; /* what did, in words for the user */
	uint32_t chunks; /* of the slice, that are damaged or not there */
	uint64_t slice;  /* its number */
};

_Static_assert(sizeof(struct front_message) == 88, "front_message is part of the protocol");

#endif
