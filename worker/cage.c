/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "worker/cage_filter.h"

#define STACK_BYTES (8u << 20)

/* Any folder that is surely there; only this process sees it covered. */
#define COVERED "/proc"

/* What is kept is first moved out of the way, wherever it was. */
static int move_away(int fd, const struct cage_limits *limits)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, CAGE_INPUT + (int)limits->input_count);
}

static int place_inputs(const struct cage_limits *limits, const int *moved)
{
	for (size_t i = 0; i < limits->input_count; i++)
		if (moved[i] < 0 || dup2(moved[i], CAGE_INPUT + (int)i) < 0)
			return -errno;
	return 0;
}

static int leave_descriptors(int socket, const struct cage_limits *limits)
{
	const unsigned int first_unused = CAGE_INPUT + (unsigned int)limits->input_count;
	int moved[CAGE_MAX_INPUTS], null = open("/dev/null", O_RDWR | O_CLOEXEC), error;

	null = move_away(null, limits);
	for (size_t i = 0; i < limits->input_count; i++)
		moved[i] = move_away(limits->inputs[i], limits);
	/* First of all, so that whatever fails is told there, and not to what was there before. */
	if (dup2(socket, CAGE_SOCKET) < 0 || null < 0)
		return -errno;
	error = place_inputs(limits, moved);
	if (error)
		return error;
	if (dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		return -errno;
	return syscall(SYS_close_range, first_unused, ~0u, 0) ? -errno : 0;
}

static int leave_namespaces(const struct cage_limits *limits)
{
	/* Mounts of its own would keep those that are unmounted elsewhere. */
	const int mounts = limits->kind == CAGE_OF_OPENER ? 0 : CLONE_NEWNS;

	return unshare(mounts | CLONE_NEWNET | CLONE_NEWIPC) ? -errno : 0;
}

/* Nothing that is mounted here is seen elsewhere. In a chroot() "/" may be no mount, and what is covered alone counts. */
static int keep_mounts_apart(void)
{
	if (!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 0;
	return errno != EINVAL || mount(NULL, COVERED, NULL, MS_PRIVATE, NULL) ? -errno : 0;
}

/*
 * The old root is unmounted here. It cannot be where it is the first of all (an initramfs), or no mount: without capabilities and
 * without a descriptor of it, there is no way back to it either.
 */
static int change_root(void)
{
	if (!syscall(SYS_pivot_root, ".", "."))
		return umount2(".", MNT_DETACH) ? -errno : 0;
	return errno != EINVAL || chroot(".") ? -errno : 0;
}

static int cover(const struct cage_limits *limits)
{
	const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (limits->kind != CAGE_OF_FRONT)
		return mount("none", COVERED, "tmpfs", flags, "mode=0,size=4k,nr_inodes=1") ? -errno
											    : 0;
	/* A mount takes its flags in a second step. */
	return mount(limits->root, COVERED, NULL, MS_BIND, NULL) ||
			       mount(NULL, COVERED, NULL, MS_BIND | MS_REMOUNT | flags, NULL)
		       ? -errno
		       : 0;
}

static int leave_files(const struct cage_limits *limits)
{
	int error;

	if (limits->kind == CAGE_OF_OPENER)
		return 0;
	error = keep_mounts_apart();
	if (!error)
		error = cover(limits);
	if (error)
		return error;
	if (chdir(COVERED))
		return -errno;
	error = change_root();
	if (error)
		return error;
	return chdir("/") ? -errno : 0;
}

/* While that is allowed; what the running kernel does not know ends the list. */
static int empty_bounding_set(const struct cage_limits *limits)
{
	(void)limits;
	for (unsigned long capability = 0;; capability++) {
		if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0)
			return 0;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
			return -errno;
	}
}

/* That of the folder that is kept, where it takes one to read it. */
static int leave_groups(const struct cage_limits *limits)
{
	const mode_t all = S_IROTH | S_IXOTH;
	struct stat root;

	if (limits->kind != CAGE_OF_FRONT)
		return setgroups(0, NULL) ? -errno : 0;
	if (stat("/", &root))
		return -errno;
	return setgroups((root.st_mode & all) != all, &root.st_gid) ? -errno : 0;
}

static int become_nobody(const struct cage_limits *limits)
{
	const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
				   SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
				   SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	uid_t id = CAGE_FIRST_ID + (uid_t)getpid();

	int error = leave_groups(limits);

	if (error)
		return error;
	if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) || setresgid(id, id, id) ||
	    setresuid(id, id, id))
		return -errno;
	return 0;
}

