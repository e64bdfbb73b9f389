/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/control_groups.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/record_pool.h"
#include "base/string_pool.h"
#include "base/u64_map.h"
#include "bpf/events.h"
#include "profiler/aggregator.h"
#include "profiler/container_files.h"
#include "profiler/container_path.h"
#include "profiler/known_containers.h"
#include "profiler/process_facts.h"
#include "profiler/task_start.h"

#define MAX_TEXT \
	(64 * 1024) /* of /proc/PID/cgroup: a path may have 4096 bytes, in a dozen of hierarchies */

/* The kernel side tells when the group is another one; but for hierarchies that tell less than others (cgroup version 1). */
#define READ_AGAIN_NS (600 * (uint64_t)1000000000)

#define NONE UINT32_MAX

struct noted_process {
	uint64_t id; /* process_event.id: the key */
	uint64_t noted_ns, read_ns;
	uint64_t told;      /* process_event.cgroup when it was read */
	uint32_t path, exe; /* strings; NONE: not known */
	uint32_t container; /* of known_containers, or KNOWN_CONTAINERS_NONE */
};

/* As the kernel side told it. */
struct told_group {
	uint64_t id; /* group_event.id: the key */
	uint64_t told_ns;
	uint32_t path; /* string */
};

struct control_groups {
	uint64_t boottime_ahead_ns;
	struct tick_labels wanted;
	struct string_pool strings;
	struct record_pool processes;
	struct record_pool told; /* struct told_group */
	struct u64_map read; /* process_event.cgroup -> string of the path that /proc tells of it */
	struct known_containers containers;
};

struct control_groups *control_groups_new(uint64_t boottime_ahead_ns, struct tick_labels wanted)
{
	struct control_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return NULL;
	groups->boottime_ahead_ns = boottime_ahead_ns;
	groups->wanted = wanted;
	string_pool_init(&groups->strings);
	record_pool_init(&groups->processes, sizeof(struct noted_process), sizeof(uint64_t));
	record_pool_init(&groups->told, sizeof(struct told_group), sizeof(uint64_t));
	u64_map_init(&groups->read);
	if (known_containers_init(&groups->containers)) {
		control_groups_free(groups);
		return NULL;
	}
	return groups;
}

void control_groups_free(struct control_groups *groups)
{
	if (!groups)
		return;
	string_pool_release(&groups->strings);
	record_pool_release(&groups->processes);
	record_pool_release(&groups->told);
	u64_map_release(&groups->read);
	known_containers_release(&groups->containers);
	free(groups);
}

size_t control_groups_count(const struct control_groups *groups)
{
	return groups->processes.count;
}

/* --- what /proc tells --- */

/* "4:memory:/path" */
static bool parse_line(const char *line, size_t size, const char **ret_path, size_t *ret_size)
{
	const char *first = memchr(line, ':', size);
	const char *second =
		first ? memchr(first + 1, ':', size - (size_t)(first + 1 - line)) : NULL;

	if (!second)
		return false;
	*ret_path = second + 1;
	*ret_size = size - (size_t)(second + 1 - line);
	return *ret_size && **ret_path == '/';
}

bool control_group_longest(const char *text, size_t size, const char **ret_path, size_t *ret_size)
{
	size_t longest = 0;

	while (size) {
		const char *end = memchr(text, '\n', size), *path;
		size_t line = end ? (size_t)(end - text) : size, path_size;

		if (parse_line(text, line, &path, &path_size) && path_size > longest) {
			*ret_path = path;
			*ret_size = longest = path_size;
		}
		text += line + (end != NULL);
		size -= line + (end != NULL);
	}
	return longest;
}

/* As it was read of a process, which may have been another one. */
struct told {
	struct buffer group; /* the text of its groups */
	uint32_t path; /* or its string, as of another process that is in the same one; NONE */
	char exe[PATH_MAX];
	size_t exe_size; /* 0: not known, or it has none, as a thread of the kernel */
};

static void told_release(struct told *told)
{
	buffer_release(&told->group);
}

static void read_group(const struct control_groups *groups, const struct process_event *process,
		       struct told *told)
{
	char path[64];

	told->path = u64_map_get(&groups->read, process->cgroup);
	if (told->path != NONE)
		return;
	snprintf(path, sizeof(path), "/proc/%u/cgroup", process->caller_tgid);
	if (buffer_read_file(&told->group, path, MAX_TEXT))
		buffer_clear(&told->group);
}

