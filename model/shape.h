/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile in another shape: a new one, made of the stacks that a shaping keeps, with the frames that it keeps of each.
 *
 * Whatever the order in which the words were said, they are done in this one:
 *   1. --value: what is counted; --by heads the stacks by a label;
 *   2. --focus and --ignore choose stacks, by all frames that these had;
 *   3. --show-from and --base cut off callers;
 *   4. --no-kernel, --no-inlines and --hide take frames out, whose ticks their caller gets;
 *   5. --strip-modules; lines, which merge or become a part of names (frame_lines.h), so that no pattern sees them; then
 *      --collapse-recursion, of a function at whatever lines, the outermost of which stays;
 *   6. --reverse.
 * No tick is taken out but by --focus, --ignore and --show-from.
 *
 * Processes and markers of fates are no code: they stay at the head of their stack, whatever is cut or hidden (--base alone, which
 * merges processes, cuts the process off). With --reverse they are at its end, and still markers. So the fates of the new profile are
 * those of the ticks that are left. A lost tick has no frames: of a process that matches nothing it is taken out by --focus and
 * --show-from, and kept by --ignore. How many ticks there were, and their fates, is kept in the origin (`before`), so that an output
 * can say both.
 */
#ifndef HEARTH_MODEL_SHAPE_H
#define HEARTH_MODEL_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

struct profile;
struct shaping;

struct shaped {
	struct profile *profile;
	uint32_t *
		nodes; /* per node of the source: where its values went; PROFILE_NONE: nowhere; NULL with --by (to several) and --value */
	uint64_t found;       /* bit i: a frame matches pattern i of the shaping */
	uint64_t passed_over; /* bit i: a process does, and it means code alone */
};

/* Would a new profile differ from this one? */
bool shape_is_needed(const struct profile *profile, const struct shaping *shaping);

/*
 * Linear in the source's nodes (with --reverse: in the frames of its stacks). 0, -ENOMEM, -ENODATA: no sample has the label of --by, -ENOENT: there is no such --value, or -EOVERFLOW: that
 * adds up to more than a profile may hold. For these two words the profile must have kept its samples (shaping_wants_samples()). The source stays as it is.
 */
int shape_profile(const struct profile *from, const struct shaping *shaping,
		  struct shaped *ret_shaped);
void shaped_release(struct shaped *shaped); /* zero bytes are fine, too */

#endif
