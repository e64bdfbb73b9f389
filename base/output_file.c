/* SPDX-License-Identifier: Apache-2.0 */
#include "base/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

static bool is_standard_output(const char *path)
{
	return !strcmp(path, "-");
}

/* The folder and the hidden neighbour of what is written. */
struct output_names {
	char target[PATH_MAX];
	char folder[PATH_MAX];
	char hidden[PATH_MAX];
	bool in_place; /* it has no content to replace: a device, a pipe, a descriptor of this process */
};

#define LINKS_MAX 40 /* as the kernel follows */

static int folder_of(const char *path, char ret_folder[PATH_MAX])
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	return snprintf(ret_folder, PATH_MAX, "%s", dirname(copy)) >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/*
 * In a folder that everybody may write to, only what is one's own or the folder's owner's is followed or
 * replaced: anybody could have laid it there. The kernel's own rules, which reading a link by hand goes
 * around: fs.protected_symlinks and protected_regular of Documentation/admin-guide/sysctl/fs.rst.
 */
static int check_planted(const char *path)
{
	const mode_t shared = S_ISVTX | S_IWOTH;
	char folder[PATH_MAX];
	struct stat entry, parent;
	int error = folder_of(path, folder);

	if (error)
		return error;
	if (lstat(path, &entry) || stat(folder, &parent))
		return errno == ENOENT ? 0 : -errno;
	if ((parent.st_mode & shared) == shared && entry.st_uid != geteuid() &&
	    entry.st_uid != parent.st_uid)
		return -EACCES;
	return 0;
}

/* Follows one link: `path` becomes what it points to. 0, -EINVAL: not a link, or another error. */
static int follow_link(char path[PATH_MAX])
{
	char folder[PATH_MAX], target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	int error;

	if (length < 0)
		return -errno;
	target[length] = '\0';
	error = folder_of(path, folder);
	if (error)
		return error;
	if (target[0] == '/')
		length = snprintf(path, PATH_MAX, "%s", target);
	else
		length = snprintf(path, PATH_MAX, "%s/%s", folder, target);
	return length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* A link there (/dev/stdout leads to one) stands for an open file, and its text is no name. */
static bool is_on_procfs(const char *path)
{
	char folder[PATH_MAX];
	struct statfs system;

	return !folder_of(path, folder) && !statfs(folder, &system) &&
	       system.f_type == PROC_SUPER_MAGIC;
}

/* Where the content goes: at the end of links, also of one whose target is not there yet. */
static int find_target(const char *path, struct output_names *names)
{
	char *target = names->target;

	if (snprintf(target, PATH_MAX, "%s", path) >= PATH_MAX)
		return -ENAMETOOLONG;
	for (int links = 0; links < LINKS_MAX; links++) {
		struct stat status;
		int error;

		if (lstat(target, &status))
			return errno == ENOENT ? 0 : -errno;
		names->in_place = is_on_procfs(target) ||
				  (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode));
		error = names->in_place ? -EINVAL : check_planted(target);
		if (!error)
			error = follow_link(target);
		if (error)
			return error == -EINVAL ? 0 : error;
	}
	return -ELOOP;
}

