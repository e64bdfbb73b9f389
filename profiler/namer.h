/* SPDX-License-Identifier: Apache-2.0 */
/* From counted ticks to a profile with names: proves roots by name, and builds the stack tree. */
#ifndef HEARTH_PROFILER_NAMER_H
#define HEARTH_PROFILER_NAMER_H

#include <stdint.h>

struct buffer;
struct frame_names_sources;
struct process_facts;
struct profile;
struct unnamed_frames;

/*
 * A file's debugging information may tell of hundreds of inlined calls at each frame of each stack. Beyond so many of them in the tree (some
 * 20 bytes each), further stacks come without.
 */
#define NAMER_MAX_INLINED (1u << 22)

/* Ticks whose stack ends at a place that is named later: complete if it is a root then, else what `reason` says. */
struct unproven_ticks {
	uint64_t module, offset;
	uint32_t reason;
	uint64_t ticks;
};

/* How ticks ended once roots were looked at: the rows of bpf/fates.def. */
struct tick_fates {
	uint64_t complete;
	uint64_t may_lack_caller; /* of the complete ones: TICK_MAY_LACK_CALLER */
	uint64_t by_reason[32];   /* by enum tick_reason */
	struct buffer *
		unproven; /* set by the caller: struct unproven_ticks of these are added; NULL: nobody asks */
};

/* Fills an empty profile and `ret_fates`, and adds to `ret_unnamed`: 0 or -ENOMEM. `facts` may be NULL. */
int namer_build(const struct frame_names_sources *sources, const struct process_facts *facts,
		struct profile *profile, struct tick_fates *ret_fates,
		struct unnamed_frames *ret_unnamed);

/* A row of bpf/fates.def. */
const char *tick_reason_name(unsigned int reason);
unsigned int tick_reason_fate(unsigned int reason); /* enum tick_fate */

#endif
