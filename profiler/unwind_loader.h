/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles the rows of modules and loads them (unwind_tables.h) on a thread of its own: a large file takes
 * a hundred milliseconds, and room that was given up may be used again only after a wait. Whoever
 * drains the kernel side's records only asks.
 *
 * A module is asked for when it is met, and again when a tick lacked its rows: it was driven out meanwhile,
 * or there was no room or no place in the queue. Compiling again may take so much of a CPU and no more, so that
 * a ceiling below what is in use costs rows and not the machine.
 *
 * All functions but _new, _end and _free may be called from any thread.
 */
#ifndef HEARTH_PROFILER_UNWIND_LOADER_H
#define HEARTH_PROFILER_UNWIND_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "profiler/unwind_tables.h"

#define UNWIND_LOADER_MAX_REQUESTS 512 /* that wait */
#define UNWIND_LOADER_KEPT_ROUNDS  2   /* a module sampled in the last rounds is not driven out */
#define UNWIND_LOADER_AGAIN_SHARE \
	32 /* one part in so many of a CPU's time is for compiling again */

struct unwind_loader_totals {
	struct unwind_tables_totals tables;
	uint64_t loaded;   /* tables, those of modules that had been driven out too */
	uint64_t reloaded; /* the latter */
	uint64_t refused;  /* modules that cannot be compiled, or are too large for good */
	uint64_t
		refused_sections; /* of call frame information, of modules that were compiled: row_table.h */
	uint64_t postponed; /* requests that found the queue full, or no room */
	uint64_t compile_ns, compile_max_ns;
};

#define UNWIND_LOADER_VDSO (-1) /* the vdso's "descriptor" */

/* Where rows come from; it lives longer than the loader. */
struct unwind_row_source {
	/*
	 * A file's call frame information to a row table: 0, -ENOENT: it has no code; -EAGAIN: not now, ask again; or another error,
	 * for good.
	 */
	int (*compile)(void *context, int fd, struct buffer *ret_table);
	/* What is compiled, or will be, is to come to nothing soon. From another thread. */
	void (*interrupt)(void *context);
	void *context;
};

struct unwind_loader;

/* The maps live longer. 0 or -errno. */
int unwind_loader_new(const struct unwind_maps_view *maps, const struct unwind_row_source *source,
		      struct unwind_loader **ret_loader);

/*
 * No further file is begun, and the one at hand is interrupted and done with. The thread stays until the loader is freed: a
 * worker that it started would end with it (cage.h).
 */
void unwind_loader_end(struct unwind_loader *loader);

/* NULL is fine. */
void unwind_loader_free(struct unwind_loader *loader);

/* Asks for a module. The descriptor stays the caller's, and open as long as unwind_loader_is_pending(). */
void unwind_loader_request(struct unwind_loader *loader, uint64_t module, int fd);

/* Asks that a module which is loaded, or asked for, be found under another id, too. */
void unwind_loader_request_alias(struct unwind_loader *loader, uint64_t alias, uint64_t module);

/* These modules were sampled, each named once; a round begins. */
void unwind_loader_note_use(struct unwind_loader *loader, const uint64_t *modules, size_t count);

/* Memory is scarce: a share of the tables, those that were not sampled for longest, leaves soon. */
void unwind_loader_shrink(struct unwind_loader *loader);

/* Was the module asked for, and is there no answer yet: loaded, refused, or no room? */
bool unwind_loader_is_pending(struct unwind_loader *loader, uint64_t module);

/* An eventfd, written when a request was answered. The loader's. */
int unwind_loader_fd(const struct unwind_loader *loader);

void unwind_loader_read_totals(struct unwind_loader *loader,
			       struct unwind_loader_totals *ret_totals);

/* Waits until no request waits, or it ends. */
void unwind_loader_settle(struct unwind_loader *loader);

#endif
