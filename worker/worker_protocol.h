/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over the socket (a stream) between hearth and its worker, in the machine's byte order:
 *
 *     worker -> hearth   struct worker_hello, once
 *     hearth -> worker   struct worker_request_header with the descriptors, payload
 *     worker -> hearth   struct worker_reply_header, payload
 *
 * Requests are answered one after the other, in their order; further ones may be on their way meanwhile. No memory is shared, so that nothing changes any more once it was looked at. Whatever the worker says
 * may have been said by whoever took it over.
 */
#ifndef HEARTH_WORKER_WORKER_PROTOCOL_H
#define HEARTH_WORKER_WORKER_PROTOCOL_H

#include <stdint.h>

#define WORKER_MAGIC             0x6b726f77u /* "work" */
#define WORKER_MAX_DESCRIPTORS   28
#define WORKER_MAX_REQUEST_BYTES (16u << 20)
#define WORKER_MAX_REPLY_BYTES   (128u << 20)

/* What can be asked for: WORKER_ROWS and so on. */
enum worker_service {
#define SERVICE(constant, answer) WORKER_##constant,
#include "worker/worker_services.def"
#undef SERVICE
	WORKER_SERVICE_COUNT
};

struct worker_hello {
	uint32_t magic;
	int32_t error;   /* 0: it is in its cage */
	char failed[64]; /* else what failed, for the user */
};

struct worker_request_header {
	uint32_t magic;
	uint32_t service;
	uint64_t id;
	uint64_t payload_bytes;
};

struct worker_reply_header {
	uint32_t magic;
	int32_t error;   /* of the service; then there is no payload */
	uint64_t id;     /* of the request */
	uint64_t cpu_ns; /* that the answer took */
	uint64_t payload_bytes;
};

_Static_assert(sizeof(struct worker_hello) == 72, "worker_hello is part of the protocol");
_Static_assert(sizeof(struct worker_request_header) == 24, "so is worker_request_header");
_Static_assert(sizeof(struct worker_reply_header) == 32, "and worker_reply_header");

#endif
