/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of processes besides their ticks, and of the containers that they are in: a copy that is changed by nobody but who holds it, so that whoever names
 * a window's ticks in a thread of his own needs no lock. It is made by control_groups_copy().
 *
 * Of a container that is new, or of which its engine says something new, it has the engine's files as they were read; container_names_learn() has them
 * read by the worker and fills the words in.
 */
#ifndef HEARTH_PROFILER_PROCESS_FACTS_H
#define HEARTH_PROFILER_PROCESS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/record_pool.h"
#include "worker/container_service.h"

struct container_text;
struct process_event;

/* Texts that are not known are NULL. */
struct container_fact {
	const char *id;  /* empty: only the pod is known */
	const char *pod; /* its UID */
	const char *words[CONTAINER_FIELDS];
};

struct process_fact {
	const char *cgroup; /* from its hierarchy's root */
	const char *exe;
	const struct container_fact *container;
};

struct process_facts {
	struct arena arena;
	struct record_pool processes;         /* by process_event.id */
	struct container_fact **containers;   /* in the arena */
	struct container_service_file *files; /* of which containers, by their place among them */
	size_t container_count, container_capacity, file_count, file_capacity;
};

struct process_facts *process_facts_new(void); /* NULL: out of memory */
void process_facts_free(struct process_facts *facts);

/* NULL: nothing is known of it. */
const struct process_fact *process_facts_of(const struct process_facts *facts,
					    const struct process_event *process);

/* --- making them: what is handed in is copied; 0 or -ENOMEM --- */

int process_facts_add_container(struct process_facts *facts, const struct container_fact *container,
				uint32_t *ret_container);

/* A file of a container that was added; one that tells of many is added for each of them, and is kept once. */
int process_facts_add_file(struct process_facts *facts, uint32_t container,
			   const struct container_text *text);

/* `container`: UINT32_MAX: none. */
int process_facts_add(struct process_facts *facts, uint64_t process, const char *cgroup,
		      const char *exe, uint32_t container);

/* A word of a container. */
int process_facts_set_word(struct process_facts *facts, struct container_fact *container,
			   enum container_field field, const char *text);

#endif
