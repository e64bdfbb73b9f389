/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands before the C library (LD_PRELOAD) and lets one call of a program fail, for test_nth_failure.py.
 *
 *     FAIL_KIND=KIND       which calls: a row of the table below
 *     FAIL_AT=N            the n-th of them, counted from 1; 0: none
 *     FAIL_FOR_GOOD=1      and all that follow
 *     FAIL_COUNT=FILE      where the number of calls is counted, as 64 bits: a file that is so large
 *
 * Calls are counted from main() on until it returns, those of the libraries that it uses too. A child that is forked counts on, in the
 * same file; in one that is another program, without this environment, nothing fails. What goes to standard error never fails: it is what
 * a test reads.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { MEMORY, OPEN, READ, WRITE, SYNC, NAME, TRUNCATE, STATUS, MAP, THREAD, PROCESS, KINDS };

static const struct {
	const char *name;
	int error;
} kinds[KINDS] = {
	[MEMORY] = { "memory", ENOMEM },   [OPEN] = { "open", EMFILE },
	[READ] = { "read", EIO },          [WRITE] = { "write", ENOSPC },
	[SYNC] = { "sync", EIO },          [NAME] = { "name", ENOSPC },
	[TRUNCATE] = { "truncate", EIO },  [STATUS] = { "status", EIO },
	[MAP] = { "map", ENOMEM },         [THREAD] = { "thread", EAGAIN },
	[PROCESS] = { "process", EAGAIN },
};

static enum kind kind = KINDS;
static uint64_t at;
static bool is_for_good;
static _Atomic uint64_t *count; /* NULL: none is counted */
static __thread bool is_compiling;

/* True: this call is to fail, and errno says why. */
static bool fails(enum kind called)
{
	uint64_t number;

	if (!count || called != kind || is_compiling)
		return false;
	number = atomic_fetch_add(count, 1) + 1;
	if (!at || (is_for_good ? number < at : number != at))
		return false;
	errno = kinds[called].error;
	return true;
}

/* --- from main() on --- */

typedef int (*main_fn)(int argc, char **argv, char **environment);

static main_fn real_main;

static _Atomic uint64_t *map_count(void)
{
	const char *path = getenv("FAIL_COUNT");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped = MAP_FAILED;

	if (fd >= 0) {
		mapped = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	return mapped == MAP_FAILED ? NULL : mapped;
}

static int counted_main(int argc, char **argv, char **environment)
{
	const char *name = getenv("FAIL_KIND"), *number = getenv("FAIL_AT");
	int status;

	for (enum kind i = 0; name && i < KINDS; i++)
		if (!strcmp(name, kinds[i].name))
			kind = i;
	at = number ? strtoull(number, NULL, 10) : 0;
	is_for_good = getenv("FAIL_FOR_GOOD");
	count = map_count();
	status = real_main(argc, argv, environment);
	count = NULL;
	return status;
}

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return found;
}

