/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/u64_map.h"
#include "profiler/file_limit.h"
#include "profiler/sampler.h"
#include "profiler/unwind_loader.h"

/* Descriptors kept for all else than modules. */
#define SPARE_DESCRIPTORS 256

struct modules {
	const struct sampler *sampler;
	struct unwind_loader *loader;
	struct u64_map ids;
	struct module *entries;
	uint32_t count, capacity;
	struct arena paths;
	unsigned int mount_namespace; /* hearth's own */
	size_t open_files, open_files_max;
};

struct modules *modules_new(const struct sampler *sampler, struct unwind_loader *loader)
{
	struct modules *modules = calloc(1, sizeof(*modules));
	struct stat namespace;
	size_t limit;

	if (!modules)
		return NULL;
	modules->sampler = sampler;
	modules->loader = loader;
	u64_map_init(&modules->ids);
	arena_init(&modules->paths);
	limit = file_limit_raise();
	modules->open_files_max = limit > SPARE_DESCRIPTORS ? limit - SPARE_DESCRIPTORS : 0;
	if (!stat("/proc/self/ns/mnt", &namespace))
		modules->mount_namespace = (unsigned int)namespace.st_ino;
	return modules;
}

void modules_free(struct modules *modules)
{
	if (!modules)
		return;
	for (uint32_t i = 0; i < modules->count; i++)
		if (modules->entries[i].fd >= 0)
			close(modules->entries[i].fd);
	free(modules->entries);
	u64_map_release(&modules->ids);
	arena_release(&modules->paths);
	free(modules);
}

/* Turns "c\0b\0a\0" into "/a/b/c": as long as it was, a slash for each terminator. */
static const char *join_path(struct modules *modules, const char *names, size_t size)
{
	char *path = arena_string(&modules->paths, names, size);
	char *to = path;

	if (!path)
		return NULL;
	for (size_t end = size; end;) {
		size_t start = end - 1;

		while (start && names[start - 1])
			start--;
		*to++ = '/';
		memcpy(to, names + start, end - 1 - start);
		to += end - 1 - start;
		end = start;
	}
	*to = '\0';
	return path;
}

/* File systems whose open may wait for a program or a network: linux/magic.h and the
 * file systems' own sources. */
static bool may_block(uint64_t super_magic)
{
	static const uint64_t magics[] = {
		0x65735546 /* FUSE */,   NFS_SUPER_MAGIC,       SMB_SUPER_MAGIC,
		0xff534d42 /* CIFS */,   0xfe534d42 /* SMB2 */, V9FS_MAGIC,
		AFS_SUPER_MAGIC,         CEPH_SUPER_MAGIC,      CODA_SUPER_MAGIC,
		0x0bd00bd0 /* Lustre */, 0x01161970 /* GFS2 */,
	};

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (super_magic == magics[i])
			return true;
	return false;
}

