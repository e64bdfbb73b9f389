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
#include "worker/file_mount.h"
#include "profiler/jit_dump_file.h"
#include "profiler/task_start.h"
#include "symbolize/symbolizer.h"
#include "worker/opener.h"

/* How much before its process's start a map may seem to be written: clocks are not read at once. */
#define SLACK_NS 1000000000u

#define NO_ROOT JIT_MAPS_MAX

/*
 * A runtime may open its jitdump at any time, and a process may have 65,530 mappings to look for it in. So it is looked for
 * ever more seldom, and for no more than a thousandth of the time.
 */
#define SEARCH_FIRST_NS 500000000u
#define SEARCH_LAST_NS  64000000000u
#define SEARCH_COST     1000u

/* Where its /tmp is. */
enum folder_state {
	FOLDER_SOUGHT,
	FOLDER_HELD,       /* and always answers */
	FOLDER_FOR_OPENER, /* may not answer: nothing there is touched before the end */
};

struct maker {
	struct process_event process;
	int root;   /* -1: the folder is held */
	int folder; /* -1: it is not */
	enum folder_state folder_state;
	uint64_t
		monotonic_shift_ns; /* the process's CLOCK_MONOTONIC is so far ahead of the kernel's */

	dev_t map_device; /* of the map that was looked at */
	ino_t map_inode;
	struct file_looks map_looks;

	int dump;                /* -1: none was found so far */
	bool dump_is_for_opener; /* it is only found: its file system may not answer */
	bool has_ended;
	bool was_gone; /* when what has ended was forgotten last */
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
	cleanup_close(&maker->folder);
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
	return task_started_at(process->caller_tgid,
			       process->start_time_ns - maps->clocks.boottime_ahead_ns);
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
		.folder = -1,
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
		       uint64_t written_ns)
{
	uint64_t age = kernel_boottime_ns(maps) - process->start_time_ns;

	return written_ns + SLACK_NS < clock_unix_ns() - age;
}

static bool may_be_believed_of(const struct jit_maps *maps, const struct process_event *process,
			       uint32_t owner, uint64_t written_ns)
{
	return (owner == process->uid || !owner) && !is_too_old(maps, process, written_ns);
}

static bool may_be_believed(const struct jit_maps *maps, const struct process_event *process,
			    const struct stat *status)
{
	uint64_t written_ns =
		(uint64_t)status->st_mtim.tv_sec * 1000000000u + (uint64_t)status->st_mtim.tv_nsec;

	return S_ISREG(status->st_mode) &&
	       may_be_believed_of(maps, process, status->st_uid, written_ns);
}

/* --- the map --- */

static int open_below(int folder, const char *path, uint64_t flags, uint64_t resolve, int *ret_fd)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/*
 * Nothing is looked up that the kernel does not know already, for what it does not know it may have to ask for: who writes a map has
 * looked /tmp up himself, and the next look finds it.
 */
static void seek_folder(const struct jit_maps *maps, struct maker *maker)
{
	_cleanup_close_ int folder = -1;
	bool answers;

	if (maker->folder_state != FOLDER_SOUGHT ||
	    open_below(maker->root, "tmp", O_DIRECTORY, RESOLVE_CACHED, &folder))
		return;
	answers = file_mount_answers(maker->process.caller_tgid, folder) &&
		  is_process(maps, &maker->process);
	maker->folder_state = answers ? FOLDER_HELD : FOLDER_FOR_OPENER;
	if (!answers)
		return;
	maker->folder = take_fd(&folder);
	close(maker->root);
	maker->root = -1;
}

static void name_map(const struct maker *maker, const char *folder, char *to, size_t size)
{
	snprintf(to, size, "%sperf-%u.map", folder, maker->process.own_tgid);
}

