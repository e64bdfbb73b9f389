/* SPDX-License-Identifier: Apache-2.0 */
/* cage.c and cage_filter.c, seen from inside (each attempt must fail) and from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "worker/cage.h"

#define EXTRA_BYTES (64u << 20) /* of memory, beyond what a sanitized program has from the start */
#define CPU_SECONDS 40
#define LOW_SECONDS 20

/* Made ahead of the cage, for those inside to try. */
static struct {
	pid_t parent;
	char secret[16];
} outside = { .secret = "secret" };

/* --- attempts: 0, or the errno with which they failed --- */

#define ATTEMPT(name, call)                          \
	static int try_##name(void)                  \
	{                                            \
		errno = 0;                           \
		return (long)(call) < 0 ? errno : 0; \
	}

static char stolen[16];
static const struct iovec stolen_to = { stolen, sizeof(stolen) };
static const struct iovec stolen_from = { outside.secret, sizeof(outside.secret) };
static char *const no_strings[] = { NULL };

/* Through the system call itself, past what the C library or the sanitizers make of it. */
ATTEMPT(open, syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY))
ATTEMPT(open_to_write, syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY))
ATTEMPT(open_below, syscall(SYS_openat, STDERR_FILENO, "x", O_RDONLY))
ATTEMPT(openat2, syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0))
ATTEMPT(stat, syscall(SYS_newfstatat, AT_FDCWD, "/", &(struct stat){ 0 }, 0))
ATTEMPT(read_folder, syscall(SYS_getdents64, 0, stolen, sizeof(stolen)))
ATTEMPT(socket, syscall(SYS_socket, AF_INET, SOCK_STREAM, 0))
ATTEMPT(socketpair, syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 }))
ATTEMPT(connect, syscall(SYS_connect, 0, &(struct sockaddr){ AF_UNIX }, sizeof(struct sockaddr)))
ATTEMPT(ptrace, syscall(SYS_ptrace, PTRACE_SEIZE, outside.parent, 0, 0))
ATTEMPT(read_process,
	syscall(SYS_process_vm_readv, outside.parent, &stolen_to, 1, &stolen_from, 1, 0))
ATTEMPT(read_itself, syscall(SYS_process_vm_readv, getpid(), &stolen_to, 1, &stolen_from, 1, 0))
ATTEMPT(pidfd, syscall(SYS_pidfd_open, outside.parent, 0))
ATTEMPT(kill, syscall(SYS_kill, outside.parent, 0))
ATTEMPT(tgkill, syscall(SYS_tgkill, outside.parent, outside.parent, 0))
ATTEMPT(fork, syscall(SYS_fork))
ATTEMPT(clone, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
ATTEMPT(clone_with_memory, syscall(SYS_clone, CLONE_VM | SIGCHLD, 0, 0, 0, 0))
ATTEMPT(clone3, syscall(SYS_clone3, NULL, 0))
ATTEMPT(exec, syscall(SYS_execve, "/proc/self/exe", no_strings, no_strings))
ATTEMPT(exec_by_descriptor, syscall(SYS_execveat, 0, "", no_strings, no_strings, AT_EMPTY_PATH))
ATTEMPT(map_to_execute,
	syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
ATTEMPT(map_shared, syscall(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
ATTEMPT(make_executable, syscall(SYS_mprotect, (uintptr_t)stolen & ~4095ul, 4096, PROT_EXEC))
ATTEMPT(memfd, syscall(SYS_memfd_create, "x", 0))
ATTEMPT(be_signalled, syscall(SYS_fcntl, 0, F_SETOWN, outside.parent))
ATTEMPT(be_dumpable, syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0))
ATTEMPT(be_root, syscall(SYS_setresuid, 0, 0, 0))
ATTEMPT(unshare, syscall(SYS_unshare, 0x10000000))
ATTEMPT(more_memory, syscall(SYS_prlimit64, 0, RLIMIT_DATA, NULL, NULL))
ATTEMPT(bpf, syscall(SYS_bpf, 0, NULL, 0))
ATTEMPT(io_uring, syscall(SYS_io_uring_setup, 1, NULL))
ATTEMPT(userfaultfd, syscall(SYS_userfaultfd, 0))
ATTEMPT(call_of_x32, syscall(0x40000000 | SYS_getpid))

static int try_write_to_what_was_open(void)
{
	for (int fd = STDERR_FILENO + 1; fd < 4096; fd++)
		if (write(fd, "x", 1) >= 0 || errno != EBADF)
			return 0;
	return EBADF;
}

static int try_eat_memory(void)
{
	for (unsigned int i = 0; i <= EXTRA_BYTES >> 20; i++)
		if (syscall(SYS_mmap, 0, 1 << 20, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < 0)
			return errno;
	return 0;
}

#define THREAD_FLAGS                                                                        \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static struct {
	char stack[16384] __attribute__((aligned(16)));
	pid_t id; /* 0 when it has ended */
} threads[2];
static int threads_may_end;

static int stay(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&threads_may_end, __ATOMIC_ACQUIRE)) {
	}
	return 0;
}

/* As pthread_create() does it; what the sanitizers do in a thread besides is refused. */
static int make_thread(size_t i)
{
	void *top = threads[i].stack + sizeof(threads[i].stack);

	return clone(stay, top, THREAD_FLAGS, NULL, &threads[i].id, __builtin_thread_pointer(),
		     &threads[i].id) < 0
		       ? errno
		       : 0;
}

/* Two of them at a time: which error comes, and whether one was made. */
static int try_make_two_threads(void)
{
	int first = make_thread(0), second = first ? first : make_thread(1);

	__atomic_store_n(&threads_may_end, 1, __ATOMIC_RELEASE);
	while (!first && __atomic_load_n(&threads[0].id, __ATOMIC_ACQUIRE)) {
	}
	return second;
}

/* What has to go on. */
static int try_use_memory(void)
{
	char *memory = malloc(1 << 20);
	int went_wrong = !memory || !realloc(memory, 4 << 20);

	return went_wrong;
}

/* Whatever they are for, files of root's are none that the opener could write. */
static int try_write_file_of_root(void)
{
	const struct open_how how = { .flags = O_WRONLY };

	return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how)) < 0 ? errno : 0;
}

