/* SPDX-License-Identifier: Apache-2.0 */
/* The large sections of a block: strings and frames, the tree of stacks, and single samples. Private to render/profile_block.c. */
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

/* "tree". `ret_places`: per node its index in the walk, the root's is 0; PROFILE_NONE: it is not in it. */
int block_tree_write(const struct profile *profile, const uint32_t *ranks, struct buffer *to,
		     uint32_t *ret_places);

/*
 * "thrd", "time" and "smpl", where samples tell more than the tree. Takes 32 bytes a sample meanwhile, 16 more for those of a thread. `ret_untold`: how
 * many samples there are if they are too many.
 */
int block_samples_write(const struct profile *profile, const struct render_options *options,
			const uint32_t *places, struct buffer *to, uint64_t *ret_untold);

#endif
