/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/debug_folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "symbolize/symbolizer.h"

void debug_folders_init(struct debug_folders *folders)
{
	*folders = (struct debug_folders){ .list = { symbolizer_default_debug_folders[0] } };
}

void debug_folders_release(struct debug_folders *folders)
{
	for (size_t i = 0; i < folders->count; i++)
		free((char *)folders->list[i]);
	debug_folders_init(folders);
}

/* 0, or a positive errno. What is cached of it does. */
static int look_at(const char *path)
{
	struct statx status;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &status))
		return errno;
	return S_ISDIR(status.stx_mode) ? 0 : ENOTDIR;
}

int debug_folders_add(struct debug_folders *folders, const char *value, const char **ret_why)
{
	int error = look_at(value);
	char *path;

	if (!*value || folders->count == DEBUG_FOLDERS_MAX) {
		*ret_why = *value ? "16 folders are the most" : "not the name of a folder";
		return -EINVAL;
	}
	if (error) {
		*ret_why = strerror(error);
		return -EINVAL;
	}
	path = realpath(value, NULL);
	if (!path) {
		*ret_why = strerror(errno);
		return -EINVAL;
	}
	folders->list[folders->count + 1] = folders->list[folders->count];
	folders->list[folders->count++] = path;
	return 0;
}
