/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function's frames differ by the line that was executed. Outputs show functions, so that such frames are merged, or the lines, and then they
 * are a part of the names; those that have a place for lines take the frames as they are.
 */
#ifndef HEARTH_MODEL_FRAME_LINES_H
#define HEARTH_MODEL_FRAME_LINES_H

#include <stdbool.h>

#include "base/record_pool.h"

struct frame;
struct profile;

enum frame_lines_way {
	FRAME_LINES_MERGED, /* frames that differ by their line only are one, which has its file if all agree */
	FRAME_LINES_NAMED, /* each is called "NAME (FILE:LINE)", with the file's base name */
	FRAME_LINES_KEPT,
};

struct frame_lines {
	const struct profile *from;
	enum frame_lines_way way;
	bool strips_modules; /* of frames that are merged nothing but the names has to be the same */
	struct record_pool functions; /* of which file they are, where lines are merged */
};

/* Is the line, or the file, of any frame known? */
bool frame_lines_are_known(const struct profile *profile);

/* For frames of `from`, which stays the caller's: 0 or -ENOMEM. */
int frame_lines_init(struct frame_lines *lines, const struct profile *from,
		     enum frame_lines_way way, bool strips_modules);
void frame_lines_release(struct frame_lines *lines);

/* Makes of a frame of `from` what stands for it in `to`, with the strings of its name and file there; its module is as it was. 0 or -ENOMEM. */
int frame_lines_settle(const struct frame_lines *lines, struct profile *to, struct frame *frame);

#endif