/* Of a program whose file is gone the kernel says so behind the path. */
static void read_exe(uint32_t pid, struct told *told)
{
	static const char gone[] = " (deleted)";
	const size_t size = sizeof(gone) - 1;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	n = readlink(path, told->exe, sizeof(told->exe));
	told->exe_size = n > 0 ? (size_t)n : 0;
	if (told->exe_size > size && !memcmp(told->exe + told->exe_size - size, gone, size))
		told->exe_size -= size;
}

/*
 * True: it is the process's, for the PID was its all the time. Its program stays the same, or the kernel side tells of another process;
 * and of one of which /proc told nothing, as it is gone, it need not be asked when it began.
 */
static bool read_process(const struct control_groups *groups, const struct process_event *process,
			 bool knows_exe, struct told *told)
{
	uint32_t pid = process->caller_tgid;

	if (!pid)
		return false;
	if (groups->wanted.cgroup)
		read_group(groups, process, told);
	if (groups->wanted.exe && !knows_exe)
		read_exe(pid, told);
	return (told->path != NONE || told->group.size || told->exe_size) &&
	       task_started_at(pid, process->start_time_ns - groups->boottime_ahead_ns);
}

/* --- what the kernel side tells --- */

void control_groups_tell(struct control_groups *groups, const struct group_event *group,
			 size_t size)
{
	struct told_group *told;
	uint32_t path, index;

	if (size < sizeof(*group) || !group->path_size || group->path_size > GROUP_MAX_PATH ||
	    size - sizeof(*group) < group->path_size)
		return;
	if ((groups->told.count >= CONTROL_GROUPS_MAX_PROCESSES &&
	     !record_pool_find(&groups->told, &group->id, &index)) ||
	    string_pool_add(&groups->strings, (const char *)(group + 1), group->path_size, &path) ||
	    record_pool_add(&groups->told, &group->id, &index))
		return;
	told = record_pool_get(&groups->told, index);
	told->path = path;
	told->told_ns = clock_boottime_ns();
}

/* False: it did not tell. */
static bool find_told(const struct control_groups *groups, const struct process_event *process,
		      uint32_t *ret_path)
{
	uint32_t index;

	if (!groups->wanted.cgroup || !process->cgroup ||
	    !record_pool_find(&groups->told, &process->cgroup, &index))
		return false;
	*ret_path = ((const struct told_group *)record_pool_get(&groups->told, index))->path;
	return true;
}

/* --- noting it --- */

static void note_path(struct control_groups *groups, const struct container_witness *witness,
		      uint32_t path, struct noted_process *noted)
{
	struct container_path container;

	noted->path = path;
	noted->container = KNOWN_CONTAINERS_NONE;
	if (container_path_read(string_pool_get(&groups->strings, path, NULL), &container))
		noted->container = known_containers_meet(&groups->containers, &container, witness);
}

static bool is_behind(const char *path, const char *text, const char *words)
{
	size_t size = strlen(words);

	return (size_t)(path - text) >= size && !memcmp(path - size, words, size);
}

/* Is it of the hierarchy of which the kernel side tells: the unified one, or the memory controller's? */
static bool is_of_told_hierarchy(const char *path, const struct buffer *text)
{
	return (path == text->data + 3 && is_behind(path, text->data, "0::")) ||
	       is_behind(path, text->data, "\n0::") || is_behind(path, text->data, ":memory:");
}

/* A process may have moved since its tick: only what the kernel side told as well is so of all others of that group. */
static void note_read(struct control_groups *groups, const struct process_event *process,
		      uint32_t path)
{
	uint32_t told;

	if (find_told(groups, process, &told) && told == path &&
	    groups->read.count < CONTROL_GROUPS_MAX_CONTAINERS)
		(void)!u64_map_set(&groups->read, process->cgroup, path);
}

static void note_group(struct control_groups *groups, const struct process_event *process,
		       const struct buffer *text, struct noted_process *noted)
{
	const struct container_witness witness = { process->caller_tgid, process->uid };
	const char *longest;
	uint32_t path;
	size_t size;

	if (!control_group_longest(text->data, text->size, &longest, &size) ||
	    string_pool_add(&groups->strings, longest, size, &path))
		return;
	note_path(groups, &witness, path, noted);
	if (is_of_told_hierarchy(longest, text))
		note_read(groups, process, path);
}

