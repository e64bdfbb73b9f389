/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a module's file, compiled in the worker: both sides of the service WORKER_ROWS. */
#ifndef HEARTH_WORKER_ROW_SERVICE_H
#define HEARTH_WORKER_ROW_SERVICE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "symbolize/debug_file.h"

struct worker;
struct worker_question;

/*
 * What a separate debug file is looked for by, where it is worth while: much of the file's code has no call frame
 * information.
 */
struct row_identity {
	struct build_id build_id; /* size 0: none */
	struct debuglink link;
	bool has_link;
};

/* A candidate for the separate debug file; fd -1: none. */
struct row_debug_file {
	int fd;
	enum debug_file_way way;
};

/*
 * Asks for a file's rows: 0, and a table that row_table_open() takes; errors as of row_compiler_compile(), or
 * -ESTALE: the debug file is not this file's; -EIO: another error of the worker's; or as of worker_ask(). An identity without
 * build-id and link: no debug file is needed.
 */
int row_service_ask(struct worker *worker, int fd, const struct row_debug_file *debug_file,
		    struct buffer *ret_table, struct row_identity *ret_identity);

/* In the worker: a worker_answer_fn. */
int row_service_answer(const struct worker_question *question, struct buffer *ret_answer);

#endif
