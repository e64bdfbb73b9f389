/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runtime in small: makes code and tells of it in a perf map, as jit-interface.txt says. The arguments are lines of
 * that map, in which %a stands for the address of the code; "-" writes none. Then the code runs for ever, or, after
 * --end, 1.5 s.
 *
 *	push %rbp; mov %rsp, %rbp; mov $10000000, %ecx; 1: dec %rcx; jnz 1b; pop %rbp; ret     (x86-64)
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0xb9, 0x80, 0x96, 0x98,
				      0x00, 0x48, 0xff, 0xc9, 0x75, 0xfb, 0x5d, 0xc3 };

static void write_line(FILE *map, const char *line, uintptr_t address)
{
	const char *at = strstr(line, "%a");

	if (at)
		fprintf(map, "%.*s%" PRIxPTR "%s\n", (int)(at - line), line, address, at + 2);
	else
		fprintf(map, "%s\n", line);
}

static void write_map(char **lines, int count, uintptr_t address)
{
	char path[64];
	FILE *map;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	map = fopen(path, "w");
	if (!map)
		return;
	for (int i = 0; i < count; i++)
		write_line(map, lines[i], address);
	fclose(map);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

__attribute__((noinline)) static void run(void (*made)(void), int ends)
{
	double start = now();

	while (!ends || now() - start < 1.5)
		made();
}

int main(int argc, char **argv)
{
	int ends = argc > 1 && !strcmp(argv[1], "--end");
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return 1;
	memcpy(page, code, sizeof(code));
	if (argc > 1 + ends && strcmp(argv[1 + ends], "-"))
		write_map(argv + 1 + ends, argc - 1 - ends, (uintptr_t)page);
	puts("ready");
	fflush(stdout);
	run((void (*)(void))page, ends);
	return 0;
}
