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

struct render_format {
	const char *name;    /* as --format says it */
	const char *ending;  /* of a file name, with its dot */
	const char *summary; /* for --help */
	int (*write)(const struct profile *profile, const struct render_options *options,
		     struct buffer *to);
	bool wants_samples; /* it tells more where the profile keeps its samples */
	bool wants_times;   /* and where these have times */
	bool keeps_lines;   /* it has a place for the lines of frames */
};

/* The table, in the order of its rows. */
extern const struct render_format render_formats[];
extern const size_t render_format_count;

/* By name, or by the ending of a file name, the longest one; NULL when there is none. */
const struct render_format *render_format_by_name(const char *name);
const struct render_format *render_format_by_path(const char *path);

#endif
