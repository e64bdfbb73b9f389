/* SPDX-License-Identifier: Apache-2.0 */
/* How much room the kernel side's rings and memos have: powers of two, in bytes or entries. */
#ifndef HEARTH_PROFILER_SAMPLER_SIZES_H
#define HEARTH_PROFILER_SAMPLER_SIZES_H

#include <stddef.h>
#include <stdint.h>

uint32_t sampler_ring_bytes(size_t cpus, uint64_t rate_hz);

/* Where stacks are verified each tick brings a snapshot: the most there is. */
#define SAMPLER_SNAPSHOT_RING_MAX (8u << 20)
uint32_t sampler_snapshot_ring_bytes(size_t cpus, uint64_t rate_hz);

uint32_t sampler_memo_count(size_t cpus);

#endif
