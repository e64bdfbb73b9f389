/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that change what the stacks are before they are drawn: `base` cuts the callers of a
 * function off, `reverse` merges stacks from their leaves, `lines` tells the lines of a function apart, which are merged otherwise
 * (model/frame_lines.h).
 */
#ifndef HEARTH_RENDER_STACK_EDIT_H
#define HEARTH_RENDER_STACK_EDIT_H

#include <stdbool.h>

struct profile;
struct render_options;

/* A new profile, or NULL where nothing has to be changed: 0 or -ENOMEM. */
int stack_edit(const struct profile *profile, const struct render_options *options,
	       struct profile **ret_edited);

/* The same for outputs that tell a frame's line: lines are left as they are, whatever `lines` says. */
int stack_edit_keeping_lines(const struct profile *profile, const struct render_options *options,
			     struct profile **ret_edited);

/* Is there a function of this name for `base`? Without one, it leaves every stack whole. */
bool stack_edit_finds_base(const struct profile *profile, const char *name);

#endif
