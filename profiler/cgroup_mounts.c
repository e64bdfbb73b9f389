/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/cgroup_mounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const known_controllers[] = {
#define CGROUP_CONTROLLER(constant, option, enumerator) option,
#include "bpf/cgroup_controllers.def"
#undef CGROUP_CONTROLLER
};

/* Is `word` one of those of a list with commas? */
static bool has_word(const char *list, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, word, size) && (!at[size] || at[size] == ',' || at[size] == '\n'))
			return true;
	}
	return false;
}

static bool have_controller(const char *controllers, const char *options)
{
	for (size_t i = 0; i < sizeof(known_controllers) / sizeof(*known_controllers); i++)
		if (has_word(controllers, known_controllers[i]) &&
		    has_word(options, known_controllers[i]))
			return true;
	return false;
}

/* "30 23 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory" */
bool cgroup_mount_in_line(char *line, const char *controllers, char ret_folder[CGROUP_MOUNT_MAX])
{
	char *system = strstr(line, " - "), *word, *rest = line;
	const char *root = NULL, *point = NULL, *options;
	bool is_unified;

	if (!system)
		return false;
	*system = '\0';
	system += strlen(" - ");
	is_unified = !strncmp(system, "cgroup2 ", 8);
	if ((!is_unified && strncmp(system, "cgroup ", 7)) || is_unified != !*controllers)
		return false;
	for (int i = 0; i < 5 && (word = strsep(&rest, " ")); i++) {
		root = i == 3 ? word : root;
		point = i == 4 ? word : point;
	}
	options = strrchr(system, ' ');
	if (!point || strcmp(root, "/") || !options || strlen(point) >= CGROUP_MOUNT_MAX ||
	    (!is_unified && !have_controller(controllers, options + 1)))
		return false;
	snprintf(ret_folder, CGROUP_MOUNT_MAX, "%s", point);
	return true;
}

bool cgroup_mount_find(const char *controllers, char ret_folder[CGROUP_MOUNT_MAX])
{
	_cleanup_fclose_ FILE *mounts = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (mounts && getline(&line, &size, mounts) > 0)
		if (cgroup_mount_in_line(line, controllers, ret_folder))
			return true;
	return false;
}
