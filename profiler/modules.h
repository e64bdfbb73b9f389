/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that code was sampled in. A module's file is opened as soon as the kernel side tells
 * of it, while a process that maps it lives, so that it can be named after process and file are gone. What was
 * opened is verified: hearth maps it and asks the kernel side which module that is. It may have another change time by
 * then, if it was last written before the one that was met.
 *
 * The kernel side knows a file by a key that also changes with its mode, its links and its name (chmod, rename, rm).
 * A key whose file is known under another one, and still holds what it held then, is an alias: one more id of the
 * same module, which costs no descriptor. All keys of a file share one. A file has so many contents and aliases at
 * most; further ones are refused, as if the module were not known, and counted.
 *
 * A file on a file system that may never answer (FUSE, network) is not opened here, for that can block for ever: the opener
 * (worker/opener.h) is asked for a copy of it, which comes later or not at all. Until then rows are coming. As nobody can say whether the file is still what was
 * copied, each of its keys is a module with a copy of its own, and all copies together have a ceiling.
 *
 * A file for which no descriptor is left is not opened, for none is given back: a file that was removed meanwhile could be named no more.
 * Modules that could not be opened are counted by what was in the way.
 */
#ifndef HEARTH_PROFILER_MODULES_H
#define HEARTH_PROFILER_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/events.h"
#include "profiler/module_content.h"

struct opener;
struct unwind_loader;

#define MODULES_MAX               65536 /* more are known by nothing; their frames are [unknown] */
#define MODULES_MAX_CONTENTS      64    /* of one file: modules */
#define MODULES_MAX_ALIASES_EACH  16384 /* of one file, and of all; one costs 100 bytes */
#define MODULES_MAX_ALIASES_TOTAL 131072
#define MODULES_MIN_ALIASES_EACH  4            /* that a file may have whatever others have */
#define MODULES_MAX_COPY_BYTES    (256u << 20) /* further files are not asked for */

/* Why a module has no descriptor. */
enum module_absence {
	MODULE_OPENED,
	MODULE_BEYOND_LIMIT, /* of open files */
	MODULE_MAY_BLOCK, /* its file system, and there is no copy: it did not answer, or the file is too large */
	MODULE_GONE, /* or out of reach, or another one by then */
	MODULE_ABSENCES,
};

struct module {
	uint64_t id;
	struct module_key key;
	const char *
		kernel_path; /* by the kernel's dentries, in the namespace of a process that maps it */
	const char *path;    /* the same; NULL: in another mount namespace than hearth's */
	const char *name;    /* the last part of the path */
	int fd;              /* open for reading, -1: could not be opened */
	uint32_t owner;      /* of what was opened, as file_owner.h has it */
	bool borrows_fd;     /* it is an older module's of the same file */
	bool is_copy;        /* fd is a copy; nothing is opened beside the path */
	bool is_awaited;     /* the opener was asked for a copy */
	bool wants_rows;     /* once it is there */
	enum module_absence absence;
	struct module_content content; /* when it was opened */
	uint64_t used_ns;              /* CLOCK_BOOTTIME, when it was told or noted last */
};

struct modules_totals {
	uint64_t modules;
	uint64_t files; /* whose contents they are */
	uint64_t aliases;
	uint64_t refused;                     /* files, contents and aliases beyond a ceiling */
	uint64_t by_absence[MODULE_ABSENCES]; /* modules */
	uint64_t file_limit; /* how many hearth may have open, modules and others */
	uint64_t copy_bytes; /* of files, also of those that are awaited */
};

/* As sampler_identify(). */
typedef int (*modules_identify_fn)(void *context, const void *address,
				   struct identify_argument *ret_answer);

struct modules;

/*
 * The unwind rows of each file that code was met in are asked for from `loader`, which ends before the
 * modules do. NULL: out of memory.
 */
struct modules *modules_new(modules_identify_fn identify, void *context,
			    struct unwind_loader *loader);
void modules_free(struct modules *modules);

/* Files that may block are asked for from `opener`, which lives longer; without it they are not opened. */
void modules_use_opener(struct modules *modules, struct opener *opener);

/* Takes what the opener has answered. To be called after each modules_handle(), and when opener_fd() is readable. */
void modules_take_copies(struct modules *modules);

/* Takes a module_event: opens the file. Of one that is only mapped no rows are loaded yet. */
void modules_handle(struct modules *modules, const void *event, size_t size);

/* Code of a module was met: asks for its rows if they are not there, or no longer. */
void modules_load_rows(struct modules *modules, uint64_t id);

/* A tick's code lies in it. */
void modules_note_use(struct modules *modules, uint64_t id);

/*
 * Forgets modules that were used last before a time (CLOCK_BOOTTIME), with their aliases and descriptors, but for those that are being copied or whose rows are being compiled; the kernel side has to tell
 * of them anew (sampler_begin_window()). All `struct module` are others then. 0, or -ENOMEM and nothing is forgotten.
 */
int modules_forget(struct modules *modules, uint64_t before_ns);

/* Were they asked for, and are they neither there nor refused yet? */
bool modules_rows_are_coming(const struct modules *modules, uint64_t id);

/* Bytes of its file at an offset. False: they cannot be had, or are not what they were when it was opened. */
bool modules_read(const struct modules *modules, uint64_t id, uint64_t offset, void *to,
		  size_t size);

/* Does the file still hold what it held when it was opened? Overwritten in place it would give wrong names. */
bool module_is_unchanged(const struct module *module);

/* By id, also an alias; NULL: not known. */
const struct module *modules_find(const struct modules *modules, uint64_t id);

/* The id that all of the module's ids stand for; one that is not known stands for itself. */
uint64_t modules_canonical(const struct modules *modules, uint64_t id);

/* As --stats writes it. */
const char *module_absence_name(enum module_absence absence);

void modules_read_totals(const struct modules *modules, struct modules_totals *ret_totals);

#endif
