/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/sampler.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "profiler/cpus.h"
#include "profiler/kernel_types.h"
#include "profiler/load_failure.h"
#include "profiler/object_costs.h"
#include "profiler/sampler_sizes.h"
#include "profiler/system_limits.h"
#include "profiler/task_start.h"
#include "profiler/tick_period.h"
#include "profiler/unwind_maps.h"
#include "sample.skel.h"

/* So long after a CPU could not be attached it is tried again. */
#define FOLLOW_AGAIN_NS 600000000000u

/* The ticks of one CPU. */
struct cpu_event {
	struct bpf_link *link; /* NULL: not attached */
	int fd;                /* of the perf event, which the link owns */
	uint64_t runs;         /* of the program on this CPU, when last looked at */
	uint64_t again_ns;     /* not to be attached before (CLOCK_MONOTONIC), as that failed */
};

struct sampler {
	const struct sampler_options *options;
	struct sample_bpf *skeleton;
	struct kernel_types types; /* until it is loaded */
	struct ring_buffer *ring;
	struct cpu_state *states; /* the map cpu_states, shared with the kernel side */
	uint64_t window;          /* number of the one that ticks belong to */
	size_t states_bytes;
	struct cpu_event *cpus; /* per possible CPU */
	size_t cpu_count;       /* possible CPUs: entries of states and cpus */
	uint64_t rate_hz;       /* now */
	uint64_t max_rate_hz;   /* for which the rings have room */
	int online_error;       /* of the last look which CPUs there are, which was said */
	int online;             /* the list of those that are, open for reading */
	uint64_t load_ns;
	int64_t monotonic_offset,
		boottime_offset;  /* the kernel's clocks less this time namespace's */
	uint64_t clock_error_ns;  /* of both, at most */
	sampler_handle_fn handle; /* during a drain */
	void *handle_context;
};

static const struct {
	const char *name;
	uint32_t type;
	uint64_t config;
	bool is_clock;
} sampler_events[] = {
#define SAMPLER_EVENT(constant, name, type, config, is_clock, summary) \
	[constant] = { name, type, config, is_clock },
#include "profiler/sampler_events.def"
#undef SAMPLER_EVENT
};

const char *sampler_event_name(enum sampler_event event)
{
	return sampler_events[event].name;
}

int sampler_event_by_name(const char *name, enum sampler_event *ret_event)
{
	for (enum sampler_event event = 0; event < SAMPLER_EVENT_COUNT; event++) {
		if (!strcmp(name, sampler_events[event].name)) {
			*ret_event = event;
			return 0;
		}
	}
	return -EINVAL;
}

static int print_all(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	return vfprintf(stderr, format, arguments);
}

static int handle_record(void *context, void *data, size_t size)
{
	struct sampler *sampler = context;

	sampler->handle(sampler->handle_context, data, size);
	return 0;
}

static int configure(struct sampler *sampler)
{
	const struct sampler_options *options = sampler->options;
	struct sample_config *config = (struct sample_config *)&sampler->skeleton->rodata->config;
	uint64_t max_frames = KERNEL_MAX_FRAMES;

	config->is_clock = sampler_events[options->event].is_clock;
	config->memo_count = sampler_memo_count(sampler->cpu_count);
	config->verify = options->verify;
	config->tells_groups = options->groups;
	if (getrandom(&config->hash_seed, sizeof(config->hash_seed), 0) < 0)
		return -errno;
	system_limit_read("/proc/sys/kernel/perf_event_max_stack", &max_frames);
	config->max_frames =
		(uint32_t)(max_frames < KERNEL_MAX_FRAMES ? max_frames : KERNEL_MAX_FRAMES);
	return targets_configure(options->targets, config);
}

