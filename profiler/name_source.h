/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for addresses, as symbolizer.h asks for them, by whoever may read what they are read from: the kernel's own symbols and the
 * vdso here, all that belongs to others in the worker. Debug files are looked for here, by the opener, and judged there.
 */
#ifndef HEARTH_PROFILER_NAME_SOURCE_H
#define HEARTH_PROFILER_NAME_SOURCE_H

#include "symbolize/symbolizer.h"
#include "worker/debug_identity.h"

struct debug_server;
/* For a recording. */
#define NAME_SOURCE_MAX_MS 30000

struct name_source;
struct worker;

/* Where debug files come from. */
struct name_source_debug_files {
	struct debug_places places;
	struct debug_server *server; /* asked for what is not here; NULL: none is */
};

/*
 * Calls `reply` once for each request. Worker, folders, opener and server live longer; nobody else asks them meanwhile. NULL: out of memory.
 *
 * The worker has `max_ms` from the first question on. Whatever it is at then is waited for as long as a question may take (worker.h), all else has the names
 * that are known by then, or none. What a server takes does not count: it has its own time, DEBUG_SERVER_MAX_SECONDS.
 */
struct name_source *name_source_new(struct worker *worker,
				    const struct name_source_debug_files *debug_files,
				    uint32_t max_ms, symbol_reply_fn reply, void *context);
void name_source_free(struct name_source *source);

/*
 * The reply comes now or later, in any order, no later than with name_source_finish(): until then what the request points to stays. It has no
 * names and an error where the file could not be read, or the worker failed at it (as of
 * worker_take(); -ETIME: its time is over): 0, or
 * -ENOMEM, -EMFILE, -E2BIG, -EINVAL, and there is no reply.
 */
int name_source_submit(struct name_source *source, const struct symbol_request *request);

/* All replies that are still to come: 0 or -ENOMEM. */
int name_source_finish(struct name_source *source);

#endif
