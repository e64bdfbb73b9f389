/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF files that stay open for whoever asks for them again: a second batch of addresses of one module, a debug file that several modules have,
 * what dwz moved out of many files. Most of what such a file costs is to inflate its sections; those stay as well.
 *
 * A file is known by device, inode, size and both times of change, and mapped, which keeps its inode its own; so only for a process that may end by
 * SIGBUS. What stays takes no more memory than the ceiling: beyond it the files that were asked for the longest time ago are closed
 * first, and one that is larger alone is not kept. The pages that were read of one that stays are given back (elf_file_forget_pages()). Not
 * thread-safe.
 */
#ifndef HEARTH_ELF_ELF_CACHE_H
#define HEARTH_ELF_ELF_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct elf_file;
struct kept_file;

#define ELF_CACHE_MAX_FILES 64 /* that stay, however small they are */

struct elf_cache_use {
	uint64_t opened; /* all of these since the beginning: anew, */
	uint64_t found;  /* open already, */
	uint64_t closed; /* of those that were kept */
	size_t kept_bytes;
};

struct elf_cache {
	struct kept_file *first; /* the one that was asked for last */
	size_t max_bytes;
	struct elf_cache_use use;
};

void elf_cache_init(struct elf_cache *cache, size_t max_bytes);
void elf_cache_release(struct elf_cache *cache);

/*
 * The file behind `fd`, mapped, until elf_cache_trim(); the descriptor stays open as long, and is the caller's: 0, or an error of
 * elf_file_open_mapped().
 */
int elf_cache_open(struct elf_cache *cache, int fd, struct elf_file **ret_file);

/* Closes what is beyond the ceiling. No file is in use. */
void elf_cache_trim(struct elf_cache *cache);

#endif
