/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "profiler/file_limit.h"
#include "profiler/interrupts.h"

void workload_init(struct workload *workload)
{
	*workload = (struct workload){ .pidfd = -1, .start_fd = -1, .report_fd = -1 };
	file_limit_get(&workload->file_limit);
}

static void close_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void workload_release(struct workload *workload)
{
	if (workload->pid) {
		kill(workload->pid, SIGTERM);
		close_descriptor(&workload->start_fd); /* one that never started ends by itself */
		workload_reap(workload, true);
	}
	close_descriptor(&workload->pidfd);
	close_descriptor(&workload->start_fd);
	close_descriptor(&workload->report_fd);
}

/* The command must not inherit how hearth treats signals and descriptors. */
static void __attribute__((noreturn))
run_child(const struct workload *workload, pid_t parent, int start, int report, char **arguments)
{
	char go;
	int error;

	interrupts_restore_in_child();
	file_limit_set(&workload->file_limit);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
		_exit(127);
	while (read(start, &go, 1) != 1)
		if (errno != EINTR)
			_exit(127);
	execvp(arguments[0], arguments);
	error = errno;
	/* If this cannot be written there is nobody to tell; the exit status still says it. */
	if (write(report, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

int workload_prepare(struct workload *workload, char **arguments)
{
	_cleanup_close_ int start_read = -1;
	_cleanup_close_ int report_write = -1;
	int start[2], report[2];
	pid_t parent = getpid(), pid;

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
		run_child(workload, parent, start_read, report_write, arguments);
	}
	workload->pid = pid;
	workload->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return workload->pidfd < 0 ? -errno : 0;
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
	pid_t reaped;

	if (!workload->pid)
		return true;
	do
		reaped = waitpid(workload->pid, &workload->status, wait ? 0 : WNOHANG);
	while (reaped < 0 && errno == EINTR);
	if (reaped == 0)
		return false;
	workload->pid = 0;
	return true;
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