static void note_known_group(struct control_groups *groups, const struct process_event *process,
			     uint32_t path, struct noted_process *noted)
{
	const struct container_witness witness = { process->caller_tgid, process->uid };

	note_path(groups, &witness, path, noted);
}

/* It is gone: what is known of it from before stays. */
static void note_told(struct control_groups *groups, const struct process_event *process,
		      struct noted_process *noted)
{
	const struct container_witness nobody = { 0, process->uid };
	uint32_t path;

	if (noted->path == NONE && find_told(groups, process, &path))
		note_path(groups, &nobody, path, noted);
}

static void read_again(struct control_groups *groups, const struct process_event *process,
		       struct noted_process *noted)
{
	_cleanup_(told_release) struct told told = { .path = NONE };

	noted->read_ns = noted->noted_ns;
	noted->told = process->cgroup;
	if (!read_process(groups, process, noted->exe != NONE, &told)) {
		note_told(groups, process, noted);
		return;
	}
	if (told.path != NONE)
		note_known_group(groups, process, told.path, noted);
	else if (told.group.size)
		note_group(groups, process, &told.group, noted);
	if (told.exe_size)
		string_pool_add(&groups->strings, told.exe, told.exe_size, &noted->exe);
}

/* A process that runs another program is another one, by its id. */
static bool is_due(const struct noted_process *noted, const struct process_event *process)
{
	return !noted->read_ns || noted->told != process->cgroup ||
	       noted->noted_ns - noted->read_ns >= READ_AGAIN_NS;
}

void control_groups_note(struct control_groups *groups, const struct process_event *process)
{
	struct noted_process *noted;
	uint32_t index;

	if (!record_pool_find(&groups->processes, &process->id, &index)) {
		if (groups->processes.count >= CONTROL_GROUPS_MAX_PROCESSES ||
		    record_pool_add(&groups->processes, &process->id, &index))
			return;
		noted = record_pool_get(&groups->processes, index);
		noted->path = noted->exe = NONE;
		noted->container = KNOWN_CONTAINERS_NONE;
	}
	noted = record_pool_get(&groups->processes, index);
	noted->noted_ns = clock_boottime_ns();
	if (is_due(noted, process))
		read_again(groups, process, noted);
}

static const char *string_at(const struct control_groups *groups, uint32_t string)
{
	return string == NONE ? NULL : string_pool_get(&groups->strings, string, NULL);
}

const char *control_groups_of(const struct control_groups *groups,
			      const struct process_event *process)
{
	const struct noted_process *noted;
	uint32_t index;

	if (!record_pool_find(&groups->processes, &process->id, &index))
		return NULL;
	noted = record_pool_get(&groups->processes, index);
	return string_at(groups, noted->path);
}

void control_groups_refresh(struct control_groups *groups, size_t containers)
{
	known_containers_refresh(&groups->containers, containers);
}

/* --- a copy --- */

/* `places`: per container the one of the facts, NONE: it is not there yet. */
static int copy_process(struct control_groups *groups, const struct noted_process *noted,
			uint32_t *places, struct process_facts *facts)
{
	uint32_t container = noted->container, place = NONE;
	int error = 0;

	if (container != KNOWN_CONTAINERS_NONE) {
		if (places[container] == NONE)
			error = known_containers_tell(&groups->containers, container, facts,
						      &places[container]);
		place = places[container];
	}
	if (error)
		return error;
	return process_facts_add(facts, noted->id, string_at(groups, noted->path),
				 string_at(groups, noted->exe), place);
}

DEFINE_CLEANUP(cleanup_facts, struct process_facts *, process_facts_free)

int control_groups_copy(struct control_groups *groups, const struct aggregator *aggregator,
			struct process_facts **ret_facts)
{
	_cleanup_(cleanup_facts) struct process_facts *facts = process_facts_new();
	size_t size = groups->containers.containers.count * sizeof(uint32_t);
	_cleanup_free_ uint32_t *places = malloc(size + 1);
	int error = facts && places ? 0 : -ENOMEM;

	if (!error)
		memset(places, 0xff, size);
	for (uint32_t i = 0; i < aggregator_process_count(aggregator) && !error; i++) {
		uint32_t index;

		if (record_pool_find(&groups->processes, &aggregator_process(aggregator, i)->id,
				     &index))
			error = copy_process(groups, record_pool_get(&groups->processes, index),
					     places, facts);
	}
	if (!error)
		*ret_facts = take_ptr(facts);
	return error;
}

