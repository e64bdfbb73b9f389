/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Works for some seconds of CPU below a frame of which only the upper end is touched: SECONDS. The main thread's stack
 * grows to there and no further, so that the stack pointer lies in the gap under it. What has grown is given back, to
 * grow again: most of the time goes to such page faults. It has many rows, which take a while to be there.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE_BYTES    4096
#define FRAME_BYTES   (1 << 20)
#define TOUCHED_BYTES (48 << 10) /* a snapshot has room for more */
#define KEPT_BYTES    (2 * PAGE_BYTES)
#define ROUNDS        100

__asm__(".text\n"
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

__attribute__((noinline)) static void grow(void)
{
	volatile char frame[FRAME_BYTES];

	for (int at = PAGE_BYTES; at <= TOUCHED_BYTES; at += PAGE_BYTES)
		frame[FRAME_BYTES - at] = 1;
}

__attribute__((noinline)) static void give_back(void)
{
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - KEPT_BYTES) & -PAGE_BYTES;

	if (munmap((void *)(end - FRAME_BYTES), FRAME_BYTES)) {
		perror("munmap");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	double seconds = argc == 2 ? strtod(argv[1], NULL) : 0;

	while ((double)clock() < seconds * CLOCKS_PER_SEC) {
		for (int i = 0; i < ROUNDS; i++) {
			give_back();
			grow();
		}
	}
	return 0;
}
