/* SPDX-License-Identifier: Apache-2.0 */
/* Starts so many new processes a second, each a program that ends at once, until it is told to end (SIGTERM): process_storm RATE PROGRAM. Says how many there were. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#define NS_PER_SECOND 1000000000u

static volatile sig_atomic_t is_over;

static void end(int number)
{
	(void)number;
	is_over = 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static int run(char *program)
{
	char *const arguments[] = { program, NULL }, *const environment[] = { NULL };
	pid_t child;
	int status;

	if (posix_spawn(&child, program, NULL, NULL, arguments, environment))
		return -1;
	while (waitpid(child, &status, 0) != child)
		if (errno != EINTR)
			return -1;
	return status;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = end };
	uint64_t rate = argc == 3 ? strtoull(argv[1], NULL, 10) : 0, begun = now_ns(), started = 0;

	if (!rate || sigaction(SIGTERM, &action, NULL))
		return 2;
	while (!is_over) {
		uint64_t due_ns = begun + started * NS_PER_SECOND / rate, now = now_ns();

		if (now < due_ns) {
			const struct timespec left = { 0, (long)((due_ns - now) % NS_PER_SECOND) };

			nanosleep(&left, NULL);
			continue;
		}
		if (run(argv[2]))
			return 1;
		started++;
	}
	printf("%llu\n", (unsigned long long)started);
	return 0;
}