static int size_snapshot_maps(struct sampler *sampler)
{
	const struct sampler_options *options = sampler->options;
	struct sample_bpf *skeleton = sampler->skeleton;
	uint32_t bytes = options->verify ? SAMPLER_SNAPSHOT_RING_MAX
					 : sampler_snapshot_ring_bytes(sampler->cpu_count,
								       sampler->max_rate_hz);

	if (bpf_map__set_max_entries(skeleton->maps.snapshots, bytes) ||
	    bpf_map__set_max_entries(skeleton->maps.snapshot_scratches,
				     (uint32_t)sampler->cpu_count))
		return -errno;
	return 0;
}

static int size_unwind_maps(const struct sampler *sampler)
{
	struct unwind_space_size size = unwind_space_divide(sampler->options->unwind_bytes);
	struct sample_bpf *skeleton = sampler->skeleton;

	if (bpf_map__set_max_entries(skeleton->maps.unwind_blocks, size.blocks) ||
	    bpf_map__set_max_entries(skeleton->maps.unwind_rules, size.rules) ||
	    bpf_map__set_max_entries(skeleton->maps.unwind_segments, size.segments))
		return -errno;
	return 0;
}

/* Targets by number: where there are none, no program follows them, and their tables need no room. */
static int size_target_maps(struct sampler *sampler)
{
	struct sample_bpf *skeleton = sampler->skeleton;
	const struct sample_config *config =
		(const struct sample_config *)&skeleton->rodata->config;

	bpf_program__set_autoload(skeleton->progs.on_fork, config->by_process);
	bpf_program__set_autoload(skeleton->progs.on_exec, config->by_process);
	bpf_program__set_autoload(skeleton->progs.on_free, config->by_process);
	if ((!config->by_process && bpf_map__set_max_entries(skeleton->maps.target_processes, 1)) ||
	    (!config->by_thread && bpf_map__set_max_entries(skeleton->maps.target_threads, 1)))
		return -errno;
	return 0;
}

static int size_maps(struct sampler *sampler)
{
	struct sample_bpf *skeleton = sampler->skeleton;

	if (bpf_map__set_max_entries(skeleton->maps.cpu_states, (uint32_t)sampler->cpu_count))
		return -errno;
	if (bpf_map__set_max_entries(skeleton->maps.events,
				     sampler_ring_bytes(sampler->cpu_count, sampler->max_rate_hz)))
		return -errno;
	if (bpf_map__set_max_entries(skeleton->maps.walk_memos,
				     sampler_memo_count(sampler->cpu_count) +
					     (uint32_t)sampler->cpu_count) ||
	    size_snapshot_maps(sampler) || size_target_maps(sampler))
		return -errno;
	return size_unwind_maps(sampler);
}

static int map_states(struct sampler *sampler)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t bytes = sampler->cpu_count * sizeof(struct cpu_state);
	void *states;

	bytes = (bytes + (size_t)page - 1) / (size_t)page * (size_t)page;
	states = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      bpf_map__fd(sampler->skeleton->maps.cpu_states), 0);
	if (states == MAP_FAILED)
		return -errno;
	sampler->states = states;
	sampler->states_bytes = bytes;
	return 0;
}

static int attach_followers(struct sampler *sampler)
{
	struct bpf_program *followers[] = {
		sampler->skeleton->progs.on_fork,
		sampler->skeleton->progs.on_exec,
		sampler->skeleton->progs.on_free,
	};
	struct bpf_link **links[] = {
		&sampler->skeleton->links.on_fork,
		&sampler->skeleton->links.on_exec,
		&sampler->skeleton->links.on_free,
	};

	for (size_t i = 0; i < sizeof(followers) / sizeof(followers[0]); i++) {
		if (!bpf_program__autoload(followers[i]))
			continue;
		*links[i] = bpf_program__attach(followers[i]);
		if (!*links[i])
			return -errno;
	}
	return 0;
}

