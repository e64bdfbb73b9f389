/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for addresses of one file, or of code that a runtime made, read in the worker: both sides of the service WORKER_NAMES.
 * Questions and answers are the symbolizer's (symbolizer.h), but for the debug file, which is handed in.
 */
#ifndef HEARTH_WORKER_NAME_SERVICE_H
#define HEARTH_WORKER_NAME_SERVICE_H

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "symbolize/answer.h"
#include "worker/debug_identity.h"

struct worker;
struct worker_question;

/* Asks for a SYMBOL_FILE or SYMBOL_MADE_CODE, as of worker_submit(); the descriptors are open until its answer. */
int name_service_submit(struct worker *worker, const struct symbol_request *request,
			const struct debug_candidate *debug_file);

/*
 * The answer to the oldest question of `worker`, which had `count` addresses: 0 and an answer, for answer_release(); an error as symbolizer.h says, of the file or its debug file, or of
 * made_code.h; -ESTALE: the debug file is not this file's, or the supplementary file not theirs; -EIO: another one of the worker's; or as of
 * worker_take(). An identity that is known: the file has no symbols of its own, and its debug file may be looked for; with a supplementary file: inlined
 * calls of theirs have their names there, and are left out until it is handed in, or said to be lacking; that wants a package: some have
 * them there, if it is handed in, or else in files of single units, whose paths live as long as the answer. An error has no answer. `ret_cpu_ns`: as the
 * worker says; 0 where it says nothing.
 */
int name_service_take(struct worker *worker, size_t count, struct answer *ret_answer,
		      struct debug_identity *ret_identity, uint64_t *ret_cpu_ns);

/* What the worker said, into an answer with room for what was asked: 0, -EBADMSG: it does not add up; -ENOMEM. */
int name_service_hear(struct bytes payload, struct answer *answer,
		      struct debug_identity *ret_wanted);

/* In the worker: a worker_answer_fn. */
int name_service_answer(const struct worker_question *question, struct buffer *ret_answer);

#endif
