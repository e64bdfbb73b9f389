/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks of rare shapes, to record cases of: the name of a shape, and for some what it needs. Each is taken again
 * and again; most of the time is spent in spin(), a leaf without a frame, for which the assembly below makes callers
 * as no compiler would.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 30 /* nobody waits longer */

void spin(void);
void keeps_fp(void (*next)(void));
void ends_chain(void);
void lost_chain(void);
void loops_by_fp(void);
void loops_by_signal(void);
void stack_below(void);
void cfa_by_lost_register(void);
void stack_protected(char *top);
void inexpressible(void);
void return_elsewhere(void);
void fp_undefined(void);

static volatile unsigned long work;

/* clang-format off */
#define SHAPE(name) ".balign 64\n.globl " #name "\n.type " #name ", @function\n" #name ":\n"
#define END(name)   ".size " #name ", . - " #name "\n.balign 64\n"

__asm__(".text\n"
	SHAPE(spin)
	".cfi_startproc\n"
	"	movl $200000, %eax\n"
	"1:	decl %eax\n"
	"	jnz 1b\n"
	"	ret\n"
	".cfi_endproc\n"
	END(spin)

	/* Without CFI, and with a frame pointer; of more than the few bytes that pass for padding. */
	SHAPE(keeps_fp)
	"	pushq %rbp\n"
	"	movq %rsp, %rbp\n"
	"	call *%rdi\n"
	"	popq %rbp\n"
	"	ret\n"
	"	.fill 32, 1, 0xcc\n"
	END(keeps_fp)

	SHAPE(ends_chain)
	"	pushq %rbp\n"
	"	xorl %ebp, %ebp\n"
	"	call spin\n"
	"	popq %rbp\n"
	"	ret\n"
	"	.fill 32, 1, 0xcc\n"
	END(ends_chain)

	SHAPE(lost_chain)
	"	pushq %rbp\n"
	"	pushq $0x1234\n"
	"	pushq $0x5678\n"
	"	movq %rsp, %rbp\n"
	"	call spin\n"
	"	addq $16, %rsp\n"
	"	popq %rbp\n"
	"	ret\n"
	"	.fill 32, 1, 0xcc\n"
	END(lost_chain)

	/* A frame that is its own caller. */
	SHAPE(loops_by_fp)
	"	pushq %rbp\n"
	"	leaq 1f(%rip), %rax\n"
	"	pushq %rax\n"
	"	pushq %rsp\n"
	"	movq %rsp, %rbp\n"
	"	movq %rsp, (%rsp)\n"
	"	call spin\n"
	"1:	addq $16, %rsp\n"
	"	popq %rbp\n"
	"	ret\n"
	"	.fill 32, 1, 0xcc\n"
	END(loops_by_fp)

	/* A signal frame that interrupted itself. */
	SHAPE(loops_by_signal)
	".cfi_startproc\n"
	"	pushq %rbp\n"
	"	movq %rsp, %rbp\n"
	"	subq $1024, %rsp\n"
	"	andq $-16, %rsp\n"
	"	leaq returns_from_signal + 1(%rip), %rax\n"
	"	movq %rax, (%rsp)\n"
	"	leaq 8(%rsp), %rax\n"
	"	movq %rax, 168(%rsp)\n"
	"	leaq returns_from_signal(%rip), %rax\n"
	"	movq %rax, 176(%rsp)\n"
	".cfi_def_cfa rsp, 8\n"
	"	call spin\n"
	"	movq %rbp, %rsp\n"
	"	popq %rbp\n"
	"	ret\n"
	".cfi_endproc\n"
	"	.fill 32, 1, 0xcc\n"
	END(loops_by_signal)

	/* As the C library's, by which it is known. */
	SHAPE(returns_from_signal)
	"	movq $15, %rax\n"
	"	syscall\n"
	"	.fill 32, 1, 0xcc\n"
	END(returns_from_signal)

	SHAPE(stack_below)
	".cfi_startproc\n"
	"	pushq %rbp\n"
	"	leaq -256(%rsp), %rbp\n"
	".cfi_def_cfa rbp, 16\n"
	"	call spin\n"
	"	popq %rbp\n"
	"	ret\n"
	".cfi_endproc\n"
	END(stack_below)

	SHAPE(cfa_by_lost_register)
	".cfi_startproc\n"
	"	pushq %r12\n"
	"	movq %rsp, %r12\n"
	".cfi_def_cfa r12, 16\n"
	"	call spin\n"
	"	popq %r12\n"
	"	ret\n"
	".cfi_endproc\n"
	END(cfa_by_lost_register)

	SHAPE(stack_protected)
	".cfi_startproc\n"
	"	pushq %rbp\n"
	"	movq %rsp, %rbp\n"
	"	leaq -16(%rdi), %rsp\n"
	".cfi_def_cfa rsp, 64\n"
	"	call spin\n"
	"	movq %rbp, %rsp\n"
	"	popq %rbp\n"
	"	ret\n"
	".cfi_endproc\n"
	END(stack_protected)

	/* The CFA is -(rsp + 8). */
	SHAPE(inexpressible)
	".cfi_startproc\n"
	"	pushq %rbp\n"
	".cfi_escape 0x0f, 3, 0x77, 8, 0x1f\n"
	"	call spin\n"
	"	popq %rbp\n"
	"	ret\n"
	".cfi_endproc\n"
	END(inexpressible)

	SHAPE(return_elsewhere)
	".cfi_startproc\n"
	"	subq $24, %rsp\n"
	"	movq 24(%rsp), %rax\n"
	"	movq %rax, 8(%rsp)\n"
	".cfi_def_cfa_offset 32\n"
	".cfi_offset rip, -24\n"
	"	call spin\n"
	"	addq $24, %rsp\n"
	"	ret\n"
	".cfi_endproc\n"
	END(return_elsewhere)

	SHAPE(fp_undefined)
	".cfi_startproc\n"
	"	pushq %rbp\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_undefined rbp\n"
	"	xorl %ebp, %ebp\n"
	"	call spin\n"
	"	popq %rbp\n"
	".cfi_def_cfa_offset 8\n"
	"	ret\n"
	".cfi_endproc\n"
	END(fp_undefined));
