/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/process_watch.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/record_pool.h"
#include "bpf/events.h"
#include "profiler/task_start.h"
#include "store/event_list.h"

#define NS_PER_SECOND  1000000000u
#define MAX_STAT       4096
#define KERNEL_THREAD  0x200000 /* PF_KTHREAD */
#define MAX_NAMES      256      /* of which those of a sum are counted */
#define NAMES_OF_A_SUM 8
#define OWN_NAME       "hearth" /* that of hearth's children begins so */
#define MAX_EVENT_TEXT 256
#define TIME_GRAIN   \
	((uint64_t)1 \
	 << 20) /* of events, about a millisecond: finer ones are as long again in the store */

struct watched_process {
	uint32_t pid;   /* the key */
	bool is_quiet;  /* nobody is told of it */
	bool has_ended; /* that is told already */
	uint64_t inode; /* of its folder, which the kernel may give another one; 0: it was met */
	uint64_t start_ticks;
	char comm[EVENT_COMM_SIZE];
};

/* Those of one kind that there is no room for, by comm. */
struct unnamed_sum {
	struct record_pool names; /* struct named_count */
	uint64_t count;
};

struct named_count {
	char comm[EVENT_COMM_SIZE]; /* the key, filled up with zeroes */
	uint64_t count;
};

struct side {
	enum event_kind kind;
	struct event_list events; /* one kind after the other is shorter in the store */
	struct unnamed_sum rest;
};

struct process_watch {
	const char *proc;
	uint32_t max;
	uint64_t tick_ns;
	uint64_t own_pid;
	bool has_looked;
	uint64_t earlier_ns, before_ns,
		now_ns; /* wall clock: when it looked last, before, and before that */
	struct record_pool before, present; /* struct watched_process */
	uint32_t before_end, present_end;   /* of the PIDs that were looked at, which ascend */
	struct side starts, ends;
};

static void sum_init(struct unnamed_sum *sum)
{
	record_pool_init(&sum->names, sizeof(struct named_count), EVENT_COMM_SIZE);
	sum->count = 0;
}

struct process_watch *process_watch_new(const char *proc, uint32_t max)
{
	struct process_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->proc = proc;
	watch->max = max;
	watch->tick_ns = NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
	watch->own_pid = (uint64_t)getpid();
	watch->starts.kind = EVENT_PROCESS_START;
	watch->ends.kind = EVENT_PROCESS_END;
	record_pool_init(&watch->before, sizeof(struct watched_process), sizeof(uint32_t));
	record_pool_init(&watch->present, sizeof(struct watched_process), sizeof(uint32_t));
	sum_init(&watch->starts.rest);
	sum_init(&watch->ends.rest);
	return watch;
}

void process_watch_free(struct process_watch *watch)
{
	if (!watch)
		return;
	record_pool_release(&watch->before);
	record_pool_release(&watch->present);
	record_pool_release(&watch->starts.rest.names);
	record_pool_release(&watch->ends.rest.names);
	event_list_release(&watch->starts.events);
	event_list_release(&watch->ends.events);
	free(watch);
}

/* --- what is told --- */

/* Of more names than there is room for the others have none. */
static int add_to_sum(struct unnamed_sum *sum, const char *comm)
{
	static const char others[EVENT_COMM_SIZE] = "others";
	char key[EVENT_COMM_SIZE] = { 0 };
	uint32_t index;
	int error;

	memcpy(key, comm, strnlen(comm, sizeof(key)));
	if (sum->names.count >= MAX_NAMES && !record_pool_find(&sum->names, key, &index))
		memcpy(key, others, sizeof(key));
	error = record_pool_add(&sum->names, key, &index);
	if (error)
		return error;
	((struct named_count *)record_pool_get(&sum->names, index))->count++;
	sum->count++;
	return 0;
}

static int tell(struct side *side, const struct watched_process *process, uint64_t time_ns)
{
	char text[EVENT_COMM_SIZE + 1] = { 0 };
	const struct store_event event = {
		.time_ns = time_ns / TIME_GRAIN * TIME_GRAIN,
		.kind = side->kind,
		.pid = process->pid,
		.text = text,
	};

	if (process->is_quiet)
		return 0;
	if (side->events.count == PROCESS_WATCH_MAX_EVENTS)
		return add_to_sum(&side->rest, process->comm);
	memcpy(text, process->comm, EVENT_COMM_SIZE);
	return event_list_add(&side->events, &event);
}

