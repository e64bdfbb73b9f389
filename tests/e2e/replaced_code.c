/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runtime that makes code, runs it for SECONDS, and then makes other code in its place, which it runs as long:
 *
 *	replaced_code map SECONDS          tells of both in /tmp/perf-PID.map
 *	replaced_code dump SECONDS FILE    tells of both in a jitdump, which it maps; %d in FILE is its PID
 *	replaced_code move SECONDS FILE    the same, but the first code moves to another page
 *
 * The jitdump is as tools/perf/Documentation/jitdump-specification.txt of Linux says. The code is mapped_code.c's.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CODE_BYTES 16

static const unsigned char code[CODE_BYTES] = { 0x55, 0x48, 0x89, 0xe5, 0xb9, 0x00, 0x00, 0x10,
						0x00, 0x48, 0xff, 0xc9, 0x75, 0xfb, 0x5d, 0xc3 };

static FILE *told;

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void put_u32(uint32_t value)
{
	fwrite(&value, sizeof(value), 1, told);
}

static void put_u64(uint64_t value)
{
	fwrite(&value, sizeof(value), 1, told);
}

static void put_prefix(uint32_t type, uint32_t size)
{
	put_u32(type);
	put_u32(size);
	put_u64(now_ns());
	put_u32((uint32_t)getpid());
	put_u32((uint32_t)getpid());
}

static void put_load(const void *at, uint64_t index, const char *name)
{
	put_prefix(0, (uint32_t)(56 + strlen(name) + 1 + CODE_BYTES));
	put_u64((uintptr_t)at);
	put_u64((uintptr_t)at);
	put_u64(CODE_BYTES);
	put_u64(index);
	fwrite(name, strlen(name) + 1, 1, told);
	fwrite(code, CODE_BYTES, 1, told);
	fflush(told);
}

static void put_move(const void *from, const void *to, uint64_t index)
{
	put_prefix(1, 64);
	put_u64((uintptr_t)to);
	put_u64((uintptr_t)from);
	put_u64((uintptr_t)to);
	put_u64(CODE_BYTES);
	put_u64(index);
	fflush(told);
}

static void open_dump(const char *pattern)
{
	char path[4096];

	snprintf(path, sizeof(path), pattern, (int)getpid());
	told = fopen(path, "w+");
	if (!told ||
	    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(told), 0) == MAP_FAILED)
		exit(1);
	put_u32(0x4a695444);
	put_u32(1);
	put_u32(40);
	put_u32(62);
	put_u32(0);
	put_u32((uint32_t)getpid());
	put_u64(now_ns());
	put_u64(0);
	fflush(told);
}

static void open_map(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	told = fopen(path, "w");
	if (!told)
		exit(1);
}

static void put_line(const void *at, const char *name)
{
	fprintf(told, "%" PRIxPTR " %x %s\n", (uintptr_t)at, CODE_BYTES, name);
	fflush(told);
}

static void run(void (*made)(void), double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);

	while (now_ns() < end)
		made();
}

__attribute__((noinline)) static void run_first(void (*made)(void), double seconds)
{
	run(made, seconds);
	__asm__ volatile("");
}

__attribute__((noinline)) static void run_second(void (*made)(void), double seconds)
{
	run(made, seconds);
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	unsigned char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *place = page;
	int is_map = argc > 1 && !strcmp(argv[1], "map");
	double seconds = argc > 2 ? atof(argv[2]) : 0;

	if (page == MAP_FAILED || (!is_map && argc < 4))
		return 1;
	if (is_map)
		open_map();
	else
		open_dump(argv[3]);
	memcpy(page, code, CODE_BYTES);
	memcpy(page + 4096, code, CODE_BYTES);
	if (is_map)
		put_line(page, "first");
	else
		put_load(page, 1, "first");
	puts("ready");
	fflush(stdout);
	run_first((void (*)(void))page, seconds);
	if (!strcmp(argv[1], "move")) {
		place = page + 4096;
		put_move(page, place, 1);
	} else if (is_map) {
		put_line(page, "second \033[2J");
	} else {
		put_load(page, 2, "second \033[2J");
	}
	run_second((void (*)(void))place, seconds);
	return 0;
}
