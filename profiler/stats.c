/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/stats.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "profiler/naming_costs.h"
#include "profiler/recorder.h"
#include "profiler/snapshots.h"
#include "profiler/unnamed_frames.h"
#include "profiler/unwind_maps.h"
#include "profiler/unwind_verifier.h"
#include "render/readable.h"
#include "worker/opener.h"

uint64_t own_cpu_ns(const struct recording *recording)
{
	struct timespec used = { 0 };
	struct child_usage workers, openers, file_openers;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	worker_read_usage(recording->worker, &workers);
	opener_read_usage(recording->opener, &openers);
	opener_read_usage(recording->file_opener, &file_openers);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec + workers.cpu_ns +
	       openers.cpu_ns + file_openers.cpu_ns;
}

/*
 * The high-water mark of this program's memory. getrusage's ru_maxrss would do, but an exec keeps the
 * mark of what ran in the process before.
 */
static uint64_t peak_memory_bytes(void)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	const char *line;

	if (buffer_read_file(&text, "/proc/self/status", 64 * 1024) || !buffer_string(&text))
		return 0;
	line = strstr(text.data, "VmHWM:");
	return line ? strtoull(line + strlen("VmHWM:"), NULL, 10) * 1024 : 0;
}

void stats_gather(const struct recording *recording, struct stats *ret_stats)
{
	struct aggregator_totals totals;
	struct modules_totals modules;
	struct snapshots_totals snapshots;
	struct unwind_loader_totals unwind;

	aggregator_totals(recording->ticks.present, &totals);
	modules_read_totals(recording->modules, &modules);
	snapshots_read_totals(recording->snapshots, &snapshots);
	unwind_loader_read_totals(recording->unwind_loader, &unwind);
	*ret_stats = (struct stats){
		.event = recording->event,
		.rate_hz = recording->rate_hz,
		.duration_ns = recording->duration_ns,
		.cpus = sampler_cpu_count(recording->sampler),
		.steal_ns = recording->steal_ns,
		.idle = recording->counters.idle,
		.due = recording->counters.fired + recording->counters.late,
		.malformed = totals.malformed,
		.stacks = totals.stacks,
		.processes = totals.processes,
		.modules = modules,
		.named_modules = recording->modules,
		.snapshots = snapshots.taken,
		.mended = snapshots.mended,
		.verifier = recording->verifier,
		.unwind = unwind,
		.longest_turn_ns = recording->longest_turn_ns,
		.bpf_ns = recording->counters.bpf_ns,
		.bpf_runs = recording->counters.bpf_runs,
		.kernel_bpf_ns = sampler_kernel_run_ns(recording->sampler),
		.start_cpu_ns = recording->start_cpu_ns,
		.recording_cpu_ns = recording->recording_cpu_ns,
		.map_bytes = sampler_map_bytes(recording->sampler) + UNWIND_MAPS_CACHE_BYTES +
			     unwind.tables.segment_bytes,
		.load_ns = sampler_load_ns(recording->sampler),
		.first_tick_ns = recording->first_tick_ns,
	};
}

void stats_conclude(const struct recording *recording, struct stats *stats)
{
	worker_read_usage(recording->worker, &stats->worker);
	opener_read_usage(recording->opener, &stats->opener);
	opener_read_usage(recording->file_opener, &stats->file_opener);
	stats->cpu_ns = own_cpu_ns(recording);
	stats->rss_peak_bytes = peak_memory_bytes();
}

