/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/running_containers.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "profiler/cgroup_mounts.h"
#include "profiler/container_files.h"
#include "profiler/container_names.h"
#include "profiler/container_path.h"
#include "profiler/control_groups.h"
#include "profiler/known_containers.h"
#include "profiler/options.h"
#include "profiler/process_facts.h"

#define MAX_TEXT (64 * 1024) /* of /proc/PID/cgroup */

struct running_containers {
	struct process_facts *facts; /* its containers are in the order in which they were met */
	uint32_t *pids;              /* of each, a process that is in it */
};

/* --- looking at all processes --- */

struct look {
	struct known_containers known;
	struct process_facts *facts;
	uint32_t *pids;
};

static bool read_group(uint32_t pid, struct buffer *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	buffer_clear(text);
	return !buffer_read_file(text, path, MAX_TEXT);
}

static bool find_container(const struct buffer *text, struct container_path *ret_path)
{
	_cleanup_free_ char *path = NULL;
	const char *longest;
	size_t size;

	if (!control_group_longest(text->data, text->size, &longest, &size))
		return false;
	path = strndup(longest, size);
	return path && container_path_read(path, ret_path) && *ret_path->id;
}

static uint32_t owner_of(uint32_t pid)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u", pid);
	return stat(path, &status) ? UINT32_MAX : status.st_uid;
}

/* A container that is new: it is told at once, so that its place among the facts is the one that it is known by. */
static int meet(struct look *look, uint32_t pid, const struct container_path *path)
{
	const struct container_witness witness = { pid, owner_of(pid) };
	uint32_t before = look->known.containers.count, place;
	uint32_t container = known_containers_meet(&look->known, path, &witness);
	int error;

	if (container == KNOWN_CONTAINERS_NONE || container < before)
		return 0;
	error = known_containers_tell(&look->known, container, look->facts, &place);
	if (!error)
		look->pids[place] = pid;
	return error;
}

static int look_at_all(struct look *look)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	_cleanup_closedir_ DIR *processes = opendir("/proc");
	const struct dirent *entry;
	struct container_path path;
	int error = 0;

	while (processes && !error && (entry = readdir(processes))) {
		uint64_t pid;

		if (!parse_u64(entry->d_name, 1, INT32_MAX, &pid) &&
		    read_group((uint32_t)pid, &text) && find_container(&text, &path))
			error = meet(look, (uint32_t)pid, &path);
	}
	return error;
}

static void look_release(struct look *look)
{
	known_containers_release(&look->known);
	process_facts_free(look->facts);
	free(look->pids);
}

DEFINE_CLEANUP(cleanup_names, struct container_names *, container_names_free)

int running_containers_new(struct worker *worker, struct running_containers **ret_running)
{
	_cleanup_(look_release) struct look look = { .facts = process_facts_new() };
	_cleanup_(cleanup_names) struct container_names *names = container_names_new();
	_cleanup_free_ struct running_containers *running = calloc(1, sizeof(*running));
	int error = known_containers_init(&look.known);

	look.pids = calloc(CONTROL_GROUPS_MAX_CONTAINERS, sizeof(*look.pids));
	if (error || !look.facts || !names || !running || !look.pids)
		return -ENOMEM;
	error = look_at_all(&look);
	if (!error)
		error = container_names_learn(names, look.facts, worker);
	/* What is not called anything is found by its ID. */
	if (error == -ENOMEM)
		return error;
	running->facts = take_ptr(look.facts);
	running->pids = take_ptr(look.pids);
	*ret_running = take_ptr(running);
	return 0;
}

void running_containers_free(struct running_containers *running)
{
	if (!running)
		return;
	process_facts_free(running->facts);
	free(running->pids);
	free(running);
}

/* --- finding one --- */

size_t running_containers_count(const struct running_containers *running)
{
	return running->facts->container_count;
}

struct running_container running_containers_at(const struct running_containers *running,
					       size_t index)
{
	const struct container_fact *fact = running->facts->containers[index];

	return (struct running_container){
		.id = fact->id,
		.name = fact->words[CONTAINER_NAME],
		.pod = fact->words[CONTAINER_POD],
		.pid = running->pids[index],
	};
}

typedef bool (*is_called_fn)(const struct running_container *container, const char *wanted);

static bool has_id(const struct running_container *container, const char *wanted)
{
	return !strcmp(container->id, wanted);
}

static bool has_name(const struct running_container *container, const char *wanted)
{
	return container->name && !strcmp(container->name, wanted);
}

static bool begins_so(const struct running_container *container, const char *wanted)
{
	return *wanted && !strncasecmp(container->id, wanted, strlen(wanted));
}

int running_containers_find(const struct running_containers *running, const char *wanted,
			    struct running_container *ret_first)
{
	static const is_called_fn ways[] = { has_id, has_name, begins_so };
	size_t found = 0;

	for (size_t way = 0; way < sizeof(ways) / sizeof(*ways) && !found; way++)
		for (size_t i = 0; i < running_containers_count(running); i++) {
			const struct running_container container =
				running_containers_at(running, i);

			if (ways[way](&container, wanted) && !found++)
				*ret_first = container;
		}
	if (!found)
		return -ENOENT;
	return found > 1 ? -ENOTUNIQ : 0;
}

/* --- its control group --- */

/* Ends a path behind the name that the ID is in: what is below belongs to the container as well. */
static bool cut_behind_id(char *path)
{
	struct container_path found;
	char *id, *slash;

	if (!container_path_read(path, &found) || !*found.id)
		return false;
	id = strstr(path, found.id);
	slash = id ? strchr(id, '/') : NULL;
	if (slash)
		*slash = '\0';
	return id != NULL;
}

/* "4:memory:/docker/ID", of version 2 "0::/docker/ID"; the line is changed. */
static int find_folder(char *line, char **ret_folder)
{
	char *controllers = strchr(line, ':'), *path;
	char mount[CGROUP_MOUNT_MAX];

	path = controllers ? strchr(++controllers, ':') : NULL;
	if (!path)
		return -ENOENT;
	*path++ = '\0';
	if (!cut_behind_id(path) || !cgroup_mount_find(controllers, mount))
		return -ENOENT;
	return asprintf(ret_folder, "%s%s", mount, path) < 0 ? -ENOMEM : 0;
}

int running_container_folder(uint32_t pid, char **ret_folder)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char *rest, *line;
	int error = -ENOENT;

	if (!read_group(pid, &text) || !buffer_string(&text))
		return -ENOENT;
	rest = text.data;
	while (error == -ENOENT && (line = strsep(&rest, "\n")))
		error = find_folder(line, ret_folder);
	return error;
}
