/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug files by build-id from debuginfod servers, those of DEBUGINFOD_URLS, by elfutils' client library, which keeps what it got in its
 * cache. A signal ends the fetching (interrupts_end_fetching()), and nothing else. The library is loaded when it is asked for and not before, for it brings a hundred others. debuginfod(8),
 * debuginfod_find_debuginfo(3).
 *
 * A server learns which programs run here, so that nobody is asked unless the user wants it. What comes back is anybody's:
 * it is to be judged and read by the worker. One thread at a time.
 */
#ifndef HEARTH_PROFILER_DEBUG_SERVER_H
#define HEARTH_PROFILER_DEBUG_SERVER_H

#include "elf/build_id.h"

/* All files of one recording together may take so long; a file may have 1 GiB (DEBUGINFOD_MAXSIZE). */
#define DEBUG_SERVER_MAX_SECONDS 120

struct debug_server;

/* 0 or -errno after logging: there is no DEBUGINFOD_URLS (-EINVAL), or no library (-EOPNOTSUPP). */
int debug_server_new(struct debug_server **ret_server);
void debug_server_free(struct debug_server *server); /* NULL is fine */

/*
 * Asks for a file's debug file: 0 and a descriptor; -ENOENT: no server has it, or none is asked any more, of which is
 * told once. `name`, of the file, is for the progress that a terminal is shown.
 */
int debug_server_find(struct debug_server *server, const struct build_id *build_id,
		      const char *name, int *ret_fd);

#endif
