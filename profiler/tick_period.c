/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/tick_period.h"

#define NS_PER_SECOND 1000000000u
#define DRIFT         0.0309017 /* of a period, in a second: (sqrt(5) - 1) / 40 */
#define LEAST_HZ \
	19 /* below it drifts as slowly as the rate is low, so that a tick's error stays the same */

uint64_t tick_period_ns(uint64_t rate_hz, size_t cpu)
{
	double drift = rate_hz < LEAST_HZ ? DRIFT * (double)rate_hz / LEAST_HZ : DRIFT;
	double ticks = (double)rate_hz + (cpu % 2 ? drift : -drift);

	return (uint64_t)(NS_PER_SECOND / ticks + 0.5);
}