int __libc_start_main(main_fn program, int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(main_fn program, int argc, char **argv, void (*init)(void),
		      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	real_main = program;
	return REAL(__libc_start_main)(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* --- memory: looking these up would take some --- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
	return fails(MEMORY) ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return fails(MEMORY) ? NULL : __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size)
{
	return fails(MEMORY) ? NULL : __libc_realloc(memory, size);
}

/* As a whole: glibc's frees twice where memory runs out within it. */
int regcomp(regex_t *regexp, const char *pattern, int flags)
{
	static __typeof__(&regcomp) found;
	int error;

	if (!found)
		found = REAL(regcomp);
	if (fails(MEMORY))
		return REG_ESPACE;
	is_compiling = true;
	error = found(regexp, pattern, flags);
	is_compiling = false;
	return error;
}

/* --- what gives -1 or NULL --- */

#define WRAPPED(kind, type, failed, name, parameters, arguments) \
	type name parameters                                     \
	{                                                        \
		static __typeof__(&name) found;                  \
                                                                 \
		if (!found)                                      \
			found = REAL(name);                      \
		return fails(kind) ? failed : found arguments;   \
	}

WRAPPED(OPEN, FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
WRAPPED(OPEN, FILE *, NULL, fdopen, (int fd, const char *mode), (fd, mode))
WRAPPED(OPEN, DIR *, NULL, opendir, (const char *path), (path))
WRAPPED(OPEN, int, -1, dup2, (int from, int to), (from, to))
WRAPPED(OPEN, int, -1, pipe2, (int ends[2], int flags), (ends, flags))
WRAPPED(OPEN, int, -1, socketpair, (int family, int type, int protocol, int ends[2]),
	(family, type, protocol, ends))
WRAPPED(OPEN, int, -1, memfd_create, (const char *name, unsigned int flags), (name, flags))
WRAPPED(READ, ssize_t, -1, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
WRAPPED(READ, ssize_t, -1, pread, (int fd, void *bytes, size_t size, off_t offset),
	(fd, bytes, size, offset))
WRAPPED(READ, ssize_t, -1, pread64, (int fd, void *bytes, size_t size, off64_t offset),
	(fd, bytes, size, offset))
WRAPPED(WRITE, ssize_t, -1, pwrite64, (int fd, const void *bytes, size_t size, off64_t offset),
	(fd, bytes, size, offset))
WRAPPED(SYNC, int, -1, fsync, (int fd), (fd))
WRAPPED(SYNC, int, -1, fdatasync, (int fd), (fd))
WRAPPED(NAME, int, -1, rename, (const char *from, const char *to), (from, to))
WRAPPED(NAME, int, -1, renameat2,
	(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags),
	(from_folder, from, to_folder, to, flags))
WRAPPED(NAME, int, -1, linkat,
	(int from_folder, const char *from, int to_folder, const char *to, int flags),
	(from_folder, from, to_folder, to, flags))
WRAPPED(NAME, int, -1, unlink, (const char *path), (path))
WRAPPED(NAME, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
WRAPPED(TRUNCATE, int, -1, ftruncate, (int fd, off_t size), (fd, size))
WRAPPED(TRUNCATE, int, -1, ftruncate64, (int fd, off64_t size), (fd, size))
WRAPPED(STATUS, int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
WRAPPED(STATUS, int, -1, fchown, (int fd, uid_t user, gid_t group), (fd, user, group))
WRAPPED(STATUS, int, -1, stat, (const char *path, struct stat *status), (path, status))
WRAPPED(STATUS, int, -1, lstat, (const char *path, struct stat *status), (path, status))
WRAPPED(STATUS, int, -1, fstat, (int fd, struct stat *status), (fd, status))
WRAPPED(STATUS, int, -1, stat64, (const char *path, struct stat64 *status), (path, status))
WRAPPED(STATUS, int, -1, lstat64, (const char *path, struct stat64 *status), (path, status))
WRAPPED(STATUS, int, -1, fstat64, (int fd, struct stat64 *status), (fd, status))
WRAPPED(MAP, void *, MAP_FAILED, mmap,
	(void *where, size_t size, int protection, int flags, int fd, off_t offset),
	(where, size, protection, flags, fd, offset))
WRAPPED(MAP, void *, MAP_FAILED, mmap64,
	(void *where, size_t size, int protection, int flags, int fd, off64_t offset),
	(where, size, protection, flags, fd, offset))
WRAPPED(PROCESS, pid_t, -1, fork, (void), ())

/* Their errors are what they give. */
WRAPPED(THREAD, int, EAGAIN, pthread_create,
	(pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context),
	(thread, attributes, run, context))
WRAPPED(PROCESS, int, EAGAIN, posix_spawn,
	(pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
	 const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]),
	(pid, path, actions, attributes, arguments, environment))

/* --- the others --- */

ssize_t write(int fd, const void *bytes, size_t size)
{
	static __typeof__(&write) found;

	if (!found)
		found = REAL(write);
	return fd != STDERR_FILENO && fails(WRITE) ? -1 : found(fd, bytes, size);
}

/* What stdio writes it writes by a way of its own. */
int fflush(FILE *stream)
{
	static __typeof__(&fflush) found;

	if (!found)
		found = REAL(fflush);
	return stream != stderr && fails(WRITE) ? EOF : found(stream);
}

/* The mode stands there where a file may be made. */
#define WRAPPED_OPEN(name, parameters, ...)                                \
	int name parameters                                                \
	{                                                                  \
		static __typeof__(&name) found;                            \
		mode_t mode = 0;                                           \
		va_list more;                                              \
                                                                           \
		if (!found)                                                \
			found = REAL(name);                                \
		va_start(more, flags);                                     \
		if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)   \
			mode = va_arg(more, mode_t);                       \
		va_end(more);                                              \
		return fails(OPEN) ? -1 : found(__VA_ARGS__, flags, mode); \
	}

WRAPPED_OPEN(open, (const char *path, int flags, ...), path)
WRAPPED_OPEN(open64, (const char *path, int flags, ...), path)
WRAPPED_OPEN(openat, (int folder, const char *path, int flags, ...), folder, path)
WRAPPED_OPEN(openat64, (int folder, const char *path, int flags, ...), folder, path)

int fcntl(int fd, int command, ...)
{
	static __typeof__(&fcntl) found;
	va_list more;
	void *argument;

	if (!found)
		found = REAL(fcntl);
	va_start(more, command);
	argument = va_arg(more, void *);
	va_end(more);
	return command == F_DUPFD_CLOEXEC && fails(OPEN) ? -1 : found(fd, command, argument);
}
