/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/jit_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/reopen.h"
#include "base/u64_map.h"
#include "profiler/file_looks.h"
#include "profiler/jit_dump_file.h"
#include "profiler/task_start.h"
#include "symbolize/symbolizer.h"

/* How much before its process's start a map may seem to be written: clocks are not read at once. */
#define SLACK_NS 1000000000u

#define NO_ROOT JIT_MAPS_MAX

/*
 * A runtime may open its jitdump at any time, and a process may have 65,530 mappings to look for it in. So it is looked for
 * ever more seldom, and for no more than a hundredth of the time.
 */
#define SEARCH_FIRST_NS 500000000u
#define SEARCH_LAST_NS  16000000000u
#define SEARCH_COST     100u

struct maker {
	struct process_event process;
	int root;
	uint64_t
		monotonic_shift_ns; /* the process's CLOCK_MONOTONIC is so far ahead of the kernel's */

	dev_t map_device; /* of the map that was looked at */
	ino_t map_inode;
	struct file_looks map_looks;

	int dump; /* -1: none was found so far */
	bool has_ended;
	struct file_looks dump_looks;
	uint64_t search_ns, search_wait_ns; /* CLOCK_MONOTONIC when it is looked for next */
};

struct jit_maps {
	struct u64_map
		processes; /* process_event.id -> index in `makers`; NO_ROOT: it could not be opened */
	struct maker makers[JIT_MAPS_MAX];
	uint32_t count;
	struct jit_maps_clocks clocks;
};

struct jit_maps *jit_maps_new(struct jit_maps_clocks clocks)
{
	struct jit_maps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return NULL;
	maps->clocks = clocks;
	u64_map_init(&maps->processes);
	return maps;
}

static void maker_release(struct maker *maker)
{
	cleanup_close(&maker->root);
	cleanup_close(&maker->dump);
	file_looks_release(&maker->map_looks);
	file_looks_release(&maker->dump_looks);
}

void jit_maps_free(struct jit_maps *maps)
{
	if (!maps)
		return;
	for (uint32_t i = 0; i < maps->count; i++)
		maker_release(&maps->makers[i]);
	u64_map_release(&maps->processes);
	free(maps);
}

static uint64_t kernel_boottime_ns(const struct jit_maps *maps)
{
	return clock_boottime_ns() + maps->clocks.boottime_ahead_ns;
}

/* --- processes --- */

/* Asked after something of it was opened: then the PID was this process's all the time. */
static bool is_process(const struct jit_maps *maps, const struct process_event *process)
{
	uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK), ticks;
	uint64_t expected = (process->start_time_ns - maps->clocks.boottime_ahead_ns) / tick_ns;

	return !task_start_ticks(process->caller_tgid, &ticks) && ticks + 1 >= expected &&
	       ticks <= expected + 1;
}

static int open_root(const struct jit_maps *maps, const struct process_event *process, int *ret_fd)
{
	_cleanup_close_ int root = -1;
	char path[64];

	if (!process->caller_tgid)
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%u/root", process->caller_tgid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	if (!is_process(maps, process))
		return -ENOENT;
	*ret_fd = take_fd(&root);
	return 0;
}

/* "monotonic        1000         0": seconds and nanoseconds (time_namespaces(7)). 0 where there are none. */
static uint64_t monotonic_shift_ns(uint32_t pid)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	long long seconds, nanoseconds;
	const char *line;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/timens_offsets", pid);
	if (buffer_read_file(&text, path, 4096) || !buffer_string(&text))
		return 0;
	line = strstr(text.data, "monotonic");
	if (!line || sscanf(line, "monotonic %lld %lld", &seconds, &nanoseconds) != 2)
		return 0;
	return (uint64_t)seconds * 1000000000u + (uint64_t)nanoseconds;
}

static int add_maker(struct jit_maps *maps, const struct process_event *process)
{
	struct maker *maker = &maps->makers[maps->count];
	int root = -1, error;

	if (maps->count == JIT_MAPS_MAX)
		return -EMFILE;
	error = open_root(maps, process, &root);
	if (error)
		return error;
	*maker = (struct maker){
		.process = *process,
		.root = root,
		.dump = -1,
		.monotonic_shift_ns = monotonic_shift_ns(process->caller_tgid),
		.search_wait_ns = SEARCH_FIRST_NS,
	};
	maps->count++;
	return 0;
}

static struct maker *maker_of(struct jit_maps *maps, const struct process_event *process)
{
	uint32_t index = u64_map_get(&maps->processes, process->id);

	return index < maps->count ? &maps->makers[index] : NULL;
}

bool jit_maps_has(const struct jit_maps *maps, const struct process_event *process)
{
	return u64_map_get(&maps->processes, process->id) < maps->count;
}

/* --- looking --- */

static struct code_look look_now(const struct jit_maps *maps, const struct maker *maker,
				 uint64_t size)
{
	uint64_t boottime_ns = kernel_boottime_ns(maps);
	uint64_t monotonic_ns =
		clock_monotonic_ns() + maps->clocks.monotonic_ahead_ns + maker->monotonic_shift_ns;

	return (struct code_look){
		.size = size,
		.time_ns = boottime_ns,
		.monotonic_behind_ns = boottime_ns - monotonic_ns,
	};
}