/* What is expected, by kind. */
#define EXPECTED(name, of_reader, of_opener, of_renderer, of_front)                  \
	{                                                                            \
#name, try_##name,                                                   \
		{                                                                    \
			[CAGE_OF_READER] = of_reader, [CAGE_OF_OPENER] = of_opener,  \
			[CAGE_OF_RENDERER] = of_renderer, [CAGE_OF_FRONT] = of_front \
		}                                                                    \
	}
#define REFUSED(name)             EXPECTED(name, EPERM, EPERM, EPERM, EPERM)
#define OF_OPENER(name, expected) EXPECTED(name, EPERM, expected, EPERM, EPERM)
#define OF_FRONT(name, expected)  EXPECTED(name, EPERM, EPERM, EPERM, expected)

static const struct {
	const char *name;
	int (*try)(void);
	int expected[CAGE_OF_FRONT + 1];
} attempts[] = {
	EXPECTED(write_to_what_was_open, EBADF, EBADF, EBADF, EBADF),
	EXPECTED(open, EPERM, 0, EPERM, 0),
	EXPECTED(open_below, EPERM, ENOTDIR, EPERM, ENOTDIR),
	OF_OPENER(openat2, EINVAL),
	OF_OPENER(write_file_of_root, EACCES),
	REFUSED(open_to_write),
	OF_FRONT(stat, 0),
	OF_FRONT(read_folder, ENOTDIR),
	REFUSED(socket),
	REFUSED(socketpair),
	REFUSED(connect),
	REFUSED(ptrace),
	REFUSED(read_process),
	REFUSED(read_itself),
	REFUSED(pidfd),
	REFUSED(kill),
	REFUSED(tgkill),
	REFUSED(fork),
	REFUSED(clone),
	REFUSED(clone_with_memory),
	EXPECTED(clone3, EPERM, EPERM, ENOSYS, ENOSYS),
	EXPECTED(make_two_threads, EPERM, EPERM, EAGAIN, EAGAIN),
	REFUSED(exec),
	REFUSED(exec_by_descriptor),
	REFUSED(map_to_execute),
	OF_FRONT(map_shared, 0), /* to be read */
	REFUSED(make_executable),
	OF_OPENER(memfd, 0),
	REFUSED(be_signalled),
	REFUSED(be_dumpable),
	REFUSED(be_root),
	REFUSED(unshare),
	REFUSED(more_memory),
	REFUSED(bpf),
	REFUSED(io_uring),
	REFUSED(userfaultfd),
	REFUSED(call_of_x32),
	EXPECTED(use_memory, 0, 0, 0, 0),
	EXPECTED(eat_memory, ENOMEM, ENOMEM, ENOMEM, ENOMEM),
};

