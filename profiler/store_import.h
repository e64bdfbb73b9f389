/* SPDX-License-Identifier: Apache-2.0 */
/* A profile from a file into a store, as a slice of its own. */
#ifndef HEARTH_PROFILER_STORE_IMPORT_H
#define HEARTH_PROFILER_STORE_IMPORT_H

#include <stdint.h>

struct store_writer;

/*
 * `start_ns`: when it began; 0: as it says itself, else it ended when the file was last written. It is read by a process that is shut in (shut_in.h). 0, or -errno
 * after logging.
 */
int store_import(struct store_writer *writer, const char *path, uint64_t start_ns);

#endif
