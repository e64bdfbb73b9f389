/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker, seen from hearth: a process in the cage (cage.h) that is asked about open files and answers with bytes.
 *
 * It is a new program (hearth itself, under another name), so that nothing of hearth's memory is in it, and it is started at once and in the
 * background: whoever wants to know whether the cage could be built waits for it (worker_await()). Several questions may be on their way: they
 * are answered in their order, so that neither process waits for the other one to wake up. A worker that overruns its
 * deadline, dies, or answers what is no reply is killed, and the next question finds a new one: what it costs is the
 * question that it was at, the oldest one, which the asker is to remember and not to ask again.
 *
 * A worker that has read a file of one user reads none of another's: that file may have taken it over, and it would say of the next
 * one what that user likes. Where the owner changes (file_owner.h) it is replaced, which takes some milliseconds; one that
 * has read root's files alone, who may do anything anyway, goes on with anybody's. So whoever asks about many files does it in the
 * order of their owners, root's first.
 *
 * What comes back are bytes from outside, bounded in size and nothing else; whoever asked checks what is in them.
 *
 * One thread at a time asks; all else may be called from any thread.
 */
#ifndef HEARTH_WORKER_WORKER_H
#define HEARTH_WORKER_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "worker/child_process.h"
#include "worker/worker_protocol.h"

#define WORKER_DATA_BYTES \
	(1ull << 30)           /* data, heap and anonymous pages; mapped files are not counted */
#define WORKER_CPU_SECONDS 600 /* at half of it, it is replaced between two questions */

/*
 * Of one question, once it is the oldest. The CPU time is the worker's own, so that a busy machine ends nothing. A worker that uses none waits for
 * a file, and all others wait with it.
 */
struct worker_deadline {
	uint32_t cpu_ms, idle_ms, wall_ms;
};

/* A file of a hundred megabytes takes one second; one on a network file system may be slow to come. */
#define WORKER_DEADLINE \
	((struct worker_deadline){ .cpu_ms = 10000, .idle_ms = 3000, .wall_ms = 30000 })

struct worker_options {
	char *const *arguments; /* of this program, as worker; they live longer */
	struct worker_deadline deadline;
};

struct worker_request {
	uint32_t service; /* enum worker_service */
	const int *descriptors;
	size_t descriptor_count; /* up to WORKER_MAX_DESCRIPTORS */
	bool is_anybodys; /* nobody knows who wrote them, whoever they belong to (file_owner.h) */
	struct bytes payload;
	size_t max_reply_bytes;
};

struct worker_answer {
	int error; /* of the service, from -4095 to 0 */
	struct buffer payload;
	uint64_t cpu_ns; /* that it took, as the worker says */
};

struct worker;

/* Starts one: 0 or -errno. */
int worker_new(const struct worker_options *options, struct worker **ret_worker);

/* The worker ends with it. NULL is fine. */
void worker_free(struct worker *worker);

/* Waits until it is in its cage: 0, or -errno and, if that is known, what failed, for the user. Lives as long as the worker. */
int worker_await(struct worker *worker, const char **ret_failed);

/* Asks: 0, and worker_take() is to be called for it; -E2BIG, -ENOMEM. The payload is copied, the descriptors are open until the answer. */
int worker_submit(struct worker *worker, const struct worker_request *request);

/*
 * Waits for the answer to the oldest question. 0: there is one. -ETIMEDOUT, -EPIPE, -EBADMSG: the worker overran, died, answered garbage;
 * -EAGAIN: none can be started now; -ENOMEM; -ECANCELED: worker_interrupt(). The question is done with in any case.
 */
int worker_take(struct worker *worker, struct worker_answer *ret_answer);

/* Gives the oldest question up, without its answer: a worker that may be at it is replaced, and does not count as failed. */
void worker_drop(struct worker *worker);

/* Submits and takes, of a worker that was not asked anything else. */
int worker_ask(struct worker *worker, const struct worker_request *request,
	       struct worker_answer *ret_answer);

/*
 * What is asked, or will be, comes to nothing, until worker_resume(), by the thread that asks from then on: a worker that another
 * one started would end with that one, and is replaced.
 */
void worker_interrupt(struct worker *worker);
void worker_resume(struct worker *worker);

void worker_read_usage(struct worker *worker, struct child_usage *ret_usage);
uint64_t worker_cpu_ns(struct worker *worker);   /* of that, for less */
uint64_t worker_failures(struct worker *worker); /* likewise: child_usage.failed */

#endif