static uint64_t sum_of_fate(const struct stats *stats, unsigned int fate)
{
	uint64_t sum = 0;

	for (unsigned int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
		if (tick_reason_fate(reason) == fate)
			sum += stats->fates.by_reason[reason];
	return sum;
}

bool stats_add_up(const struct stats *stats)
{
	uint64_t accounted = stats->fates.complete + sum_of_fate(stats, TICK_TRUNCATED) +
			     sum_of_fate(stats, TICK_LOST);

	if (accounted == stats->due && !stats->malformed)
		return true;
	log_error(
		"the accounts do not add up: %llu ticks were due, %llu have a fate, %llu records were malformed; please report this",
		(unsigned long long)stats->due, (unsigned long long)accounted,
		(unsigned long long)stats->malformed);
	return false;
}

static void write_number(struct buffer *to, const char *name, uint64_t value, const char *after)
{
	buffer_printf(to, "\"%s\": %llu%s", name, (unsigned long long)value, after);
}

/* Every reason of a fate, those without ticks too, so that a reader finds each key. */
static void write_reasons(const struct stats *stats, unsigned int fate, struct buffer *to)
{
	const char *separator = "";

	for (unsigned int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
		if (tick_reason_fate(reason) != fate)
			continue;
		buffer_append_string(to, separator);
		write_number(to, tick_reason_name(reason), stats->fates.by_reason[reason], "");
		separator = ", ";
	}
}

static void write_ticks(const struct stats *stats, struct buffer *to)
{
	buffer_append_string(to, "  \"ticks\": {");
	write_number(to, "idle", stats->idle, ", ");
	write_number(to, "due", stats->due, ", ");
	write_number(to, "complete", stats->fates.complete, ", ");
	write_number(to, "may_lack_caller", stats->fates.may_lack_caller,
		     ",\n    \"no_user_half\": {");
	write_reasons(stats, TICK_COMPLETE, to);
	buffer_append_string(to, "},\n    \"truncated\": {");
	write_reasons(stats, TICK_TRUNCATED, to);
	buffer_append_string(to, "},\n    \"lost\": {");
	write_reasons(stats, TICK_LOST, to);
	buffer_append_string(to, "}},\n");
}

static void write_modules(const struct stats *stats, struct buffer *to)
{
	const struct modules_totals *modules = &stats->modules;
	const char *separator = "";

	write_number(to, "modules", modules->modules, ", ");
	write_number(to, "module_aliases", modules->aliases, ", ");
	write_number(to, "modules_refused", modules->refused, ",\n  ");
	buffer_append_string(to, "\"modules_unopened\": {");
	for (unsigned int absence = MODULE_OPENED + 1; absence < MODULE_ABSENCES; absence++) {
		buffer_append_string(to, separator);
		write_number(to, module_absence_name(absence), modules->by_absence[absence], "");
		separator = ", ";
	}
	buffer_append_string(to, "}, ");
	write_number(to, "module_copy_bytes", modules->copy_bytes, ",\n  ");
}

static void write_unwind(const struct stats *stats, struct buffer *to)
{
	const struct unwind_loader_totals *unwind = &stats->unwind;

	buffer_append_string(to, "  \"unwind\": {");
	write_number(to, "modules", unwind->tables.modules, ", ");
	write_number(to, "rows", unwind->tables.rows, ", ");
	write_number(to, "segment_bytes", unwind->tables.segment_bytes, ",\n    ");
	write_number(to, "loaded", unwind->loaded, ", ");
	write_number(to, "evicted", unwind->tables.evicted, ", ");
	write_number(to, "reloaded", unwind->reloaded, ", ");
	write_number(to, "refused", unwind->refused, ", ");
	write_number(to, "refused_sections", unwind->refused_sections, ", ");
	write_number(to, "postponed", unwind->postponed, ",\n    ");
	write_number(to, "compile_ns", unwind->compile_ns, ", ");
	write_number(to, "compile_max_ns", unwind->compile_max_ns, "},\n");
}

static void write_child(const char *name, const struct child_usage *child, struct buffer *to)
{
	buffer_printf(to, "\"%s\": {", name);
	write_number(to, "cpu_ns", child->cpu_ns, ", ");
	write_number(to, "rss_peak_bytes", child->rss_peak_bytes, ", ");
	write_number(to, "started", child->started, ", ");
	write_number(to, "failed", child->failed, "},\n    ");
}

static void write_self(const struct stats *stats, struct buffer *to)
{
	buffer_append_string(to, "  \"self\": {");
	write_number(to, "bpf_ns", stats->bpf_ns, ", ");
	write_number(to, "bpf_runs", stats->bpf_runs, ", ");
	write_number(to, "kernel_bpf_ns", stats->kernel_bpf_ns, ",\n    ");
	write_number(to, "cpu_ns", stats->cpu_ns, ", ");
	write_number(to, "start_cpu_ns", stats->start_cpu_ns, ", ");
	write_number(to, "recording_cpu_ns", stats->recording_cpu_ns, ",\n    ");
	write_number(to, "rss_peak_bytes", stats->rss_peak_bytes, ", ");
	write_child("worker", &stats->worker, to);
	write_child("opener", &stats->opener, to);
	write_child("file_opener", &stats->file_opener, to);
	write_number(to, "map_bytes", stats->map_bytes, ", ");
	write_number(to, "longest_turn_ns", stats->longest_turn_ns, ", ");
	write_number(to, "load_ns", stats->load_ns, ", ");
	write_number(to, "naming_ns", stats->naming_ns, ", ");
	write_number(to, "first_tick_ns", stats->first_tick_ns, "}\n");
}

void stats_write_json(const struct stats *stats, struct buffer *to)
{
	buffer_printf(to, "{\n  \"version\": \"%s\", \"event\": \"%s\", ", HEARTH_VERSION,
		      stats->event);
	write_number(to, "rate_hz", stats->rate_hz, ", ");
	write_number(to, "duration_ns", stats->duration_ns, ", ");
	write_number(to, "cpus", stats->cpus, ", ");
	write_number(to, "steal_ns", stats->steal_ns, ",\n");
	write_ticks(stats, to);
	buffer_append_string(to, "  ");
	write_number(to, "stacks", stats->stacks, ", ");
	write_number(to, "processes", stats->processes, ", ");
	write_modules(stats, to);
	write_number(to, "snapshots", stats->snapshots, ", ");
	write_number(to, "mended", stats->mended, ",\n");
	if (stats->verifier) {
		buffer_append_string(to, "  \"verify\": ");
		unwind_verifier_write_json(stats->verifier, to);
		buffer_append_string(to, ",\n");
	}
	if (stats->unnamed) {
		buffer_append_string(to, "  \"names\": ");
		unnamed_frames_write_json(stats->unnamed, to);
		buffer_append_string(to, ",\n");
	}
	if (stats->naming) {
		buffer_append_string(to, "  \"naming\": ");
		naming_costs_write_json(stats->naming, stats->named_modules, to);
		buffer_append_string(to, ",\n");
	}
	write_unwind(stats, to);
	write_self(stats, to);
	buffer_append_string(to, "}\n");
}

static void append_reasons(const struct stats *stats, unsigned int fate, struct buffer *to)
{
	const char *before = " (";

	for (unsigned int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
		if (tick_reason_fate(reason) != fate || !stats->fates.by_reason[reason])
			continue;
		buffer_printf(to, "%s%s ", before, tick_reason_name(reason));
		readable_share(to, stats->fates.by_reason[reason], stats->due, 2);
		before = ", ";
	}
	if (*before == ',')
		buffer_append_char(to, ')');
}

/* The leaf's caller: the root is proven, and all that is shown was there. */
static void append_may_lack_caller(const struct stats *stats, struct buffer *to)
{
	if (!stats->fates.may_lack_caller)
		return;
	buffer_append_string(to, " (");
	readable_share(to, stats->fates.may_lack_caller, stats->due, 2);
	buffer_append_string(to, " may lack the caller of code without call frame information)");
}

/* With as many digits as the picture's foot has: with one, reasons do not add up to their fate. */
static void log_fates(const struct stats *stats)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };
	const char *text;

	buffer_printf(&line, "%llu ticks: ", (unsigned long long)stats->due);
	readable_share(&line, stats->fates.complete, stats->due, 2);
	buffer_append_string(&line, " complete");
	append_may_lack_caller(stats, &line);
	buffer_append_string(&line, ", ");
	readable_share(&line, sum_of_fate(stats, TICK_TRUNCATED), stats->due, 2);
	buffer_append_string(&line, " truncated");
	append_reasons(stats, TICK_TRUNCATED, &line);
	buffer_append_string(&line, ", ");
	readable_share(&line, sum_of_fate(stats, TICK_LOST), stats->due, 2);
	buffer_append_string(&line, " lost");
	append_reasons(stats, TICK_LOST, &line);
	text = buffer_string(&line);
	if (text)
		log_info("%s", text);
}

