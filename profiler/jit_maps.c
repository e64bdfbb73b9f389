/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/jit_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/u64_map.h"
#include "profiler/task_start.h"

/* How much before its process's start a map may seem to be written: clocks are not read at once. */
#define SLACK_NS 1000000000u

#define NO_ROOT JIT_MAPS_MAX

struct jit_maps {
	struct u64_map
		processes; /* process_event.id -> index in `roots`; NO_ROOT: it could not be opened */
	int roots[JIT_MAPS_MAX];
	uint32_t count;
	uint64_t boottime_ahead_ns;
};

struct jit_maps *jit_maps_new(uint64_t boottime_ahead_ns)
{
	struct jit_maps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return NULL;
	maps->boottime_ahead_ns = boottime_ahead_ns;
	u64_map_init(&maps->processes);
	return maps;
}

void jit_maps_free(struct jit_maps *maps)
{
	if (!maps)
		return;
	for (uint32_t i = 0; i < maps->count; i++)
		close(maps->roots[i]);
	u64_map_release(&maps->processes);
	free(maps);
}

/* --- roots --- */

/* Asked after the root was opened: then the PID was this process's all the time. */
static bool is_process(const struct jit_maps *maps, const struct process_event *process)
{
	uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK), ticks;
	uint64_t expected = (process->start_time_ns - maps->boottime_ahead_ns) / tick_ns;

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

void jit_maps_note(struct jit_maps *maps, const struct process_event *process)
{
	uint32_t index = NO_ROOT;

	if (u64_map_get(&maps->processes, process->id) != U64_MAP_ABSENT)
		return;
	if (maps->count < JIT_MAPS_MAX && !open_root(maps, process, &maps->roots[maps->count]))
		index = maps->count++;
	/* Without memory for that it is looked for again. */
	u64_map_set(&maps->processes, process->id, index);
}

static int root_of(const struct jit_maps *maps, const struct process_event *process)
{
	uint32_t index = u64_map_get(&maps->processes, process->id);

	return index < maps->count ? maps->roots[index] : -1;
}

bool jit_maps_has(const struct jit_maps *maps, const struct process_event *process)
{
	return root_of(maps, process) >= 0;
}

/* --- maps --- */

static bool is_too_old(const struct jit_maps *maps, const struct process_event *process,
		       const struct stat *status)
{
	uint64_t written =
		(uint64_t)status->st_mtim.tv_sec * 1000000000u + (uint64_t)status->st_mtim.tv_nsec;
	uint64_t age = clock_boottime_ns() + maps->boottime_ahead_ns - process->start_time_ns;

	return written + SLACK_NS < clock_unix_ns() - age;
}

static bool may_be_believed(const struct jit_maps *maps, const struct process_event *process,
			    const struct stat *status)
{
	return S_ISREG(status->st_mode) && (status->st_uid == process->uid || !status->st_uid) &&
	       !is_too_old(maps, process, status);
}

static int find_map(int root, const struct process_event *process, int *ret_fd)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "tmp/perf-%u.map", process->own_tgid);
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int jit_maps_open(const struct jit_maps *maps, const struct process_event *process, int *ret_fd)
{
	_cleanup_close_ int found = -1;
	int root = root_of(maps, process), fd;
	struct stat status;
	char link[64];
	int error = root < 0 ? -ENOENT : find_map(root, process, &found);

	if (error)
		return error;
	if (fstat(found, &status))
		return -errno;
	if (!may_be_believed(maps, process, &status))
		return -ENOENT;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", found);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}
