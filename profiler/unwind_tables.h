/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modules whose tables the kernel side has. What finds no room drives out the modules that were not
 * sampled for the longest time.
 *
 * How one goes while ticks fire: first the kernel side can no longer find the module; then all programs
 * that may have found it before have to end; only then is its room given to others. What the kernel side
 * remembers of single rules (rule_cache in bpf/unwind_map.bpf.h) stays: those are copies of rules, known
 * by the module's id and an offset, and an id means one content of one file. So they are as true as before,
 * also when the file is loaded again, and frames that they serve need no table.
 *
 * A module may be found under further ids, its aliases (modules.h). They go with it, and the oldest of them go
 * when there are too many, or when a module needs the entry; an alias drives no module out.
 *
 * To this the maps are plain memory and a few functions, so that it is tested without a kernel. One thread
 * at a time.
 */
#ifndef HEARTH_PROFILER_UNWIND_TABLES_H
#define HEARTH_PROFILER_UNWIND_TABLES_H

#include <stdint.h>

#include "base/byte_reader.h"
#include "profiler/unwind_space.h"

/* The maps. Functions that give an int: 0 or -errno. */
struct unwind_maps_view {
	struct unwind_space_memory memory;
	/* The kernel side finds a module, or does not any more. */
	int (*publish)(void *context, uint64_t module, const struct unwind_module *entry);
	int (*unpublish)(void *context, uint64_t module);
	/* Waits until no program runs that began before. */
	int (*wait_for_readers)(void *context);
	uint32_t max_modules;
	void *context; /* of these three */
};

/* Who knows what was sampled. */
struct unwind_tables_owner {
	/* How long ago a tick named the module, in rounds; 0: it is not to be driven out. */
	uint32_t (*idle_rounds)(void *context, uint64_t module);
	void (*evicted)(void *context, uint64_t module); /* also an alias */
	void *context;
};

/* Aliases that the kernel side finds at a time: of one module, and of all. */
#define UNWIND_TABLES_ALIASES_EACH 16
#define UNWIND_TABLES_ALIASES      1024

struct unwind_tables_totals {
	uint64_t modules; /* with a table, now */
	uint64_t rows;    /* of these */
	uint64_t segment_bytes;
	uint64_t evicted;
};

struct unwind_tables;

/* 0 or -errno. */
int unwind_tables_new(const struct unwind_maps_view *maps, const struct unwind_tables_owner *owner,
		      struct unwind_tables **ret_tables);
void unwind_tables_free(struct unwind_tables *tables);

/*
 * Loads the table (row_table.h) of a module that has none; without bytes: of one without code. 0; -ENOSPC:
 * not now, all that is loaded is in use; -EFBIG: it is too large for good; -EBADMSG: it is no such table;
 * or another error.
 */
int unwind_tables_load(struct unwind_tables *tables, uint64_t module, struct bytes bytes);

/* Lets the kernel side find a loaded module under another id, too. 0; -ENOENT: it is not loaded; or another error. */
int unwind_tables_add_alias(struct unwind_tables *tables, uint64_t alias, uint64_t module);

/* Drives the idlest out, a share of all, for the sake of memory alone: 0, or -ENOSPC: nobody is idle. */
int unwind_tables_shrink(struct unwind_tables *tables);

void unwind_tables_read_totals(const struct unwind_tables *tables,
			       struct unwind_tables_totals *ret_totals);

#endif
