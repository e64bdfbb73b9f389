/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/recorder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "profiler/aggregator.h"
#include "profiler/budget_watch.h"
#include "profiler/control_groups.h"
#include "profiler/file_limit.h"
#include "profiler/interrupts.h"
#include "profiler/jit_maps.h"
#include "profiler/kernel_code.h"
#include "profiler/modules.h"
#include "profiler/own_worker.h"
#include "profiler/row_source.h"
#include "profiler/snapshots.h"
#include "profiler/stats.h"
#include "profiler/unwind_loader.h"
#include "profiler/unwind_maps.h"
#include "profiler/unwind_use.h"
#include "profiler/unwind_verifier.h"
#include "profiler/window_turns.h"
#include "worker/local_files.h"
#include "worker/opener.h"
#include "worker/worker.h"

/* How often records are fetched that nothing else called for. */
#define DRAIN_NS 500000000u

/* How long the end waits for rows, of which snapshots of the last ticks are in need. */
#define ROWS_WAIT_NS 5000000000u

/* How often it is looked which CPUs and modules of the kernel there are. */
#define FOLLOW_NS 1000000000u

/* What may wake the loop. */
enum wake { WAKE_RING, WAKE_ROWS, WAKE_COPIES, WAKE_TIMER, WAKE_SIGNAL, WAKE_COMMAND, WAKE_END };

struct recorder {
	const struct recorder_options *options;
	struct recording *recording;
	int epoll, timer, signals;
	uint64_t start_ns, end_ns; /* CLOCK_BOOTTIME; end 0: none */
	bool done;
	uint64_t follow_ns;         /* not before: CLOCK_MONOTONIC */
	struct window_turns turns;  /* where the recording has windows */
	struct budget_watch budget; /* where these have limits */
};

/* When stacks are verified each tick with one is to bring a snapshot. */
static void note_plain_tick(const struct recording *recording, const void *event, size_t size)
{
	const struct tick_event *tick = event;

	if (recording->verifier && size >= sizeof(*tick) && tick->user_stack)
		unwind_verifier_count_missing(recording->verifier);
}

static void note_control_group(struct recording *recording, const void *event, size_t size)
{
	if (recording->control_groups && size >= sizeof(struct process_event))
		control_groups_note(recording->control_groups, event);
}

static void take_event(void *context, const void *event, size_t size)
{
	struct recording *recording = context;

	switch (size >= sizeof(uint32_t) ? *(const uint32_t *)event : 0) {
	case EVENT_MODULE:
	case EVENT_MAPPED_MODULE:
		modules_handle(recording->modules, event, size);
		break;
	case EVENT_SNAPSHOT:
		snapshots_handle(recording->snapshots, event, size);
		break;
	case EVENT_GROUP:
		if (recording->control_groups)
			control_groups_tell(recording->control_groups, event, size);
		break;
	case EVENT_PROCESS:
		note_control_group(recording, event, size);
		tick_windows_handle(&recording->ticks, event, size);
		break;
	case EVENT_TICK:
		note_plain_tick(recording, event, size);
		tick_windows_handle(&recording->ticks, event, size);
		break;
	default:
		tick_windows_handle(&recording->ticks, event, size);
	}
}

static int drain(struct recorder *recorder)
{
	struct recording *recording = recorder->recording;
	int error = sampler_drain(recording->sampler, take_event, recording);

	modules_take_copies(recording->modules);
	snapshots_take_waiting(recording->snapshots);
	return error;
}