/* clang-format on */

#define NOINLINE __attribute__((noinline, noclone))

/* Most of its time is in what comes before its body and after it. */
NOINLINE static long saves_registers(long value)
{
	__asm__ volatile("" : "+r"(value) : : "rbx", "rbp", "r12", "r13", "r14", "r15");
	return value + 1;
}

static void prologues(void)
{
	for (int i = 0; i < 100000; i++)
		work += (unsigned long)saves_registers(i);
}

/* Its arguments lie on the stack, which is realigned: so the CFA is kept in the frame. */
NOINLINE static long realigned(long a, long b, long c, long d, long e, long f, long g, long h)
{
	volatile char kept[64] __attribute__((aligned(64)));

	kept[a & 63] = 1;
	spin();
	return a + b + c + d + e + f + g + h + kept[b & 63];
}

static void realigns(void)
{
	work += (unsigned long)realigned(1, 2, 3, 4, 5, 6, 7, (long)work);
}

/* A frame of variable size, which is found by its frame pointer. */
NOINLINE static void needs_fp(void (*next)(void))
{
	volatile char *kept = __builtin_alloca(work % 7 * 16 + 32);

	kept[0] = 1;
	next();
	work += (unsigned long)kept[0];
}

static void loses_fp(void)
{
	needs_fp(fp_undefined);
}