#define ATTEMPTS (sizeof(attempts) / sizeof(attempts[0]))

/* --- a process in the cage --- */

struct caged {
	enum cage_kind kind;
	pid_t pid;
	int socket;
	int entered; /* what cage_enter() gave */
	int results[ATTEMPTS];
};

static uint64_t number_of(pid_t pid, const char *field, int base)
{
	struct buffer text = { 0 };
	char path[64];
	const char *found;
	uint64_t number;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	assert_int_equal(buffer_read_file(&text, path, 1 << 20), 0);
	found = strstr(buffer_string(&text), field);
	assert_non_null(found);
	number = strtoull(found + strlen(field), NULL, base);
	buffer_release(&text);
	return number;
}

static void __attribute__((noreturn))
live_caged(int socket, uint64_t data_bytes, enum cage_kind kind)
{
	const struct cage_limits limits = {
		.data_bytes = data_bytes,
		.cpu_seconds = CPU_SECONDS,
		.kind = kind,
		.root = "/usr",
		.threads = 2,
		.descriptors = CAGE_MAX_DESCRIPTORS,
	};
	int results[1 + ATTEMPTS] = { 0 };
	const char *failed = "";
	char wait;

	results[0] = cage_enter(socket, &limits, &failed);
	for (size_t i = 0; i < ATTEMPTS && !results[0]; i++)
		results[1 + i] = attempts[i].try();
	results[0] |= write(CAGE_SOCKET, results, sizeof(results)) < 0;
	results[0] |= read(CAGE_SOCKET, &wait, 1) < 0;
	/* Not _exit(): the sanitizers would look for leaks, from a process that they cannot make. */
	syscall(SYS_exit_group, results[0] ? 1 : 0);
	__builtin_unreachable();
}

static int start_caged(void **state, enum cage_kind kind)
{
	static struct caged caged;
	uint64_t data_bytes = (number_of(getpid(), "VmData:", 10) << 10) + EXTRA_BYTES;
	int results[1 + ATTEMPTS];
	int sockets[2];

	if (geteuid())
		return 0;
	outside.parent = getpid();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	caged.pid = fork();
	if (!caged.pid)
		live_caged(sockets[1], data_bytes, kind);
	close(sockets[1]);
	caged.socket = sockets[0];
	assert_int_equal(recv(caged.socket, results, sizeof(results), MSG_WAITALL),
			 sizeof(results));
	caged.kind = kind;
	caged.entered = results[0];
	memcpy(caged.results, results + 1, sizeof(caged.results));
	*state = &caged;
	return 0;
}

static int setup(void **state)
{
	return start_caged(state, CAGE_OF_READER);
}

static int setup_opener(void **state)
{
	return start_caged(state, CAGE_OF_OPENER);
}

static int setup_renderer(void **state)
{
	return start_caged(state, CAGE_OF_RENDERER);
}

static int setup_front(void **state)
{
	return start_caged(state, CAGE_OF_FRONT);
}

static int teardown(void **state)
{
	struct caged *caged = *state;
	int status;

	if (!caged)
		return 0;
	close(caged->socket);
	return waitpid(caged->pid, &status, 0) == caged->pid && status == 0 ? 0 : -1;
}

/* The cage can be built by root only. */
static struct caged *caged_or_skip(void **state)
{
	struct caged *caged = *state;

	if (!caged)
		skip();
	assert_int_equal(caged->entered, 0);
	return caged;
}

static void test_attempts_fail(void **state)
{
	const struct caged *caged = caged_or_skip(state);

	for (size_t i = 0; i < ATTEMPTS; i++)
		if (caged->results[i] != attempts[i].expected[caged->kind])
			fail_msg("%s: %s", attempts[i].name, strerror(caged->results[i]));
}

static void test_privileges(void **state)
{
	const struct caged *caged = caged_or_skip(state);
	static const char *const sets[] = { "CapInh:", "CapBnd:", "CapAmb:", "CapPrm:", "CapEff:" };
	const uint64_t opens = 1ull << CAP_SYS_PTRACE | 1ull << CAP_CHECKPOINT_RESTORE |
			       1ull << CAP_DAC_READ_SEARCH;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		assert_int_equal(number_of(caged->pid, sets[i], 16),
				 caged->kind == CAGE_OF_OPENER && i >= 3 ? opens : 0);
	assert_int_equal(number_of(caged->pid, "NoNewPrivs:", 10), 1);
	assert_int_equal(number_of(caged->pid, "Seccomp:", 10), 2);
	assert_int_equal(number_of(caged->pid, "Uid:", 10), CAGE_FIRST_ID + (uint64_t)caged->pid);
	assert_int_equal(number_of(caged->pid, "Gid:", 10), CAGE_FIRST_ID + (uint64_t)caged->pid);
}

