/* SPDX-License-Identifier: Apache-2.0 */
/* privileges.c: what is left to a process that gave up all but reading, tried from inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/privileges.h"

/* A file of root's that nobody else may read. */
static char path[] = "/tmp/privilegesXXXXXX";

static int set_up(void **state)
{
	int fd;

	(void)state;
	if (geteuid())
		skip();
	memcpy(path + sizeof(path) - sizeof("XXXXXX"), "XXXXXX", strlen("XXXXXX"));
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static bool reads(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && !close(fd);
}

static bool is_refused(long result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

/* The number of the line that is not so, 0: all are. */
static int try_all(int (*give_up)(const char **))
{
	const char *failed;

	if (give_up(&failed))
		return __LINE__;
	if (!reads())
		return __LINE__;
	if (!is_refused(open(path, O_WRONLY | O_CLOEXEC)))
		return __LINE__;
	if (!is_refused(unlink(path)))
		return __LINE__;
	if (!is_refused(setresuid(0, 0, 0)))
		return __LINE__;
	if (!is_refused(kill(getppid(), 0)))
		return __LINE__;
	if (!is_refused(ptrace(PTRACE_SEIZE, getppid(), 0, 0)))
		return __LINE__;
	if (if_nametoindex("eth0") || getuid() < 2100000000u || getgid() < 2100000000u)
		return __LINE__;
	return 0;
}

static void assert_gives_up(int (*give_up)(const char **))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		int line = try_all(give_up);

		_exit(line > 255 ? 255 : line);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void all_but_reading_is_given_up(void **state)
{
	(void)state;
	assert_gives_up(privileges_keep_reading);
}

/* What a program has of it, tests/e2e/test_render_perf_data.py asks one. */
static void before_a_program_it_is_too(void **state)
{
	(void)state;
	assert_gives_up(privileges_keep_reading_program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_but_reading_is_given_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(before_a_program_it_is_too, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
