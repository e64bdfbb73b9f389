/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel side of a recording: loads the BPF program, opens a perf event on every online CPU (also
 * on one that comes online later), and hands over what the programs send.
 *
 * What it makes in the kernel hangs on file descriptors of this process, so nothing stays behind
 * however it ends. One thread at a time.
 */
#ifndef HEARTH_PROFILER_SAMPLER_H
#define HEARTH_PROFILER_SAMPLER_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/events.h"
#include "profiler/targets.h"

/* The event whose ticks are counted: SAMPLER_EVENT(constant, name, perf type, perf config, is a clock). */
enum sampler_event {
#define SAMPLER_EVENT(constant, name, type, config, is_clock, summary) constant,
#include "profiler/sampler_events.def"
#undef SAMPLER_EVENT
	SAMPLER_EVENT_COUNT
};

const char *sampler_event_name(enum sampler_event event);
int sampler_event_by_name(const char *name, enum sampler_event *ret_event); /* 0 or -EINVAL */

struct sampler_options {
	enum sampler_event event;
	uint64_t rate_hz;
	const struct targets *targets;
	uint64_t unwind_bytes; /* ceiling of the unwind tables, as unwind_space.h has it */
	bool verify;           /* a snapshot of each user stack */
	bool groups;           /* the control groups of processes (group_event) */
	bool verbose;          /* let libbpf speak */
	bool quiet;            /* log nothing: somebody only tries */
};

/* Totals over all CPUs since the start. */
struct sampler_counters {
	uint64_t idle, fired, late;
	uint64_t lost[REASON_COUNT]; /* ticks without a record, by reason */
	uint64_t bpf_ns, bpf_runs;
	uint64_t children_not_followed;
};

struct sampler;

/*
 * Opens, loads and configures; nothing ticks yet. 0, or -errno after logging what is missing and what
 * to do (-EPERM, -EACCES and -EOPNOTSUPP: not permitted or not supported here).
 */
int sampler_new(const struct sampler_options *options, struct sampler **ret_sampler);
void sampler_free(struct sampler *sampler);

/*
 * Adds a process as target, unless it has ended meanwhile; `waits_for_exec`: no tick counts before it has
 * called exec.
 */
int sampler_add_process(struct sampler *sampler, pid_t pid, bool inherits, bool waits_for_exec);

/* Is any target by PID alive? Its children that became targets count. */
bool sampler_has_processes(struct sampler *sampler);

/* Starts the ticks on all online CPUs: 0, or -errno after logging. */
int sampler_start(struct sampler *sampler);

/*
 * Changes the rate of all CPUs, from now on: from 1 to that which it was made with, for which the rings have room. Each tick tells
 * the period that it stands for, and the first of the new rate come a new period later: what is drained at once is of the
 * old one. 0; -EINVAL: no such rate; or -errno of a CPU that goes on with the old one.
 */
int sampler_set_rate(struct sampler *sampler, uint64_t rate_hz);
uint64_t sampler_rate(const struct sampler *sampler);

/*
 * Follows CPUs that went or came, and calls `begin` for each that was not followed until now (NULL: nobody wants to know): to be called every second. 0, or
 * -errno after logging: which CPUs there are cannot be read (of the same error that is said once), or one of them cannot be followed: it is tried again ten minutes
 * later, and the others go on.
 */
typedef void (*sampler_cpu_fn)(void *context, size_t cpu);
int sampler_follow_cpus(struct sampler *sampler, sampler_cpu_fn begin, void *context);

/* Stops the ticks; what was sent can still be drained. */
void sampler_stop(struct sampler *sampler);

/* Becomes readable when records must not wait. */
int sampler_fd(const struct sampler *sampler);

/* Hands over all records that are there; `handle` gets an event of bpf/events.h. */
typedef void (*sampler_handle_fn)(void *context, const void *event, size_t size);
int sampler_drain(struct sampler *sampler, sampler_handle_fn handle, void *context);

void sampler_read_counters(const struct sampler *sampler, struct sampler_counters *ret_counters);

/* Calls `handle` for each comm that lost ticks since the last call, where the kernel side could still tell. */
typedef void (*sampler_lost_fn)(void *context, const struct lost_key *key, uint64_t ticks);
void sampler_take_lost(const struct sampler *sampler, sampler_lost_fn handle, void *context);

/*
 * Ticks that begin from now on belong to another window, and refer to nothing that was told before: its number, the low bits of which they have
 * (tick_event.window). The first one is 0. Ticks that are being taken right now still come as the last one's.
 */
uint64_t sampler_begin_window(struct sampler *sampler);

/* The maps of unwind tables, to be filled. */
struct unwind_map_fds;
void sampler_unwind_maps(const struct sampler *sampler, struct unwind_map_fds *ret_fds);

/* What the kernel says lies at an address of this process: 0 or -errno. */
int sampler_identify(const struct sampler *sampler, const void *address,
		     struct identify_argument *ret_answer);

/* The program that says so, for another process of ours to ask about its own addresses. Lives as long as the sampler. */
int sampler_identify_program(const struct sampler *sampler);

/* A time of CLOCK_BOOTTIME as the kernel side would have read it: time namespaces shift it. */
uint64_t sampler_kernel_boottime(const struct sampler *sampler, uint64_t boottime_ns);
uint64_t sampler_kernel_monotonic(const struct sampler *sampler, uint64_t monotonic_ns);

/* How long sampler_new took: the object and its BTF, maps, the verifier, what is set up at once. */
uint64_t sampler_load_ns(const struct sampler *sampler);

/* Memory of all maps, as the kernel accounts it. */
uint64_t sampler_map_bytes(const struct sampler *sampler);

/* The kernel's own reading of the programs' run time; 0 where it does not keep one. */
uint64_t sampler_kernel_run_ns(const struct sampler *sampler);

unsigned int sampler_cpu_count(const struct sampler *sampler); /* CPUs that ticked */

#endif