static int compare_counts(const void *left, const void *right)
{
	const struct named_count *a = left, *b = right;

	return (a->count < b->count) - (a->count > b->count);
}

/* "952 more: 900 sh, 52 cc1" */
static int tell_sum(struct side *side, uint64_t now_ns, struct event_list *events)
{
	struct named_count *names = side->rest.count ? record_pool_get(&side->rest.names, 0) : NULL;
	_cleanup_(buffer_release) struct buffer text = { 0 };
	struct store_event event = { now_ns / TIME_GRAIN * TIME_GRAIN, side->kind, EVENT_NO_PID,
				     NULL };
	uint64_t left = side->rest.count;

	if (!names)
		return 0;
	qsort(names, side->rest.names.count, sizeof(*names), compare_counts);
	buffer_printf(&text, "%" PRIu64 " more: ", left);
	for (uint32_t i = 0; i < side->rest.names.count && i < NAMES_OF_A_SUM; i++) {
		buffer_printf(&text, "%s%" PRIu64 " %.*s", i ? ", " : "", names[i].count,
			      EVENT_COMM_SIZE, names[i].comm);
		left -= names[i].count;
	}
	if (left)
		buffer_printf(&text, ", %" PRIu64 " of other names", left);
	event.text = buffer_string(&text);
	return event.text ? event_list_add(events, &event) : -ENOMEM;
}

/* --- looking --- */

static bool read_folder(const struct process_watch *watch, const char *name, struct buffer *text)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s/stat", watch->proc, name);
	buffer_clear(text);
	return !buffer_read_file(text, path, MAX_STAT) && buffer_string(text);
}

/* "1 (comm) S 2 ...": the parent is the fourth field, the flags are the ninth. */
static bool read_process(const struct process_watch *watch, const char *name,
			 struct watched_process *process)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	unsigned long long parent, flags;
	const char *comm, *end;
	size_t size;

	if (!read_folder(watch, name, &text) || task_start_parse(text.data, &process->start_ticks))
		return false;
	comm = strchr(text.data, '(');
	end = strrchr(text.data, ')');
	if (!comm || comm > end ||
	    sscanf(end + 1, " %*c %llu %*d %*d %*d %*d %llu", &parent, &flags) != 2)
		return false;
	size = (size_t)(end - ++comm);
	memcpy(process->comm, comm, size < EVENT_COMM_SIZE ? size : EVENT_COMM_SIZE);
	process->is_quiet = (flags & KERNEL_THREAD) || parent == watch->own_pid;
	return true;
}

static uint64_t unix_of_start(const struct process_watch *watch,
			      const struct watched_process *process)
{
	return clock_unix_ns() - clock_boottime_ns() + process->start_ticks * watch->tick_ns;
}

static const struct watched_process *find(const struct record_pool *pool, uint32_t pid)
{
	uint32_t index;

	return record_pool_find(pool, &pid, &index) ? record_pool_get(pool, index) : NULL;
}

static int keep(struct process_watch *watch, const struct watched_process *process)
{
	uint32_t index;
	int error = record_pool_add(&watch->present, &process->pid, &index);

	if (!error)
		memcpy(record_pool_get(&watch->present, index), process, sizeof(*process));
	return error;
}

/* One that is gone meanwhile was not there. */
static int note(struct process_watch *watch, uint32_t pid, const char *name, uint64_t inode)
{
	const struct watched_process *before = find(&watch->before, pid);
	struct watched_process process = { .pid = pid, .inode = inode };

	if (before && before->inode == inode)
		return keep(watch, before);
	return read_process(watch, name, &process) ? keep(watch, &process) : 0;
}

