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
#include "worker/child_process.h"

#define NS_PER_SECOND 1000000000u
#define NS_PER_US     1000u
#define MAX_BYTES     (4u << 20) /* of a file in /proc; that of the mappings is the largest */

/* Of one that is mapped, as /proc/PID/maps has it. */
#define MAP_NAME "anon_inode:bpf-map"

struct processes {
	pid_t pids[OWN_COST_MAX_PROCESSES]; /* this one first */
	uint32_t count;
};

/* --- which processes --- */

/* The children that one of its threads started. */
static int add_children_of_thread(struct processes *processes, int tasks, const char *thread)
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
	for (char *at = list, *end; processes->count < OWN_COST_MAX_PROCESSES; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);

		if (end == at)
			break;
		processes->pids[processes->count++] = pid;
	}
	return 0;
}

static int add_children(struct processes *processes, pid_t pid)
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
		    !add_children_of_thread(processes, dirfd(tasks), entry->d_name))
			error = 0;
	return error;
}

/* --- memory --- */

struct memory {
	uint64_t own_bytes, file_bytes;
};

static int read_memory(pid_t pid, struct memory *ret_memory)
{
	_cleanup_fclose_ FILE *file = NULL;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), resident, shared;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%*u %" SCNu64 " %" SCNu64, &resident, &shared) != 2)
		return -ESRCH;
	/* The kernel counts each by itself, and not all at the same moment. */
	ret_memory->own_bytes = resident > shared ? (resident - shared) * page : 0;
	ret_memory->file_bytes = shared * page;
	return 0;
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

/* --- all of it --- */

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

/* One that has ended meanwhile counts for nothing but its time. */
static void add_process(pid_t pid, bool is_this, uint64_t map_bytes, struct own_cost *cost,
			uint64_t *file_bytes)
{
	struct memory memory = { 0 };

	cost->cpu_ns += child_process_cpu_ns(pid);
	if (read_memory(pid, &memory))
		return;
	if (is_this)
		memory.file_bytes -= map_bytes < memory.file_bytes ? map_bytes : memory.file_bytes;
	if (memory.file_bytes > *file_bytes)
		*file_bytes = memory.file_bytes;
	cost->resident_bytes += memory.own_bytes;
	cost->open_files += count_files(pid);
	cost->processes++;
}

static void read_processes(uint64_t map_bytes, struct own_cost *ret_cost)
{
	struct processes processes = { .pids = { getpid() }, .count = 1 };
	struct own_cost cost = { 0 };
	uint64_t file_bytes = 0;

	for (uint32_t i = 0; i < processes.count; i++)
		if (add_children(&processes, processes.pids[i]) == -ENOENT && !i)
			cost.lacks_children = true;
	for (uint32_t i = 0; i < processes.count; i++)
		add_process(processes.pids[i], !i, map_bytes, &cost, &file_bytes);
	cost.resident_bytes += file_bytes;
	*ret_cost = cost;
}

/* A child that is waited for meanwhile would count twice, or not at all: then all is read again. */
#define ATTEMPTS 3

int own_cost_read(struct own_cost *ret_cost)
{
	struct own_cost cost;
	uint64_t map_bytes, ended_ns = 0;
	int error = read_mapped_map_bytes(&map_bytes);

	if (error)
		return error;
	for (int i = 0; i < ATTEMPTS; i++) {
		ended_ns = ended_cpu_ns();
		read_processes(map_bytes, &cost);
		if (ended_cpu_ns() == ended_ns)
			break;
	}
	cost.cpu_ns += ended_ns;
	*ret_cost = cost;
	return 0;
}
