/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has so many executable mappings, more than a snapshot, and spins for half a second: "direct", or called "through" a
 * middle one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
static const uint8_t calls_first_argument[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };

static volatile unsigned int spins;

static __attribute__((noinline)) void spin(void)
{
	while (clock() < CLOCKS_PER_SEC / 2) {
		for (int i = 0; i < 100000; i++)
			spins++;
	}
}

int main(int argc, char **argv)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = 2 * (argc > 2 ? strtoul(argv[2], NULL, 10) : 0) * page;
	uint8_t *pages =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *middle = pages + bytes / 2;

	if (argc < 3 || pages == MAP_FAILED)
		return 1;
	memcpy(middle, calls_first_argument, sizeof(calls_first_argument));
	for (size_t i = 0; i < bytes; i += 2 * page) {
		if (mprotect(pages + i, page, PROT_READ | PROT_EXEC))
			return 1;
	}
	if (strcmp(argv[1], "through"))
		spin();
	else
		((void (*)(void (*)(void)))(uintptr_t)middle)(spin);
	return 0;
}
