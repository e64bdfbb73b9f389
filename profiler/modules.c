/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/record_pool.h"
#include "base/u64_map.h"
#include "profiler/file_limit.h"
#include "profiler/unwind_loader.h"
#include "worker/blocking_file_system.h"
#include "worker/file_owner.h"
#include "worker/file_ways.h"
#include "worker/opener.h"

/* Descriptors kept for all else than modules. */
#define SPARE_DESCRIPTORS 512

/* What all keys of a file have in common. */
struct file_key {
	uint64_t inode;
	uint32_t device;
	uint32_t generation;
};

struct file {
	struct file_key key;
	uint32_t module; /* index of the one whose content was met last; NO_MODULE */
	uint32_t contents, aliases;
};

#define NO_MODULE UINT32_MAX

struct modules {
	modules_identify_fn identify;
	void *context; /* of it */
	struct unwind_loader *loader;
	struct opener *opener;    /* NULL: there is none */
	struct u64_map ids;       /* an alias leads to its module */
	struct record_pool files; /* struct file */
	struct module *entries;
	uint32_t count, capacity;
	struct arena paths;
	unsigned int mount_namespace; /* hearth's own */
	size_t open_files, open_files_max, file_limit;
	struct modules_totals totals;
};

static void tables_init(struct modules *modules)
{
	u64_map_init(&modules->ids);
	record_pool_init(&modules->files, sizeof(struct file), sizeof(struct file_key));
	arena_init(&modules->paths);
	modules->entries = NULL;
	modules->count = modules->capacity = 0;
}

static void tables_release(struct modules *modules)
{
	free(modules->entries);
	record_pool_release(&modules->files);
	u64_map_release(&modules->ids);
	arena_release(&modules->paths);
}

struct modules *modules_new(modules_identify_fn identify, void *context,
			    struct unwind_loader *loader)
{
	struct modules *modules = calloc(1, sizeof(*modules));
	struct stat namespace;

	if (!modules)
		return NULL;
	modules->identify = identify;
	modules->context = context;
	modules->loader = loader;
	tables_init(modules);
	modules->file_limit = file_limit_raise();
	if (modules->file_limit > SPARE_DESCRIPTORS)
		modules->open_files_max = modules->file_limit - SPARE_DESCRIPTORS;
	if (!stat("/proc/self/ns/mnt", &namespace))
		modules->mount_namespace = (unsigned int)namespace.st_ino;
	return modules;
}

void modules_use_opener(struct modules *modules, struct opener *opener)
{
	modules->opener = opener;
}

