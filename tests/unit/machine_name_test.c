/* SPDX-License-Identifier: Apache-2.0 */
/* machine_name.c: a name that this process alone has is not the machine's, and stays its own. The machine is a PID namespace with a first process of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "profiler/machine_name.h"

#define MACHINE "the-machine"
#define OWN     "another-name"

enum trouble { NONE, NO_NAMESPACE, NO_PROC, NO_NAME, WRONG_NAME, NAME_CHANGED };

static bool set_name(const char *name)
{
	return !unshare(CLONE_NEWUTS) && !sethostname(name, strlen(name));
}

static enum trouble look(void)
{
	char name[MACHINE_NAME_SIZE];
	struct utsname own;

	if (!set_name(OWN))
		return NO_NAMESPACE;
	machine_name_read(name);
	if (strcmp(name, MACHINE) != 0)
		return WRONG_NAME;
	return uname(&own) || strcmp(own.nodename, OWN) != 0 ? NAME_CHANGED : NONE;
}

/* What a child came to. */
static int run(int (*child)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(child());
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
									       : -1;
}

static int second_process(void)
{
	return (int)look();
}

static int first_process(void)
{
	if (getpid() != 1)
		return NO_NAMESPACE;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL))
		return NO_PROC;
	return set_name(MACHINE) ? run(second_process) : NO_NAME;
}

static int in_a_namespace(void)
{
	return unshare(CLONE_NEWPID | CLONE_NEWNS) ? NO_NAMESPACE : run(first_process);
}

static void test_it_is_that_of_the_first_process(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(run(in_a_namespace), NONE);
}

/* Of whom the first process is none of the business, it is the own one. */
static void test_there_is_always_one(void **state)
{
	char name[MACHINE_NAME_SIZE];

	(void)state;
	machine_name_read(name);
	assert_string_not_equal(name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_that_of_the_first_process),
		cmocka_unit_test(test_there_is_always_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
