/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Computing on bytes of others where that can do no harm: in a process of its own, forked for it and in the cage (cage.h)
 * before it begins. What it logs is logged here, what it makes is taken here, piece by piece.
 *
 * Only root has what it takes to build a cage, and only root has something to lose: any other user's call runs in this
 * process. So does that of a root who may not build one (in a container), after a warning. One thread at a time, of a process that has no other when it calls.
 */
#ifndef HEARTH_PROFILER_SHUT_IN_H
#define HEARTH_PROFILER_SHUT_IN_H

#include <stddef.h>
#include <stdint.h>

struct buffer;
struct buffer_drain;

/*
 * Computes, and logs where it fails: 0 or -errno. No file can be opened; `inputs` are those of the call, in their order, under whatever numbers. The output drains, so that
 * it may be of any size; the rest of it is flushed for the function.
 */
typedef int (*shut_in_fn)(void *context, const int *inputs, struct buffer *output);

/* What is read: open, and it stays the caller's. */
struct shut_in_inputs {
	const char *what; /* for messages */
	const int *fds;
	size_t count; /* CAGE_MAX_INPUTS at most (cage.h) */
};

struct shut_in_limits {
	uint64_t data_bytes; /* of its memory besides what this process has already */
	uint64_t cpu_seconds;
	size_t max_output_bytes;
};

/*
 * `drain` is given the output, also of a function that fails later; an error of it ends the process, is not logged here, and is the call's.
 *
 * What the function gave; or -errno after logging what happened to the process.
 */
int shut_in_call(const struct shut_in_inputs *inputs, const struct shut_in_limits *limits,
		 shut_in_fn fn, void *context, struct buffer_drain *drain);

#endif
