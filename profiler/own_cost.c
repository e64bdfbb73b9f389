/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/own_cost.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define NS_PER_SECOND 1000000000u
#define NS_PER_US     1000u
#define MAX_BYTES     (4u << 20) /* of a file in /proc; that of the mappings is the largest */

/* Of one that is mapped, as /proc/PID/maps has it. */
#define MAP_NAME "anon_inode:bpf-map"

/* How often it is looked anew which processes there are, and what hardly changes. */
#define LOOK_EVERY_NS (10 * (uint64_t)NS_PER_SECOND)

/* --- which processes --- */

static void add_process(struct own_cost_reader *reader, pid_t pid)
{
	struct own_cost_process *process = &reader->processes[reader->count];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	*process = (struct own_cost_process){ .pid = pid };
	if (clock_getcpuclockid(pid, &process->clock))
		return; /* it has ended */
	process->statm = open(path, O_RDONLY | O_CLOEXEC);
	reader->count++;
}

static void forget_processes(struct own_cost_reader *reader)
{
	for (uint32_t i = 0; i < reader->count; i++)
		cleanup_close(&reader->processes[i].statm);
	reader->count = 0;
}

/* The children that one of its threads started. */
static int add_children_of_thread(struct own_cost_reader *reader, int tasks, const char *thread)
{
	char path[64], list[4096];
	_cleanup_close_ int fd = -1;
	ssize_t size;

	snprintf(path, sizeof(path), "%s/children", thread);
	fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size = read(fd, list, sizeof(list) - 1);
	if (size < 0)
		return -errno;
	list[size] = '\0';
	for (char *at = list, *end; reader->count < OWN_COST_MAX_PROCESSES; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);

		if (end == at)
			break;
		if (pid != reader->other)
			add_process(reader, pid);
	}
	return 0;
}

static int add_children(struct own_cost_reader *reader, pid_t pid)
{
	_cleanup_closedir_ DIR *tasks = NULL;
	char path[64];
	int error = -ENOENT;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return -errno;
	for (struct dirent *entry = readdir(tasks); entry; entry = readdir(tasks))
		if (entry->d_name[0] != '.' &&
		    !add_children_of_thread(reader, dirfd(tasks), entry->d_name))
			error = 0;
	return error;
}

static void list_processes(struct own_cost_reader *reader)
{
	forget_processes(reader);
	reader->lacks_children = false;
	add_process(reader, getpid());
	for (uint32_t i = 0; i < reader->count; i++)
		if (add_children(reader, reader->processes[i].pid) == -ENOENT && !i)
			reader->lacks_children = true;
}

/* --- memory --- */

/* "size resident shared ...", in pages. The file belongs to the process, and not to whoever has its PID next: false: it has ended. */
static bool read_memory(struct own_cost_process *process)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), resident, shared;
	char text[128], *at;
	ssize_t size = pread(process->statm, text, sizeof(text) - 1, 0);

	if (size <= 0)
		return false;
	text[size] = '\0';
	strtoull(text, &at, 10);
	resident = strtoull(at, &at, 10);
	shared = strtoull(at, &at, 10);
	/* The kernel counts each by itself, and not all at the same moment. */
	process->own_bytes = resident > shared ? (resident - shared) * page : 0;
	process->file_bytes = shared * page;
	return true;
}

/* All pages of a mapped BPF map are there from the beginning. */
static int read_mapped_map_bytes(uint64_t *ret_bytes)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	const char *line;
	uint64_t bytes = 0;
	int error = buffer_read_file(&text, "/proc/self/maps", MAX_BYTES);

	if (error)
		return error;
	line = buffer_string(&text);
	if (!line)
		return -ENOMEM;
	while (*line) {
		size_t length = strcspn(line, "\n");
		const char *name = memmem(line, length, MAP_NAME, strlen(MAP_NAME));
		char *end;
		uint64_t start = strtoull(line, &end, 16);

		if (name && *end == '-')
			bytes += strtoull(end + 1, NULL, 16) - start;
		line += length + (line[length] == '\n');
	}
	*ret_bytes = bytes;
	return 0;
}

/* --- open files --- */

static uint64_t count_entries(const char *path)
{
	_cleanup_closedir_ DIR *folder = opendir(path);
	uint64_t count = 0;

	if (!folder)
		return 0;
	for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
		count += entry->d_name[0] != '.';
	return count;
}

/* From Linux 6.2 on they are the folder's size. */
static uint64_t count_files(pid_t pid)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if (!stat(path, &status) && status.st_size > 0)
		return (uint64_t)status.st_size;
	return count_entries(path);
}

