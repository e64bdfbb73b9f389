// SPDX-License-Identifier: Apache-2.0
/*
 * overwritten FILE OTHER SECONDS: maps FILE's code, works in it below before(), copies OTHER over FILE in place, which
 * changes what is mapped but no mapping, and works in it below after(). The code is one function, work(turns, depth),
 * at MAPPED_OFFSET of either file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MAPPED_OFFSET 0x1000
#define DEPTH         20
#define TURNS         30000

typedef void work_fn(unsigned long turns, unsigned long depth);

static double cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static inline __attribute__((always_inline)) void repeat(work_fn *work, double seconds)
{
	double end = cpu_seconds() + seconds;

	while (cpu_seconds() < end)
		work(TURNS, DEPTH);
}

__attribute__((noinline)) static void before(work_fn *work, double seconds)
{
	repeat(work, seconds);
	__asm__ volatile("# before");
}

__attribute__((noinline)) static void after(work_fn *work, double seconds)
{
	repeat(work, seconds);
	__asm__ volatile("# after");
}

static int copy_over(int to, const char *path)
{
	char bytes[65536];
	int from = open(path, O_RDONLY);
	ssize_t size = from < 0 ? -1 : read(from, bytes, sizeof(bytes));

	return size <= 0 || pwrite(to, bytes, (size_t)size, 0) != size;
}

int main(int argc, char **argv)
{
	int file = argc == 4 ? open(argv[1], O_RDWR) : -1;
	work_fn *work;

	if (file < 0)
		return 2;
	work = (work_fn *)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, MAPPED_OFFSET);
	if (work == MAP_FAILED)
		return 2;
	before(work, atof(argv[3]));
	if (copy_over(file, argv[2]))
		return 2;
	after(work, atof(argv[3]));
	return 0;
}
