/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a CPU's timer runs from tick to tick. Were that a whole part of a second, what does its work at the same moment of each
 * second would be met by each tick of that moment or by none, for hours: a service that works for 10 ms whenever a second begins
 * would have a fifth of a CPU at 19 Hz, or nothing. So ticks come a little later in each second than in the one before, on every
 * other CPU a little earlier: by a part of the period of which no small multiple is nearly whole (it is a twentieth of the golden
 * section), so that after half a minute, and for what is done each minute after half an hour, all moments had theirs.
 *
 * A tick counts as one of the rate's all the same: of what stays on one CPU that is wrong by 0.03 / rate, 0.16 % at 19 Hz. Lower rates, to which the
 * budget may go, are off by 0.16 %, too, and take longer to come round: at 1 Hz ten minutes.
 * From some 4 kHz on periods are too short to differ by so little, and for that to matter.
 */
#ifndef HEARTH_PROFILER_TICK_PERIOD_H
#define HEARTH_PROFILER_TICK_PERIOD_H

#include <stddef.h>
#include <stdint.h>

/* `rate_hz` is not 0. */
uint64_t tick_period_ns(uint64_t rate_hz, size_t cpu);

#endif
