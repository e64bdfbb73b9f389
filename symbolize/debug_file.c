/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/debug_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/reopen.h"

DEFINE_CLEANUP(cleanup_elf_file, struct elf_file *, elf_file_free)

/* Whoever owns the file's folder must not lead us out of it, by no link at all. */
static int open_path(const char *path, bool follow)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = follow ? 0 : RESOLVE_NO_SYMLINKS };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* What is none is not handed on: it may be a file that only we may read. */
static bool is_elf(int fd)
{
	char magic[SELFMAG];

	return pread(fd, magic, SELFMAG, 0) == SELFMAG && !memcmp(magic, ELFMAG, SELFMAG);
}

static int open_here(const char *path, bool follow, int *ret_fd)
{
	_cleanup_close_ int handle = open_path(path, follow);

	return handle < 0 ? handle : reopen_regular(handle, ret_fd);
}

static int open_regular(const char *path, bool follow, const struct debug_file_access *access,
			int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	int error = access ? access->open(access->context, path, follow, &fd)
			   : open_here(path, follow, &fd);

	if (error)
		return error;
	if (!is_elf(fd))
		return -ENOENT;
	*ret_fd = take_fd(&fd);
	return 0;
}

static bool read_build_id(int fd, struct build_id *ret_id)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;

	return !elf_file_open(fd, &file) && !build_id_read(file, ret_id);
}

static bool has_build_id(const struct debug_file_query *query, int fd)
{
	struct build_id id;

	return read_build_id(fd, &id) && build_id_equal(&id, query->build_id);
}

/* The build-ids are compared first: that is cheap, and the checksum takes reading the whole file. */
static bool has_checksum(const struct debug_file_query *query, int fd)
{
	struct build_id id;
	uint32_t crc;

	if (query->build_id->size && read_build_id(fd, &id) &&
	    !build_id_equal(&id, query->build_id))
		return false;
	return !debuglink_crc(fd, &crc) && crc == query->link->crc;
}

bool debug_file_fits(const struct debug_file_query *query, int fd, enum debug_file_way way)
{
	return way == DEBUG_FILE_BY_BUILD_ID ? has_build_id(query, fd)
	       : query->link                 ? has_checksum(query, fd)
					     : false;
}

int debug_file_try(const char *path, bool follow, enum debug_file_way way,
		   const struct debug_file_judge *judge)
{
	_cleanup_close_ int fd = -1;

	if (open_regular(path, follow, judge->access, &fd) ||
	    !judge->judge(judge->context, &fd, way))
		return -ENOENT;
	return 0;
}

static bool fits(int length)
{
	return length >= 0 && length < PATH_MAX;
}

int debug_file_try_build_id(const struct build_id *build_id, const char *const *folders,
			    enum debug_file_way way, const struct debug_file_judge *judge)
{
	char hex[2 * BUILD_ID_MAX_BYTES + 1] = "", path[PATH_MAX];
	int err = -ENOENT;

	if (build_id->size < 2)
		return -ENOENT;
	build_id_format(build_id, hex);
	for (size_t i = 0; err && folders[i]; i++) {
		int length = snprintf(path, PATH_MAX, "%s/.build-id/%.2s/%s.debug", folders[i], hex,
				      hex + 2);

		if (fits(length))
			err = debug_file_try(path, true, way, judge);
	}
	return err;
}

static int try_link_at(const struct debug_file_query *query, const char *folder, bool follow,
		       const char *below, const struct debug_file_judge *judge)
{
	int directory = strrchr(query->path, '/') - query->path;
	char path[PATH_MAX];
	int length = snprintf(path, PATH_MAX, "%s%.*s/%s%s", folder, directory, query->path, below,
			      query->link->name);

	return fits(length) ? debug_file_try(path, follow, DEBUG_FILE_BY_LINK, judge) : -ENOENT;
}

/* Where somebody gathered debug files. */
static int try_link_in(const struct debug_file_query *query, const char *folder,
		       const struct debug_file_judge *judge)
{
	char path[PATH_MAX];
	int length = snprintf(path, PATH_MAX, "%s/%s", folder, query->link->name);

	return fits(length) ? debug_file_try(path, true, DEBUG_FILE_BY_LINK, judge) : -ENOENT;
}

static int try_link(const struct debug_file_query *query, const struct debug_file_judge *judge)
{
	int err;

	if (!query->link || !query->path || query->path[0] != '/' ||
	    strlen(query->path) >= PATH_MAX)
		return -ENOENT;
	err = try_link_at(query, "", false, "", judge);
	if (err)
		err = try_link_at(query, "", false, ".debug/", judge);
	for (size_t i = 0; err && query->folders[i]; i++) {
		err = try_link_at(query, query->folders[i], true, "", judge);
		if (err)
			err = try_link_in(query, query->folders[i], judge);
	}
	return err;
}

int debug_file_search(const struct debug_file_query *query, debug_file_judge_fn judge,
		      void *context)
{
	const struct debug_file_judge asked = { judge, context, query->access };
	int err = debug_file_try_build_id(query->build_id, query->folders, DEBUG_FILE_BY_BUILD_ID,
					  &asked);

	return err ? try_link(query, &asked) : 0;
}

/* The candidate that is taken. */
struct found {
	const struct debug_file_query *query;
	int fd;
};

static bool take_if_fits(void *context, int *fd, enum debug_file_way way)
{
	struct found *found = context;

	if (!debug_file_fits(found->query, *fd, way))
		return false;
	found->fd = take_fd(fd);
	return true;
}

int debug_file_open(const struct debug_file_query *query, int *ret_fd)
{
	struct found found = { .query = query };
	int err = debug_file_search(query, take_if_fits, &found);

	if (!err)
		*ret_fd = found.fd;
	return err;
}

static void open_of(struct elf_file *file, const struct build_id *build_id, const char *path,
		    const char *const *folders, int (*open_elf)(int, struct elf_file **),
		    struct debug_file *ret_debug_file)
{
	struct debuglink link;
	bool linked = !debuglink_read(file, &link);
	const struct debug_file_query query = {
		.build_id = build_id,
		.link = linked ? &link : NULL,
		.path = path,
		.folders = folders,
	};

	*ret_debug_file = (struct debug_file){ .fd = -1 };
	if (!debug_file_open(&query, &ret_debug_file->fd) &&
	    open_elf(ret_debug_file->fd, &ret_debug_file->file))
		ret_debug_file->file = NULL;
}

void debug_file_of(struct elf_file *file, const struct build_id *build_id, const char *path,
		   const char *const *folders, struct debug_file *ret_debug_file)
{
	open_of(file, build_id, path, folders, elf_file_open, ret_debug_file);
}

void debug_file_of_mapped(struct elf_file *file, const struct build_id *build_id, const char *path,
			  const char *const *folders, struct debug_file *ret_debug_file)
{
	open_of(file, build_id, path, folders, elf_file_open_mapped, ret_debug_file);
}

void debug_file_release(struct debug_file *debug_file)
{
	elf_file_free(debug_file->file);
	cleanup_close(&debug_file->fd);
}