static bool is_too_old(const struct jit_maps *maps, const struct process_event *process,
		       const struct stat *status)
{
	uint64_t written =
		(uint64_t)status->st_mtim.tv_sec * 1000000000u + (uint64_t)status->st_mtim.tv_nsec;
	uint64_t age = kernel_boottime_ns(maps) - process->start_time_ns;

	return written + SLACK_NS < clock_unix_ns() - age;
}

static bool may_be_believed(const struct jit_maps *maps, const struct process_event *process,
			    const struct stat *status)
{
	return S_ISREG(status->st_mode) && (status->st_uid == process->uid || !status->st_uid) &&
	       !is_too_old(maps, process, status);
}

static int find_map(const struct maker *maker, int *ret_fd)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "tmp/perf-%u.map", maker->process.own_tgid);
	fd = (int)syscall(SYS_openat2, maker->root, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* Another file in its place is a map of its own: what the former one held is gone. */
static void note_map(const struct jit_maps *maps, struct maker *maker, const struct stat *status)
{
	if (status->st_dev != maker->map_device || status->st_ino != maker->map_inode)
		maker->map_looks.count = 0;
	maker->map_device = status->st_dev;
	maker->map_inode = status->st_ino;
	file_looks_add(&maker->map_looks, look_now(maps, maker, (uint64_t)status->st_size));
}

/* `ret_fd`: the map, not open for reading yet. */
static int look_at_map(const struct jit_maps *maps, struct maker *maker, int *ret_fd)
{
	_cleanup_close_ int found = -1;
	struct stat status;
	int error = find_map(maker, &found);

	if (error)
		return error;
	if (fstat(found, &status))
		return -errno;
	if (!may_be_believed(maps, &maker->process, &status))
		return -ENOENT;
	note_map(maps, maker, &status);
	*ret_fd = take_fd(&found);
	return 0;
}

static int open_dump(const struct jit_maps *maps, const struct process_event *process, int *ret_fd)
{
	struct jit_dump_mapping mapping;
	_cleanup_close_ int fd = -1;
	struct stat status;
	int error = jit_dump_file_find(process->caller_tgid, process->own_tgid, &mapping);

	if (!error)
		error = jit_dump_file_open(process->caller_tgid, &mapping, &fd);
	if (error)
		return error;
	if (fstat(fd, &status) || !may_be_believed(maps, process, &status) ||
	    !is_process(maps, process))
		return -EAGAIN;
	*ret_fd = take_fd(&fd);
	return 0;
}

static void search_dump(const struct jit_maps *maps, struct maker *maker)
{
	uint64_t start_ns = clock_monotonic_ns(), end_ns, wait_ns;
	int error;

	if (maker->has_ended || start_ns < maker->search_ns)
		return;
	error = open_dump(maps, &maker->process, &maker->dump);
	maker->has_ended = error && !is_process(maps, &maker->process);
	end_ns = clock_monotonic_ns();
	wait_ns = (end_ns - start_ns) * SEARCH_COST;
	maker->search_ns =
		end_ns + (wait_ns > maker->search_wait_ns ? wait_ns : maker->search_wait_ns);
	if (maker->search_wait_ns < SEARCH_LAST_NS)
		maker->search_wait_ns *= 2;
}

static void look_at_dump(const struct jit_maps *maps, struct maker *maker)
{
	struct stat status;

	if (maker->dump < 0)
		search_dump(maps, maker);
	if (maker->dump >= 0 && !fstat(maker->dump, &status))
		file_looks_add(&maker->dump_looks, look_now(maps, maker, (uint64_t)status.st_size));
}

static void look_at(const struct jit_maps *maps, struct maker *maker)
{
	_cleanup_close_ int map = -1;

	look_at_dump(maps, maker);
	look_at_map(maps, maker, &map);
}

void jit_maps_look(struct jit_maps *maps)
{
	for (uint32_t i = 0; i < maps->count; i++)
		look_at(maps, &maps->makers[i]);
}

void jit_maps_note(struct jit_maps *maps, const struct process_event *process)
{
	uint32_t index = NO_ROOT;

	if (u64_map_get(&maps->processes, process->id) != U64_MAP_ABSENT)
		return;
	if (!add_maker(maps, process)) {
		index = maps->count - 1;
		look_at(maps, &maps->makers[index]);
	}
	/* Without memory for that it is looked for again. */
	u64_map_set(&maps->processes, process->id, index);
}

/* --- opening --- */

static int open_map(const struct jit_maps *maps, struct maker *maker, int *ret_fd)
{
	_cleanup_close_ int found = -1;
	int error = look_at_map(maps, maker, &found);

	return error ? error : reopen_regular(found, ret_fd);
}

static struct symbol_code_file code_file(int fd, const struct file_looks *looks)
{
	return (struct symbol_code_file){ fd, looks->looks, looks->count };
}

int jit_maps_open(struct jit_maps *maps, const struct process_event *process,
		  struct symbol_made_code *ret_code)
{
	struct maker *maker = maker_of(maps, process);
	int map = -1;

	if (!maker)
		return -ENOENT;
	maker->search_ns = 0;
	look_at_dump(maps, maker);
	open_map(maps, maker, &map);
	if (map < 0 && maker->dump < 0)
		return -ENOENT;
	*ret_code = (struct symbol_made_code){
		.dump = code_file(maker->dump, &maker->dump_looks),
		.map = code_file(map, &maker->map_looks),
		.start_ns = process->start_time_ns,
	};
	return 0;
}