static void keep(struct __user_cap_data_struct *sets, unsigned int capability)
{
	sets[CAP_TO_INDEX(capability)].effective |= CAP_TO_MASK(capability);
	sets[CAP_TO_INDEX(capability)].permitted |= CAP_TO_MASK(capability);
}

/* The change of user has left them all. */
static int drop_capabilities(const struct cage_limits *limits)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (limits->kind == CAGE_OF_OPENER) {
		keep(kept, CAP_SYS_PTRACE);
		keep(kept, CAP_CHECKPOINT_RESTORE);
		keep(kept, CAP_DAC_READ_SEARCH);
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    syscall(SYS_capset, &header, kept))
		return -errno;
	return 0;
}

/* Where less was allowed before, that stays: raising it takes a privilege of its own. */
static int limit(int resource, rlim_t most)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit))
		return -errno;
	if (most < limit.rlim_max)
		limit.rlim_max = most;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(resource, &limit) ? -errno : 0;
}

static unsigned int threads_of(const struct cage_limits *limits)
{
	return limits->kind == CAGE_OF_FRONT      ? limits->threads
	       : limits->kind == CAGE_OF_RENDERER ? 2
						  : 0;
}

static unsigned int descriptors_of(const struct cage_limits *limits)
{
	return limits->kind == CAGE_OF_FRONT ? limits->descriptors : CAGE_MAX_DESCRIPTORS;
}

static int limit_resources(const struct cage_limits *limits)
{
	const struct {
		int resource;
		rlim_t most;
	} table[] = {
		{ RLIMIT_DATA, limits->data_bytes },
		{ RLIMIT_STACK, STACK_BYTES },
		{ RLIMIT_CPU, limits->cpu_seconds },
		{ RLIMIT_NPROC, threads_of(limits) },
		{ RLIMIT_FSIZE, limits->file_bytes },
		{ RLIMIT_NOFILE, descriptors_of(limits) },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
		{ RLIMIT_SIGPENDING, 0 },
		{ RLIMIT_NICE, 0 },
		{ RLIMIT_RTPRIO, 0 },
		{ RLIMIT_CORE, 0 },
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && !error; i++)
		error = limit(table[i].resource, table[i].most);
	return error;
}

/* Both are undone where a process changes its user, so that they come after it. */
static int shut_itself_off(const struct cage_limits *limits)
{
	(void)limits;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

static int filter_calls(const struct cage_limits *limits)
{
	return cage_filter_install(limits->kind);
}

/* In this order: each needs what the later ones give up. */
static const struct {
	int (*take)(const struct cage_limits *limits);
	const char *name;
} steps[] = {
	{ leave_namespaces, "namespaces of its own (mount, network, IPC)" },
	{ leave_files, "an empty root" },
	{ empty_bounding_set, "an empty bounding set of capabilities" },
	{ limit_resources, "limits of memory, CPU time and the like" },
	{ become_nobody, "a user of its own" },
	{ drop_capabilities, "no capabilities, or no others" },
	{ shut_itself_off, "not to be looked into" },
	{ filter_calls, "a filter of system calls" },
};

int cage_enter(int socket, const struct cage_limits *limits, const char **ret_failed)
{
	int error = leave_descriptors(socket, limits);

	if (error)
		*ret_failed = "no descriptors";
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !error; i++) {
		error = steps[i].take(limits);
		if (error)
			*ret_failed = steps[i].name;
	}
	return error;
}
