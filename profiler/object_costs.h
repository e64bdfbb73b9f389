/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says that the programs and maps of a BPF object cost. */
#ifndef HEARTH_PROFILER_OBJECT_COSTS_H
#define HEARTH_PROFILER_OBJECT_COSTS_H

#include <stdint.h>

struct bpf_object;
struct bpf_program;

/* Memory of all its maps, as the kernel accounts it; those that they refer to and that are not of the object are left out. */
uint64_t object_map_bytes(const struct bpf_object *object);

/* How long its programs ran, but for one of them (NULL: none is left out); 0 where the kernel does not count (kernel.bpf_stats_enabled). */
uint64_t object_run_ns(const struct bpf_object *object, const struct bpf_program *but);

#endif
