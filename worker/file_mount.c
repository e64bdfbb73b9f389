/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/file_mount.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "worker/mount_info.h"

#define MAX_MOUNTS_BYTES (16u << 20)
#define FIRST_PROCESS    1 /* whose mounts those are that containers are made of */

/* What is cached of it does. */
bool file_mount_id(int path_fd, uint64_t *ret_mount)
{
	struct statx status;

	if (statx(path_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) ||
	    !(status.stx_mask & STATX_MNT_ID))
		return false;
	*ret_mount = status.stx_mnt_id;
	return true;
}

static int read_mounts(uint32_t pid, struct buffer *ret_text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/mountinfo", pid);
	return buffer_read_file(ret_text, path, MAX_MOUNTS_BYTES);
}

/* Its mounts were then made by whoever is root here. */
static bool has_mounts_of_root(uint32_t pid)
{
	_cleanup_close_ int mounts = -1;
	_cleanup_close_ int owner = -1;
	struct stat its, own;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/ns/mnt", pid);
	mounts = open(path, O_RDONLY | O_CLOEXEC);
	owner = mounts < 0 ? -1 : ioctl(mounts, NS_GET_USERNS);
	return owner >= 0 && !fstat(owner, &its) && !stat("/proc/self/ns/user", &own) &&
	       its.st_ino == own.st_ino && its.st_dev == own.st_dev;
}

static struct bytes bytes_of(const struct buffer *buffer)
{
	return (struct bytes){ (const uint8_t *)buffer->data, buffer->size };
}

static bool answers(uint32_t pid, uint64_t mount, struct bytes mounts)
{
	_cleanup_(buffer_release) struct buffer first = { 0 };

	if (has_mounts_of_root(pid))
		read_mounts(FIRST_PROCESS, &first);
	return mount_info_answers(mounts, mount, bytes_of(&first));
}

bool file_mount_answers(uint32_t pid, int path_fd)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	uint64_t mount;

	return file_mount_id(path_fd, &mount) && !read_mounts(pid, &text) &&
	       answers(pid, mount, bytes_of(&text));
}

bool file_mount_answers_below(int folder)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	uint32_t pid = (uint32_t)getpid();
	uint64_t mount;

	return file_mount_id(folder, &mount) && !read_mounts(pid, &text) &&
	       answers(pid, mount, bytes_of(&text)) &&
	       !mount_info_has_automounts(bytes_of(&text), mount);
}
