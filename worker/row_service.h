/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a module's file, compiled in the worker: both sides of the service WORKER_ROWS. */
#ifndef HEARTH_WORKER_ROW_SERVICE_H
#define HEARTH_WORKER_ROW_SERVICE_H

#include "base/buffer.h"
#include "worker/debug_identity.h"

struct worker;
struct worker_question;

/*
 * Asks for a file's rows: 0, and a table that row_table_open() takes; errors as of row_compiler_compile(), or
 * -ESTALE: the debug file is not this file's; -EIO: another error of the worker's; or as of worker_ask(). An identity that is not
 * known (debug_identity_is_known()): no debug file is needed.
 */
int row_service_ask(struct worker *worker, int fd, const struct debug_candidate *debug_file,
		    struct buffer *ret_table, struct debug_identity *ret_identity);

/* What the worker said, which is a table from then on: 0, or -EBADMSG: it does not add up. */
int row_service_hear(struct buffer *payload, struct debug_identity *ret_identity);

/* In the worker: a worker_answer_fn. */
int row_service_answer(const struct worker_question *question, struct buffer *ret_answer);

#endif
