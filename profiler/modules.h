/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that code was sampled in. A module's file is opened as soon as the kernel side tells
 * of it, while a process that maps it lives, so that it can be named after process and file are gone. What was
 * opened is verified: hearth maps it and asks the kernel side which module that is.
 *
 * A file on a file system that may never answer (FUSE, network) is not opened: an open there can block for ever.
 */
#ifndef HEARTH_PROFILER_MODULES_H
#define HEARTH_PROFILER_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "bpf/events.h"

struct sampler;
struct unwind_loader;

#define MODULES_MAX 65536 /* more are known by nothing; their frames are [unknown] */

struct module {
	uint64_t id;
	struct module_key key;
	const char *
		kernel_path; /* by the kernel's dentries, in the namespace of a process that maps it */
	const char *path;    /* the same; NULL: in another mount namespace than hearth's */
	const char *name;    /* the last part of the path */
	int fd;              /* open for reading, -1: could not be opened */
	uint64_t opened_size; /* of the file when it was opened */
	struct timespec opened_mtime;
};

struct modules;

/*
 * The unwind rows of each file that code was met in are asked for from `loader`, which ends before the
 * modules do. NULL: out of memory.
 */
struct modules *modules_new(const struct sampler *sampler, struct unwind_loader *loader);
void modules_free(struct modules *modules);

/* Takes a module_event: opens the file. Of one that is only mapped no rows are loaded yet. */
void modules_handle(struct modules *modules, const void *event, size_t size);

/* Code of a module was met: asks for its rows if they are not there, or no longer. */
void modules_load_rows(struct modules *modules, uint64_t id);

/* Where its rows come from: unwind_loader_sources(). */
bool modules_row_sources(const struct modules *modules, uint64_t id, uint32_t *ret_sources);

/* Does the file still hold what it held when it was opened? Overwritten in place it would give wrong names. */
bool module_is_unchanged(const struct module *module);

/* By id; NULL: not known. */
const struct module *modules_find(const struct modules *modules, uint64_t id);

size_t modules_count(const struct modules *modules);

#endif
