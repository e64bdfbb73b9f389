/* SPDX-License-Identifier: Apache-2.0 */
/* What outputs that draw along time weigh samples by: time if there is any, else what was counted first. */
#ifndef HEARTH_RENDER_SAMPLE_WEIGHT_H
#define HEARTH_RENDER_SAMPLE_WEIGHT_H

#include <stdint.h>

struct profile;

struct sample_weight {
	uint32_t value;   /* that it is; without samples 0: only the first one is there */
	uint64_t rate_hz; /* of ticks that stand for time; 0: the value is taken as it is */
	const char *unit; /* speedscope's word: "none", "nanoseconds", "bytes", ... */
};

struct sample_weight sample_weight_choose(const struct profile *profile);
uint64_t sample_weight_of(const struct sample_weight *weight, uint64_t value);

/* A sum that stops at 2^63 - 1, which all readers take. */
uint64_t sample_weight_add(uint64_t sum, uint64_t weight);

#endif
