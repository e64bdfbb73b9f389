/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/local_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/reopen.h"
#include "worker/file_mount.h"
#include "worker/file_owner.h"

#define MAX_MOUNTS 8 /* debug folders and programs lie on one or two */

struct known_mount {
	uint64_t id;
	int fd; /* of a folder on it */
	bool answers;
};

struct local_files {
	struct known_mount mounts[MAX_MOUNTS];
	size_t count, next; /* the one that is replaced, once all are taken */
};

struct local_files *local_files_new(void)
{
	return calloc(1, sizeof(struct local_files));
}

void local_files_free(struct local_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->count; i++)
		close(files->mounts[i].fd);
	free(files);
}

/* Keeps the folder's descriptor, or a copy of it. */
static bool ask_mount(struct local_files *files, uint64_t id, int folder)
{
	struct known_mount known = {
		.id = id,
		.fd = fcntl(folder, F_DUPFD_CLOEXEC, 0),
		.answers = file_mount_answers_below(folder),
	};

	if (known.fd < 0)
		return known.answers;
	if (files->count == MAX_MOUNTS)
		close(files->mounts[files->next].fd);
	else
		files->count++;
	files->mounts[files->next] = known;
	files->next = (files->next + 1) % MAX_MOUNTS;
	return known.answers;
}

static bool mount_answers(struct local_files *files, int folder)
{
	uint64_t id;

	if (!file_mount_id(folder, &id))
		return false;
	for (size_t i = 0; i < files->count; i++)
		if (files->mounts[i].id == id)
			return files->mounts[i].answers;
	return ask_mount(files, id, folder);
}

static int find(int from, const char *path, uint64_t flags, uint64_t resolve)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC | flags,
				      .resolve = RESOLVE_NO_MAGICLINKS | resolve };
	int fd = (int)syscall(SYS_openat2, from, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* The last folder that is known, from the file upwards: at last the root. `ret_rest`: of the path, below it. */
static int find_folder(const char *path, uint64_t resolve, const char **ret_rest)
{
	char folder[PATH_MAX];
	int found = -EAGAIN;

	memcpy(folder, path, strlen(path) + 1);
	for (char *slash; found < 0 && (slash = strrchr(folder, '/')); *slash = '\0') {
		*ret_rest = path + (slash - folder) + 1;
		slash[slash == folder] = '\0';
		found = find(AT_FDCWD, folder, O_DIRECTORY, RESOLVE_CACHED | resolve);
	}
	return found;
}

static int find_file(struct local_files *files, const char *path, bool follow, int *ret_found)
{
	uint64_t resolve = follow ? 0 : RESOLVE_NO_SYMLINKS;
	_cleanup_close_ int folder = -1;
	const char *rest;
	int found;

	if (*path != '/' || strlen(path) >= PATH_MAX)
		return -EINVAL;
	folder = find_folder(path, resolve, &rest);
	if (folder < 0 || !mount_answers(files, folder))
		return -EWOULDBLOCK;
	found = find(folder, rest, 0, RESOLVE_NO_XDEV | resolve);
	if (found < 0)
		return found == -EXDEV ? -EWOULDBLOCK : found;
	*ret_found = found;
	return 0;
}

int local_files_open(struct local_files *files, const char *path, bool follow, int *ret_fd)
{
	_cleanup_close_ int found = -1;
	int error = find_file(files, path, follow, &found);

	return error ? error : reopen_regular(found, ret_fd);
}

int local_files_open_named(struct local_files *files, const char *path, bool follow, uint32_t owner,
			   int *ret_fd)
{
	_cleanup_close_ int found = -1;
	struct stat status;
	int error = find_file(files, path, follow, &found);

	if (error)
		return error;
	if (fstat(found, &status))
		return -errno;
	return file_owner_may_name(owner, &status) ? reopen_regular(found, ret_fd) : -EACCES;
}
