/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of each label set the number of a node from which those of its samples are counted (slice_window.h, WINDOW_HAS_GROUPS): where nodes stand by program, the most frequent ones first, these
 * are small numbers. Sets of which nothing is told count from 0. The body:
 *
 *   bases   count; a column: the base of each label set, from set 0 on
 */
#ifndef HEARTH_STORE_SLICE_BASES_H
#define HEARTH_STORE_SLICE_BASES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/byte_reader.h"

int slice_bases_append(const uint32_t *bases, size_t count, struct buffer *to); /* 0 or -ENOMEM */

/* Replaces what `bases` (uint32_t) holds: 0, -ENOMEM or -EBADMSG. */
int slice_bases_take(struct bytes body, struct buffer *bases);

static inline uint32_t slice_bases_get(const struct buffer *bases, uint64_t labels)
{
	return labels < bases->size / sizeof(uint32_t) ? ((const uint32_t *)bases->data)[labels]
						       : 0;
}

#endif