/* In a folder that is held nothing leads to another file system. */
static int find_map(const struct jit_maps *maps, struct maker *maker, int *ret_fd)
{
	char path[64];

	seek_folder(maps, maker);
	if (maker->folder_state != FOLDER_HELD)
		return -EWOULDBLOCK;
	name_map(maker, "", path, sizeof(path));
	return open_below(maker->folder, path, O_NOFOLLOW, RESOLVE_NO_XDEV, ret_fd);
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
	int error = find_map(maps, maker, &found);

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

/* --- the dump --- */

static int open_found_dump(const struct jit_maps *maps, const struct process_event *process,
			   int found, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct stat status;
	int error = reopen_regular(found, &fd);

	if (error)
		return error;
	if (fstat(fd, &status) || !may_be_believed(maps, process, &status))
		return -EAGAIN;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int open_dump(const struct jit_maps *maps, struct maker *maker)
{
	const struct process_event *process = &maker->process;
	struct jit_dump_mapping mapping;
	_cleanup_close_ int found = -1;
	_cleanup_close_ int fd = -1;
	int error = jit_dump_file_find(process->caller_tgid, process->own_tgid, &mapping);
	bool answers;

	if (!error)
		error = jit_dump_file_hold(process->caller_tgid, &mapping, &found);
	if (error)
		return error;
	answers = file_mount_answers(process->caller_tgid, found);
	if (answers)
		error = open_found_dump(maps, process, found, &fd);
	if (!error && !is_process(maps, process))
		error = -EAGAIN;
	if (error)
		return error;
	maker->dump_is_for_opener = !answers;
	maker->dump = answers ? take_fd(&fd) : take_fd(&found);
	return 0;
}

static void search_dump(const struct jit_maps *maps, struct maker *maker)
{
	uint64_t start_ns = clock_monotonic_ns(), end_ns, wait_ns;
	int error;

	if (maker->has_ended || start_ns < maker->search_ns)
		return;
	error = open_dump(maps, maker);
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
	if (maker->dump >= 0 && !maker->dump_is_for_opener && !fstat(maker->dump, &status))
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

/* The present window may have ticks of one that has just ended: until the next call it stays. */
static bool stays(const struct jit_maps *maps, struct maker *maker)
{
	const bool was_gone = maker->was_gone;

	maker->was_gone = !is_process(maps, &maker->process);
	return !maker->was_gone || !was_gone;
}

/* Those that could not be held are forgotten, too, and tried again should they be met. */
void jit_maps_forget_ended(struct jit_maps *maps)
{
	struct u64_map processes;
	bool has_stayed[JIT_MAPS_MAX];
	uint32_t kept = 0;

	u64_map_init(&processes);
	for (uint32_t i = 0; i < maps->count; i++) {
		has_stayed[i] = stays(maps, &maps->makers[i]);
		if (has_stayed[i] && u64_map_set(&processes, maps->makers[i].process.id, kept++)) {
			u64_map_release(&processes);
			return;
		}
	}
	kept = 0;
	for (uint32_t i = 0; i < maps->count; i++)
		if (has_stayed[i])
			maps->makers[kept++] = maps->makers[i];
		else
			maker_release(&maps->makers[i]);
	maps->count = kept;
	u64_map_release(&maps->processes);
	maps->processes = processes;
}

/* --- opening --- */

/* What one user's files are on may fail together; other users' are opened all the same. */
static int ask_opener(const struct jit_maps *maps, const struct maker *maker, struct opener *opener,
		      struct opener_request *request, int *ret_fd)
{
	struct opener_answer answer;
	int error;

	request->device = request->user = maker->process.uid;
	error = opener ? opener_open(opener, request, &answer) : -EWOULDBLOCK;
	if (error)
		return error;
	if (!may_be_believed_of(maps, &maker->process, answer.owner, answer.written_ns)) {
		close(answer.fd);
		return -ENOENT;
	}
	*ret_fd = answer.fd;
	return 0;
}

static int open_map_by_opener(const struct jit_maps *maps, struct maker *maker,
			      struct opener *opener, int *ret_fd)
{
	char path[64];
	struct opener_request request = {
		.what = OPENER_FILE_BELOW,
		.from = maker->root,
		.place.path = path,
	};
	struct stat status;
	int error;

	name_map(maker, "tmp/", path, sizeof(path));
	error = ask_opener(maps, maker, opener, &request, ret_fd);
	if (!error && !fstat(*ret_fd, &status))
		note_map(maps, maker, &status);
	return error;
}

static int open_map(const struct jit_maps *maps, struct maker *maker, struct opener *opener,
		    int *ret_fd)
{
	_cleanup_close_ int found = -1;
	int error = look_at_map(maps, maker, &found);

	if (error == -EWOULDBLOCK)
		return open_map_by_opener(maps, maker, opener, ret_fd);
	return error ? error : reopen_regular(found, ret_fd);
}

/* One that is only found, from now on what it holds now. */
static void open_held_dump(const struct jit_maps *maps, struct maker *maker, struct opener *opener)
{
	struct opener_request request = { .what = OPENER_FILE_ITSELF, .from = maker->dump };
	int fd = -1;

	if (!maker->dump_is_for_opener)
		return;
	ask_opener(maps, maker, opener, &request, &fd);
	close(maker->dump);
	maker->dump = fd;
	maker->dump_is_for_opener = false;
}

static struct symbol_code_file code_file(int fd, const struct file_looks *looks)
{
	return (struct symbol_code_file){ fd, looks->looks, looks->count };
}

int jit_maps_open(struct jit_maps *maps, const struct process_event *process, struct opener *opener,
		  struct symbol_made_code *ret_code)
{
	struct maker *maker = maker_of(maps, process);
	int map = -1;

	if (!maker)
		return -ENOENT;
	maker->search_ns = 0;
	if (maker->dump < 0)
		search_dump(maps, maker);
	open_held_dump(maps, maker, opener);
	look_at_dump(maps, maker);
	open_map(maps, maker, opener, &map);
	if (map < 0 && maker->dump < 0)
		return -ENOENT;
	*ret_code = (struct symbol_made_code){
		.dump = code_file(maker->dump, &maker->dump_looks),
		.map = code_file(map, &maker->map_looks),
		.start_ns = process->start_time_ns,
	};
	return 0;
}
