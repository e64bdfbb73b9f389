/* SPDX-License-Identifier: Apache-2.0 */
/* The large sections of a block: strings and frames, and the tree of stacks. Private to render/profile_block.c. */
#ifndef HEARTH_RENDER_BLOCK_SECTIONS_H
#define HEARTH_RENDER_BLOCK_SECTIONS_H

#include <stdint.h>

struct buffer;
struct profile;
struct render_options;

/* `ranks`: the place of each frame in the block (render/name_order.h). All: 0 or -ENOMEM. */

/* "strs", "fram", "line" and "look". */
int block_frames_write(const struct profile *profile, const struct render_options *options,
		       const uint32_t *ranks, struct buffer *to);

/* "tree". */
int block_tree_write(const struct profile *profile, const struct render_options *options,
		     const uint32_t *ranks, struct buffer *to);

#endif
