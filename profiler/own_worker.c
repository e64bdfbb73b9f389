/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/own_worker.h"

#include <poll.h>
#include <stddef.h>

#include "profiler/interrupts.h"
#include "worker/opener.h"
#include "worker/opener_child.h"
#include "worker/worker.h"
#include "worker/worker_child.h"

int own_worker_new(struct worker **ret_worker)
{
	static char name[] = WORKER_NAME;
	static char *const arguments[] = { name, NULL };
	const struct worker_options options = { arguments, WORKER_DEADLINE };

	return worker_new(&options, ret_worker);
}

/* Ctrl-C ends the waiting. */
static int wait_for(int fd)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	return interrupts_wait(&polled, 1, -1);
}

int own_opener_new(int program, struct opener **ret_opener)
{
	static char name[] = OPENER_NAME;
	static char *const arguments[] = { name, NULL };
	const struct opener_options options = { arguments, program, OPENER_SILENCE_MS,
						OPENER_TOTAL_MS, wait_for };

	return opener_new(&options, ret_opener);
}
