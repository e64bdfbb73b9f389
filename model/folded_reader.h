/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads folded stacks: "a;b;c N" a line, root first, one integer count.
 *
 * Suffixes _[k], _[i] and _[j] give a frame its kind; "[name]" is an unknown frame; the first frame
 * is the process; "[truncated:...]" and "[lost:...]" right behind it are markers (fates.h). A line
 * that is not of this form is left out. It is text of any kind: this is the last row of readers.def.
 */
#ifndef HEARTH_MODEL_FOLDED_READER_H
#define HEARTH_MODEL_FOLDED_READER_H

#include <stddef.h>
#include <stdint.h>

struct profile;
struct profile_format;

/*
 * The frame that a text is as number `depth` of a stack, with its kind by suffix or brackets: 0 or -ENOMEM. From FOLDED_DEPTHS - 1 on it is the same
 * at any depth.
 */
#define FOLDED_DEPTHS 3
int folded_add_frame(struct profile *profile, const char *text, size_t size, size_t depth,
		     uint32_t *ret_frame);

extern const struct profile_format folded_format;

#endif
