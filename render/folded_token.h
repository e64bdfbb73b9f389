/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands for a frame in folded stacks: its name, cleaned, with the suffix of its kind.
 *
 * A token must read back as what it was. A native function that calls itself "read_[k]" is not to
 * pass as kernel code, nor "[lost:x]" as a fate: where a name would be read as another kind, the
 * brackets that cause it become parentheses. Writing, reading and writing again gives the same bytes.
 */
#ifndef HEARTH_RENDER_FOLDED_TOKEN_H
#define HEARTH_RENDER_FOLDED_TOKEN_H

#include <stddef.h>

struct buffer;
struct frame;
struct profile;

#define FOLDED_EMPTY_NAME "[empty]" /* of a frame without a name, and of a stack without frames */

/* At this depth and below, a frame's token does not depend on where it stands. */
#define FOLDED_SHARED_DEPTH 2

/* The token of `frame` as the frame number `depth` of a stack (0: the outermost) takes the buffer's place. */
void folded_token_make(const struct profile *profile, const struct frame *frame, size_t depth,
		       struct buffer *token);

#endif
