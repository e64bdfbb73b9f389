/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF file as bounds-checked bytes: header, sections, program headers, and the content of either.
 *
 * libelf reads the headers and inflates compressed sections. Nothing is mapped unless it is asked for: a
 * mapped file that its owner truncates raises SIGBUS, while a read only comes back short, so libelf is
 * opened with ELF_C_READ (its own reads) and everything else here goes through pread(). Both classes are read, but
 * only in this machine's byte order.
 *
 * Sections and segments whose bytes do not lie inside the file are kept (their addresses may still be
 * of use); reading them is what fails. The limits below bound what a hostile header can make us
 * allocate; a file beyond them is refused whole with -EFBIG. Not thread-safe.
 */
#ifndef HEARTH_ELF_ELF_FILE_H
#define HEARTH_ELF_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_reader.h"

#define ELF_FILE_MAX_SECTIONS      20000
#define ELF_FILE_MAX_SEGMENTS      4096
#define ELF_FILE_MAX_SECTION_NAMES (16u << 20)  /* bytes of the section names' table */
#define ELF_FILE_MAX_SECTION_BYTES (512u << 20) /* of one section in memory, inflated */

struct elf_section {
	const char *name; /* never NULL; lives as long as the file */
	size_t index;
	uint32_t type;
	uint64_t flags;
	uint64_t address;
	uint64_t offset;
	uint64_t size;
	uint64_t entry_size;
	uint64_t alignment;
	uint32_t link;
};

struct elf_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t address;
	uint64_t file_size;
	uint64_t memory_size;
	uint64_t alignment;
};

struct elf_file;

/*
 * Opens the ELF file behind `fd`, which must stay open as long as the elf_file lives and is not closed
 * with it. 0; -ENOEXEC: not an ELF file, or one too broken to be used; -EOPNOTSUPP: an ELF file of the
 * other byte order or an unknown version; -EFBIG: beyond a limit; -ENOMEM; or the error of a read.
 */
int elf_file_open(int fd, struct elf_file **ret_file);

/*
 * The same, with the file mapped: sections that are not compressed stay in the page cache, so that hundreds of MiB of
 * debug information cost what is looked at, and reading takes no system calls. Only for a process that may end by SIGBUS when the file shrinks.
 */
int elf_file_open_mapped(int fd, struct elf_file **ret_file);

/* The same for an image in memory (the vdso), which is copied. */
int elf_file_open_image(struct bytes image, struct elf_file **ret_file);

void elf_file_free(struct elf_file *file);

/* From now on the descriptor is not needed: the file is mapped. False: it is not, and reads go on through the descriptor. */
bool elf_file_leave_fd(struct elf_file *file);

/* The pages of a mapped file that were read do not count as this process's until they are read again; they stay in the page cache. */
void elf_file_forget_pages(const struct elf_file *file);

/* Bytes of memory that it takes: sections that were inflated, and what is known of all of them. What is mapped is not counted. */
size_t elf_file_held_bytes(const struct elf_file *file);

bool elf_file_is_64(const struct elf_file *file);
uint16_t elf_file_type(const struct elf_file *file);    /* ET_* */
uint16_t elf_file_machine(const struct elf_file *file); /* EM_* */
uint64_t elf_file_entry(const struct elf_file *file);   /* e_entry */
uint64_t elf_file_size(const struct elf_file *file);    /* bytes, when it was opened */

/*
 * What it takes where it is stored: less than its size where it has holes, or is compressed there. Its size where the
 * file system does not tell.
 */
uint64_t elf_file_stored_bytes(const struct elf_file *file);

size_t elf_file_section_count(const struct elf_file *file);

/* The section with that index or name (the first one), or NULL. Index 0 is the null section. */
const struct elf_section *elf_file_section(const struct elf_file *file, size_t index);
const struct elf_section *elf_file_section_named(const struct elf_file *file, const char *name);

size_t elf_file_segment_count(const struct elf_file *file);
const struct elf_segment *elf_file_segment(const struct elf_file *file, size_t index);

/* Reads up to `size` bytes at `offset`; fewer only at the file's end. 0 or the error of the read. */
int elf_file_read(const struct elf_file *file, uint64_t offset, void *to, size_t size,
		  size_t *ret_size);

/*
 * The whole content of a section, inflated if it is compressed; owned by the file. 0; -ENODATA: it has
 * no bytes here (SHT_NOBITS); -EFBIG: more than `limit` bytes; -EBADMSG: outside the file or cannot be
 * inflated; -ENOMEM. For large tables read piecewise with elf_file_read().
 */
int elf_file_section_bytes(struct elf_file *file, const struct elf_section *section, size_t limit,
			   struct bytes *ret_bytes);

/*
 * The virtual address of a file offset, as the file itself numbers addresses, through its executable
 * PT_LOAD segments. False: the offset belongs to none of them.
 */
bool elf_file_address_of_offset(const struct elf_file *file, uint64_t offset,
				uint64_t *ret_address);

/*
 * The file offset of a virtual address, through any PT_LOAD segment that holds it in the file. False:
 * none does.
 */
bool elf_file_offset_of_address(const struct elf_file *file, uint64_t address,
				uint64_t *ret_offset);

#endif
