/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers are called, read in the worker of their engines' files: both sides of the service WORKER_CONTAINERS. The files come as bytes,
 * for they were read when the container was met, and may be gone.
 */
#ifndef HEARTH_WORKER_CONTAINER_SERVICE_H
#define HEARTH_WORKER_CONTAINER_SERVICE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "worker/container_words.h"

struct worker;
struct worker_question;

#define CONTAINER_SERVICE_MAX_CONTAINERS 4096
#define CONTAINER_SERVICE_ANY            UINT32_MAX

/* A file, and whose it is: an index, or CONTAINER_SERVICE_ANY: it names them itself. */
struct container_service_file {
	struct bytes bytes;
	uint32_t container;
	bool is_users; /* not only root could write it */
};

/*
 * Asks a worker that was not asked anything else about all of them, whose IDs are set, and fills in the words. 0; -E2BIG; -EBADMSG: the worker's
 * answer does not add up; or as of worker_ask().
 */
int container_service_ask(struct worker *worker, const struct container_service_file *files,
			  size_t file_count, struct container_words *containers, size_t count);

/* What the worker said: 0, or -EBADMSG and nothing is filled in. */
int container_service_hear(struct bytes payload, struct container_words *containers, size_t count);

/* In the worker: a worker_answer_fn. */
int container_service_answer(const struct worker_question *question, struct buffer *ret_answer);

#endif
