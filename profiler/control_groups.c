/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/control_groups.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/string_pool.h"
#include "base/u64_map.h"
#include "bpf/events.h"
#include "profiler/task_start.h"

#define MAX_TEXT \
	(64 * 1024) /* of /proc/PID/cgroup: a path may have 4096 bytes, in a dozen of hierarchies */

struct control_groups {
	uint64_t boottime_ahead_ns;
	struct string_pool paths;
	struct u64_map processes; /* process_event.id -> path */
};

struct control_groups *control_groups_new(uint64_t boottime_ahead_ns)
{
	struct control_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return NULL;
	groups->boottime_ahead_ns = boottime_ahead_ns;
	string_pool_init(&groups->paths);
	u64_map_init(&groups->processes);
	return groups;
}

void control_groups_free(struct control_groups *groups)
{
	if (!groups)
		return;
	string_pool_release(&groups->paths);
	u64_map_release(&groups->processes);
	free(groups);
}

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

/* The text is the process's if the PID was its all the time. */
static bool read_text(const struct control_groups *groups, const struct process_event *process,
		      struct buffer *text)
{
	char path[64];

	if (!process->caller_tgid)
		return false;
	snprintf(path, sizeof(path), "/proc/%u/cgroup", process->caller_tgid);
	return !buffer_read_file(text, path, MAX_TEXT) &&
	       task_started_at(process->caller_tgid,
			       process->start_time_ns - groups->boottime_ahead_ns);
}

void control_groups_note(struct control_groups *groups, const struct process_event *process)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	const char *path;
	uint32_t string;
	size_t size;

	if (u64_map_get(&groups->processes, process->id) == U64_MAP_ABSENT &&
	    read_text(groups, process, &text) &&
	    control_group_longest(text.data, text.size, &path, &size) &&
	    !string_pool_add(&groups->paths, path, size, &string))
		u64_map_set(&groups->processes, process->id, string);
}

const char *control_groups_of(const struct control_groups *groups,
			      const struct process_event *process)
{
	uint32_t string = u64_map_get(&groups->processes, process->id);

	return string == U64_MAP_ABSENT ? NULL : string_pool_get(&groups->paths, string, NULL);
}

const char *control_group_container(const char *path)
{
	const char *found = NULL;
	size_t digits = 0;

	for (const char *at = path;; at++) {
		if (isxdigit((unsigned char)*at)) {
			digits++;
			continue;
		}
		if (digits == CONTAINER_ID_DIGITS)
			found = at - digits;
		digits = 0;
		if (!*at)
			return found;
	}
}
