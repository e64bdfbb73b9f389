/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks as nanoseconds. */
#ifndef HEARTH_BASE_CLOCK_H
#define HEARTH_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_boottime_ns(void);   /* since boot, suspended time too */
uint64_t clock_monotonic_ns(void);  /* since boot, without suspended time */
uint64_t clock_unix_ns(void);       /* wall clock */
uint64_t clock_thread_cpu_ns(void); /* CPU time of the calling thread */

#endif