/* --- forgetting --- */

/* What stays, until all of it is there. */
struct remains {
	struct string_pool strings;
	struct record_pool processes, told;
	bool *has_process; /* per container */
	uint32_t *places;  /* of those that stay */
};

static void remains_release(struct remains *remains)
{
	string_pool_release(&remains->strings);
	record_pool_release(&remains->processes);
	record_pool_release(&remains->told);
	free(remains->has_process);
	free(remains->places);
}

static int keep_string(const struct control_groups *groups, struct remains *remains,
		       uint32_t *string)
{
	const char *text;
	size_t size;

	if (*string == NONE)
		return 0;
	text = string_pool_get(&groups->strings, *string, &size);
	return string_pool_add(&remains->strings, text, size, string);
}

static int keep_process(const struct control_groups *groups, struct remains *remains,
			const struct noted_process *noted)
{
	struct noted_process kept = *noted;
	uint32_t index;
	int error = record_pool_add(&remains->processes, &kept.id, &index);

	if (!error)
		error = keep_string(groups, remains, &kept.path);
	if (!error)
		error = keep_string(groups, remains, &kept.exe);
	if (error)
		return error;
	if (kept.container != KNOWN_CONTAINERS_NONE)
		remains->has_process[kept.container] = true;
	memcpy(record_pool_get(&remains->processes, index), &kept, sizeof(kept));
	return 0;
}

static int keep_told(const struct control_groups *groups, struct remains *remains,
		     const struct told_group *told)
{
	struct told_group kept = *told;
	uint32_t index;
	int error = record_pool_add(&remains->told, &kept.id, &index);

	if (!error)
		error = keep_string(groups, remains, &kept.path);
	if (!error)
		memcpy(record_pool_get(&remains->told, index), &kept, sizeof(kept));
	return error;
}

static void swap_in(struct control_groups *groups, struct remains *remains)
{
	const struct string_pool strings = groups->strings;
	const struct record_pool processes = groups->processes, told = groups->told;

	groups->strings = remains->strings;
	groups->processes = remains->processes;
	remains->strings = strings;
	remains->processes = processes;
	groups->told = remains->told;
	remains->told = told;
	u64_map_release(&groups->read);
	u64_map_init(&groups->read);
	for (uint32_t i = 0; i < groups->processes.count; i++) {
		struct noted_process *noted = record_pool_get(&groups->processes, i);

		if (noted->container != KNOWN_CONTAINERS_NONE)
			noted->container = remains->places[noted->container];
	}
}

static bool has_old(const struct control_groups *groups, uint64_t before_ns)
{
	for (uint32_t i = 0; i < groups->processes.count; i++) {
		const struct noted_process *noted = record_pool_get(&groups->processes, i);

		if (noted->noted_ns < before_ns)
			return true;
	}
	for (uint32_t i = 0; i < groups->told.count; i++) {
		const struct told_group *told = record_pool_get(&groups->told, i);

		if (told->told_ns < before_ns)
			return true;
	}
	return false;
}

int control_groups_forget(struct control_groups *groups, uint64_t before_ns)
{
	uint32_t containers = groups->containers.containers.count;
	_cleanup_(remains_release) struct remains remains = { 0 };
	int error = 0;

	if (!has_old(groups, before_ns))
		return 0;
	string_pool_init(&remains.strings);
	record_pool_init(&remains.processes, sizeof(struct noted_process), sizeof(uint64_t));
	record_pool_init(&remains.told, sizeof(struct told_group), sizeof(uint64_t));
	remains.has_process = calloc(containers + 1, sizeof(*remains.has_process));
	remains.places = calloc(containers + 1, sizeof(*remains.places));
	if (!remains.has_process || !remains.places)
		return -ENOMEM;
	for (uint32_t i = 0; i < groups->processes.count && !error; i++) {
		const struct noted_process *noted = record_pool_get(&groups->processes, i);

		if (noted->noted_ns >= before_ns)
			error = keep_process(groups, &remains, noted);
	}
	for (uint32_t i = 0; i < groups->told.count && !error; i++) {
		const struct told_group *told = record_pool_get(&groups->told, i);

		if (told->told_ns >= before_ns)
			error = keep_told(groups, &remains, told);
	}
	if (!error)
		error = known_containers_keep(&groups->containers, remains.has_process,
					      remains.places);
	if (!error)
		swap_in(groups, &remains);
	return error;
}