/* Nothing where the tables had room for all that was met. */
static void log_unwind(const struct unwind_loader_totals *unwind)
{
	if (unwind->tables.evicted || unwind->postponed)
		log_info(
			"unwind tables: %llu loaded, %llu driven out by others, %llu of these loaded again, %llu postponed; --unwind-memory gives them more room",
			(unsigned long long)unwind->loaded,
			(unsigned long long)unwind->tables.evicted,
			(unsigned long long)unwind->reloaded,
			(unsigned long long)unwind->postponed);
	if (unwind->refused)
		log_warning(
			"the call frame information of %llu files could not be compiled or is too large: ticks in them bring a copy of their stack, or are truncated(rows_missing)",
			(unsigned long long)unwind->refused);
	if (unwind->refused_sections)
		log_warning(
			"%llu sections of call frame information are damaged or too large: stacks through their code may be truncated",
			(unsigned long long)unwind->refused_sections);
}

static void log_worker(const struct child_usage *worker)
{
	if (worker->failed)
		log_warning(
			"%llu times the process that reads files died, hung or answered nonsense: over each such file it is not asked again, and its stacks or names are missing",
			(unsigned long long)worker->failed);
}

static void log_modules(const struct modules_totals *modules)
{
	if (modules->refused)
		log_warning(
			"%llu states of files are not in the profile: a file is overwritten, or its mode or name changed, more often than hearth keeps track of; ticks in them are [unknown] or truncated(rows_missing)",
			(unsigned long long)modules->refused);
	if (modules->by_absence[MODULE_MAY_BLOCK])
		log_warning(
			"%llu files on FUSE or network file systems could not be copied in time, or are too large for it: ticks in them are truncated(rows_missing), and their functions have no names",
			(unsigned long long)modules->by_absence[MODULE_MAY_BLOCK]);
	if (modules->by_absence[MODULE_BEYOND_LIMIT])
		log_warning(
			"%llu files could not be opened, for hearth may have no more than %llu open: ticks in them are truncated(rows_missing), and their functions have no names; ulimit -n gives it more",
			(unsigned long long)modules->by_absence[MODULE_BEYOND_LIMIT],
			(unsigned long long)modules->file_limit);
}

