/* SPDX-License-Identifier: Apache-2.0 */
/* The containers that have processes now, whichever engine started them: for whoever names one. */
#ifndef HEARTH_PROFILER_RUNNING_CONTAINERS_H
#define HEARTH_PROFILER_RUNNING_CONTAINERS_H

#include <stddef.h>
#include <stdint.h>

struct process_facts;
struct worker;

struct running_container {
	const char *id;
	const char *name; /* NULL: not known */
	const char *pod;  /* the same; by its name */
	uint32_t pid;     /* of a process in it */
};

struct running_containers;

/* Looks at all processes, and asks the worker, that was not asked anything else, what their containers are called: 0 or -ENOMEM. */
int running_containers_new(struct worker *worker, struct running_containers **ret_running);
void running_containers_free(struct running_containers *running);

size_t running_containers_count(const struct running_containers *running);
struct running_container running_containers_at(const struct running_containers *running,
					       size_t index);

/*
 * The one of a whole ID, else of a name, else of the beginning of an ID: 0; -ENOENT; -ENOTUNIQ: several are called so, the first of which is `ret_first`, as it
 * is if there is one.
 */
int running_containers_find(const struct running_containers *running, const char *wanted,
			    struct running_container *ret_first);

/* The folder of a process's control group that is its container's, to be freed: 0, -ENOMEM, or -ENOENT: no hierarchy is mounted that has it. */
int running_container_folder(uint32_t pid, char **ret_folder);

#endif