/* One comparison of the clocks: the kernel side reads its own somewhere between two readings of ours. */
static int compare_clocks(struct sampler *sampler, uint64_t *ret_width_ns)
{
	uint64_t monotonic = clock_monotonic_ns(), boottime = clock_boottime_ns(), width;
	struct identify_argument answer;
	int error = sampler_identify(sampler, NULL, &answer);

	width = clock_monotonic_ns() - monotonic;
	if (error || width >= *ret_width_ns)
		return error;
	*ret_width_ns = width;
	sampler->monotonic_offset = (int64_t)(answer.monotonic_ns - monotonic - width / 2);
	sampler->boottime_offset = (int64_t)(answer.boottime_ns - boottime - width / 2);
	return 0;
}

#define CLOCK_ERROR_NS    50000
#define CLOCK_COMPARISONS 20

/*
 * In a time namespace the clocks that user space reads are shifted against those of the kernel side. Whoever
 * is preempted while comparing them compares again; what remains in doubt is known.
 */
static int measure_clocks(struct sampler *sampler)
{
	uint64_t width = UINT64_MAX;
	int error = 0;

	for (int i = 0; i < CLOCK_COMPARISONS && width > 2 * CLOCK_ERROR_NS && !error; i++)
		error = compare_clocks(sampler, &width);
	sampler->clock_error_ns = width;
	return error;
}

uint64_t sampler_kernel_monotonic(const struct sampler *sampler, uint64_t monotonic_ns)
{
	return monotonic_ns + (uint64_t)sampler->monotonic_offset;
}

static uint64_t kernel_monotonic_ns(const struct sampler *sampler)
{
	return sampler_kernel_monotonic(sampler, clock_monotonic_ns());
}

uint64_t sampler_kernel_boottime(const struct sampler *sampler, uint64_t boottime_ns)
{
	return boottime_ns + (uint64_t)sampler->boottime_offset;
}

/* /proc tells when a task started in clock ticks of this time namespace. */
static int find_start(const struct sampler *sampler, uint32_t id, struct target_start *ret_start)
{
	const uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	const uint64_t error_ns = sampler->clock_error_ns;
	uint64_t ticks;
	int error = task_start_ticks(id, &ticks);

	if (error)
		return error;
	ret_start->earliest_ns = sampler_kernel_boottime(sampler, ticks * tick_ns) - error_ns;
	ret_start->latest_ns = ret_start->earliest_ns + tick_ns + 2 * error_ns;
	return 0;
}

static int add_thread(struct sampler *sampler, uint32_t tid)
{
	struct target_thread thread = { 0 };
	int error = find_start(sampler, tid, &thread.start);

	if (error)
		return error == -ENOENT ? 0 : error; /* it has ended meanwhile */
	return bpf_map_update_elem(bpf_map__fd(sampler->skeleton->maps.target_threads), &tid,
				   &thread, BPF_ANY);
}

static int add_targets(struct sampler *sampler)
{
	const struct targets *targets = sampler->options->targets;
	int error = 0;

	for (size_t i = 0; i < targets->pid_count && !error; i++)
		error = sampler_add_process(sampler, (pid_t)targets->pids[i], !targets->no_inherit,
					    false);
	for (size_t i = 0; i < targets->tid_count && !error; i++)
		error = add_thread(sampler, targets->tids[i]);
	return error;
}

/* In this order they are drained: what a snapshot refers to is mostly there before it. */
static int open_rings(struct sampler *sampler)
{
	sampler->ring = ring_buffer__new(bpf_map__fd(sampler->skeleton->maps.events), handle_record,
					 sampler, NULL);
	if (!sampler->ring)
		return -errno;
	return ring_buffer__add(sampler->ring, bpf_map__fd(sampler->skeleton->maps.snapshots),
				handle_record, sampler);
}

static int load(struct sampler *sampler)
{
	int error = kernel_types_fill(&sampler->types, bpf_object__btf(sampler->skeleton->obj));

	if (!error)
		error = sample_bpf__load(sampler->skeleton);
	kernel_types_release(&sampler->types);
	if (error)
		return load_failure_explain(error, sampler->options->quiet);
	error = map_states(sampler);
	if (!error)
		error = open_rings(sampler);
	if (!error)
		error = measure_clocks(sampler);
	if (!error)
		error = attach_followers(sampler);
	if (!error)
		error = add_targets(sampler);
	if (error)
		log_error("cannot set up the BPF program: %s", strerror(-error));
	return error;
}