void modules_free(struct modules *modules)
{
	if (!modules)
		return;
	for (uint32_t i = 0; i < modules->count; i++)
		if (modules->entries[i].fd >= 0 && !modules->entries[i].borrows_fd)
			close(modules->entries[i].fd);
	tables_release(modules);
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

/* Where each subvolume numbers its files anew, and all are on one device (linux/magic.h, and bcachefs' own source). */
static bool numbers_are_a_files_own(uint64_t super_magic)
{
	return super_magic != BTRFS_SUPER_MAGIC && super_magic != 0xca451a4e /* bcachefs */;
}

static bool is_not_older(const struct module_key *key, const struct module_key *than)
{
	if (key->change_time_s != than->change_time_s)
		return key->change_time_s > than->change_time_s;
	return key->change_time_ns >= than->change_time_ns;
}

static bool is_before(const struct timespec *time, const struct module_key *key)
{
	if (time->tv_sec != (time_t)key->change_time_s)
		return time->tv_sec < (time_t)key->change_time_s;
	return time->tv_nsec < (long)key->change_time_ns;
}

/*
 * Has the file got this key since, and nothing written? Mode, links and name may change faster than it can be opened. (Who
 * writes, and sets the time of that back, within this moment is not found out.)
 */
static bool is_later_key(const struct module_key *now, const struct module_event *event, int fd)
{
	const struct module_key *then = &event->key;
	struct stat status;

	return numbers_are_a_files_own(event->super_magic) && now->inode == then->inode &&
	       now->device == then->device && now->generation == then->generation &&
	       now->size == then->size && is_not_older(now, then) && !fstat(fd, &status) &&
	       is_before(&status.st_mtim, then);
}

/* Does the file hold what it held when the kernel side told of it? */
static bool is_module(const struct modules *modules, int fd, const struct module_event *event)
{
	struct identify_argument answer;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *start = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
	int error;

	if (start == MAP_FAILED)
		return false;
	error = modules->identify(modules->context, start, &answer);
	munmap(start, page);
	return !error && (answer.module == event->id || is_later_key(&answer.key, event, fd));
}

static struct file_place place_of(const struct module_event *event, const char *path)
{
	return (struct file_place){ event->caller_tgid, event->mapping_start, event->mapping_end,
				    path };
}

/* The process may be gone by now, or its PID somebody else's: hence the proof. */
static int try_ways(const struct modules *modules, const struct module_event *event,
		    const char *path)
{
	const struct file_place place = place_of(event, path);
	_cleanup_(file_ways_release) struct file_ways ways;
	int error = -ENOENT;

	file_ways_init(&ways, &place);
	for (enum file_way way = 0; way < FILE_WAY_COUNT; way++) {
		_cleanup_close_ int fd = -1;

		error = file_ways_open(&ways, way, &fd);
		if (!error && is_module(modules, fd, event))
			return take_fd(&fd);
	}
	return error ? error : -ESTALE;
}

/* A descriptor, or -errno: no way led there. */
static int open_module(const struct modules *modules, const struct module_event *event,
		       const char *path)
{
	if (file_system_may_block(event->super_magic))
		return -EWOULDBLOCK;
	if (modules->open_files >= modules->open_files_max)
		return -EMFILE;
	return try_ways(modules, event, path);
}

static enum module_absence absence_by(int error)
{
	switch (error) {
	case -EMFILE:
	case -ENFILE:
		return MODULE_BEYOND_LIMIT;
	case -EWOULDBLOCK:
	case -EFBIG:
	case -ETIMEDOUT:
	case -EPIPE:
	case -EBADMSG:
		return MODULE_MAY_BLOCK;
	default:
		return MODULE_GONE;
	}
}

/* What open_module() gave. */
static void set_file(struct modules *modules, struct module *module, int opened)
{
	_cleanup_close_ int fd = opened;
	int error = fd < 0 ? fd : module_content_read(fd, &module->content);

	module->fd = -1;
	module->absence = absence_by(error);
	if (error)
		return;
	module->absence = MODULE_OPENED;
	module->owner = file_owner_of(&fd, 1);
	module->fd = take_fd(&fd);
	modules->open_files++;
}

/* An error that can be had without waiting stays the module's: MODULE_MAY_BLOCK. */
static void ask_for_copy(struct modules *modules, struct module *module,
			 const struct module_event *event)
{
	const struct opener_request request = {
		.id = module->id,
		.module = module->id,
		.size = module->key.size,
		.device = module->key.device,
		.user = event->uid,
		.place = place_of(event, module->kernel_path),
	};

	if (!modules->opener || module->is_awaited ||
	    modules->open_files >= modules->open_files_max ||
	    request.size > MODULES_MAX_COPY_BYTES - modules->totals.copy_bytes ||
	    opener_ask(modules->opener, &request))
		return;
	module->is_awaited = true;
	modules->totals.copy_bytes += request.size;
}

/* Opens its file, or asks for a copy of it. */
static void find_content(struct modules *modules, struct module *module,
			 const struct module_event *event)
{
	set_file(modules, module, open_module(modules, event, module->kernel_path));
	if (file_system_may_block(event->super_magic))
		ask_for_copy(modules, module, event);
}

static void take_copy(struct modules *modules, struct module *module,
		      const struct opener_answer *answer)
{
	set_file(modules, module, answer->error ? answer->error : answer->fd);
	module->is_awaited = false;
	module->is_copy = module->fd >= 0;
	if (!module->is_copy)
		modules->totals.copy_bytes -= module->key.size;
	else if (module->wants_rows)
		unwind_loader_request(modules->loader, module->id, module->fd);
}

void modules_take_copies(struct modules *modules)
{
	struct opener_answer answer;

	while (modules->opener && opener_take(modules->opener, &answer))
		take_copy(modules, &modules->entries[u64_map_get(&modules->ids, answer.id)],
			  &answer);
}

/* The content is another one, the file the same: then its older module's descriptor serves both. */
static bool borrow_file(const struct modules *modules, struct module *module,
			const struct module *older, const struct module_event *event)
{
	if (!older || older->fd < 0 || older->is_copy || !is_module(modules, older->fd, event) ||
	    module_content_read(older->fd, &module->content))
		return false;
	module->fd = older->fd;
	module->owner = older->owner;
	module->borrows_fd = true;
	return true;
}

/* Until it is done, and where it fails, the module's ticks say so: truncated(rows_missing). */
void modules_load_rows(struct modules *modules, uint64_t id)
{
	uint32_t index = u64_map_get(&modules->ids, id);
	struct module *module = index == U64_MAP_ABSENT ? NULL : &modules->entries[index];

	if (module && module->is_awaited)
		module->wants_rows = true;
	/* A file that was overwritten is another module by now. */
	if (module && module->fd >= 0 && module_is_unchanged(module)) {
		unwind_loader_request(modules->loader, module->id, module->fd);
		if (id != module->id)
			unwind_loader_request_alias(modules->loader, id, module->id);
	}
}

bool modules_rows_are_coming(const struct modules *modules, uint64_t id)
{
	const struct module *module = modules_find(modules, id);

	return module &&
	       (module->is_awaited || unwind_loader_is_pending(modules->loader, module->id));
}

bool modules_read(const struct modules *modules, uint64_t id, uint64_t offset, void *to,
		  size_t size)
{
	const struct module *module = modules_find(modules, id);

	return module && module->fd >= 0 && module_is_unchanged(module) &&
	       pread(module->fd, to, size, (off_t)offset) == (ssize_t)size;
}

bool module_is_unchanged(const struct module *module)
{
	return module_content_may_be(module->fd, &module->content);
}

void modules_note_use(struct modules *modules, uint64_t id)
{
	uint32_t index = u64_map_get(&modules->ids, id);

	if (index != U64_MAP_ABSENT)
		modules->entries[index].used_ns = clock_boottime_ns();
}

/* --- files and their keys --- */

/* NULL: out of memory, or another file than the known ones where there may be no more. */
static struct file *find_file(struct modules *modules, const struct module_key *key)
{
	const struct file_key file_key = { key->inode, key->device, key->generation };
	struct file *file;
	uint32_t index;

	if (record_pool_find(&modules->files, &file_key, &index))
		return record_pool_get(&modules->files, index);
	if (modules->count >= MODULES_MAX || record_pool_add(&modules->files, &file_key, &index))
		return NULL;
	file = record_pool_get(&modules->files, index);
	file->module = NO_MODULE;
	return file;
}

/*
 * Is this another key of the module, or of its file with another content? What the module's descriptor holds now it
 * has held ever since, so that a key from between is proven by its file alone: it may be outdated already.
 */
static bool is_alias(const struct modules *modules, const struct module *module,
		     const struct module_event *event)
{
	if (module->fd < 0 || module->is_copy || event->key.size != module->key.size ||
	    !module_content_is(module->fd, &module->content))
		return false;
	return (numbers_are_a_files_own(event->super_magic) &&
		is_not_older(&event->key, &module->key)) ||
	       is_module(modules, module->fd, event);
}

static void add_alias(struct modules *modules, struct file *file, uint64_t id)
{
	if (file->aliases >= MODULES_MAX_ALIASES_EACH ||
	    (modules->totals.aliases >= MODULES_MAX_ALIASES_TOTAL &&
	     file->aliases >= MODULES_MIN_ALIASES_EACH)) {
		modules->totals.refused++;
		return;
	}
	if (u64_map_set(&modules->ids, id, file->module))
		return;
	file->aliases++;
	modules->totals.aliases++;
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

static void add_module(struct modules *modules, struct file *file, const struct module_event *event,
		       const char *names, size_t size)
{
	const struct module *older =
		file->module == NO_MODULE ? NULL : &modules->entries[file->module];
	struct module module = { .id = event->id,
				 .key = event->key,
				 .used_ns = clock_boottime_ns() };
	const char *path = join_path(modules, names, size);
	const char *slash = path ? strrchr(path, '/') : NULL;

	module.kernel_path = path;
	module.name = slash ? slash + 1 : "";
	if (event->mount_namespace == modules->mount_namespace)
		module.path = path;
	if (u64_map_set(&modules->ids, event->id, modules->count))
		return;
	if (!borrow_file(modules, &module, older, event))
		find_content(modules, &module, event);
	/* One that came too late to be opened is not what the file holds now. */
	if (!older || older->fd < 0 || module.fd >= 0)
		file->module = modules->count;
	file->contents++;
	modules->entries[modules->count++] = module;
}

static void add_key(struct modules *modules, const struct module_event *event, const char *names,
		    size_t size)
{
	struct file *file = find_file(modules, &event->key);

	if (file && file->module != NO_MODULE &&
	    is_alias(modules, &modules->entries[file->module], event))
		add_alias(modules, file, event->id);
	else if (!file || file->contents >= MODULES_MAX_CONTENTS || !reserve_entry(modules))
		modules->totals.refused++;
	else
		add_module(modules, file, event, names, size);
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
		add_key(modules, module, names, size);
	else if (modules->entries[known].fd <
		 0) /* another process may still be there to open it through */
		find_content(modules, &modules->entries[known], module);
	modules_note_use(modules, module->id);
	if (module->type == EVENT_MODULE)
		modules_load_rows(modules, module->id);
}

/* --- forgetting --- */

static bool is_kept(const struct modules *modules, const struct module *module, uint64_t before_ns)
{
	return module->used_ns >= before_ns || module->is_awaited ||
	       (modules->loader && unwind_loader_is_pending(modules->loader, module->id));
}

static int keep_paths(struct modules *kept, struct module *module)
{
	const char *path = module->kernel_path ? arena_string(&kept->paths, module->kernel_path,
							      strlen(module->kernel_path))
					       : NULL;

	if (module->kernel_path && !path)
		return -ENOMEM;
	/* One of which no path was told has a name of its own, which is none. */
	if (path && *path)
		module->name = path + (module->name - module->kernel_path);
	if (module->path)
		module->path = path;
	module->kernel_path = path;
	return 0;
}

/* What was met last of a file stands behind what was met before. */
static int keep_module(struct modules *kept, const struct module *module)
{
	struct module *entry = &kept->entries[kept->count];
	struct file *file = find_file(kept, &module->key);
	int error;

	*entry = *module;
	error = file ? keep_paths(kept, entry) : -ENOMEM;
	if (!error)
		error = u64_map_set(&kept->ids, module->id, kept->count);
	if (error)
		return error;
	file->module = kept->count++;
	file->contents++;
	return 0;
}

/* Of modules that are kept. */
static int keep_aliases(const struct modules *modules, struct modules *kept)
{
	size_t position = 0;
	uint64_t id;
	uint32_t index;
	int error = 0;

	while (!error && u64_map_next(&modules->ids, &position, &id, &index)) {
		const struct module *module = &modules->entries[index];
		uint32_t now = u64_map_get(&kept->ids, module->id);
		struct file *file;

		if (id == module->id || now == U64_MAP_ABSENT)
			continue;
		error = u64_map_set(&kept->ids, id, now);
		file = find_file(kept, &module->key);
		if (file && !error)
			file->aliases++;
		kept->totals.aliases += !error;
	}
	return error;
}

/* A descriptor that another one borrows is that one's from then on. */
static void hand_on(struct modules *kept, const struct module *module)
{
	for (uint32_t i = 0; i < kept->count; i++)
		if (kept->entries[i].borrows_fd && kept->entries[i].fd == module->fd) {
			kept->entries[i].borrows_fd = false;
			return;
		}
	close(module->fd);
	kept->open_files--;
}

static void close_forgotten(const struct modules *modules, struct modules *kept)
{
	for (uint32_t i = 0; i < modules->count; i++) {
		const struct module *module = &modules->entries[i];

		if (u64_map_get(&kept->ids, module->id) != U64_MAP_ABSENT)
			continue;
		if (module->is_copy)
			kept->totals.copy_bytes -= module->key.size;
		if (module->fd >= 0 && !module->borrows_fd)
			hand_on(kept, module);
	}
}

int modules_forget(struct modules *modules, uint64_t before_ns)
{
	struct modules kept = *modules;
	uint32_t count = 0;
	int error = 0;

	for (uint32_t i = 0; i < modules->count; i++)
		count += is_kept(modules, &modules->entries[i], before_ns);
	if (count == modules->count)
		return 0;
	tables_init(&kept);
	kept.totals.aliases = 0;
	kept.entries = malloc((count + 1) * sizeof(*kept.entries));
	kept.capacity = count;
	if (!kept.entries)
		error = -ENOMEM;
	for (uint32_t i = 0; i < modules->count && !error; i++)
		if (is_kept(modules, &modules->entries[i], before_ns) && kept.count < count)
			error = keep_module(&kept, &modules->entries[i]);
	if (!error)
		error = keep_aliases(modules, &kept);
	if (error) {
		tables_release(&kept);
		return error;
	}
	close_forgotten(modules, &kept);
	tables_release(modules);
	*modules = kept;
	return 0;
}

/* --- asking --- */

const struct module *modules_find(const struct modules *modules, uint64_t id)
{
	uint32_t index = u64_map_get(&modules->ids, id);

	return index == U64_MAP_ABSENT ? NULL : &modules->entries[index];
}

uint64_t modules_canonical(const struct modules *modules, uint64_t id)
{
	const struct module *module = modules_find(modules, id);

	return module ? module->id : id;
}

void modules_read_totals(const struct modules *modules, struct modules_totals *ret_totals)
{
	*ret_totals = modules->totals;
	ret_totals->modules = modules->count;
	ret_totals->files = modules->files.count;
	ret_totals->file_limit = modules->file_limit;
	for (uint32_t i = 0; i < modules->count; i++)
		ret_totals->by_absence[modules->entries[i].absence]++;
}

const char *module_absence_name(enum module_absence absence)
{
	static const char *const names[] = {
		[MODULE_OPENED] = "opened",
		[MODULE_BEYOND_LIMIT] = "file_limit",
		[MODULE_MAY_BLOCK] = "may_block",
		[MODULE_GONE] = "gone",
	};

	return names[absence];
}
