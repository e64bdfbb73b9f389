/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that took the most: a table with what each took itself (self), with all that it called (total; in a
 * recursion once), both as counts and as shares, its name and its module. Ordered by self, or as --sort says; the first 100, or as many as
 * --max-frames says, of those with at least --min-share in total. What is left out is told in the last line. Processes and markers of fates
 * have a row where ticks ended in them, so that the column of self adds up to all.
 */
#ifndef HEARTH_RENDER_TOP_WRITER_H
#define HEARTH_RENDER_TOP_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM. */
int top_write(const struct profile *profile, const struct render_options *options,
	      struct buffer *to);

#endif
