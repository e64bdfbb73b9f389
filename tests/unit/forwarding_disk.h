/* SPDX-License-Identifier: Apache-2.0 */
/* A disk of SQLite's (sqlite.org/vfs.html) before the real one, for tests: files whose calls go on to the real ones, but for those that the test takes itself. */
#ifndef HEARTH_TESTS_UNIT_FORWARDING_DISK_H
#define HEARTH_TESTS_UNIT_FORWARDING_DISK_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* A file of SQLite's own, whose methods are called through ours. */
struct forwarding_file {
	sqlite3_file base;
	const sqlite3_io_methods *methods;
	sqlite3_io_methods forwarding; /* the test's own may be put into it once it is open */
	uint32_t number;               /* the test's */
	_Alignas(void *) char real[];
};

static sqlite3_vfs *disk; /* the real one */

static inline sqlite3_file *real_of(sqlite3_file *file)
{
	return (sqlite3_file *)((struct forwarding_file *)file)->real;
}

static inline const sqlite3_io_methods *methods_of(sqlite3_file *file)
{
	return ((struct forwarding_file *)file)->methods;
}

static inline int forward_close(sqlite3_file *file)
{
	return methods_of(file)->xClose(real_of(file));
}

static inline int forward_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
	return methods_of(file)->xRead(real_of(file), to, size, at);
}

static inline int forward_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
	return methods_of(file)->xWrite(real_of(file), from, size, at);
}

static inline int forward_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return methods_of(file)->xTruncate(real_of(file), size);
}

static inline int forward_sync(sqlite3_file *file, int flags)
{
	return methods_of(file)->xSync(real_of(file), flags);
}

static inline int forward_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	return methods_of(file)->xFileSize(real_of(file), ret_size);
}

static inline int forward_lock(sqlite3_file *file, int lock)
{
	return methods_of(file)->xLock(real_of(file), lock);
}

static inline int forward_unlock(sqlite3_file *file, int lock)
{
	return methods_of(file)->xUnlock(real_of(file), lock);
}

static inline int forward_check_lock(sqlite3_file *file, int *ret_is_locked)
{
	return methods_of(file)->xCheckReservedLock(real_of(file), ret_is_locked);
}

static inline int forward_control(sqlite3_file *file, int operation, void *argument)
{
	return methods_of(file)->xFileControl(real_of(file), operation, argument);
}

static inline int forward_sector_size(sqlite3_file *file)
{
	return methods_of(file)->xSectorSize(real_of(file));
}

static inline int forward_characteristics(sqlite3_file *file)
{
	return methods_of(file)->xDeviceCharacteristics(real_of(file));
}

static inline int forward_map(sqlite3_file *file, int page, int size, int extends,
			      void volatile **ret_page)
{
	return methods_of(file)->xShmMap(real_of(file), page, size, extends, ret_page);
}

static inline int forward_shared_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return methods_of(file)->xShmLock(real_of(file), offset, count, flags);
}

static inline void forward_barrier(sqlite3_file *file)
{
	methods_of(file)->xShmBarrier(real_of(file));
}

static inline int forward_unmap(sqlite3_file *file, int deletes)
{
	return methods_of(file)->xShmUnmap(real_of(file), deletes);
}

static inline int forward_open(const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct forwarding_file *forwarding = (struct forwarding_file *)file;
	int result;

	forwarding->base.pMethods = NULL;
	result = disk->xOpen(disk, name, real_of(file), flags, ret_flags);
	if (result != SQLITE_OK)
		return result;
	forwarding->methods = real_of(file)->pMethods;
	forwarding->forwarding = (sqlite3_io_methods){
		.iVersion = 2,
		.xClose = forward_close,
		.xRead = forward_read,
		.xWrite = forward_write,
		.xTruncate = forward_truncate,
		.xSync = forward_sync,
		.xFileSize = forward_size,
		.xLock = forward_lock,
		.xUnlock = forward_unlock,
		.xCheckReservedLock = forward_check_lock,
		.xFileControl = forward_control,
		.xSectorSize = forward_sector_size,
		.xDeviceCharacteristics = forward_characteristics,
		.xShmMap = forward_map,
		.xShmLock = forward_shared_lock,
		.xShmBarrier = forward_barrier,
		.xShmUnmap = forward_unmap,
	};
	forwarding->base.pMethods = &forwarding->forwarding;
	return SQLITE_OK;
}

/* Makes a disk of that name the one that is used, whose files are opened by `open`. SQLITE_OK or its error. */
static inline int forwarding_disk_use(sqlite3_vfs *forwarding, const char *name,
				      int (*open)(sqlite3_vfs *, const char *, sqlite3_file *, int,
						  int *))
{
	disk = sqlite3_vfs_find(NULL);
	*forwarding = *disk;
	forwarding->zName = name;
	forwarding->pNext = NULL;
	forwarding->szOsFile = (int)sizeof(struct forwarding_file) + disk->szOsFile;
	forwarding->xOpen = open;
	return sqlite3_vfs_register(forwarding, 1);
}

#endif
