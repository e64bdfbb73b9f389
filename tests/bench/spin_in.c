/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spin_in FILE MILLISECONDS: maps the code of any ELF file as a loader does, for itself alone, puts a loop where
 * one of its functions begins, and spends so much CPU time there. Whoever samples this process meets
 * FILE as it meets a program or a library that works, and finds its way out by FILE's own call frame information.
 *
 * Status 3: FILE has no such place, or no code.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <err.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define DEPTH        20 /* frames of this program below the loop */
#define ROUNDS       100000
#define NO_PLACE     3
#define RSP          7
#define TABLE_FORMAT 0x3b /* signed 32-bit numbers, from where .eh_frame_hdr begins */

/* dec %rdi; jnz .-3; ret: needs no frame of its own. */
static const uint8_t loop_code[] = { 0x48, 0xff, 0xcf, 0x75, 0xfb, 0xc3 };

typedef void (*spin_function)(uint64_t rounds);

/* Whether at `address` the return address is on top of the stack, for as long as the loop is. */
static bool is_place(Dwarf_CFI *cfi, uint64_t address)
{
	Dwarf_Frame *frame;
	Dwarf_Addr start, end;
	Dwarf_Op *ops;
	size_t count;
	bool is_plain;

	if (dwarf_cfi_addrframe(cfi, address, &frame))
		return false;
	is_plain = !dwarf_frame_cfa(frame, &ops, &count) && count == 1 &&
		   ops[0].atom == DW_OP_bregx && ops[0].number == RSP && ops[0].number2 == 8 &&
		   dwarf_frame_info(frame, &start, &end, NULL) >= 0 && start <= address &&
		   end - address >= sizeof(loop_code);
	free(frame);
	return is_plain;
}

static int32_t read_s32(const uint8_t *at)
{
	int32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* The first place from the middle of the index of functions on; 0: there is none. */
static uint64_t find_place(Elf *elf, const GElf_Shdr *index, const uint8_t *data)
{
	Dwarf_CFI *cfi = dwarf_getcfi_elf(elf);
	uint32_t count = index->sh_size < 12 ? 0 : (uint32_t)read_s32(data + 8);

	if (!cfi || !count || data[3] != TABLE_FORMAT || (index->sh_size - 12) / 8 < count)
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *entry = data + 12 + (count / 2 + i) % count * 8;
		uint64_t address = index->sh_addr + (uint64_t)read_s32(entry);

		if (is_place(cfi, address))
			return address;
	}
	return 0;
}

static uint64_t find_place_in(Elf *elf)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return 0;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		data = elf_rawdata(section, NULL);
		if (name && !strcmp(name, ".eh_frame_hdr") && data && data->d_buf)
			return find_place(elf, &header, data->d_buf);
	}
	return 0;
}

/* Maps the segment of code that holds `address`, with the loop written there. */
static spin_function map_place(int fd, Elf *elf, uint64_t address)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		uint64_t skew;
		uint8_t *start;

		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD ||
		    !(header.p_flags & PF_X) || address - header.p_vaddr >= header.p_filesz ||
		    header.p_vaddr + header.p_filesz - address < sizeof(loop_code))
			continue;
		skew = header.p_offset % page;
		start = mmap(NULL, header.p_filesz + skew, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
			     (off_t)(header.p_offset - skew));
		if (start == MAP_FAILED)
			return NULL;
		memcpy(start + skew + (address - header.p_vaddr), loop_code, sizeof(loop_code));
		if (mprotect(start, header.p_filesz + skew, PROT_READ | PROT_EXEC))
			return NULL;
		return (spin_function)(uintptr_t)(start + skew + (address - header.p_vaddr));
	}
	return NULL;
}

static uint64_t cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static __attribute__((noinline)) void spin_below(spin_function spin, uint64_t end_ns, int depth)
{
	if (depth)
		spin_below(spin, end_ns, depth - 1);
	else
		while (cpu_ns() < end_ns)
			spin(ROUNDS);
	__asm__ volatile("" ::: "memory"); /* no tail call */
}

int main(int count, char **arguments)
{
	uint64_t address;
	spin_function spin;
	Elf *elf;
	int fd;

	if (count != 3)
		errx(2, "usage: spin_in FILE MILLISECONDS");
	fd = open(arguments[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", arguments[1]);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	address = elf ? find_place_in(elf) : 0;
	spin = address ? map_place(fd, elf, address) : NULL;
	if (!spin)
		return NO_PLACE;
	spin_below(spin, cpu_ns() + strtoull(arguments[2], NULL, 10) * 1000000, DEPTH);
	return 0;
}
