/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the runtimes of sampled processes tell what the code is that they made: /tmp/perf-PID.map (symbolize/perf_map.h),
 * in the process's own file system and under its PID in its own namespace.
 *
 * A process's root is held from its first tick in such code on, so that the map can be opened when the process has
 * ended. The map itself is opened late, when it holds most, and with care, for its folder is everybody's: no
 * link of it leads out of that root, the last part is no link, only a regular file is opened, it belongs to the
 * process's user or root, and what was written before the process began is another one's.
 */
#ifndef HEARTH_PROFILER_JIT_MAPS_H
#define HEARTH_PROFILER_JIT_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/events.h"

/* Each holds a descriptor; the code of further processes has no names. */
#define JIT_MAPS_MAX 128

struct jit_maps;

/* `boottime_ahead_ns`: how far the kernel's CLOCK_BOOTTIME is ahead of ours, in a time namespace. NULL: out of memory. */
struct jit_maps *jit_maps_new(uint64_t boottime_ahead_ns);
void jit_maps_free(struct jit_maps *maps);

/* To be told while the process lives; again is no harm. */
void jit_maps_note(struct jit_maps *maps, const struct process_event *process);

/* Is the process's root held? */
bool jit_maps_has(const struct jit_maps *maps, const struct process_event *process);

/* The map of a process, open for reading: 0, or -ENOENT: there is none that may be believed, or another error. */
int jit_maps_open(const struct jit_maps *maps, const struct process_event *process, int *ret_fd);

#endif
