/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library of a quarter of a million unwind rows, and (with -DTURNS) a program that works for some seconds of CPU in
 * one library after the other: SECONDS LIBRARY... Work is below all of a library's functions in turn, so that
 * no cache of single rules holds what it needs.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef TURNS

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		void *library = dlopen(argv[i], RTLD_NOW);
		void (*work)(double) = library ? (void (*)(double))dlsym(library, "work") : NULL;

		if (!work) {
			fprintf(stderr, "%s: %s\n", argv[i], dlerror());
			return 1;
		}
		work(strtod(argv[1], NULL));
	}
	return 0;
}

#else

#define FUNCTIONS      80000
#define FUNCTION_BYTES 32

/* Each calls what rax points to. */
__asm__(".text\n"
	".balign 32\n"
	"functions:\n"
	".rept 80000\n"
	".cfi_startproc\n"
	"sub $8, %rsp\n"
	".cfi_adjust_cfa_offset 8\n"
	"call *%rax\n"
	"add $8, %rsp\n"
	".cfi_adjust_cfa_offset -8\n"
	"ret\n"
	".cfi_endproc\n"
	".balign 32\n"
	".endr\n");

extern const char functions[] __attribute__((visibility("hidden")));
static volatile unsigned long sum;

static void burn(void)
{
	for (unsigned long i = 0; i < 20000; i++)
		sum += i;
}

static double used(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void work(double seconds);

void work(double seconds)
{
	double end = used() + seconds;

	for (unsigned long i = 0; used() < end; i += 7) {
		const char *function = functions + i % FUNCTIONS * FUNCTION_BYTES;
		void (*leaf)(void) = burn;

		__asm__ volatile("call *%1"
				 : "+a"(leaf)
				 : "r"(function)
				 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory",
				   "cc");
	}
}

#endif
