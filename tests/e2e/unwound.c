/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks of known shape in optimised code without frame pointers: chain (ten calls deep), thread (the same on
 * a thread), signal (inside a handler, above the interrupted function), trap (the same, interrupted at a function's
 * first instruction). Arguments: which, seconds of CPU.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void traps(void);

static double seconds;
static volatile unsigned long work;

static double used(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Frames of different sizes: each function keeps another amount on the stack over the call. */
__attribute__((noinline)) static void burn(void)
{
	while (used(CLOCK_PROCESS_CPUTIME_ID) < seconds)
		for (int i = 0; i < 100000; i++)
			work += (unsigned long)i;
}

#define LINK(name, next, words)                          \
	__attribute__((noinline)) static void name(void) \
	{                                                \
		volatile unsigned long kept[words];      \
                                                         \
		kept[0] = work;                          \
		next();                                  \
		work += kept[0];                         \
	}

LINK(chain_9, burn, 1)
LINK(chain_8, chain_9, 100)
LINK(chain_7, chain_8, 3)
LINK(chain_6, chain_7, 1000)
LINK(chain_5, chain_6, 2)
LINK(chain_4, chain_5, 40)
LINK(chain_3, chain_4, 7)
LINK(chain_2, chain_3, 600)
LINK(chain_1, chain_2, 1)

static void *run_thread(void *unused)
{
	chain_1();
	return unused;
}

static void handle(int number)
{
	chain_1();
	work += (unsigned long)number; /* no tail call: the handler keeps its frame */
	if (number == SIGILL)
		_exit(0);
}

/* Its first instruction is none, and the byte before it is another function's. */
__asm__(".text\n"
	".type laid_out_before, @function\n"
	"laid_out_before:\n"
	".cfi_startproc\n"
	"	ret\n"
	".cfi_endproc\n"
	".size laid_out_before, . - laid_out_before\n"
	".globl traps\n"
	".type traps, @function\n"
	"traps:\n"
	".cfi_startproc\n"
	"	ud2\n"
	"	ret\n"
	".cfi_endproc\n"
	".size traps, . - traps\n");

__attribute__((noinline)) static void interrupted(void)
{
	raise(SIGUSR1);
	work++;
}

int main(int argc, char **argv)
{
	const char *which = argc > 2 ? argv[1] : "";
	pthread_t thread;

	seconds = argc > 2 ? strtod(argv[2], NULL) : 0;
	if (!strcmp(which, "chain")) {
		chain_1();
	} else if (!strcmp(which, "thread")) {
		if (pthread_create(&thread, NULL, run_thread, NULL))
			return 1;
		pthread_join(thread, NULL);
	} else if (!strcmp(which, "signal")) {
		signal(SIGUSR1, handle);
		interrupted();
	} else if (!strcmp(which, "trap")) {
		signal(SIGILL, handle);
		traps();
		work++;
	} else {
		fprintf(stderr, "usage: unwound chain|thread|signal|trap SECONDS\n");
		return 2;
	}
	return 0;
}
