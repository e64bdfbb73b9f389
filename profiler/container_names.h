/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers are called: what the worker read of their engines' files, kept for as long as they are met. In the thread that names ticks.
 */
#ifndef HEARTH_PROFILER_CONTAINER_NAMES_H
#define HEARTH_PROFILER_CONTAINER_NAMES_H

#include <stdint.h>

struct container_names;
struct process_facts;
struct worker;

struct container_names *container_names_new(void); /* NULL: out of memory */
void container_names_free(struct container_names *names);

/*
 * Fills in the words of the containers of these facts: of files that they bring, which the worker is asked about (it was asked nothing else), or as they were known
 * before. 0; -ENOMEM; or as of container_service_ask(), and what was known before is filled in.
 */
int container_names_learn(struct container_names *names, struct process_facts *facts,
			  struct worker *worker);

/*
 * Forgets what was not met in the last `learned` calls of the above. To be kept for longer than control_groups_forget() does: what that forgot is brought
 * again when it is met again.
 */
void container_names_forget(struct container_names *names, uint64_t learned);

#endif
