/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes so many control groups in a folder, each named as a container's, with a process in it from its first instruction to its last that uses so much CPU time, and
 * removes each: group_storm FOLDER COUNT MICROSECONDS. Groups of even numbers run even(), others odd().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t sink;

static uint64_t cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline __attribute__((always_inline)) void use(uint64_t us)
{
	while (cpu_us() < us)
		for (int i = 0; i < 10000; i++)
			sink = sink * 6364136223846793005u + 1;
}

__attribute__((noipa)) static void even(uint64_t us)
{
	use(us);
	sink++;
}

__attribute__((noipa)) static void odd(uint64_t us)
{
	use(us);
	sink--;
}

static int run_in(int group, unsigned int number, uint64_t us)
{
	struct clone_args arguments = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)group,
	};
	int status;
	pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (!child) {
		if (number % 2)
			odd(us);
		else
			even(us);
		_exit(0);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status;
}

int main(int argc, char **argv)
{
	unsigned int count = argc == 4 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;
	uint64_t us = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;

	for (unsigned int i = 0; i < count; i++) {
		char folder[4096];
		int group, failed;

		snprintf(folder, sizeof(folder), "%s/docker-%012x%052x.scope", argv[1], i, 0);
		if (mkdir(folder, 0755))
			return 1;
		group = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		failed = group < 0 || run_in(group, i, us);
		close(group);
		/* The last of the process may still be on its way out. */
		while (rmdir(folder))
			if (errno != EBUSY)
				return 1;
		if (failed)
			return 1;
	}
	return count == 0;
}
