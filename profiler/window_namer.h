/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for what is kept of windows, in a store (store_writer.h) or in memory: which file each module is, before a window is kept, and what its addresses are called, afterwards. Has a worker and an opener of its own, so
 * that the recording waits for neither. One thread at a time.
 */
#ifndef HEARTH_PROFILER_WINDOW_NAMER_H
#define HEARTH_PROFILER_WINDOW_NAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_writer.h"

struct child_usage;
struct frame_names_sources;
struct process_facts;
struct window_code;
struct window_namer;

/* So long the files of a window are read; what is not named then is asked again when a window has the file once more. */
#define WINDOW_NAMER_MAX_MS 5000

int window_namer_new(struct window_namer **ret_namer); /* 0 or -errno */
void window_namer_free(struct window_namer *namer);

/* Asks for the build-ids of modules that are not known: 0 or -ENOMEM. */
int window_namer_learn(struct window_namer *namer, const struct window_code *code);

/* Fills in what the containers of a window's processes are called: 0, -ENOMEM, or why some are not told, as of container_names_learn(). */
int window_namer_learn_containers(struct window_namer *namer, struct process_facts *facts);

/* Sources for a window's ticks, of which the files' addresses stay places; but for aggregator and costs. */
void window_namer_sources(struct window_namer *namer, struct window_code *code,
			  struct frame_names_sources *ret_sources);

/* Where windows are kept: it says which addresses have no names, and takes them, as store_writer_each_unnamed() and store_writer_add_names() do. */
struct window_shelf {
	int (*each_unnamed)(void *context, frame_address_fn take, void *take_context);
	int (*add_names)(void *context, const struct address_names *names, size_t count);
	void *context;
	struct store_writer *store; /* is told where code lies (known_code.h); NULL: nobody is */
};

/* The slice of a store that is open. */
struct window_shelf window_shelf_of_store(struct store_writer *writer);

/* Tells a store, while it adds a window (store_writer_add_told()), what is known from before: 0, -ENOMEM, or an error of the store. */
int window_namer_tell_known(struct window_namer *namer, const struct window_code *code,
			    struct store_writer *store);

/*
 * Names addresses of what is kept: those that are known from before, and those of files that the window has or that are held. A file that was read before waits for its turn
 * (naming_turns.h), so that it is read once for all that is new in it, and is held until then (held_modules.h). A store is told few names together with the next
 * window. With `at_once` nothing waits. 0, -ENOMEM, or an error of add_names().
 */
int window_namer_name(struct window_namer *namer, const struct window_code *code, bool at_once,
		      const struct window_shelf *shelf);

/* The slice that is open is to end: names what still waits. The same errors. */
int window_namer_name_rest(struct window_namer *namer, const struct window_shelf *shelf);

/* How often its worker ended before its time. */
uint64_t window_namer_failures(const struct window_namer *namer);

/* Was it found that a program or thread starts at a place of a file? */
bool window_namer_is_root(const struct window_namer *namer, uint64_t module, uint64_t offset);

#endif
