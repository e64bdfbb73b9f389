/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers that were met, with what was read of them: their engines' files, until these were handed on, and of a pod what the kubelet calls its folder. In
 * the thread that records.
 */
#ifndef HEARTH_PROFILER_KNOWN_CONTAINERS_H
#define HEARTH_PROFILER_KNOWN_CONTAINERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/record_pool.h"

struct container_files;
struct container_path;
struct container_witness;
struct process_facts;

#define KNOWN_CONTAINERS_NONE UINT32_MAX

/* Dense indexes, until some are forgotten. */
struct known_containers {
	struct record_pool containers;
	struct container_files *files;
	uint32_t next; /* to be read again */
};

int known_containers_init(struct known_containers *known); /* 0 or -ENOMEM */
void known_containers_release(struct known_containers *known);

/* The one of a path; read if it is new. KNOWN_CONTAINERS_NONE: there are too many, or no memory. */
uint32_t known_containers_meet(struct known_containers *known, const struct container_path *path,
			       const struct container_witness *witness);

void known_containers_refresh(struct known_containers *known, size_t count);

/* Adds one to facts, with the files that were not handed on yet: 0 or -ENOMEM. */
int known_containers_tell(struct known_containers *known, uint32_t container,
			  struct process_facts *facts, uint32_t *ret_container);

/* Keeps those of which `is_met` is set; `places`: of each its new index. 0, or -ENOMEM and all are kept. */
int known_containers_keep(struct known_containers *known, const bool *is_met, uint32_t *places);

#endif
