/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as people read them. All from integers, so that the same profile gives the same text on
 * every machine, and with no rounding that lies: what is not nothing never reads "0.0 %", and what
 * is not all never reads "100.0 %".
 */
#ifndef HEARTH_RENDER_READABLE_H
#define HEARTH_RENDER_READABLE_H

#include <stdint.h>

struct buffer;

/* "1,234,567" */
void readable_count(struct buffer *to, uint64_t count);

/* "12.4 %" with `decimals` (1 or 2) places; "<0.1 %" where rounding would give nothing. */
void readable_share(struct buffer *to, uint64_t part, uint64_t whole, unsigned int decimals);

/* "0 s", "412 ns", "412.6 µs", "412.6 ms", "12.40 s", "2 min 50 s", "3 h 05 min"; of at most 2^63 hours */
void readable_duration(struct buffer *to, unsigned __int128 ns);

/* "512 B", "1.5 MiB"; of at most 2^120 */
void readable_bytes(struct buffer *to, unsigned __int128 bytes);

/* The time that `ticks` stand for at `rate_hz` (not 0), in nanoseconds; the greatest value if more. */
uint64_t readable_ticks_ns(uint64_t ticks, uint64_t rate_hz);

/* "2026-11-23 06:23:38 UTC" */
void readable_time(struct buffer *to, uint64_t unix_ns);

#endif