/* The kernel gives the files in /proc of what is not dumpable to root. */
static void test_is_not_dumpable(void **state)
{
	const struct caged *caged = caged_or_skip(state);
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", caged->pid);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_uid, 0);
}

static size_t count_entries(pid_t pid, const char *folder)
{
	char path[64];
	size_t count = 0;
	DIR *opened;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, folder);
	opened = opendir(path);
	assert_non_null(opened);
	for (struct dirent *entry = readdir(opened); entry; entry = readdir(opened))
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(opened);
	return count;
}

static void test_has_no_files(void **state)
{
	const struct caged *caged = caged_or_skip(state);
	struct buffer mounts = { 0 };
	char path[64];

	assert_int_equal(count_entries(caged->pid, "root/"), 0);
	assert_int_equal(count_entries(caged->pid, "fd"), 3);
	snprintf(path, sizeof(path), "/proc/%d/mounts", caged->pid);
	assert_int_equal(buffer_read_file(&mounts, path, 1 << 20), 0);
	assert_non_null(buffer_string(&mounts));
	assert_ptr_equal(strchr(mounts.data, '\n') + 1, mounts.data + mounts.size);
	assert_non_null(strstr(mounts.data, " / tmpfs ro,nosuid,nodev,noexec"));
	buffer_release(&mounts);
}

/* But the one that it keeps, to be read. */
static void test_has_one_folder(void **state)
{
	const struct caged *caged = caged_or_skip(state);
	struct buffer mounts = { 0 };
	struct stat kept, inside;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root/", caged->pid);
	assert_int_equal(stat("/usr", &kept), 0);
	assert_int_equal(stat(path, &inside), 0);
	assert_int_equal(inside.st_ino, kept.st_ino);
	snprintf(path, sizeof(path), "/proc/%d/mounts", caged->pid);
	assert_int_equal(buffer_read_file(&mounts, path, 1 << 20), 0);
	assert_non_null(buffer_string(&mounts));
	assert_ptr_equal(strchr(mounts.data, '\n') + 1, mounts.data + mounts.size);
	assert_non_null(strstr(mounts.data, " ro,nosuid,nodev,noexec"));
	buffer_release(&mounts);
}

