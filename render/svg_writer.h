/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as one SVG file, a flame graph. With scripts off it is a whole picture: every block has
 * its name and numbers as a tooltip, and its label where one fits. The script inside it
 * (web/flamegraph.js) lays the same blocks out for the window and adds zoom, search and keys.
 */
#ifndef HEARTH_RENDER_SVG_WRITER_H
#define HEARTH_RENDER_SVG_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM. */
int svg_write(const struct profile *profile, const struct render_options *options,
	      struct buffer *to);

#endif
