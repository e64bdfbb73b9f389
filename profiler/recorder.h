/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One recording, from the first tick to the last: waits for records, for the command, for the
 * targets, for signals and for the time to be over, and gathers what the kernel side sends.
 */
#ifndef HEARTH_PROFILER_RECORDER_H
#define HEARTH_PROFILER_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "profiler/row_source.h"
#include "profiler/sampler.h"
#include "profiler/tick_counts.h"
#include "profiler/tick_windows.h"
#include "profiler/workload.h"

struct budget_limits;
struct budget_watch;
struct recording;

/*
 * Ticks of one window, all of them: its aggregator refers to nothing outside of it. Times are CLOCK_BOOTTIME as the kernel side reads it.
 */
struct recorded_window {
	struct aggregator *aggregator; /* whoever takes the window frees it */
	uint64_t start_ns, end_ns;
	uint64_t ahead_ns; /* to be added to a time for that of the wall clock (modulo 2^64) */
	uint64_t rate_hz;
	bool is_early; /* it was ended before its time */
	bool has_rest; /* the next one is of the same span: ticks that waited for rows */
};

/* How a recording is cut into windows. */
struct recorder_windows {
	uint64_t length_ns; /* they end at multiples of it, by the wall clock */
	/* Takes one, with what else is known in `recording` now. */
	void (*take)(void *context, struct recording *recording,
		     const struct recorded_window *window);
	/* The rate was changed, or the budget cannot be kept, or is again: in words. NULL: nobody wants to know. */
	void (*note_budget)(void *context, bool is_of_rate, const char *words);
	/* Called a few times a second: true: the window is to end at once. NULL: there is nothing to do. */
	bool (*tend)(void *context, struct recording *recording);
	/* Called once, when the recording is over and before what is left of it is gathered: from then on a further signal ends hearth at once. NULL: there is nothing to do. */
	void (*stop)(void *context);
	/* SIGHUP was sent: `limits` may be others afterwards. NULL: it ends the recording, as a terminal's does. */
	void (*reload)(void *context);
	/* CPU time that other work of this program's processes took so far: no rate lowers it, and `limits` are not of it. NULL: none. */
	uint64_t (*other_cpu_ns)(void *context);
	/* The process that does it, whose memory `limits` are not of either; 0: it does not run. NULL: there is none. */
	pid_t (*other_process)(void *context);
	void *context;
	const struct budget_limits *limits; /* NULL: it may cost what it does */
	int end_fd; /* the recording ends when this can be read; 0: there is none */
};

struct recorder_options {
	struct sampler_options sampler;
	uint64_t duration_ns; /* 0: until the command, the targets or a signal end it */
	char **command;       /* NULL: none */
	bool show_progress;   /* a line on standard error, rewritten in place */
	const struct recorder_windows
		*windows; /* NULL: all ticks stay in the recording's aggregator */
	struct tick_labels
		labels; /* what ticks are told apart by, and whether their times are kept */
};

enum recording_end {
	RECORDING_TIME_OVER,
	RECORDING_TARGETS_ENDED,
	RECORDING_COMMAND_ENDED,
	RECORDING_INTERRUPTED,
};

struct recording {
	struct sampler *sampler;
	struct worker *worker;
	struct opener *opener; /* of modules */
	struct opener *
		file_opener; /* of files that tell of modules: by the rows' thread, and by whoever names afterwards */
	struct local_files *local_files; /* by the same */
	struct row_source row_source;
	struct tick_windows ticks;
	struct tick_labels labels; /* of them */
	struct unwind_maps *unwind_maps;
	struct unwind_loader *unwind_loader;
	struct modules *modules;
	struct jit_maps *jit_maps;
	struct kernel_code *kernel_code;
	struct control_groups *control_groups; /* NULL: nobody asks */
	struct snapshots *snapshots;
	struct unwind_verifier *verifier; /* NULL: stacks are not verified */
	struct workload workload;
	struct sampler_counters counters;
	const char *event;
	uint64_t rate_hz;
	const struct budget_watch *budget; /* what it costs; NULL: no limits are watched */
	uint64_t start_cpu_ns;     /* CPU time of this process when the ticks were started */
	uint64_t recording_cpu_ns; /* and from then until they were stopped */
	uint64_t start_unix_ns, duration_ns;
	uint64_t stopped_ns; /* CLOCK_MONOTONIC, of the last tick */
	uint64_t
		first_tick_ns; /* from the start of this process to the first tick delivered, 0: none */
	uint64_t longest_turn_ns; /* of the loop, from what woke it until all records were taken */
	uint64_t steal_ns;        /* taken from this machine by its hypervisor meanwhile */
	enum recording_end end;
	int error; /* what ended it early, already logged; what was gathered until then is here */
};

/*
 * Records; afterwards the ticks have stopped and everything is drained. 0, or -errno after logging
 * (-EPERM, -EOPNOTSUPP: not permitted or supported here; -ENOENT: the command cannot be run; -ESRCH: no such target).
 * Signals SIGINT and SIGTERM end the recording; a further SIGINT ends hearth at once.
 */
int recorder_run(const struct recorder_options *options, struct recording *ret_recording);
void recording_release(struct recording *recording);

/* An empty one, to count the recording's ticks. NULL: out of memory. */
struct aggregator *recording_new_aggregator(const struct recording *recording);

/*
 * Frees early what is not needed any more: when it has ended, the kernel side's programs, maps and tables, and what waited for
 * rows; when it was named, the ticks.
 */
void recording_close_session(struct recording *recording);
void recording_forget_ticks(struct recording *recording);

#endif