static void warn_of_no_tick(const struct stats *stats, const struct recording *recording)
{
	_cleanup_(buffer_release) struct buffer duration = { 0 };
	double seconds = (double)stats->duration_ns / 1e9;

	readable_duration(&duration, stats->duration_ns);
	if (recording->end == RECORDING_COMMAND_ENDED)
		log_warning(
			"no tick hit the target: the command ended after %.1f ms, and at %llu Hz a tick comes every %.1f ms of its CPU time (-F takes more); the output is empty",
			seconds * 1e3, (unsigned long long)stats->rate_hz,
			1e3 / (double)stats->rate_hz);
	else
		log_warning(
			"no tick hit the target in %s: it used no CPU meanwhile, or there is no such target; the output is empty",
			buffer_string(&duration));
}

void stats_log(const struct stats *stats, const struct recording *recording)
{
	_cleanup_(buffer_release) struct buffer duration = { 0 };

	if (!stats->due) {
		warn_of_no_tick(stats, recording);
		return;
	}
	readable_duration(&duration, stats->duration_ns);
	log_fates(stats);
	if (stats->verifier)
		unwind_verifier_log(stats->verifier);
	log_info(
		"hearth itself: %.1f ms of CPU and %.1f ms in the kernel's ticks over %s; stolen from this machine meanwhile: %.1f ms",
		(double)stats->cpu_ns / 1e6, (double)stats->bpf_ns / 1e6, buffer_string(&duration),
		(double)stats->steal_ns / 1e6);
	if (stats->unnamed)
		unnamed_frames_log(stats->unnamed);
	if (stats->naming)
		naming_costs_log(stats->naming, stats->named_modules);
	log_unwind(&stats->unwind);
	log_modules(&stats->modules);
	log_worker(&stats->worker);
	if (recording->counters.children_not_followed)
		log_warning(
			"%llu child processes are not in the profile: more than 16384 targets at a time",
			(unsigned long long)recording->counters.children_not_followed);
}