static void count_all_files(struct own_cost_reader *reader)
{
	reader->open_files = 0;
	for (uint32_t i = 0; i < reader->count; i++)
		reader->open_files += count_files(reader->processes[i].pid);
}

/* --- all of it --- */

void own_cost_reader_init(struct own_cost_reader *reader)
{
	*reader = (struct own_cost_reader){ 0 };
}

void own_cost_reader_release(struct own_cost_reader *reader)
{
	forget_processes(reader);
}

static uint64_t timeval_ns(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * NS_PER_SECOND + (uint64_t)time->tv_usec * NS_PER_US;
}

/* Of the children that were waited for. */
static uint64_t ended_cpu_ns(void)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_CHILDREN, &usage);
	return timeval_ns(&usage.ru_utime) + timeval_ns(&usage.ru_stime);
}

/* Which processes there are, what they have open, and the maps that this one has mapped. */
static int look(struct own_cost_reader *reader, uint64_t now_ns)
{
	int error = read_mapped_map_bytes(&reader->map_bytes);

	if (error)
		return error;
	list_processes(reader);
	if (!reader->count || reader->processes[0].statm < 0)
		return -EMFILE;
	count_all_files(reader);
	reader->due_ns = now_ns + LOOK_EVERY_NS;
	return 0;
}

/* What all processes have of files counts once: the most that one has. */
struct file_bytes {
	uint64_t all, without_aside;
};

static void add_memory(const struct own_cost_reader *reader, const struct own_cost_process *process,
		       uint64_t file_bytes, struct own_cost *cost, struct file_bytes *files)
{
	cost->resident_bytes += process->own_bytes;
	if (file_bytes > files->all)
		files->all = file_bytes;
	if (process->pid == reader->aside)
		cost->aside_bytes += process->own_bytes;
	else if (file_bytes > files->without_aside)
		files->without_aside = file_bytes;
}

/* False: it has ended meanwhile. */
static bool look_at(struct own_cost_process *process)
{
	struct timespec used;
	uint64_t cpu_ns;

	if (clock_gettime(process->clock, &used))
		return false;
	cpu_ns = (uint64_t)used.tv_sec * NS_PER_SECOND + (uint64_t)used.tv_nsec;
	if (cpu_ns == process->cpu_ns)
		return true;
	process->cpu_ns = cpu_ns;
	return read_memory(process);
}

/* False: it has ended meanwhile, and counts for nothing. */
static bool read_process(struct own_cost_reader *reader, uint32_t index, struct own_cost *cost,
			 struct file_bytes *files)
{
	struct own_cost_process *process = &reader->processes[index];
	uint64_t map_bytes = index ? 0 : reader->map_bytes;

	if (!look_at(process))
		return false;
	cost->cpu_ns += process->cpu_ns;
	map_bytes = map_bytes < process->file_bytes ? map_bytes : process->file_bytes;
	add_memory(reader, process, process->file_bytes - map_bytes, cost, files);
	cost->processes++;
	return true;
}

/* False: one has ended. */
static bool read_processes(struct own_cost_reader *reader, struct own_cost *ret_cost)
{
	struct own_cost cost = {
		.open_files = reader->open_files,
		.lacks_children = reader->lacks_children,
	};
	struct file_bytes files = { 0 };
	bool are_all = true;

	for (uint32_t i = 0; i < reader->count; i++)
		are_all &= read_process(reader, i, &cost, &files);
	cost.resident_bytes += files.all;
	cost.aside_bytes += files.all - files.without_aside;
	*ret_cost = cost;
	return are_all;
}

/* A child that is waited for meanwhile would count twice, or not at all: then all is looked at again. */
#define ATTEMPTS 3

int own_cost_read(struct own_cost_reader *reader, struct own_cost *ret_cost)
{
	uint64_t now_ns = clock_monotonic_ns(), ended_ns = 0;
	struct own_cost cost = { 0 };

	for (int i = 0; i < ATTEMPTS; i++) {
		int error = 0;
		bool are_all;

		ended_ns = ended_cpu_ns();
		if (now_ns >= reader->due_ns || ended_ns != reader->ended_ns)
			error = look(reader, now_ns);
		if (error)
			return error;
		reader->ended_ns = ended_ns;
		are_all = read_processes(reader, &cost);
		if (!are_all)
			reader->due_ns = 0;
		if (are_all && ended_cpu_ns() == ended_ns)
			break;
	}
	cost.cpu_ns += ended_ns;
	*ret_cost = cost;
	return 0;
}
