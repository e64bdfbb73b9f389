/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack tree as text, for a terminal or a chat: of each frame its total and its own share, and its name where it stands in the tree.
 * A frame that is the only one on its caller stands right below it, so that only branches move to the right. Shown are frames with at least
 * --min-share of the whole (0.5 % if it is not said), and of these the widest, 200 or as many as --max-frames says; what else lies on a frame is one line,
 * or, where that would be too little, part of what the last line tells.
 */
#ifndef HEARTH_RENDER_TREE_WRITER_H
#define HEARTH_RENDER_TREE_WRITER_H

struct buffer;
struct profile;
struct render_options;

/* 0 or -ENOMEM. */
int tree_write(const struct profile *profile, const struct render_options *options,
	       struct buffer *to);

#endif
