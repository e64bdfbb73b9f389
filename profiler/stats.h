/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording did and what it cost: `--stats FILE` and the last lines that the user sees. */
#ifndef HEARTH_PROFILER_STATS_H
#define HEARTH_PROFILER_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "profiler/modules.h"
#include "profiler/namer.h"
#include "profiler/unwind_loader.h"
#include "worker/worker.h"

struct buffer;
struct modules;
struct naming_costs;
struct recording;
struct unnamed_frames;
struct unwind_verifier;

struct stats {
	const char *event;
	uint64_t rate_hz, duration_ns, cpus, steal_ns;
	uint64_t idle, due;
	uint64_t malformed;      /* records of the kernel side: there are to be none */
	struct tick_fates fates; /* from naming on */
	uint64_t stacks, processes;
	struct modules_totals modules;
	const struct modules *named_modules;
	struct naming_costs *naming;            /* NULL: nothing was named */
	uint64_t snapshots;                     /* ticks that brought a copy of their stack */
	uint64_t mended;                        /* those whose stack is whole by it */
	const struct unwind_verifier *verifier; /* NULL: stacks were not verified */
	const struct unnamed_frames *unnamed;   /* NULL: nothing was named */
	struct unwind_loader_totals unwind;
	uint64_t longest_turn_ns; /* that the kernel side's records had to wait */
	/* hearth's own cost */
	uint64_t bpf_ns, bpf_runs, cpu_ns, rss_peak_bytes, map_bytes, load_ns, first_tick_ns;
	uint64_t recording_cpu_ns; /* the part of cpu_ns up to the last tick */
	uint64_t start_cpu_ns;     /* the part of it before the first */
	uint64_t naming_ns;        /* from the last tick until the profile had all its names */
	/* Their CPU time is in cpu_ns and its parts, their memory is not in rss_peak_bytes. */
	struct child_usage worker, opener, file_opener;
	uint64_t kernel_bpf_ns; /* bpf_ns as the kernel counts it, 0: it does not */
};

/* Gathers what is known when the recording has ended, before its session is closed. */
void stats_gather(const struct recording *recording, struct stats *ret_stats);

/* Adds what all of it cost; the profile was named and written. */
void stats_conclude(const struct recording *recording, struct stats *stats);

/* Do the fates add up to the ticks that the kernel side fired and found late? Logs if not. */
bool stats_add_up(const struct stats *stats);

void stats_write_json(const struct stats *stats, struct buffer *to);

/* Logs the split of fates, and what else the user must know. */
void stats_log(const struct stats *stats, const struct recording *recording);

/* CPU time so far: this process, the worker and the openers. */
uint64_t own_cpu_ns(const struct recording *recording);

#endif
