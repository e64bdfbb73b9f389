/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process that executes other builds of this program, again and again: the memory that one image gives
 * back is what the next but one gets. NAME is the build's own function, PADDING moves it. Arguments: how many
 * executions are left, then the builds in the order of their turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long work;

static double used(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

__attribute__((noinline)) static void burn(void)
{
	const double end = used() + 0.005;

	while (used() < end)
		work++;
}

#define ONE     \
	burn(); \
	work += 3;
#define TWO  ONE ONE
#define FOUR TWO TWO

__attribute__((noinline, used)) void NAME(void);

void NAME(void)
{
#if PADDING > 1
	if (work == 1) {
		FOUR FOUR
	}
#endif
#if PADDING > 0
	if (work == 1) {
		FOUR FOUR FOUR
	}
#endif
	ONE
}

int main(int argc, char **argv)
{
	char count[16];
	int left = argc > 2 ? atoi(argv[1]) : 0;

	NAME();
	if (left <= 0)
		return 0;
	snprintf(count, sizeof(count), "%d", left - 1);
	argv[1] = count;
	execv(argv[2 + left % (argc - 2)], argv);
	return 1;
}
