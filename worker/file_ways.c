/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/file_ways.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/reopen.h"

void file_ways_init(struct file_ways *ways, const struct file_place *place)
{
	char path[32];

	*ways = (struct file_ways){ .place = place, .process = -1 };
	snprintf(path, sizeof(path), "/proc/%u", place->pid);
	if (place->pid)
		ways->process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void file_ways_release(const struct file_ways *ways)
{
	cleanup_close(&ways->process);
}

static int open_mapping(const struct file_ways *ways, int *ret_fd)
{
	_cleanup_close_ int found = -1;
	char path[64];

	if (ways->process < 0)
		return -ENOENT;
	snprintf(path, sizeof(path), "map_files/%llx-%llx",
		 (unsigned long long)ways->place->mapping_start,
		 (unsigned long long)ways->place->mapping_end);
	found = openat(ways->process, path, O_PATH | O_CLOEXEC);
	return found < 0 ? -errno : reopen_regular(found, ret_fd);
}

/* Links in it cannot lead outside (TRUST.md, attack 1). */
static int open_in_root(int root, const char *path, int *ret_fd)
{
	_cleanup_close_ int found = -1;
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	found = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return found < 0 ? -errno : reopen_regular(found, ret_fd);
}

static int open_below(int folder, const char *root_path, const char *path, int *ret_fd)
{
	_cleanup_close_ int root = -1;

	if (!path)
		return -ENOENT;
	root = openat(folder, root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -errno : open_in_root(root, path, ret_fd);
}

int file_ways_open(const struct file_ways *ways, enum file_way way, int *ret_fd)
{
	switch (way) {
	case FILE_WAY_MAPPING:
		return open_mapping(ways, ret_fd);
	case FILE_WAY_PROCESS_ROOT:
		return ways->process < 0
			       ? -ENOENT
			       : open_below(ways->process, "root", ways->place->path, ret_fd);
	case FILE_WAY_OWN_ROOT:
		return open_below(AT_FDCWD, "/", ways->place->path, ret_fd);
	case FILE_WAY_COUNT:
		break;
	}
	return -EINVAL;
}
