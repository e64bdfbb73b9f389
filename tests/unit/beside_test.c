/* SPDX-License-Identifier: Apache-2.0 */
/* beside: jobs are done by another thread, each before the next one, and by the caller where no thread can be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beside.h"

struct counted {
	uint64_t jobs;
	pthread_t thread;
	sigset_t blocked;
};

static void count(void *context)
{
	struct counted *counted = context;

	counted->jobs++;
	counted->thread = pthread_self();
	pthread_sigmask(SIG_BLOCK, NULL, &counted->blocked);
}

static void test_each_job_is_done_beside(void **state)
{
	struct counted counted = { 0 };
	struct beside beside;

	(void)state;
	beside_init(&beside, count, &counted);
	beside_wait(&beside); /* there is none */
	for (uint64_t i = 1; i <= 10000; i++) {
		beside_start(&beside);
		beside_wait(&beside);
		assert_int_equal(counted.jobs, i);
	}
	assert_false(pthread_equal(counted.thread, pthread_self()));
	assert_true(sigismember(&counted.blocked, SIGINT));
	beside_release(&beside);
}

static void test_release_waits(void **state)
{
	struct counted counted = { 0 };
	struct beside beside;

	(void)state;
	beside_init(&beside, count, &counted);
	beside_start(&beside);
	beside_release(&beside);
	assert_int_equal(counted.jobs, 1);
	beside_init(&beside, count, &counted);
	beside_release(&beside);
}

/* As a user that may have no more than this process. */
static int do_it_without_a_thread(void)
{
	struct counted counted = { 0 };
	struct beside beside;

	if (setrlimit(RLIMIT_NPROC, &(struct rlimit){ 0, 0 }) || (!geteuid() && setuid(12345)))
		return 1;
	beside_init(&beside, count, &counted);
	beside_start(&beside);
	beside_wait(&beside);
	if (counted.jobs != 1 || !pthread_equal(counted.thread, pthread_self()))
		return 2;
	beside_release(&beside);
	return 0;
}

static void test_without_a_thread_the_caller_works(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(do_it_without_a_thread());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_job_is_done_beside),
		cmocka_unit_test(test_release_waits),
		cmocka_unit_test(test_without_a_thread_the_caller_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
