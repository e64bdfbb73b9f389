/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program without the C library on arm64: its entry and its system calls. The frame record at the
 * root is marked by a frame pointer of zero (AAPCS64, 6.4.6).
 */
#ifndef HEARTH_SAMPLES_FREESTANDING_AARCH64_H
#define HEARTH_SAMPLES_FREESTANDING_AARCH64_H

int main(int argument_count, char **arguments);

__asm__(".text\n"
	".globl _start\n"
	".type _start, %function\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	ldr w0, [sp]\n"
	"	add x1, sp, #8\n"
	"	bl main\n"
	"	mov x8, #94\n" /* exit_group */
	"	svc #0\n"
	".size _start, . - _start\n");

static inline long sample_syscall(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}

#endif