/* Reopens an O_PATH descriptor of a regular file for reading. */
static int reopen_regular(int path_fd)
{
	struct stat status;
	char link[64];
	int fd;

	if (fstat(path_fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Through the mapping itself: gives the very file, even a deleted one. */
static int open_map_file(const struct module_event *event)
{
	_cleanup_close_ int path_fd = -1;
	char path[128];

	snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", event->caller_tgid,
		 event->mapping_start, event->mapping_end);
	path_fd = open(path, O_PATH | O_CLOEXEC);
	return path_fd < 0 ? -errno : reopen_regular(path_fd);
}

/* By path below a folder; links in it cannot lead outside (TRUST.md, attack 1). */
static int open_in_root(int root, const char *path)
{
	_cleanup_close_ int path_fd = -1;
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	path_fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return path_fd < 0 ? -errno : reopen_regular(path_fd);
}

static int open_in_process_root(const struct module_event *event, const char *path)
{
	_cleanup_close_ int root = -1;
	char link[64];

	snprintf(link, sizeof(link), "/proc/%u/root", event->caller_tgid);
	root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -errno : open_in_root(root, path);
}

static int open_in_own_root(const char *path)
{
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? -errno : open_in_root(root, path);
}

/* Is this the file that the kernel side told of? */
static bool is_module(const struct modules *modules, int fd, uint64_t id)
{
	struct identify_argument answer;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *start = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
	int error;

	if (start == MAP_FAILED)
		return false;
	error = sampler_identify(modules->sampler, start, &answer);
	munmap(start, page);
	return !error && answer.module == id;
}

static int keep_if_module(const struct modules *modules, int opened, uint64_t id)
{
	_cleanup_close_ int fd = opened;

	return fd >= 0 && is_module(modules, fd, id) ? take_fd(&fd) : -1;
}

/* The ways to the file, best first. The process may be gone by now, or its PID somebody else's: hence the proof. */
static int open_module(const struct modules *modules, const struct module_event *event,
		       const char *path)
{
	int fd = -1;

	if (may_block(event->super_magic) || modules->open_files >= modules->open_files_max)
		return -1;
	if (event->caller_tgid)
		fd = keep_if_module(modules, open_map_file(event), event->id);
	if (fd < 0 && event->caller_tgid && path)
		fd = keep_if_module(modules, open_in_process_root(event, path), event->id);
	if (fd < 0 && path)
		fd = keep_if_module(modules, open_in_own_root(path), event->id);
	return fd;
}

static void set_file(struct modules *modules, struct module *module, int fd)
{
	struct stat status;

	module->fd = -1;
	if (fd < 0)
		return;
	if (fstat(fd, &status)) {
		close(fd);
		return;
	}
	module->fd = fd;
	module->opened_size = (uint64_t)status.st_size;
	module->opened_mtime = status.st_mtim;
	modules->open_files++;
}

/* Until it is done, and where it fails, the module's ticks say so: truncated(rows_missing). */
void modules_load_rows(struct modules *modules, uint64_t id)
{
	const struct module *module = modules_find(modules, id);

	/* A file that was overwritten is another module by now. */
	if (module && module->fd >= 0 && module_is_unchanged(module))
		unwind_loader_request(modules->loader, id, module->fd);
}

bool modules_row_sources(const struct modules *modules, uint64_t id, uint32_t *ret_sources)
{
	return unwind_loader_sources(modules->loader, id, ret_sources);
}

bool module_is_unchanged(const struct module *module)
{
	struct stat status;

	return !fstat(module->fd, &status) && (uint64_t)status.st_size == module->opened_size &&
	       status.st_mtim.tv_sec == module->opened_mtime.tv_sec &&
	       status.st_mtim.tv_nsec == module->opened_mtime.tv_nsec;
}

static bool reserve_entry(struct modules *modules)
{
	uint32_t capacity = modules->capacity ? modules->capacity * 2 : 64;
	struct module *entries;

	if (modules->count < modules->capacity)
		return true;
	if (modules->count >= MODULES_MAX)
		return false;
	entries = realloc(modules->entries, capacity * sizeof(*entries));
	if (!entries)
		return false;
	modules->entries = entries;
	modules->capacity = capacity;
	return true;
}

static void add_module(struct modules *modules, const struct module_event *event, const char *names,
		       size_t size)
{
	struct module module = { .id = event->id, .key = event->key };
	const char *path = join_path(modules, names, size);
	const char *slash = path ? strrchr(path, '/') : NULL;

	module.kernel_path = path;
	module.name = slash ? slash + 1 : "";
	if (event->mount_namespace == modules->mount_namespace)
		module.path = path;
	if (!reserve_entry(modules) || u64_map_set(&modules->ids, event->id, modules->count))
		return;
	set_file(modules, &module, open_module(modules, event, path));
	modules->entries[modules->count++] = module;
}

void modules_handle(struct modules *modules, const void *event, size_t size)
{
	const struct module_event *module = event;
	const char *names = (const char *)(module + 1);
	uint32_t known;

	if (size < sizeof(*module))
		return;
	size -= sizeof(*module);
	if (size > module->path_size)
		size = module->path_size; /* the ring pads records */
	while (size && names[size - 1])
		size--; /* a path that was cut: whole names only */
	known = u64_map_get(&modules->ids, module->id);
	if (known == U64_MAP_ABSENT)
		add_module(modules, module, names, size);
	else if (modules->entries[known].fd <
		 0) /* another process may still be there to open it through */
		set_file(modules, &modules->entries[known],
			 open_module(modules, module, modules->entries[known].kernel_path));
	if (module->type == EVENT_MODULE)
		modules_load_rows(modules, module->id);
}

const struct module *modules_find(const struct modules *modules, uint64_t id)
{
	uint32_t index = u64_map_get(&modules->ids, id);

	return index == U64_MAP_ABSENT ? NULL : &modules->entries[index];
}

size_t modules_count(const struct modules *modules)
{
	return modules->count;
}
