/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads folded stacks: "a;b;c N" a line, root first, one integer count.
 *
 * Suffixes _[k], _[i] and _[j] give a frame its kind; "[name]" is an unknown frame; the first frame
 * is the process; "[truncated:...]" and "[lost:...]" right behind it are markers (fates.h). A line
 * that is not of this form is left out, counted, and named in the report: nothing is dropped silently.
 */
#ifndef HEARTH_MODEL_FOLDED_READER_H
#define HEARTH_MODEL_FOLDED_READER_H

#include <stddef.h>
#include <stdint.h>

struct profile;

#define FOLDED_BAD_LINES_NAMED 8

/* A line that was left out. */
struct folded_bad_line {
	uint64_t line;   /* from 1 */
	const char *why; /* static text */
};

struct folded_report {
	uint64_t lines;     /* all, blank ones too */
	uint64_t stacks;    /* lines kept */
	uint64_t bad_lines; /* lines left out, of which the first few are named */
	struct folded_bad_line bad[FOLDED_BAD_LINES_NAMED];
};

/*
 * Adds the stacks of `size` bytes to the profile: 0 or -ENOMEM. Lines that are left out are no error
 * here; the report tells, and the caller decides.
 */
int folded_read(struct profile *profile, const char *bytes, size_t size,
		struct folded_report *ret_report);

#endif