static int watch(struct recorder *recorder, int fd, enum wake wake)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = wake };

	return epoll_ctl(recorder->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int start_timer(struct recorder *recorder)
{
	const struct itimerspec every = {
		.it_value.tv_nsec = DRAIN_NS,
		.it_interval.tv_nsec = DRAIN_NS,
	};

	recorder->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (recorder->timer < 0 || timerfd_settime(recorder->timer, 0, &every, NULL))
		return -errno;
	return watch(recorder, recorder->timer, WAKE_TIMER);
}

static int set_up_loop(struct recorder *recorder)
{
	int error;

	recorder->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (recorder->epoll < 0)
		return -errno;
	error = start_timer(recorder);
	if (!error)
		error = watch(recorder, sampler_fd(recorder->recording->sampler), WAKE_RING);
	if (!error)
		error = watch(recorder, unwind_loader_fd(recorder->recording->unwind_loader),
			      WAKE_ROWS);
	if (!error)
		error = watch(recorder, opener_fd(recorder->recording->opener), WAKE_COPIES);
	if (!error)
		error = watch(recorder, recorder->signals, WAKE_SIGNAL);
	if (!error && recorder->recording->workload.pid)
		error = watch(recorder, recorder->recording->workload.pidfd, WAKE_COMMAND);
	if (!error && recorder->options->windows && recorder->options->windows->end_fd)
		error = watch(recorder, recorder->options->windows->end_fd, WAKE_END);
	return error;
}

static void end(struct recorder *recorder, enum recording_end why)
{
	if (!recorder->done)
		recorder->recording->end = why;
	recorder->done = true;
}

/* A signal that was sent to hearth alone is passed on; the terminal's reaches the command by itself. */
static void take_signal(struct recorder *recorder)
{
	const struct recorder_windows *windows = recorder->options->windows;
	pid_t command = recorder->recording->workload.pid;
	bool was_sent;
	int number = interrupts_take(&was_sent);

	if (!number)
		return;
	if (number == SIGHUP && was_sent && windows && windows->reload) {
		windows->reload(windows->context);
		return;
	}
	if (was_sent && command)
		kill(command, number);
	end(recorder, RECORDING_INTERRUPTED);
}

static void show_progress(const struct recorder *recorder)
{
	struct aggregator_totals totals;
	uint64_t seconds = (clock_boottime_ns() - recorder->start_ns) / 1000000000u;

	if (!recorder->options->show_progress)
		return;
	aggregator_totals(recorder->recording->ticks.present, &totals);
	fprintf(stderr, "\rrecording %llu s, %llu ticks (Ctrl-C ends it and writes the result) ",
		(unsigned long long)seconds, (unsigned long long)totals.ticks);
}

static void clear_progress(const struct recorder *recorder)
{
	if (recorder->options->show_progress)
		fprintf(stderr, "\r\033[K");
}

static bool has_ended_targets(struct recorder *recorder)
{
	const struct targets *targets = recorder->options->sampler.targets;

	return (targets->pid_count && !sampler_has_processes(recorder->recording->sampler)) ||
	       (targets->tid_count && !targets_have_threads(targets)) ||
	       (targets->container_folder && !targets_have_container(targets));
}

static bool has_limits(const struct recorder_options *options)
{
	return options->windows && options->windows->limits;
}

static void watch_anew(void *context, size_t cpu)
{
	kernel_code_watch_anew(context, cpu);
}

/* What cannot be followed was logged, or is there at the next look. */
static void follow_machine(struct recorder *recorder)
{
	struct recording *recording = recorder->recording;
	const uint64_t now_ns = clock_monotonic_ns();

	if (now_ns < recorder->follow_ns) {
		kernel_code_drain(recording->kernel_code);
		return;
	}
	recorder->follow_ns = now_ns + FOLLOW_NS;
	(void)sampler_follow_cpus(recording->sampler, watch_anew, recording->kernel_code);
	kernel_code_follow(recording->kernel_code);
}

/* What is due a few times a second. */
static void take_time(struct recorder *recorder)
{
	uint64_t expirations;

	if (read(recorder->timer, &expirations, sizeof(expirations)) < 0)
		return;
	follow_machine(recorder);
	if (has_ended_targets(recorder))
		end(recorder, RECORDING_TARGETS_ENDED);
	unwind_use_note(recorder->recording->ticks.present, recorder->recording->modules,
			recorder->recording->unwind_loader);
	jit_maps_look(recorder->recording->jit_maps);
	if (has_limits(recorder->options))
		budget_watch_look(&recorder->budget, recorder->recording, &recorder->turns);
	show_progress(recorder);
}

static void take_answers(const struct recorder *recorder)
{
	eventfd_t answers;

	eventfd_read(unwind_loader_fd(recorder->recording->unwind_loader), &answers);
}

static void wake_up(struct recorder *recorder, enum wake wake)
{
	switch (wake) {
	case WAKE_RING:
	case WAKE_COPIES: /* taken with the records */
		break;
	case WAKE_ROWS:
		take_answers(recorder);
		break;
	case WAKE_TIMER:
		take_time(recorder);
		break;
	case WAKE_SIGNAL:
		take_signal(recorder);
		break;
	case WAKE_COMMAND:
		end(recorder, RECORDING_COMMAND_ENDED);
		break;
	case WAKE_END:
		end(recorder, RECORDING_INTERRUPTED);
		break;
	}
}

/* Milliseconds until the recording's time is over, -1: no end. */
static int time_left_ms(const struct recorder *recorder)
{
	uint64_t now = clock_boottime_ns(), left;

	if (!recorder->end_ns)
		return -1;
	if (now >= recorder->end_ns)
		return 0;
	left = (recorder->end_ns - now + 999999) / 1000000;
	return left < INT32_MAX ? (int)left : INT32_MAX;
}

/* How long the kernel side's records may have to wait: nothing that takes its time belongs into the loop. */
static void note_turn(struct recording *recording, uint64_t woken_ns)
{
	uint64_t took = clock_monotonic_ns() - woken_ns;

	if (took > recording->longest_turn_ns)
		recording->longest_turn_ns = took;
}

static void tend_windows(struct recorder *recorder)
{
	const struct recorder_windows *windows = recorder->options->windows;

	if (!windows)
		return;
	if (windows->tend && windows->tend(windows->context, recorder->recording))
		window_turns_end_early(&recorder->turns);
	window_turns_take(&recorder->turns);
}

static int run_loop(struct recorder *recorder)
{
	while (!recorder->done) {
		struct epoll_event events[8];
		int left = time_left_ms(recorder);
		int count = epoll_wait(recorder->epoll, events, 8, left), error;
		uint64_t woken_ns = clock_monotonic_ns();

		if (count < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < count; i++)
			wake_up(recorder, events[i].data.u32);
		error = drain(recorder);
		if (error)
			return error;
		tend_windows(recorder);
		note_turn(recorder->recording, woken_ns);
		if (left == 0)
			end(recorder, RECORDING_TIME_OVER);
	}
	return 0;
}

/* Time stolen from this machine so far, over all CPUs: the eighth number of /proc/stat's first line. */
static uint64_t read_steal_ns(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/stat", "re");
	unsigned long long steal = 0;

	if (!file || fscanf(file, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		return 0;
	return steal * (1000000000u / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static int start(struct recorder *recorder)
{
	struct recording *recording = recorder->recording;
	uint64_t duration = recorder->options->duration_ns;
	int error;

	recording->steal_ns = read_steal_ns();
	recording->start_unix_ns = clock_unix_ns();
	recorder->start_ns = clock_boottime_ns();
	recorder->end_ns = duration ? recorder->start_ns + duration : 0;
	error = sampler_start(recording->sampler);
	recording->start_cpu_ns = own_cpu_ns(recording);
	if (error || !recorder->options->command)
		return error;
	error = workload_start(&recording->workload);
	if (!error)
		return 0;
	log_error("cannot run %s: %s", recorder->options->command[0], strerror(-error));
	return -ENOENT;
}

static void note_first_tick(struct recording *recording)
{
	struct aggregator_totals totals;
	struct identify_argument self;

	aggregator_totals(recording->ticks.present, &totals);
	if (totals.first_tick_ns && !sampler_identify(recording->sampler, "", &self))
		recording->first_tick_ns =
			sampler_kernel_boottime(recording->sampler, totals.first_tick_ns) -
			self.start_time_ns;
}

/* The last snapshots, as soon as their rows are there, and the copies that names are read from. */
static void finish_snapshots(const struct recorder *recorder)
{
	const struct recording *recording = recorder->recording;
	struct pollfd answered[] = {
		{ .fd = unwind_loader_fd(recording->unwind_loader), .events = POLLIN },
		{ .fd = opener_fd(recording->opener), .events = POLLIN },
	};
	uint64_t now = clock_monotonic_ns(), end = now + ROWS_WAIT_NS;

	snapshots_take_waiting(recording->snapshots); /* those that waited for a further drain */
	for (;
	     (snapshots_are_waiting(recording->snapshots) || !opener_is_idle(recording->opener)) &&
	     now < end;
	     now = clock_monotonic_ns()) {
		if (interrupts_wait(answered, 2, (int)((end - now) / 1000000) + 1))
			break;
		take_answers(recorder);
		modules_take_copies(recording->modules);
		snapshots_take_waiting(recording->snapshots);
	}
	snapshots_take_all(recording->snapshots);
	unwind_loader_end(recording->unwind_loader);
	/* Names are asked for next, by this thread. */
	worker_resume(recording->worker);
	opener_take_over(recording->file_opener);
}

static void stop_windows(const struct recorder *recorder)
{
	const struct recorder_windows *windows = recorder->options->windows;

	if (windows && windows->stop)
		windows->stop(windows->context);
}

static int finish(struct recorder *recorder)
{
	struct recording *recording = recorder->recording;
	int error;

	recording->recording_cpu_ns = own_cpu_ns(recording) - recording->start_cpu_ns;
	sampler_stop(recording->sampler);
	recording->stopped_ns = clock_monotonic_ns();
	recording->duration_ns = clock_boottime_ns() - recorder->start_ns;
	recording->steal_ns = read_steal_ns() - recording->steal_ns;
	clear_progress(recorder);
	stop_windows(recorder);
	interrupts_while_writing(recording->end == RECORDING_INTERRUPTED);
	error = drain(recorder);
	finish_snapshots(recorder);
	note_first_tick(recording);
	if (!recorder->options->windows)
		window_turns_count_lost(recording, recording->ticks.present);
	else
		window_turns_finish(&recorder->turns);
	return error;
}

static int log_failed(const char *what, int error)
{
	log_error("%s: %s", what, strerror(-error));
	return error;
}

/* Started before all else: it goes into its cage while the kernel side is loaded. */
static int start_worker(struct recording *recording)
{
	int error = own_worker_new(&recording->worker);

	return error ? log_failed("cannot start the worker", error) : 0;
}

static int await_worker(const struct recording *recording)
{
	const char *failed;
	int error = worker_await(recording->worker, &failed);

	if (!error)
		return 0;
	log_error(
		"cannot shut the worker in, which alone reads the files of others: %s: %s (hearth doctor tells what it needs)",
		*failed ? failed : "it ended", strerror(-error));
	return -EPERM;
}

static int prepare(struct recorder *recorder)
{
	const struct recorder_options *options = recorder->options;
	struct recording *recording = recorder->recording;
	int error = targets_check_alive(options->sampler.targets);

	if (!error && options->command) {
		error = workload_prepare(&recording->workload, options->command);
		if (error)
			log_error("cannot start %s: %s", options->command[0], strerror(-error));
	}
	if (!error)
		error = sampler_new(&options->sampler, &recording->sampler);
	if (error || !recording->workload.pid)
		return error;
	error = sampler_add_process(recording->sampler, recording->workload.pid,
				    !options->sampler.targets->no_inherit, true);
	return error ? log_failed("cannot make the command a target", error) : 0;
}

/* The vdso is in every program, so that its rows are there before the first tick. */
static int open_unwind_tables(struct recording *recording)
{
	struct unwind_row_source rows;
	struct unwind_map_fds fds;
	int error = own_opener_new(-1, &recording->file_opener);

	if (error)
		return error;
	recording->local_files = local_files_new();
	if (!recording->local_files)
		return -ENOMEM;
	recording->row_source = (struct row_source){ recording->worker, recording->file_opener,
						     recording->local_files };
	rows = row_source_of_worker(&recording->row_source);
	sampler_unwind_maps(recording->sampler, &fds);
	error = unwind_maps_new(&fds, &recording->unwind_maps);
	if (!error)
		error = unwind_loader_new(unwind_maps_view(recording->unwind_maps), &rows,
					  &recording->unwind_loader);
	if (error)
		return error;
	unwind_loader_request(recording->unwind_loader, MODULE_VDSO, UNWIND_LOADER_VDSO);
	unwind_loader_settle(recording->unwind_loader);
	return 0;
}

static int identify(void *sampler, const void *address, struct identify_argument *ret_answer)
{
	return sampler_identify(sampler, address, ret_answer);
}

static bool find_rule(void *unwind_maps, uint64_t module, uint64_t offset,
		      struct unwind_rule *ret_rule)
{
	return unwind_maps_find_rule(unwind_maps, module, offset, ret_rule);
}

static void note_made_code(void *jit_maps, const struct process_event *process)
{
	jit_maps_note(jit_maps, process);
}

static bool has_changing_code(void *kernel_code, const struct stack_frame *frames, uint32_t depth)
{
	return kernel_code_may_change(kernel_code, frames, depth);
}

static int watch_kernel_code(struct recording *recording)
{
	recording->kernel_code = kernel_code_new(sampler_kernel_boottime(recording->sampler, 0));
	if (!recording->kernel_code)
		return -ENOMEM;
	return 0;
}

static int open_jit_maps(struct recording *recording)
{
	const struct jit_maps_clocks clocks = {
		.boottime_ahead_ns = sampler_kernel_boottime(recording->sampler, 0),
		.monotonic_ahead_ns = sampler_kernel_monotonic(recording->sampler, 0),
	};

	recording->jit_maps = jit_maps_new(clocks);
	if (!recording->jit_maps)
		return -ENOMEM;
	return 0;
}

static int open_control_groups(struct recording *recording, struct tick_labels labels)
{
	if (!labels.cgroup && !labels.exe)
		return 0;
	recording->control_groups =
		control_groups_new(sampler_kernel_boottime(recording->sampler, 0), labels);
	return recording->control_groups ? 0 : -ENOMEM;
}

static int open_modules(struct recording *recording)
{
	int error;

	recording->modules = modules_new(identify, recording->sampler, recording->unwind_loader);
	if (!recording->modules)
		return -ENOMEM;
	error = own_opener_new(sampler_identify_program(recording->sampler), &recording->opener);

	if (!error)
		modules_use_opener(recording->modules, recording->opener);
	return error;
}

struct aggregator *recording_new_aggregator(const struct recording *recording)
{
	struct aggregator *aggregator = aggregator_new();

	if (!aggregator)
		return NULL;
	aggregator_use_modules(aggregator, recording->modules);
	aggregator_keep_labels(aggregator, recording->labels);
	aggregator_watch_made_code(aggregator, note_made_code, recording->jit_maps);
	aggregator_watch_kernel_code(aggregator, has_changing_code, recording->kernel_code);
	return aggregator;
}

static int open_aggregator(struct recording *recording)
{
	recording->ticks.present = recording_new_aggregator(recording);
	return recording->ticks.present ? 0 : -ENOMEM;
}

static int open_snapshots(struct recording *recording, const struct recorder_options *options)
{
	const struct snapshots_rules rules = { find_rule, recording->unwind_maps };

	if (options->sampler.verify) {
		recording->verifier =
			unwind_verifier_new(recording->ticks.present, recording->modules);
		if (!recording->verifier)
			return -ENOMEM;
	}
	recording->snapshots =
		snapshots_new(&recording->ticks, recording->modules, &rules, recording->verifier);
	return recording->snapshots ? 0 : -ENOMEM;
}

static int record(struct recorder *recorder)
{
	struct recording *recording = recorder->recording;
	int error;

	file_limit_raise();
	recorder->signals = interrupts_open();
	if (recorder->signals < 0)
		return log_failed("cannot receive signals", recorder->signals);
	error = start_worker(recording);
	if (!error)
		error = prepare(recorder);
	if (!error)
		error = await_worker(recording);
	if (error)
		return error;
	error = open_unwind_tables(recording);
	if (error)
		return log_failed("cannot make unwind tables", error);
	error = open_modules(recording);
	if (!error)
		error = open_jit_maps(recording);
	if (!error)
		error = watch_kernel_code(recording);
	if (!error)
		error = open_aggregator(recording);
	if (!error)
		error = open_snapshots(recording, recorder->options);
	if (!error)
		error = open_control_groups(recording, recorder->options->labels);
	if (error)
		return log_failed("cannot record", error);
	error = set_up_loop(recorder);
	if (error)
		return log_failed("cannot wait for ticks", error);
	error = start(recorder);
	if (error)
		return error;
	if (recorder->options->windows)
		window_turns_init(&recorder->turns, recorder->options->windows, recording);
	if (has_limits(recorder->options)) {
		budget_watch_init(&recorder->budget, recorder->options->windows->limits);
		recording->budget = &recorder->budget;
	}
	/* What was gathered is kept, whatever ends the recording. */
	error = run_loop(recorder);
	if (error)
		recording->error = log_failed("the recording ended early", error);
	error = finish(recorder);
	if (error)
		recording->error = log_failed("the last ticks cannot be read", error);
	return 0;
}

static void recorder_release(struct recorder *recorder)
{
	cleanup_close(&recorder->epoll);
	cleanup_close(&recorder->timer);
	cleanup_close(&recorder->signals);
	budget_watch_release(&recorder->budget);
}

int recorder_run(const struct recorder_options *options, struct recording *ret_recording)
{
	_cleanup_(recorder_release) struct recorder recorder = {
		.options = options,
		.recording = ret_recording,
		.epoll = -1,
		.timer = -1,
		.signals = -1,
	};
	int error;

	*ret_recording = (struct recording){
		.event = sampler_event_name(options->sampler.event),
		.rate_hz = options->sampler.rate_hz,
		.labels = options->labels,
	};
	workload_init(&ret_recording->workload);
	error = record(&recorder);
	if (error)
		recording_release(ret_recording);
	return error;
}

void recording_close_session(struct recording *recording)
{
	snapshots_free(recording->snapshots);
	recording->snapshots = NULL;
	unwind_loader_free(recording->unwind_loader);
	recording->unwind_loader = NULL;
	unwind_maps_free(recording->unwind_maps);
	recording->unwind_maps = NULL;
	sampler_free(recording->sampler);
	recording->sampler = NULL;
}

void recording_forget_ticks(struct recording *recording)
{
	aggregator_free(recording->ticks.present);
	aggregator_free(recording->ticks.before);
	recording->ticks = (struct tick_windows){ 0 };
}

void recording_release(struct recording *recording)
{
	workload_release(&recording->workload);
	unwind_verifier_free(recording->verifier);
	recording_close_session(recording);
	recording_forget_ticks(recording);
	worker_free(recording->worker);
	opener_free(recording->opener);
	opener_free(recording->file_opener);
	local_files_free(recording->local_files);
	modules_free(recording->modules);
	jit_maps_free(recording->jit_maps);
	kernel_code_free(recording->kernel_code);
	control_groups_free(recording->control_groups);
	*recording = (struct recording){ 0 };
	workload_init(&recording->workload);
}
