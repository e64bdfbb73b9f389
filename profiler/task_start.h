/* SPDX-License-Identifier: Apache-2.0 */
/* When a task started: what tells two tasks of one number apart. */
#ifndef HEARTH_PROFILER_TASK_START_H
#define HEARTH_PROFILER_TASK_START_H

#include <stdbool.h>
#include <stdint.h>

/* In clock ticks since boot, of a process or thread: 0, -ENOENT: there is none, or another error. */
int task_start_ticks(uint32_t id, uint64_t *ret_ticks);

/* Did it start at this time, in our CLOCK_BOOTTIME, as far as clock ticks tell? */
bool task_started_at(uint32_t id, uint64_t boottime_ns);

/* When, from the text of /proc/PID/stat: 0 or -EINVAL. */
int task_start_parse(const char *stat, uint64_t *ret_ticks);

#endif