static int open_skeleton(struct sampler *sampler)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = sampler->types.path);
	struct cpu_set_list possible;
	int error = cpus_read("possible", &possible);

	if (error) {
		log_error("/sys/devices/system/cpu/possible: %s", strerror(-error));
		return error;
	}
	sampler->online = cpus_open("online");
	sampler->cpu_count = possible.end;
	sampler->cpus = calloc(sampler->cpu_count, sizeof(*sampler->cpus));
	libbpf_set_print(sampler->options->verbose ? print_all : NULL);
	error = kernel_types_init(&sampler->types);
	sampler->skeleton = sample_bpf__open_opts(&options);
	if (!error && (!sampler->cpus || !sampler->skeleton))
		error = -errno;
	if (error) {
		log_error("cannot open the BPF program: %s", strerror(-error));
		return error;
	}
	error = configure(sampler);
	return error ? error : size_maps(sampler);
}

int sampler_new(const struct sampler_options *options, struct sampler **ret_sampler)
{
	struct sampler *sampler = calloc(1, sizeof(*sampler));
	uint64_t start_ns = clock_monotonic_ns();
	int error;

	if (!sampler)
		return -ENOMEM;
	sampler->options = options;
	sampler->rate_hz = sampler->max_rate_hz = options->rate_hz;
	sampler->online = -1;
	sampler->types.fd = -1;
	error = open_skeleton(sampler);
	if (!error)
		error = load(sampler);
	sampler->load_ns = clock_monotonic_ns() - start_ns;
	if (error)
		sampler_free(sampler);
	else
		*ret_sampler = sampler;
	return error;
}

void sampler_free(struct sampler *sampler)
{
	if (!sampler)
		return;
	sampler_stop(sampler);
	ring_buffer__free(sampler->ring);
	if (sampler->states)
		munmap(sampler->states, sampler->states_bytes);
	sample_bpf__destroy(sampler->skeleton);
	kernel_types_release(&sampler->types);
	cleanup_close(&sampler->online);
	free(sampler->cpus);
	free(sampler);
}

int sampler_add_process(struct sampler *sampler, pid_t pid, bool inherits, bool waits_for_exec)
{
	struct target_process target = { .inherits = inherits, .waits_for_exec = waits_for_exec };
	uint32_t key = (uint32_t)pid;
	int error = find_start(sampler, key, &target.start);

	if (error)
		return error == -ENOENT ? 0 : error; /* it has ended meanwhile */
	if (sampler->skeleton->rodata->config.caller_pid_namespace)
		key |= TARGET_CALLER_PID;
	return bpf_map_update_elem(bpf_map__fd(sampler->skeleton->maps.target_processes), &key,
				   &target, BPF_ANY);
}

/*
 * The kernel side forgets a process when it is reaped. One that ended but was not reaped yet shows
 * in its pidfd, where the key is a PID of hearth's own namespace.
 */
static bool target_is_alive(const struct sampler *sampler, uint32_t key)
{
	_cleanup_close_ int fd = -1;
	struct pollfd ended = { .events = POLLIN };

	if (sampler->skeleton->rodata->config.caller_pid_namespace && !(key & TARGET_CALLER_PID))
		return true;
	fd = (int)syscall(SYS_pidfd_open, key & ~TARGET_CALLER_PID, 0);
	if (fd < 0)
		return errno != ESRCH;
	ended.fd = fd;
	return poll(&ended, 1, 0) == 0;
}

bool sampler_has_processes(struct sampler *sampler)
{
	int map = bpf_map__fd(sampler->skeleton->maps.target_processes);
	uint32_t key, next;
	const uint32_t *at = NULL;

	while (!bpf_map_get_next_key(map, at, &next)) {
		if (target_is_alive(sampler, next))
			return true;
		key = next;
		at = &key;
	}
	return false;
}

