/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runtime whose code calls itself 900 deep and then runs one long stretch of instructions, for SECONDS. Before that it tells in a
 * jitdump, which it maps, that the code around its call was replaced CHANGES times, by "a" and "b" in turns, a nanosecond apart.
 *
 *	often_replaced_code CHANGES SECONDS FILE        %d in FILE is its PID
 *
 * The code (x86-64), with the depth that is left in %edi:
 *
 *	f:  push %rbp; mov %rsp, %rbp; test %edi, %edi; jz 1f; dec %edi; call f; pop %rbp; ret
 *	1:  mov $20000, %ecx; 2: nop (3000 times); dec %ecx; jnz 2b; pop %rbp; ret
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define DEPTH      900
#define NOPS       3000
#define CODE_BYTES 16384
#define TOLD_BYTES 16

static const unsigned char calls_itself[] = { 0x55, 0x48, 0x89, 0xe5, 0x85, 0xff, 0x74, 0x09, 0xff,
					      0xcf, 0xe8, 0xf1, 0xff, 0xff, 0xff, 0x5d, 0xc3 };
static const unsigned char begins_loop[] = { 0xb9, 0x20, 0x4e, 0x00, 0x00 };
static const unsigned char ends_loop[] = { 0xff, 0xc9, 0x0f, 0x85, 0x00,
					   0x00, 0x00, 0x00, 0x5d, 0xc3 };

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

static unsigned char *make_code(void)
{
	unsigned char *code = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *at = code;
	int32_t back = -(NOPS + 8);

	memcpy(at, calls_itself, sizeof(calls_itself));
	at += sizeof(calls_itself);
	memcpy(at, begins_loop, sizeof(begins_loop));
	at += sizeof(begins_loop);
	memset(at, 0x90, NOPS);
	at += NOPS;
	memcpy(at, ends_loop, sizeof(ends_loop));
	memcpy(at + 4, &back, sizeof(back));
	return code;
}

/* tools/perf/Documentation/jitdump-specification.txt of Linux. */
static void put_header(void)
{
	put_u32(0x4a695444);
	put_u32(1);
	put_u32(40);
	put_u32(62);
	put_u32(0);
	put_u32((uint32_t)getpid());
	put_u64(now_ns());
	put_u64(0);
}

static void put_load(const unsigned char *at, uint64_t index, uint64_t time_ns)
{
	put_u32(0);
	put_u32(56 + 2 + TOLD_BYTES);
	put_u64(time_ns);
	put_u32((uint32_t)getpid());
	put_u32((uint32_t)getpid());
	put_u64((uintptr_t)at);
	put_u64((uintptr_t)at);
	put_u64(TOLD_BYTES);
	put_u64(index);
	fwrite(index % 2 ? "a" : "b", 2, 1, told);
	fwrite(at, TOLD_BYTES, 1, told);
}

int main(int argc, char **argv)
{
	uint64_t changes = strtoull(argv[1], NULL, 10), start_ns = now_ns(), end_ns;
	unsigned char *code = make_code();
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), argv[3], getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	told = fdopen(fd, "w");
	if (argc != 4 || !told)
		return 1;
	put_header();
	for (uint64_t i = 0; i < changes; i++)
		put_load(code, i, start_ns - changes + i);
	fflush(told);
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return 1;
	end_ns = now_ns() + (uint64_t)(atof(argv[2]) * 1e9);
	while (now_ns() < end_ns)
		((void (*)(int))code)(DEPTH);
	return 0;
}
