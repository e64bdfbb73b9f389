/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker, seen from inside: the process that hearth runs under the name WORKER_NAME goes into the cage and answers
 * questions on its standard input until that ends.
 */
#ifndef HEARTH_WORKER_WORKER_CHILD_H
#define HEARTH_WORKER_WORKER_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "worker/cage.h"
#include "worker/worker_protocol.h"

#define WORKER_NAME "hearth-worker" /* as argv[0] */

struct elf_cache;

/* Files that questions are about stay open for further ones, as far as they take no more memory than this: more of it shows in the memory of a recording. */
#define WORKER_KEPT_BYTES ((size_t)4 << 20)

struct worker_question {
	uint32_t service;
	struct elf_cache *files; /* of the worker; trimmed by whoever opens some */
	int descriptors
		[WORKER_MAX_DESCRIPTORS]; /* those not handed in: -1; closed by whoever calls */
	struct bytes payload;
};

/* Answers with bytes, or with a negative errno. */
typedef int (*worker_answer_fn)(const struct worker_question *question, struct buffer *ret_answer);

/* Enters the cage, says so, and answers. Comes back with an exit status. */
int worker_child_run(const struct cage_limits *limits, worker_answer_fn answer);

/* All that is in worker_services.def: a worker_answer_fn. */
int worker_child_answer(const struct worker_question *question, struct buffer *ret_answer);

/* worker_child_run() with the worker's own limits, and all its answers. */
int worker_child_main(void);

#endif
