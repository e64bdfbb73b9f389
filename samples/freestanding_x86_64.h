/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program without the C library on x86-64: its entry and its system calls.
 *
 * The kernel starts a program with rbp = 0 (System V ABI for AMD64, 3.4.1) and nothing above the stack
 * pointer that is a return address: a walk along frame pointers that arrives at _start has arrived.
 */
#ifndef HEARTH_SAMPLES_FREESTANDING_X86_64_H
#define HEARTH_SAMPLES_FREESTANDING_X86_64_H

int main(int argument_count, char **arguments);

/*
 * _start has no frame of its own: the call leaves its return address in the first one. At entry the
 * stack pointer is a multiple of 16 and points to argc, behind which argv begins.
 */
__asm__(".text\n"
	".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movl (%rsp), %edi\n"
	"	leaq 8(%rsp), %rsi\n"
	"	call main\n"
	"	movl %eax, %edi\n"
	"	movl $231, %eax\n" /* exit_group */
	"	syscall\n"
	"	hlt\n"
	".size _start, . - _start\n");

static inline long sample_syscall(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

#endif