static int output_names_find(const char *path, struct output_names *ret_names)
{
	char copy[PATH_MAX];
	int error;

	*ret_names = (struct output_names){ .in_place = false };
	error = find_target(path, ret_names);
	if (!error)
		error = folder_of(ret_names->target, ret_names->folder);
	if (error)
		return error;
	snprintf(copy, sizeof(copy), "%s", ret_names->target);
	if (snprintf(ret_names->hidden, PATH_MAX, "%s/.%.200s.hearth-new", ret_names->folder,
		     basename(copy)) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

static int open_nameless(const struct output_names *names, bool *ret_has_name)
{
	int fd = open(names->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);

	*ret_has_name = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR);
	if (*ret_has_name) {
		/* Anybody may know that name: what is there is not opened. */
		if (unlink(names->hidden) && errno != ENOENT)
			return -errno;
		fd = open(names->hidden, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	}
	return fd < 0 ? -errno : fd;
}

static int check_standard_output(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags < 0)
		return -errno;
	return (flags & O_ACCMODE) == O_RDONLY ? -EBADF : 0;
}

int output_file_check(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct output_names names;
	struct stat status;
	bool has_name;
	int error;

	if (is_standard_output(path))
		return check_standard_output();
	if (!*path || path[strlen(path) - 1] == '/')
		return -ENOENT;
	error = output_names_find(path, &names);
	if (error)
		return error;
	if (!stat(names.target, &status) && S_ISDIR(status.st_mode))
		return -EISDIR;
	if (names.in_place)
		return access(names.target, W_OK) ? -errno : 0;
	fd = open_nameless(&names, &has_name);
	if (fd < 0)
		return fd;
	return has_name && unlink(names.hidden) ? -errno : 0;
}

/* What its owner closed to others stays closed; only root can give a file to its former owner. */
static int keep_permissions(int fd, const struct output_names *names)
{
	struct stat status;

	if (stat(names->target, &status))
		return errno == ENOENT ? 0 : -errno;
	if (fchown(fd, status.st_uid, status.st_gid) && errno != EPERM)
		return -errno;
	return fchmod(fd, status.st_mode & 07777) ? -errno : 0;
}

/*
 * linkat cannot replace, so over an existing file the new one takes the hidden name for the moment
 * between two system calls. No signal comes between them; should the process be killed right there, the
 * next write of the same file takes that name again.
 */
static int replace(const char *link, const struct output_names *names)
{
	sigset_t all, before;
	int error = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	if (unlink(names->hidden) && errno != ENOENT)
		error = -errno;
	if (!error && linkat(AT_FDCWD, link, AT_FDCWD, names->hidden, AT_SYMLINK_FOLLOW))
		error = -errno;
	if (!error && rename(names->hidden, names->target)) {
		error = -errno;
		unlink(names->hidden);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* Gives the finished file its name. */
static int take_name(int fd, const struct output_names *names, bool has_name)
{
	char link[64];

	if (has_name)
		return rename(names->hidden, names->target) ? -errno : 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (!linkat(AT_FDCWD, link, AT_FDCWD, names->target, AT_SYMLINK_FOLLOW))
		return 0;
	return errno == EEXIST ? replace(link, names) : -errno;
}

/* A descriptor of this process under its name in /proc, where /dev/stdout leads; -1: it is none. */
static int own_descriptor(const char *path)
{
	int fd = -1, length = 0;

	if (sscanf(path, "/proc/self/fd/%d%n", &fd, &length) != 1 || path[length])
		return -1;
	return fd;
}

/*
 * Not every open file can be opened again: a socket cannot. A FIFO is waited for until somebody reads it; a signal
 * ends that waiting.
 */
static int open_in_place(const char *path)
{
	int own = own_descriptor(path);
	int fd = own >= 0 ? fcntl(own, F_DUPFD_CLOEXEC, 0)
			  : open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

static int stat_output(const char *path, struct stat *ret_status)
{
	return is_standard_output(path) ? fstat(STDOUT_FILENO, ret_status) : stat(path, ret_status);
}

/* Files that are not there yet: the same name in the same folder. */
static bool will_be_same(const char *a, const char *b)
{
	struct output_names names_a, names_b;
	struct stat folder_a, folder_b;

	if (output_names_find(a, &names_a) || output_names_find(b, &names_b) ||
	    stat(names_a.folder, &folder_a) || stat(names_b.folder, &folder_b))
		return false;
	return folder_a.st_dev == folder_b.st_dev && folder_a.st_ino == folder_b.st_ino &&
	       !strcmp(basename(names_a.target), basename(names_b.target));
}

bool output_file_is_same(const char *a, const char *b)
{
	struct stat status_a, status_b;
	bool is_a = !stat_output(a, &status_a), is_b = !stat_output(b, &status_b);

	if (is_a && is_b)
		return status_a.st_dev == status_b.st_dev && status_a.st_ino == status_b.st_ino &&
		       !S_ISCHR(status_a.st_mode);
	return !is_a && !is_b && will_be_same(a, b);
}

/* --- writing --- */

struct output_file {
	const char *path;
	struct output_names names;
	int fd;        /* -1: nothing was opened yet */
	bool has_name; /* it is regular, and under the hidden one meanwhile */
	bool is_named; /* it has its own */
	int error;     /* the first one */
};

struct output_file *output_file_new(const char *path)
{
	struct output_file *file = calloc(1, sizeof(*file));

	if (file) {
		file->path = path;
		file->fd = -1;
	}
	return file;
}

void output_file_free(struct output_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0 && file->fd != STDOUT_FILENO)
		close(file->fd);
	if (file->has_name && !file->is_named)
		unlink(file->names.hidden);
	free(file);
}

static int open_file(struct output_file *file)
{
	int error;

	if (is_standard_output(file->path))
		return STDOUT_FILENO;
	error = output_names_find(file->path, &file->names);
	if (error)
		return error;
	return file->names.in_place ? open_in_place(file->names.target)
				    : open_nameless(&file->names, &file->has_name);
}

int output_file_append(struct output_file *file, const void *bytes, size_t size)
{
	if (!file->error && file->fd < 0) {
		int fd = open_file(file);

		if (fd < 0)
			file->error = fd;
		else
			file->fd = fd;
	}
	if (!file->error)
		file->error = write_all(file->fd, bytes, size);
	return file->error;
}

static int finish_regular(struct output_file *file)
{
	int error = keep_permissions(file->fd, &file->names);

	if (!error && fsync(file->fd) && errno != EINVAL)
		error = -errno;
	if (!error)
		error = take_name(file->fd, &file->names, file->has_name);
	file->is_named = !error;
	return error;
}

int output_file_end(struct output_file *file)
{
	int error = output_file_append(file, NULL, 0);

	if (!error && file->fd != STDOUT_FILENO && !file->names.in_place)
		error = finish_regular(file);
	return error;
}

int output_file_write(const char *path, const void *bytes, size_t size)
{
	struct output_file *file = output_file_new(path);
	int error = file ? output_file_append(file, bytes, size) : -ENOMEM;

	if (!error)
		error = output_file_end(file);
	output_file_free(file);
	return error;
}
