/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a file its code is: the executable segments, from addresses to file offsets. CFI speaks of
 * addresses, rows of file offsets, which are the same however often and wherever a segment is mapped.
 */
#ifndef HEARTH_UNWIND_TEXT_MAP_H
#define HEARTH_UNWIND_TEXT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

#define TEXT_MAP_MAX 64

struct text_segment {
	uint64_t address, offset, size;
};

struct text_map {
	struct text_segment segments[TEXT_MAP_MAX]; /* by offset */
	size_t count;
	size_t last; /* where the last address was found */
};

/* 0; -ENOENT: the file has no code; -EFBIG: more than TEXT_MAP_MAX executable segments. */
int text_map_init(struct text_map *map, const struct elf_file *file);

/* The offset of an address, and up to where its segment goes on. False: it is no code. */
bool text_map_find(struct text_map *map, uint64_t address, uint64_t *ret_offset, uint64_t *ret_end);

#endif