static bool is_same(const struct watched_process *a, const struct watched_process *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

static int tell_begun(struct process_watch *watch)
{
	int error = 0;

	for (uint32_t i = 0; i < watch->present.count && !error; i++) {
		const struct watched_process *process = record_pool_get(&watch->present, i);
		const struct watched_process *before = find(&watch->before, process->pid);

		if (process->pid < watch->before_end && (!before || !is_same(before, process)))
			error = tell(&watch->starts, process, unix_of_start(watch, process));
	}
	return error;
}

static int tell_ended(struct process_watch *watch)
{
	int error = 0;

	for (uint32_t i = 0; i < watch->before.count && !error; i++) {
		const struct watched_process *process = record_pool_get(&watch->before, i);
		const struct watched_process *present = find(&watch->present, process->pid);

		if (process->pid < watch->present_end && !process->has_ended &&
		    (!present || !is_same(present, process)))
			error = tell(&watch->ends, process, watch->now_ns);
	}
	return error;
}

static bool pid_of(const char *name, uint32_t *ret_pid)
{
	char *end;
	unsigned long pid = strtoul(name, &end, 10);

	*ret_pid = (uint32_t)pid;
	return *name >= '1' && *name <= '9' && !*end && pid <= INT32_MAX;
}

/* NULL: the end, or errno tells why not. */
static const struct dirent *next_entry(DIR *folder)
{
	errno = 0;
	return readdir(folder);
}

/* Of further processes than there is room for nothing is known. */
static int note_each(struct process_watch *watch, DIR *folder)
{
	const struct dirent *entry;
	uint32_t pid;
	int error = 0;

	watch->present_end = UINT32_MAX;
	while (!error && (entry = next_entry(folder))) {
		if (!pid_of(entry->d_name, &pid))
			continue;
		if (watch->present.count >= watch->max) {
			watch->present_end = pid;
			return 0;
		}
		error = note(watch, pid, entry->d_name, entry->d_ino);
	}
	return error ? error : -errno;
}

static void swap_pools(struct process_watch *watch)
{
	const struct record_pool present = watch->present;
	uint32_t end = watch->present_end;

	watch->present = watch->before;
	watch->before = present;
	watch->present_end = watch->before_end;
	watch->before_end = end;
}

static void clear(struct record_pool *pool)
{
	record_pool_release(pool);
	record_pool_init(pool, sizeof(struct watched_process), sizeof(uint32_t));
}

int process_watch_look(struct process_watch *watch)
{
	DIR *folder = opendir(watch->proc);
	int error;

	if (!folder)
		return -errno;
	swap_pools(watch);
	clear(&watch->present);
	watch->earlier_ns = watch->before_ns ? watch->before_ns : watch->now_ns;
	watch->before_ns = watch->now_ns;
	watch->now_ns = clock_unix_ns();
	error = note_each(watch, folder);
	closedir(folder);
	if (!error && watch->has_looked)
		error = tell_begun(watch);
	if (!error)
		error = tell_ended(watch);
	if (error)
		swap_pools(watch); /* the next look compares with the one that was whole */
	else
		watch->has_looked = true;
	return error;
}

/* --- those that were not seen --- */

static bool was_seen(const struct process_watch *watch, uint32_t pid)
{
	return find(&watch->present, pid) || find(&watch->before, pid);
}

int process_watch_meet(struct process_watch *watch, const struct process_event *event,
		       uint64_t ahead_ns)
{
	struct watched_process process = { .pid = event->caller_tgid, .has_ended = true };
	uint64_t start_ns = event->start_time_ns + ahead_ns;
	int error;

	/* A window ends before it is looked at: what it has may have begun before the look before. */
	if (event->is_kernel || !process.pid || !watch->earlier_ns ||
	    start_ns < watch->earlier_ns || start_ns > watch->now_ns ||
	    was_seen(watch, process.pid) || !strncmp(event->comm, OWN_NAME, strlen(OWN_NAME)) ||
	    watch->present.count >= watch->max)
		return 0;
	memcpy(process.comm, event->comm, EVENT_COMM_SIZE);
	error = tell(&watch->starts, &process, start_ns);
	if (!error)
		error = tell(&watch->ends, &process, watch->now_ns);
	return error ? error : keep(watch, &process);
}

/* --- and what came of it --- */

static int tell_side(const struct process_watch *watch, struct side *side,
		     struct event_list *events)
{
	int error = tell_sum(side, watch->now_ns, events);

	for (size_t i = 0; i < side->events.count && !error; i++)
		error = event_list_add(events, &event_list_get(&side->events)[i]);
	record_pool_release(&side->rest.names);
	sum_init(&side->rest);
	event_list_clear(&side->events);
	return error;
}

int process_watch_tell(struct process_watch *watch, struct event_list *events)
{
	int starts = tell_side(watch, &watch->starts, events);
	int ends = tell_side(watch, &watch->ends, events);

	return starts ? starts : ends;
}