static int explain_event(const struct sampler_options *options, int error)
{
	const char *name = sampler_event_name(options->event);

	if (options->quiet)
		return error;
	if (error == -ENOENT || error == -EOPNOTSUPP || error == -ENODEV || error == -EINVAL)
		log_error(
			"this machine has no event %s (no hardware counters here?); -e cpu-clock works everywhere",
			name);
	else if (error == -EACCES || error == -EPERM)
		log_error(
			"not permitted to open the perf event %s; run as root, or see hearth doctor on kernel.perf_event_paranoid",
			name);
	else
		log_error("cannot open the perf event %s: %s", name, strerror(-error));
	return error == -EACCES || error == -EPERM ? -EPERM : -EOPNOTSUPP;
}

static bool is_clock(const struct sampler *sampler)
{
	return sampler_events[sampler->options->event].is_clock;
}

static int open_event(const struct sampler *sampler, size_t cpu)
{
	enum sampler_event event = sampler->options->event;
	struct perf_event_attr attributes = {
		.size = sizeof(attributes),
		.type = sampler_events[event].type,
		.config = sampler_events[event].config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED,
	};
	long fd;

	if (is_clock(sampler)) {
		attributes.sample_period = tick_period_ns(sampler->rate_hz, cpu);
	} else {
		attributes.freq = 1;
		attributes.sample_freq = sampler->rate_hz;
	}
	fd = syscall(SYS_perf_event_open, &attributes, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

static int attach_cpu(struct sampler *sampler, size_t cpu)
{
	int fd = open_event(sampler, cpu);
	struct bpf_link *link;

	if (fd < 0)
		return fd;
	sampler->states[cpu].grid_ns = kernel_monotonic_ns(sampler);
	sampler->states[cpu].period_ns = tick_period_ns(sampler->rate_hz, cpu);
	link = bpf_program__attach_perf_event(sampler->skeleton->progs.tick, fd);
	if (!link) {
		int error = -errno;

		close(fd);
		return error;
	}
	sampler->cpus[cpu] = (struct cpu_event){ .link = link, .fd = fd };
	return 0;
}

/* Is whatever runs a target? */
static bool takes_all(const struct sampler *sampler)
{
	const struct sample_config *config =
		(const struct sample_config *)&sampler->skeleton->rodata->config;

	return !config->by_process && !config->by_thread && !config->by_comm &&
	       !config->by_cgroup && !config->by_user;
}

/*
 * An idle CPU may not have fired for a while: those ticks are no less idle for nobody having come to tell. Where its event
 * was lost (`is_lost`) while it worked nobody knows what at, and it need not have been a target.
 */
static void count_last(const struct sampler *sampler, struct cpu_state *state, bool is_lost)
{
	uint64_t now = kernel_monotonic_ns(sampler), ticks;

	if (!is_clock(sampler) || now <= state->grid_ns)
		return;
	ticks = (now - state->grid_ns) / state->period_ns;
	if (is_lost && takes_all(sampler)) {
		state->late += ticks;
		state->lost[REASON_LATE] += ticks;
	} else {
		state->idle += ticks;
	}
}

static void detach_cpu(struct sampler *sampler, size_t cpu, bool is_lost)
{
	bpf_link__destroy(sampler->cpus[cpu].link);
	sampler->cpus[cpu].link = NULL;
	count_last(sampler, &sampler->states[cpu], is_lost);
}

/* The timer starts anew with the period. A tick in between counts by the old one, as does the time up to it. */
static int set_cpu_rate(struct sampler *sampler, size_t cpu)
{
	uint64_t period_ns = tick_period_ns(sampler->rate_hz, cpu);
	uint64_t value = is_clock(sampler) ? period_ns : sampler->rate_hz;

	if (ioctl(sampler->cpus[cpu].fd, PERF_EVENT_IOC_PERIOD, &value))
		return -errno;
	__atomic_store_n(&sampler->states[cpu].period_ns, period_ns, __ATOMIC_RELEASE);
	return 0;
}

int sampler_set_rate(struct sampler *sampler, uint64_t rate_hz)
{
	int error = 0;

	if (!rate_hz || rate_hz > sampler->max_rate_hz)
		return -EINVAL;
	sampler->rate_hz = rate_hz;
	for (size_t cpu = 0; cpu < sampler->cpu_count; cpu++) {
		int failed = sampler->cpus[cpu].link ? set_cpu_rate(sampler, cpu) : 0;

		error = error ? error : failed;
	}
	return error;
}

uint64_t sampler_rate(const struct sampler *sampler)
{
	return sampler->rate_hz;
}

static bool has_ticked(const struct sampler *sampler, size_t cpu)
{
	uint64_t before = sampler->cpus[cpu].runs;

	sampler->cpus[cpu].runs = __atomic_load_n(&sampler->states[cpu].bpf_runs, __ATOMIC_RELAXED);
	return sampler->cpus[cpu].runs != before;
}

/* For how long it has been; 0: that cannot be read. */
static uint64_t event_enabled_ns(const struct cpu_event *event)
{
	uint64_t reading[2]; /* value, time enabled */

	return read(event->fd, reading, sizeof(reading)) == (ssize_t)sizeof(reading) ? reading[1]
										     : 0;
}

/*
 * A CPU that goes offline loses its event for good, also if it is back before anybody looks: then the time for which the
 * event is on stands still. Reading that interrupts the CPU: only one without a tick is asked.
 */
static bool event_is_on(const struct sampler *sampler, size_t cpu)
{
	const struct cpu_event *event = &sampler->cpus[cpu];
	uint64_t before_ns;

	if (has_ticked(sampler, cpu))
		return true;
	before_ns = event_enabled_ns(event);
	return before_ns && event_enabled_ns(event) > before_ns;
}

/* `ret_is_new`: it is attached now, and was not. */
static int follow_cpu(struct sampler *sampler, size_t cpu, bool is_online, bool *ret_is_new)
{
	struct cpu_event *event = &sampler->cpus[cpu];
	int error;

	*ret_is_new = false;
	if (event->link && (!is_online || !event_is_on(sampler, cpu)))
		detach_cpu(sampler, cpu, is_online);
	if (event->link || !is_online || clock_monotonic_ns() < event->again_ns)
		return 0;
	error = attach_cpu(sampler, cpu);
	if (error == -ENODEV)
		return 0; /* it went offline meanwhile */
	*ret_is_new = !error;
	event->again_ns = error ? clock_monotonic_ns() + FOLLOW_AGAIN_NS : 0;
	return error;
}

int sampler_follow_cpus(struct sampler *sampler, sampler_cpu_fn begin, void *context)
{
	struct cpu_set_list online;
	int error = cpus_read_opened(sampler->online, &online);

	if (error && error != sampler->online_error)
		log_error("/sys/devices/system/cpu/online: %s", strerror(-error));
	sampler->online_error = error;
	if (error)
		return error;
	for (size_t cpu = 0; cpu < sampler->cpu_count; cpu++) {
		bool is_new;
		int failed = follow_cpu(sampler, cpu, online.has[cpu], &is_new);

		if (is_new && begin)
			begin(context, cpu);
		error = error ? error : failed;
	}
	return error ? explain_event(sampler->options, error) : 0;
}

int sampler_start(struct sampler *sampler)
{
	int error = sampler_follow_cpus(sampler, NULL, NULL);

	if (!error && !sampler_cpu_count(sampler))
		error = explain_event(sampler->options, -ENODEV);
	return error;
}

void sampler_stop(struct sampler *sampler)
{
	for (size_t cpu = 0; sampler->cpus && cpu < sampler->cpu_count; cpu++)
		if (sampler->cpus[cpu].link)
			detach_cpu(sampler, cpu, false);
}

int sampler_fd(const struct sampler *sampler)
{
	return ring_buffer__epoll_fd(sampler->ring);
}

int sampler_drain(struct sampler *sampler, sampler_handle_fn handle, void *context)
{
	int count;

	sampler->handle = handle;
	sampler->handle_context = context;
	count = ring_buffer__consume(sampler->ring);
	return count < 0 ? count : 0;
}

void sampler_read_counters(const struct sampler *sampler, struct sampler_counters *ret_counters)
{
	struct sampler_counters counters = {
		.children_not_followed = sampler->skeleton->bss->children_not_followed,
	};

	for (size_t cpu = 0; cpu < sampler->cpu_count; cpu++) {
		const struct cpu_state *state = &sampler->states[cpu];

		counters.idle += state->idle;
		counters.fired += state->fired;
		counters.late += state->late;
		counters.bpf_ns += state->bpf_ns + state->follow_ns;
		counters.bpf_runs += state->bpf_runs;
		for (size_t reason = 0; reason < REASON_COUNT; reason++)
			counters.lost[reason] += state->lost[reason];
	}
	*ret_counters = counters;
}

void sampler_take_lost(const struct sampler *sampler, sampler_lost_fn handle, void *context)
{
	int map = bpf_map__fd(sampler->skeleton->maps.lost_ticks);
	uint32_t left = bpf_map__max_entries(sampler->skeleton->maps.lost_ticks);
	struct lost_key key;
	uint64_t ticks;

	while (left-- && !bpf_map_get_next_key(map, NULL, &key) &&
	       !bpf_map_lookup_and_delete_elem(map, &key, &ticks))
		handle(context, &key, ticks);
}

uint64_t sampler_begin_window(struct sampler *sampler)
{
	sampler->window++;
	for (size_t cpu = 0; cpu < sampler->cpu_count; cpu++)
		__atomic_store_n(&sampler->states[cpu].window, sampler->window, __ATOMIC_RELEASE);
	return sampler->window;
}

void sampler_unwind_maps(const struct sampler *sampler, struct unwind_map_fds *ret_fds)
{
	*ret_fds = (struct unwind_map_fds){
		.modules = bpf_map__fd(sampler->skeleton->maps.unwind_modules),
		.blocks = bpf_map__fd(sampler->skeleton->maps.unwind_blocks),
		.rules = bpf_map__fd(sampler->skeleton->maps.unwind_rules),
		.segments = bpf_map__fd(sampler->skeleton->maps.unwind_segments),
		.rule_cache = bpf_map__fd(sampler->skeleton->maps.rule_cache),
		.size = unwind_space_divide(sampler->options->unwind_bytes),
	};
}

int sampler_identify_program(const struct sampler *sampler)
{
	return bpf_program__fd(sampler->skeleton->progs.identify);
}

int sampler_identify(const struct sampler *sampler, const void *address,
		     struct identify_argument *ret_answer)
{
	struct identify_argument argument = { .address = (uintptr_t)address };
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &argument,
			    .ctx_size_in = sizeof(argument));
	int error = bpf_prog_test_run_opts(sampler_identify_program(sampler), &run);

	if (error)
		return error;
	*ret_answer = argument;
	return 0;
}

uint64_t sampler_load_ns(const struct sampler *sampler)
{
	return sampler->load_ns;
}

uint64_t sampler_map_bytes(const struct sampler *sampler)
{
	return object_map_bytes(sampler->skeleton->obj);
}

/* `identify` runs on behalf of system calls of this process, in whose CPU time it is. */
uint64_t sampler_kernel_run_ns(const struct sampler *sampler)
{
	return object_run_ns(sampler->skeleton->obj, sampler->skeleton->progs.identify);
}

unsigned int sampler_cpu_count(const struct sampler *sampler)
{
	unsigned int count = 0;

	for (size_t cpu = 0; cpu < sampler->cpu_count; cpu++)
		count += sampler->states[cpu].grid_ns != 0;
	return count;
}
