/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel side's maps of unwind tables (bpf/unwind_map.bpf.h) as unwind_tables.h wants them: mapped
 * memory, and system calls for the rest. Each segment takes a descriptor. One thread at a time, but that any may ask for
 * a rule.
 */
#ifndef HEARTH_PROFILER_UNWIND_MAPS_H
#define HEARTH_PROFILER_UNWIND_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "profiler/unwind_tables.h"

/* Descriptors of the maps, which somebody else owns, and how many entries each has. */
struct unwind_map_fds {
	int modules, blocks, rules, segments, rule_cache;
	struct unwind_space_size size;
};

struct unwind_maps;

/* What the cache of rules takes; it stays as long as the kernel side's maps. */
#define UNWIND_MAPS_CACHE_BYTES ((uint64_t)RULE_CACHE_CHUNKS * COMPACT_ARRAY_BYTES)

/* 0 or a negative errno value. */
int unwind_maps_new(const struct unwind_map_fds *fds, struct unwind_maps **ret_maps);
void unwind_maps_free(struct unwind_maps *maps);

/* Lives as long as the maps. */
const struct unwind_maps_view *unwind_maps_view(const struct unwind_maps *maps);

/* The rule that the kernel side finds at an offset of a module. False: it does not find the module. */
bool unwind_maps_find_rule(struct unwind_maps *maps, uint64_t module, uint64_t offset,
			   struct unwind_rule *ret_rule);

#endif
