/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges that overlap, of which the later one wins where it lies, as ranges that do not. */
#ifndef HEARTH_SYMBOLIZE_OVERLAPS_H
#define HEARTH_SYMBOLIZE_OVERLAPS_H

#include <stddef.h>
#include <stdint.h>

struct buffer;

struct overlap {
	uint64_t start, end; /* start < end */
	uint64_t origin;     /* where the whole began; as the caller wants it */
	uint32_t value;      /* as the caller wants it */
};

/*
 * Appends the parts of `count` ranges (fewer than 2^32) that no later one covers to `ret_parts`, ascending: at most two for each. In
 * time n log n, whatever they are. 0 or -ENOMEM.
 */
int overlaps_resolve(const struct overlap *ranges, size_t count, struct buffer *ret_parts);

#endif
