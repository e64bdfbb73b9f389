/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of the ticks of a profile: complete, truncated or lost, the latter two with a reason.
 * In the stack tree a marker frame stands for a fate: "[truncated:REASON]" or "[lost:REASON]", right below the
 * process. Reasons are words of the recorder (bpf/fates.def); here they are only strings.
 */
#ifndef HEARTH_MODEL_FATES_H
#define HEARTH_MODEL_FATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;

enum fate { FATE_COMPLETE, FATE_TRUNCATED, FATE_LOST };

const char *fate_name(enum fate fate); /* "complete", "truncated", "lost" */

/* Ticks by reason, in order of the reason's first appearance. */
struct fate_reason {
	enum fate fate;  /* FATE_TRUNCATED or FATE_LOST */
	uint32_t reason; /* string id in the profile's pool: the marker's name, brackets and all;
			    PROFILE_NONE: the others */
	uint64_t ticks;
};

#define FATE_REASONS_MAX 64 /* distinct markers; further ones add up in one row of each fate */

struct fates {
	uint64_t due, complete, truncated, lost;          /* due = complete + truncated + lost */
	struct fate_reason reasons[FATE_REASONS_MAX + 2]; /* two: the others of both fates */
	size_t reason_count;
};

/* Is this frame name a marker? Then tells the fate and where in the name its reason stands. */
bool fate_parse_marker(const char *name, size_t size, enum fate *ret_fate, const char **ret_reason,
		       size_t *ret_reason_size);

/*
 * Adds up the fates of a profile from its markers: the frames of kind FRAME_MARKER. Ticks below no
 * marker are complete, which means something only if the origin's fates_are_known.
 */
int profile_fates(const struct profile *profile, struct fates *ret_fates); /* 0 or -ENOMEM */

/* The reason of a row, without its marker's brackets; "other" for a row of others. */
const char *fate_reason_text(const struct profile *profile, const struct fate_reason *reason,
			     size_t *ret_size);

#endif
