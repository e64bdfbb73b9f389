/* SPDX-License-Identifier: Apache-2.0 */
/* A store (store/store_folder.h) for the commands that read it: what is wrong with it is logged. */
#ifndef HEARTH_PROFILER_STORE_ACCESS_H
#define HEARTH_PROFILER_STORE_ACCESS_H

#include <stdint.h>

#include "base/buffer.h"
#include "store/slice_window.h"

#define STORE_DEFAULT_FOLDER "/var/lib/hearth"

/*
 * May it be opened by who we are? SQLite parses what stands in it here, so that root reads no other user's, and writes into none. 0, or -errno after logging.
 */
int store_access_check(const char *folder);

/* Is there one? It has slices, or the lock of who writes into it. 0, -ENOENT after logging that it is another folder, or an error of store_folder_list(), logged. */
int store_access_find(const char *folder);

/* Opens it for writing, as store_writer_open(), and makes it if it is not there: 0, or -errno after logging. */
struct store_writer;
int store_access_write(const char *folder, struct store_writer **ret_writer);

/* As store_collect(); `ret_damaged`: so many slices are not whole, each of which was logged. 0, or -errno after logging. */
int store_access_collect(const char *folder, struct window_span part, struct buffer *stream,
			 uint64_t *ret_damaged);

/* As store_collect_events(). */
int store_access_collect_events(const char *folder, struct window_span part, struct buffer *stream,
				uint64_t *ret_damaged);

#endif
