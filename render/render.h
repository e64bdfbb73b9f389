/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile to bytes. Each output format is one row of render/formats.def and one file; the row gives
 * the format's name (--format), the file ending that picks it (-o) and the function that writes it.
 *
 * Renderers read a profile and append to a buffer. They never log, never touch a file, and give the
 * same bytes for the same profile and options.
 */
#ifndef HEARTH_RENDER_RENDER_H
#define HEARTH_RENDER_RENDER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct profile;
struct render_options;

/* What a format has a place for, beyond the tree of functions with one value. What none asks for is not kept in a profile. */
enum render_tells {
	RENDER_TREE = 0,
	/* Single samples (samples.h), or more than one value: the next three, and RENDER_VALUES, are parts of it. */
	RENDER_SAMPLES = 1 << 0,
	RENDER_THREADS = 1 << 1, /* their comm, PID and TID */
	RENDER_LABELS = 1 << 2,  /* and all their other labels */
	RENDER_TIMES = 1 << 3,
	RENDER_FILES = 1 << 4, /* that functions are in */
	RENDER_LINES =
		1 << 5, /* of frames, and their files: one function's can be several frames */
	RENDER_LINES_BESIDE =
		1 << 6,         /* the same where --lines asks for it: names need not say it */
	RENDER_VALUES = 1 << 7, /* all of them */
};

struct render_format {
	const char *name;    /* as --format says it */
	const char *ending;  /* of a file name, with its dot */
	const char *summary; /* for --help */
	int (*write)(const struct profile *profile, const struct render_options *options,
		     struct buffer *to);
	unsigned int tells; /* of enum render_tells */
};

/* The table, in the order of its rows. */
extern const struct render_format render_formats[];
extern const size_t render_format_count;

/* By name, or by the ending of a file name, the longest one; NULL when there is none. */
const struct render_format *render_format_by_name(const char *name);
const struct render_format *render_format_by_path(const char *path);

#endif
