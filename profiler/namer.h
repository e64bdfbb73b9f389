/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From counted ticks to a profile with names: groups the sampled addresses by module, asks the
 * symbolizer once a module, proves roots by name, and builds the stack tree.
 */
#ifndef HEARTH_PROFILER_NAMER_H
#define HEARTH_PROFILER_NAMER_H

#include <stdint.h>

struct aggregator;
struct jit_maps;
struct modules;
struct profile;

/* How ticks ended once roots were looked at: the rows of bpf/fates.def. */
struct tick_fates {
	uint64_t complete;
	uint64_t may_lack_caller; /* of the complete ones: TICK_MAY_LACK_CALLER */
	uint64_t by_reason[32];   /* by enum tick_reason */
};

/* Fills an empty profile: 0 or -ENOMEM. */
int namer_build(const struct aggregator *aggregator, const struct modules *modules,
		struct jit_maps *jit_maps, struct profile *profile, struct tick_fates *ret_fates);

/* A row of bpf/fates.def. */
const char *tick_reason_name(unsigned int reason);
unsigned int tick_reason_fate(unsigned int reason); /* enum tick_fate */

#endif
