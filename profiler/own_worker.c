/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/own_worker.h"

#include <stddef.h>

#include "worker/worker.h"
#include "worker/worker_child.h"

int own_worker_new(struct worker **ret_worker)
{
	static char name[] = WORKER_NAME;
	static char *const arguments[] = { name, NULL };
	const struct worker_options options = { arguments, WORKER_DEADLINE };

	return worker_new(&options, ret_worker);
}
