/* SPDX-License-Identifier: Apache-2.0 */
/* A test that is its own worker: its main() asks worker_in_test_is_it() first. */
#ifndef HEARTH_TESTS_UNIT_WORKER_IN_TEST_H
#define HEARTH_TESTS_UNIT_WORKER_IN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "worker/worker.h"
#include "worker/worker_child.h"

#define WORKER_IN_TEST_NAME  "worker-in-test"
#define WORKER_IN_TEST_BYTES (256u << 20) /* beyond what a sanitized program has from the start */

/* Only root can build the cage. */
static inline int worker_in_test_setup(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	return 0;
}

static inline struct worker *worker_in_test_new(const struct worker_deadline *deadline)
{
	static char name[] = WORKER_IN_TEST_NAME;
	static char *const arguments[] = { name, NULL };
	const struct worker_options options = { arguments, *deadline };
	struct worker *worker;
	const char *failed = "";

	assert_int_equal(worker_new(&options, &worker), 0);
	if (worker_await(worker, &failed))
		fail_msg("no cage: %s", failed);
	return worker;
}

static inline bool worker_in_test_is_it(char **argv)
{
	return !strcmp(argv[0], WORKER_IN_TEST_NAME);
}

static inline uint64_t worker_in_test_data_bytes(void)
{
	struct buffer text = { 0 };
	const char *line = NULL;
	uint64_t bytes;

	if (!buffer_read_file(&text, "/proc/self/status", 1 << 20) && buffer_string(&text))
		line = strstr(text.data, "VmData:");
	bytes = line ? strtoull(line + strlen("VmData:"), NULL, 10) << 10 : 0;
	buffer_release(&text);
	return bytes;
}

/* The worker's part of main(). A second argument: without the privileges that the cage needs. */
static inline int worker_in_test_run(char **argv, worker_answer_fn answer)
{
	const struct cage_limits limits = { worker_in_test_data_bytes() + WORKER_IN_TEST_BYTES,
					    600 };
	int status;

	if (argv[1] && setresuid(65534, 65534, 65534))
		return 1;
	status = worker_child_run(&limits, answer);
	/* The sanitizers would look for leaks, from a process that they cannot make. */
	syscall(SYS_exit_group, status);
	return status;
}

/* Kills this program's child, whose name is WORKER_NAME, and waits until it is dead. */
static inline void worker_in_test_kill(void)
{
	char path[64];
	FILE *children;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	children = fopen(path, "re");
	assert_non_null(children);
	assert_int_equal(fscanf(children, "%d", &pid), 1);
	fclose(children);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
}

/* A file in memory that holds this text. */
static inline int memory_file(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

#endif