static void test_has_no_network(void **state)
{
	const struct caged *caged = caged_or_skip(state);
	char path[64], inside[64] = "", here[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/net", caged->pid);
	assert_true(readlink(path, inside, sizeof(inside) - 1) > 0);
	assert_true(readlink("/proc/self/ns/net", here, sizeof(here) - 1) > 0);
	assert_string_not_equal(inside, here);
}

static void check_limit(pid_t pid, const char *name, unsigned int most)
{
	struct buffer text = { 0 };
	char path[64], line[80];

	snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	assert_int_equal(buffer_read_file(&text, path, 1 << 20), 0);
	snprintf(line, sizeof(line), "%-25s %-20u %-20u ", name, most, most);
	if (!strstr(buffer_string(&text), line))
		fail_msg("not there: %s", line);
	buffer_release(&text);
}

static void test_limits(void **state)
{
	const struct caged *caged = caged_or_skip(state);
	static const struct {
		const char *name; /* in /proc/PID/limits */
		unsigned int most;
	} limits[] = {
		{ "Max cpu time", CPU_SECONDS }, { "Max processes", 0 },
		{ "Max file size", 0 },          { "Max core file size", 0 },
		{ "Max locked memory", 0 },      { "Max open files", CAGE_MAX_DESCRIPTORS },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (caged->kind < CAGE_OF_RENDERER || strcmp(limits[i].name, "Max processes") != 0)
			check_limit(caged->pid, limits[i].name, limits[i].most);
}

/* Less than the cage allows, and no privilege to raise it, as in a container or a service. */
static int take_low_limit(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct rlimit low = { LOW_SECONDS, LOW_SECONDS };
	struct __user_cap_data_struct held[2];

	if (setrlimit(RLIMIT_CPU, &low) || syscall(SYS_capget, &header, held))
		return -1;
	held[0].effective &= ~(1u << CAP_SYS_RESOURCE);
	held[0].permitted &= ~(1u << CAP_SYS_RESOURCE);
	return syscall(SYS_capset, &header, held);
}

static void test_keeps_a_lower_limit(void **state)
{
	const uint64_t data_bytes = (number_of(getpid(), "VmData:", 10) << 10) + EXTRA_BYTES;
	int sockets[2], results[1 + ATTEMPTS], status;
	pid_t pid;

	(void)caged_or_skip(state);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	pid = fork();
	if (!pid) {
		if (take_low_limit())
			syscall(SYS_exit_group, 2);
		live_caged(sockets[1], data_bytes, CAGE_OF_READER);
	}
	close(sockets[1]);
	assert_int_equal(recv(sockets[0], results, sizeof(results), MSG_WAITALL), sizeof(results));
	assert_int_equal(results[0], 0);
	check_limit(pid, "Max cpu time", LOW_SECONDS);
	close(sockets[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A root that is no mount, with /proc and /dev below it. */
static int enter_chroot(const char *root)
{
	char proc[80], dev[80];

	snprintf(proc, sizeof(proc), "%s/proc", root);
	snprintf(dev, sizeof(dev), "%s/dev", root);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mkdir(proc, 0700) || mkdir(dev, 0700) || mount("/proc", proc, NULL, MS_BIND, NULL) ||
	    mount("/dev", dev, NULL, MS_BIND, NULL) || chroot(root) || chdir("/"))
		return -1;
	return 0;
}

static void test_in_a_chroot(void **state)
{
	const uint64_t data_bytes = (number_of(getpid(), "VmData:", 10) << 10) + EXTRA_BYTES;
	char root[] = "/tmp/hearth-cage.XXXXXX", path[80];
	int sockets[2], results[1 + ATTEMPTS], status;
	pid_t pid;

	(void)caged_or_skip(state);
	assert_non_null(mkdtemp(root));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	pid = fork();
	if (!pid) {
		if (enter_chroot(root))
			syscall(SYS_exit_group, 2);
		live_caged(sockets[1], data_bytes, CAGE_OF_READER);
	}
	close(sockets[1]);
	assert_int_equal(recv(sockets[0], results, sizeof(results), MSG_WAITALL), sizeof(results));
	assert_int_equal(results[0], 0);
	assert_int_equal(count_entries(pid, "root/"), 0);
	assert_int_equal(count_entries(pid, "cwd/"), 0);
	close(sockets[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(path, sizeof(path), "%s/proc", root);
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/dev", root);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(root), 0);
}

/* Without the privileges it is said what is lacking, and nobody is half inside unawares. */
static void test_fails_with_a_word(void **state)
{
	const struct cage_limits limits = { 1 << 30, CPU_SECONDS };
	int status;
	pid_t pid;

	(void)caged_or_skip(state);
	pid = fork();
	if (!pid) {
		const char *failed = "";
		int error = setresuid(65534, 65534, 65534) ? 0 : cage_enter(0, &limits, &failed);

		_exit(error == -EPERM && strstr(failed, "namespaces") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts_fail),
		cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_is_not_dumpable),
		cmocka_unit_test(test_has_no_files),
		cmocka_unit_test(test_has_no_network),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_in_a_chroot),
		cmocka_unit_test(test_fails_with_a_word),
		cmocka_unit_test(test_keeps_a_lower_limit),
	};

	/* What differs is said there. */
	const struct CMUnitTest tests_of_opener[] = {
		cmocka_unit_test(test_attempts_fail),   cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_is_not_dumpable), cmocka_unit_test(test_has_no_network),
		cmocka_unit_test(test_limits),
	};

	const struct CMUnitTest tests_of_renderer[] = {
		cmocka_unit_test(test_attempts_fail),   cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_is_not_dumpable), cmocka_unit_test(test_has_no_files),
		cmocka_unit_test(test_has_no_network),  cmocka_unit_test(test_limits),
	};

	const struct CMUnitTest tests_of_front[] = {
		cmocka_unit_test(test_attempts_fail),   cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_is_not_dumpable), cmocka_unit_test(test_has_one_folder),
		cmocka_unit_test(test_has_no_network),  cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown) +
	       cmocka_run_group_tests(tests_of_opener, setup_opener, teardown) +
	       cmocka_run_group_tests(tests_of_renderer, setup_renderer, teardown) +
	       cmocka_run_group_tests(tests_of_front, setup_front, teardown);
}