static void protects(void)
{
	static char *pages;
	long size = sysconf(_SC_PAGESIZE);

	if (!pages) {
		pages = mmap(NULL, (size_t)size * 4, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(pages + 3 * size, (size_t)size, PROT_NONE);
	}
	stack_protected(pages + 3 * size);
}

NOINLINE static void recurse(int depth)
{
	if (depth)
		recurse(depth - 1);
	else
		for (int i = 0; i < 100; i++)
			spin();
	work++;
}

static void deep(void)
{
	recurse(300);
}

static void too_deep(void)
{
	recurse(1500);
}

static void keeps_chain(void)
{
	keeps_fp(spin);
}

static void mixes_chain(void)
{
	keeps_fp(keeps_chain);
}

static void forks(void)
{
	pid_t child = vfork();

	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
}

static void handle(int number)
{
	for (int i = 0; i < 10; i++)
		spin();
	work += (unsigned long)number;
}

NOINLINE static void interrupted(void)
{
	raise(SIGUSR1);
	work++;
}

static void on_other_stack(void)
{
	static stack_t stack;

	if (!stack.ss_sp) {
		stack.ss_size = 65536;
		stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		sigaltstack(&stack, NULL);
		sigaction(SIGUSR1,
			  &(struct sigaction){ .sa_handler = handle, .sa_flags = SA_ONSTACK },
			  NULL);
	}
	interrupted();
}

/* At any instruction, not only behind a call. */
NOINLINE static void interrupted_anywhere(void)
{
	for (unsigned long i = 0; i < 20000000; i++)
		work += i;
}

static void timed(void)
{
	const struct itimerspec every = { { 0, 3000000 }, { 0, 3000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	static timer_t timer;

	if (!timer) {
		signal(SIGUSR1, handle);
		timer_create(CLOCK_MONOTONIC, &event, &timer);
		timer_settime(timer, 0, &every, NULL);
	}
	interrupted_anywhere();
}

static void clocks(void)
{
	struct timespec now;

	for (int i = 0; i < 10000; i++)
		clock_gettime(CLOCK_MONOTONIC, &now);
}

/* Through the linkage table, most of the time. */
static void through_linkage_table(void)
{
	for (int i = 0; i < 100000; i++)
		work += (unsigned long)labs((long)work) & 1;
}

static void *run_thread(void *unused)
{
	for (;;)
		deep();
	return unused;
}

static void threads(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, run_thread, NULL);
	pthread_join(thread, NULL);
}

static void removes_itself(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[length > 0 ? length : 0] = '\0';
	unlink(path);
	spin();
}

/* Through a copy of hopper.c each: a function that calls the next one of a list. */
static void *libraries[32];
static int library_count;

static void hops(void)
{
	void (*hop)(void **) = library_count ? (void (*)(void **))libraries[0] : NULL;

	if (hop)
		hop(libraries + 1);
}

#define ROW(function)               \
	{                           \
#function, function \
	}

static const struct {
	const char *name;
	void (*run)(void);
} shapes[] = {
	ROW(spin),
	ROW(ends_chain),
	ROW(lost_chain),
	ROW(loops_by_fp),
	ROW(loops_by_signal),
	ROW(stack_below),
	ROW(cfa_by_lost_register),
	ROW(protects),
	ROW(inexpressible),
	ROW(return_elsewhere),
	ROW(fp_undefined),
	ROW(loses_fp),
	ROW(prologues),
	ROW(realigns),
	ROW(deep),
	ROW(too_deep),
	ROW(keeps_chain),
	ROW(mixes_chain),
	ROW(forks),
	ROW(on_other_stack),
	ROW(timed),
	ROW(clocks),
	ROW(through_linkage_table),
	ROW(threads),
	ROW(removes_itself),
	ROW(hops),
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	size_t i = 0;

	for (int at = 2; at < argc && library_count < 31; at++) {
		void *library = dlopen(argv[at], RTLD_NOW);

		libraries[library_count] = library ? dlsym(library, "hop") : NULL;
		library_count += libraries[library_count] != NULL;
	}
	libraries[library_count] = (void *)spin;
	while (i < sizeof(shapes) / sizeof(*shapes) && strcmp(shapes[i].name, name))
		i++;
	if (i == sizeof(shapes) / sizeof(*shapes)) {
		fprintf(stderr, "usage: walk_shapes SHAPE [LIBRARY...]\n");
		return 2;
	}
	alarm(SECONDS);
	for (;;) {
		shapes[i].run();
		work++;
	}
}
