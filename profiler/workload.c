/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "profiler/file_limit.h"
#include "profiler/interrupts.h"

#define GRACE_MS 2000 /* between the keeper's SIGTERM and its SIGKILL */

void workload_init(struct workload *workload)
{
	*workload =
		(struct workload){ .pidfd = -1, .start_fd = -1, .report_fd = -1, .alive_fd = -1 };
	file_limit_get(&workload->file_limit);
}

static void close_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The child's status of waitpid(), to *pid 0; false: it still runs. */
static bool reap(pid_t *pid, int *ret_status, int options)
{
	pid_t reaped;

	if (!*pid)
		return true;
	do
		reaped = waitpid(*pid, ret_status, options);
	while (reaped < 0 && errno == EINTR);
	if (reaped == 0)
		return false;
	*pid = 0;
	return true;
}

void workload_release(struct workload *workload)
{
	int unused;

	close_descriptor(&workload->start_fd); /* one that never started ends by itself */
	close_descriptor(&workload->alive_fd); /* the keeper sees to the others */
	workload_reap(workload, true);
	reap(&workload->keeper, &unused, 0);
	close_descriptor(&workload->pidfd);
	close_descriptor(&workload->report_fd);
}

/* The command must not inherit how hearth treats signals and descriptors. */
static void __attribute__((noreturn))
run_command(const struct workload *workload, int start, int report, char **arguments)
{
	ssize_t got;
	int error;
	char go;

	interrupts_restore_in_child();
	file_limit_set(&workload->file_limit);
	do
		got = read(start, &go, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(127); /* hearth has ended */
	execvp(arguments[0], arguments);
	error = errno;
	/* If this cannot be written there is nobody to tell; the exit status still says it. */
	if (write(report, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

static int fork_command(struct workload *workload, char **arguments)
{
	_cleanup_close_ int start_read = -1;
	_cleanup_close_ int report_write = -1;
	int start[2], report[2];
	pid_t pid;

	if (pipe2(start, O_CLOEXEC))
		return -errno;
	start_read = start[0];
	workload->start_fd = start[1];
	if (pipe2(report, O_CLOEXEC))
		return -errno;
	workload->report_fd = report[0];
	report_write = report[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(start[1]);
		run_command(workload, start_read, report_write, arguments);
	}
	workload->pid = pid;
	workload->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return workload->pidfd < 0 ? -errno : 0;
}

/* Whoever reads hearth's output waits until nobody has it open any more. */
static void close_all_but(int a, int b)
{
	unsigned int low = (unsigned int)(a < b ? a : b), high = (unsigned int)(a < b ? b : a);

	if (low > 0)
		syscall(SYS_close_range, 0, low - 1, 0);
	if (high > low + 1)
		syscall(SYS_close_range, low + 1, high - 1, 0);
	syscall(SYS_close_range, high + 1, ~0u, 0);
}

/*
 * Waits for the end of the command, or of hearth, which then ends the command. A signal of the kernel's
 * (PR_SET_PDEATHSIG) would not do: a command that changes its user gets none, and one may ignore it.
 */
static void __attribute__((noreturn)) run_keeper(int pidfd, int alive)
{
	struct pollfd polled[] = { { .fd = pidfd, .events = POLLIN }, { .fd = alive } };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	close_all_but(pidfd, alive);
	if (poll(polled, 2, -1) > 0 && !polled[0].revents) {
		syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
		if (poll(polled, 1, GRACE_MS) == 0)
			syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	}
	_exit(0);
}

static int fork_keeper(struct workload *workload)
{
	int alive[2];
	pid_t pid;

	if (pipe2(alive, O_CLOEXEC))
		return -errno;
	workload->alive_fd = alive[1];
	pid = fork();
	if (!pid) {
		close(alive[1]);
		run_keeper(workload->pidfd, alive[0]);
	}
	close(alive[0]);
	if (pid < 0)
		return -errno;
	workload->keeper = pid;
	return 0;
}

int workload_prepare(struct workload *workload, char **arguments)
{
	int error = fork_command(workload, arguments);

	return error ? error : fork_keeper(workload);
}

int workload_start(struct workload *workload)
{
	int error = 0;
	ssize_t got;

	if (write(workload->start_fd, "", 1) != 1)
		return -errno;
	close_descriptor(&workload->start_fd);
	do
		got = read(workload->report_fd, &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	close_descriptor(&workload->report_fd);
	/* The descriptor closes without a word when the exec succeeds. */
	return got == (ssize_t)sizeof(error) ? -error : 0;
}

bool workload_reap(struct workload *workload, bool wait)
{
	return reap(&workload->pid, &workload->status, wait ? 0 : WNOHANG);
}

int workload_signal(const struct workload *workload)
{
	return WIFSIGNALED(workload->status) ? WTERMSIG(workload->status) : 0;
}

int workload_exit_status(const struct workload *workload)
{
	if (WIFSIGNALED(workload->status))
		return 128 + WTERMSIG(workload->status);
	return WEXITSTATUS(workload->status);
}
